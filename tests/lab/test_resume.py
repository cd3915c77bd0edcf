"""Running the same command again computes what is missing, nothing else, and ends with the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import initbench
from initbench import engine
from initbench.engine import Trace
from initbench.errors import StorageError
from initbench.lab import cellstore, keepers, pending, runner
from initbench.lab.plan import open_experiment, plan
from initbench.spec import Cell

CONFIG: dict[str, Any] = {
    "name": "grid",
    "network": {"depth": 2, "width": 8, "activation": "tanh", "initializer": "lecun_normal"},
    "seeds": 6,
    "sweep": {"grid": {"network.depth": [2, 3, 4]}},
}
FILES = ("layers.csv", "summary.csv", "cells.csv", "theory.csv", "resolved.yaml")
GRID = open_experiment(CONFIG)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seeds a file, so that a cell of six has three."""
    monkeypatch.setattr(pending, "block_size", lambda planned: 2)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, tuple[int, ...]]]:
    """(depth, seeds) of everything that the engine was asked to compute."""
    asked: list[tuple[int, tuple[int, ...]]] = []
    propagate = engine.propagate

    def watched(cell: Cell, seeds: Sequence[int], *rest: Any) -> Trace:
        asked.append((cell.network.depth, tuple(seeds)))
        return propagate(cell, seeds, *rest)

    monkeypatch.setattr(engine, "propagate", watched)
    return asked


def run(out: Path, *overrides: str, **keywords: Any) -> runner.Result:
    return runner.run(open_experiment(CONFIG, overrides), out, jobs=1, **keywords)


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES} | {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.block")
    }


