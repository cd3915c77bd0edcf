"""Every stored file emptied, cut, flipped by a bit, filled with noise, gone, or a folder in its place: never used in
silence. Running again mends it, or says by name what stands in the way; reading names it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from disturbed import Record

import initbench
from initbench.errors import StorageError
from initbench.lab import pending, runner
from initbench.lab.check import check_folder
from initbench.lab.plan import open_experiment
from initbench.spec import Experiment

CONFIG: dict[str, Any] = {
    "name": "damaged",
    "network": {"depth": 2, "width": 4, "activation": "tanh", "initializer": "lecun_normal"},
    "seeds": 4,
    "sweep": {"grid": {"network.depth": [2, 3]}},
    "expect": [{"name": "alive", "metric": "act_q", "layer": "last", "between": [0.001, 10]}],
}


def flipped(data: bytes) -> bytes:
    """With one bit changed in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


KINDS: dict[str, Callable[[Path, bytes], object]] = {
    "emptied": lambda path, data: path.write_bytes(b""),
    "cut": lambda path, data: path.write_bytes(data[: len(data) // 2]),
    "flipped": lambda path, data: path.write_bytes(flipped(data)),
    "noise": lambda path, data: path.write_bytes(bytes(range(256))),
    "gone": lambda path, data: path.unlink(),
    "folder": lambda path, data: (path.unlink(), path.mkdir(), (path / "mine.txt").write_text("mine")),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "block_size", lambda planned: 2)
        yield


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return open_experiment(CONFIG)


@pytest.fixture(scope="module")
def whole(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    runner.run(experiment, out, 1)
    return out


def files(out: Path) -> list[Path]:
    return sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())


def contents(out: Path) -> dict[Path, bytes]:
    return {path: (out / path).read_bytes() for path in files(out) if path.name != "manifest.json"}


def read(out: Path) -> dict[str, Any]:
    """Everything that a reader can get from a folder."""
    tables = initbench.load(out)
    frames = {name: getattr(tables, name) for name in ("layers", "summary", "cells", "theory", "histograms")}
    outcomes = [(outcome.status, outcome.message) for outcome in check_folder(out)]
    return {name: None if frame is None else frame.to_csv() for name, frame in frames.items()} | {"check": outcomes}


@pytest.mark.parametrize("kind", KINDS)
def test_running_again_mends_it_or_says_what_is_in_the_way(
    experiment: Experiment, whole: Path, tmp_path: Path, kind: str, record_property: Record
) -> None:
    record_property("tried", len(files(whole)))
    for path in files(whole):
        out = tmp_path / path.name
        shutil.copytree(whole, out, dirs_exist_ok=False)
        KINDS[kind](out / path, (whole / path).read_bytes())
        if kind == "folder":
            with pytest.raises(StorageError) as said:
                runner.run(experiment, out, 1)
            assert str(path) in str(said.value), path
            assert (out / path / "mine.txt").read_text() == "mine"
        else:
            result = runner.run(experiment, out, 1)
            assert contents(out) == contents(whole), path
            damaged = [damage.path for damage in result.damaged]
            assert damaged == ([out / path] if path.suffix == ".block" and kind != "gone" else [])
        shutil.rmtree(out)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_names_it_or_does_not_need_it(whole: Path, tmp_path: Path, kind: str, record_property: Record) -> None:
    record_property("tried", len(files(whole)))
    expected = read(whole)
    for path in files(whole):
        out = tmp_path / path.name
        shutil.copytree(whole, out)
        KINDS[kind](out / path, (whole / path).read_bytes())
        if path.suffix == ".block" or path.name == "config.yaml":
            assert read(out) == expected, path  # nobody reads it
        elif path.name == "manifest.json" and kind == "flipped":
            pass  # a letter of its title may change unseen: it is the one file without a checksum
        else:
            with pytest.raises(StorageError) as said:
                read(out)
            assert path.name in str(said.value), path
        shutil.rmtree(out)
