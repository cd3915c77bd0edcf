"""An experiment carried out from config to folder; what fails is said and spoils nothing else."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import initbench
from initbench import engine
from initbench.cli.main import app
from initbench.engine import Trace
from initbench.lab import runner
from initbench.lab.plan import open_experiment
from initbench.lab.tally import HowFar
from initbench.spec import Cell

TEXT = """\
name: three
network: {depth: 2, width: 8, activation: relu, initializer: he_normal}
seeds: 4
sweep: {grid: {network.depth: [2, 3, 4]}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "three.yaml").write_text(TEXT)
    return tmp_path / "three.yaml"


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for networks of depth 3."""
    propagate = engine.propagate

    def without(cell: Cell, seeds: Sequence[int], *rest: Any) -> Trace:
        if cell.network.depth == 3:
            raise MemoryError
        return propagate(cell, seeds, *rest)

    monkeypatch.setattr(engine, "propagate", without)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("poor")
def test_a_failed_cell_fails_alone(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = initbench.run(config, out, jobs=1)
    assert [cell.failure is not None for cell in result.results] == [False, True, False]
    cells = rows(out / "cells.csv")
    assert [(row["network.depth"], row["status"], row["verdict"]) for row in cells] == [
        ("2", "ok", "stable"),
        ("3", "failed", "failed"),
        ("4", "ok", "stable"),
    ]
    (failure,) = rows(out / "failures.csv")
    assert (failure["cell"], failure["network.depth"]) == (cells[1]["cell"], "3")
    assert failure["reason"].startswith("out of memory")
    assert result.manifest["failed"] == 1
    for name in ("layers.csv", "summary.csv"):
        assert {row["network.depth"] for row in rows(out / name)} == {"2", "4"}
    initbench.run(config, tmp_path / "alone", 1, ["sweep.grid.network.depth=[2, 4]"])
    assert (tmp_path / "alone" / "layers.csv").read_bytes() == (out / "layers.csv").read_bytes()
    assert initbench.load(out).cells["status"].tolist() == ["ok", "failed", "ok"]


@pytest.mark.usefixtures("poor")
def test_failed_cells_end_the_command_with_3(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["run", str(config), "-o", str(out), "--executor", "serial"])
    assert done.exit_code == 3, done.output
    assert "failed: out of memory" in done.output
    assert (out / "plots" / "variance.png").exists()


def test_what_failed_before_is_not_kept(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(engine, "propagate", _no_memory)
        result = initbench.run(config, out, jobs=1)
        assert all(cell.failure for cell in result.results)
    assert (out / "failures.csv").exists()
    initbench.run(config, out, jobs=1)
    assert not (out / "failures.csv").exists()


def _no_memory(*_: object) -> None:
    raise MemoryError


def test_progress_counts_networks(config: Path) -> None:
    experiment = open_experiment(config)
    for jobs in (1, 2):
        said: list[HowFar] = []
        runner.run(experiment, jobs=jobs, progress=said.append)
        assert said[-1] == HowFar(12, 12, 0, pytest.approx(1))
        assert [far.done for far in said] == sorted({far.done for far in said})


def test_the_mark_is_written_last(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[Path] = []
    replace = os.replace

    def watched(source: Any, target: Any) -> None:
        order.append(Path(target).relative_to(tmp_path / "out"))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    initbench.run(config, tmp_path / "out", 1)
    assert order[-1] == Path("manifest.json")
    kinds = [path.suffix for path in order]
    # The configs first, for `status`; no table tells of a block that is not safe.
    assert kinds[:5] == [".yaml"] * 2 + [".block"] * 3
    assert set(kinds[5:-1]) == {".csv"}
    assert sorted(order) == sorted(
        path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()
    )


def test_seeds_are_independent_of_those_beside_them(config: Path) -> None:
    many, few = (initbench.run(config, overrides=[f"seeds={seeds}"]).layers for seeds in ("6", "[4, 1]"))
    assert many is not None
    assert few is not None
    for seed in (4, 1):
        pair = [frame[frame["seed"] == seed].reset_index(drop=True) for frame in (many, few)]
        assert pair[0].equals(pair[1])


def test_equal_work_twice_gives_equal_bytes(config: Path, tmp_path: Path) -> None:
    for name, jobs in (("one", 1), ("two", 3)):
        initbench.run(config, tmp_path / name, jobs)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert any(path.suffix == ".block" for path in files)
    for path in files:
        if path.name != "manifest.json":
            assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()