def test_a_second_run_computes_nothing_and_changes_nothing(
    tmp_path: Path, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    assert len(ran) == 9
    ran.clear()
    run(tmp_path)
    assert ran == []
    assert contents(tmp_path) == before


@pytest.mark.parametrize("after", range(1, 9))
def test_what_was_done_before_an_interrupt_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    run(tmp_path / "whole")
    everything = list(ran)
    ran.clear()
    watched, calls = engine.propagate, 0

    def interrupted(*arguments: Any) -> Trace:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt
        return watched(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "propagate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut")
    assert not (tmp_path / "cut" / "cells.csv").exists()
    assert not list((tmp_path / "cut").rglob("*.tmp"))
    run(tmp_path / "cut")
    assert ran == everything  # each block once, over both runs
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_more_values_and_more_seeds_run_only_what_is_new(
    tmp_path: Path, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    run(tmp_path, "sweep.grid={network.depth: [2, 4]}", "seeds=5")
    ran.clear()
    run(tmp_path)
    assert ran == [(2, (5,)), (3, (0, 1)), (3, (2, 3)), (3, (4, 5)), (4, (5,))]
    run(tmp_path / "fresh")
    tables = [{name: (out / name).read_bytes() for name in FILES} for out in (tmp_path, tmp_path / "fresh")]
    assert tables[0] == tables[1]


def test_what_is_no_science_computes_nothing(tmp_path: Path, ran: list[tuple[int, tuple[int, ...]]]) -> None:
    run(tmp_path)
    ran.clear()
    for change in ("name=other", "verdict.factor=10", "output.layers=false", "seeds=[5, 0]", "description=words"):
        run(tmp_path, change)
    run(tmp_path, "sweep.grid={network.depth: [4, 2]}")
    run(tmp_path, "expect=[{name: alive, metric: act_q, layer: last, at_least: 0}]")
    assert ran == []


def test_cells_of_another_config_stay_and_stand_in_no_table(
    tmp_path: Path, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    first = run(tmp_path)
    ran.clear()
    second = run(tmp_path, "network.activation=relu")
    assert len(ran) == 9
    assert not {cell.planned.id for cell in first.results} & set(second.cells["cell"])
    ran.clear()
    run(tmp_path)
    assert ran == []


def test_force_computes_the_cells_again(tmp_path: Path, ran: list[tuple[int, tuple[int, ...]]]) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    ran.clear()
    run(tmp_path, force=True)
    assert len(ran) == 9
    assert contents(tmp_path) == before


@pytest.mark.parametrize("after", [0, 4])
def test_what_force_has_not_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Whatever ends it, and also where the blocks are cut anew."""
    run(tmp_path)
    before = contents(tmp_path)
    propagate, calls = engine.propagate, 0

    def interrupted(*arguments: Any) -> Trace:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt
        return propagate(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(pending, "block_size", lambda planned: 3)
        patch.setattr(engine, "propagate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, force=True)
    assert len(list(tmp_path.rglob("*.block"))) == 9 + after
    assert not any(work.blocks for work in pending.pending(plan(GRID), GRID.seeds, keepers.Reader(tmp_path)))
    run(tmp_path, force=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("metrics", ["metrics=default", "metrics=[act_q, histograms]"])
def test_force_for_some_seeds_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: str, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    monkeypatch.setattr(pending, "block_size", lambda planned: 5)
    run(tmp_path, metrics, "seeds=5")
    tables = {name: (tmp_path / name).read_bytes() for name in FILES}
    run(tmp_path, metrics, "seeds=3", force=True)
    assert run(tmp_path, metrics, "seeds=3").unchanged
    ran.clear()
    run(tmp_path, metrics, "seeds=5")
    assert ran == []
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == tables


def test_force_takes_away_what_it_replaced_and_what_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    next(tmp_path.rglob("2-3.block")).write_bytes(b"")
    run(tmp_path, "seeds=[10]")
    with monkeypatch.context() as patch:
        patch.setattr(pending, "block_size", lambda planned: 6)
        run(tmp_path, force=True)
    assert sorted(path.name for path in tmp_path.rglob("*.block")) == ["0-5.block"] * 3 + ["10-10.block"] * 3


@pytest.mark.parametrize("kind", ["emptied", "cut", "flipped", "removed"])
def test_a_damaged_block_costs_itself_and_is_named(
    tmp_path: Path, kind: str, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    path = sorted(tmp_path.rglob("2-3.block"))[1]
    whole = path.read_bytes()
    if kind == "removed":
        path.unlink()
    else:
        path.write_bytes({"emptied": b"", "cut": whole[:99], "flipped": whole[:-1] + bytes([whole[-1] ^ 1])}[kind])
    ran.clear()
    result = run(tmp_path)
    assert [seeds for _, seeds in ran] == [(2, 3)]
    assert [damage.path for damage in result.damaged] == ([] if kind == "removed" else [path])
    assert contents(tmp_path) == before


def test_a_folder_in_a_blocks_place_is_not_thrown_away(tmp_path: Path) -> None:
    run(tmp_path)
    path = next(tmp_path.rglob("2-3.block"))
    path.unlink()
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"2-3\.block"):
        run(tmp_path)
    assert (path / "mine.txt").read_text() == "mine"


def test_tables_that_were_lost_are_built_again_from_the_store(
    tmp_path: Path, ran: list[tuple[int, tuple[int, ...]]]
) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    for name in FILES:
        (tmp_path / name).unlink()
    ran.clear()
    run(tmp_path)
    assert ran == []
    assert contents(tmp_path) == before


def test_leftovers_of_a_killed_run_are_swept_away(tmp_path: Path) -> None:
    run(tmp_path)
    cell = next((tmp_path / "cells").iterdir())
    for place in (tmp_path, cell):
        (place / ".summary.csv.1.abcd.tmp").write_text("half")
    run(tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))


def test_histograms_of_fewer_seeds_are_not_those_of_all(tmp_path: Path) -> None:
    """A histogram is a sum over a block: half a block must run again."""
    metrics = "metrics=[act_q, histograms]"
    run(tmp_path, metrics)
    shutil.copytree(tmp_path, tmp_path / "copy")
    run(tmp_path / "copy", metrics, "seeds=[0, 1, 2]")
    run(tmp_path / "fresh", metrics, "seeds=[0, 1, 2]")
    assert (tmp_path / "copy" / "histograms.csv").read_bytes() == (tmp_path / "fresh" / "histograms.csv").read_bytes()


def test_a_block_that_is_safe_at_once_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store may hold what was just computed before its cell is concluded."""
    monkeypatch.setattr(keepers.OnDisk, "keep", lambda self, cell, trace: cellstore.publish(self._home, cell, trace))
    test_histograms_of_fewer_seeds_are_not_those_of_all(tmp_path)


def test_in_memory_and_on_disk_are_the_same(tmp_path: Path) -> None:
    here, there = runner.run(open_experiment(CONFIG)), run(tmp_path)
    for name in ("layers.csv", "summary.csv", "cells.csv", "theory.csv"):
        assert here.tables[name].encode() == (tmp_path / name).read_bytes()
    assert here.summary.equals(there.summary)
    assert initbench.load(tmp_path).cells.equals(here.cells)


def test_cells_of_one_cut_share_its_blocks() -> None:
    """A thousand cells of a hundred thousand seeds would not fit in memory."""
    first, *others = pending.pending(plan(GRID), GRID.seeds, keepers.Forgetful())
    assert first.blocks == ((0, 1), (2, 3), (4, 5))
    assert all(other.blocks is first.blocks for other in others)
