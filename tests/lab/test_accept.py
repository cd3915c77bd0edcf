"""A baseline is made whole or not at all; what is no results folder is left alone."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from initbench import api
from initbench.cli.pictures import draw_folder
from initbench.errors import BusyError, InitbenchError, StorageError, UsageError
from initbench.lab import store
from initbench.lab.baselines.accept import accept
from initbench.lab.baselines.baseline import drift
from initbench.lab.tables import read_tables

CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"},
    "seeds": 3,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "x"
    api.run(CONFIG, folder, 1)
    draw_folder(folder, ("svg",))
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A baseline that has other numbers, and tables that the new results do not have."""
    folder = tmp_path / "old"
    api.run(CONFIG | {"root_seed": 1, "metrics": ["act_q", "histograms"]}, folder, 1)
    draw_folder(folder, ("svg", "png"))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """What is in a folder, but for its store."""
    files = [path for path in folder.rglob("*") if path.is_file() and "cells" not in path.relative_to(folder).parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_new_baseline_holds_everything(made: Path, tmp_path: Path) -> None:
    copied = accept(made, tmp_path / "new")
    assert content(tmp_path / "new") == content(made)
    assert sorted(copied) == sorted(content(made))
    assert copied[-1] == "manifest.json"
    assert {"config.yaml", "resolved.yaml", "cells.csv", "summary.csv", "layers.csv", "plots/variance.svg"} <= set(
        copied
    )
    assert not drift(made, tmp_path / "new").drifted


def test_an_old_baseline_is_replaced_to_the_last_file(made: Path, old: Path) -> None:
    assert (old / "histograms.csv").exists()
    assert drift(made, old).drifted
    accept(made, old)
    assert content(old) == content(made)
    found = drift(made, old)
    assert (found.mode, found.drifted, found.worst) == ("exact", False, ())


def test_an_empty_folder_can_become_a_baseline(made: Path, tmp_path: Path) -> None:
    accept(made, tmp_path)
    assert content(tmp_path) == content(made)


def test_what_is_no_results_folder_is_refused(made: Path, tmp_path: Path) -> None:
    mine, file = tmp_path / "mine", tmp_path / "file"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    file.write_text("mine")
    with pytest.raises(UsageError, match="mine: is not a results folder"):
        accept(made, mine)
    with pytest.raises(UsageError, match="file: is not a results folder"):
        accept(made, file)
    with pytest.raises(UsageError, match=r"there is no folder .*absent; make it first"):
        accept(made, tmp_path / "absent" / "new")
    with pytest.raises(UsageError, match="is the results folder itself"):
        accept(made, made.parent / ".." / made.parent.name / "x")
    assert content(tmp_path) == {"mine/notes.txt": b"mine", "file": b"mine"}


@pytest.mark.parametrize("name", ["layers.csv", "config.yaml", "plots/variance.svg"])
def test_damaged_results_become_no_baseline(made: Path, old: Path, tmp_path: Path, name: str) -> None:
    before = content(old)
    broken = tmp_path / "broken"
    shutil.copytree(made, broken)
    (broken / name).write_bytes((broken / name).read_bytes()[:-3])
    with pytest.raises(StorageError, match=name):
        accept(broken, old)
    (broken / name).unlink()
    with pytest.raises(StorageError, match=f"{name}: missing; run"):
        accept(broken, old)
    assert content(old) == before


def test_a_baseline_in_use_is_left_alone(made: Path, old: Path) -> None:
    before = content(old)
    with store.claimed(old), pytest.raises(BusyError):
        accept(made, old)
    assert content(old) == before


@pytest.mark.parametrize("last", [False, True])
def test_a_full_disk_leaves_the_old_baseline(
    made: Path, old: Path, last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is on the disk before the first takes its place, whichever it is that finds no room."""
    before, count = content(old), len(content(made)) if last else 1

    def full(_: int) -> None:
        nonlocal count
        count -= 1
        if not count:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        accept(made, old)
    monkeypatch.undo()
    assert content(old) == before


@pytest.mark.parametrize("after", [0, 1, 5, 9])
def test_a_crash_at_any_moment_is_seen(made: Path, old: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new results, or a folder whose manifest says that it is neither; the same command mends it."""
    before, replaced, count = content(old), store.os.replace, 0

    def crash(source: Any, target: Any) -> None:
        nonlocal count
        count += 1
        if count > after:
            raise KeyboardInterrupt
        replaced(source, target)

    monkeypatch.setattr(store.os, "replace", crash)
    with suppress(KeyboardInterrupt):
        accept(made, old)
    monkeypatch.undo()
    now = content(old)
    manifest = json.loads(now["manifest.json"])
    if now != content(made):
        assert manifest == json.loads(before["manifest.json"])
        with suppress(InitbenchError):
            read_tables(old)
            pytest.fail("tables of two runs were read as one")
    accept(made, old)
    assert content(old) == content(made)
