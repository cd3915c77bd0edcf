"""Cells are concluded where they are measured, and what comes of them does not show where that was."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initbench.lab import runner
from initbench.lab.cellstore import CELLS, SUFFIX
from initbench.lab.columns import TABLES
from initbench.lab.conclude import Conclude
from initbench.lab.executors import portable
from initbench.lab.plan import open_experiment, plan
from initbench.lab.predicted import Theory
from initbench.lab.result import Result
from initbench.lab.tabling import wanted_of
from initbench.spec import Cell
from initbench.theory import predict_cell as home

CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 3, "width": 6, "activation": "tanh", "initializer": {"name": "normal", "stddev": 0.3}},
    "input": {"batch_size": 3},
    "metrics": ["act_q", "cosine", "grad_q", "histograms"],
    "seeds": 3,
    "sweep": {"grid": {"network.initializer.stddev": [0.3, 0.4, 0.5], "network.activation": ["tanh", "relu"]}},
    "expect": [
        {"name": "any", "metric": "act_q", "layer": "last", "over": "max", "at_least": 0},
        {"name": "theory", "metric": "act_q", "layer": "last", "near_theory": 4},
    ],
}


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """The cells that this process, and no worker, predicts."""
    asked: list[Cell] = []
    predict = home.predict_cell
    monkeypatch.setattr(home, "predict_cell", lambda cell: asked.append(cell) or predict(cell))
    return asked


def run(out: Path | None, jobs: int, **config: Any) -> Result:
    return runner.run(open_experiment({**CONFIG, **config}), out, jobs)


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES if (out / name).exists()}


def blocks(out: Path) -> list[Path]:
    return sorted((out / CELLS).rglob(f"*{SUFFIX}"))


def test_workers_predict_and_the_leader_does_not(tmp_path: Path, predicted: list[Cell]) -> None:
    """A sweep of small cells would otherwise be as slow as one process predicts them."""
    run(tmp_path / "two", 2)
    assert predicted == []
    run(tmp_path / "one", 1)
    assert len(predicted) == 6
    assert tables(tmp_path / "two") == tables(tmp_path / "one")


def test_what_is_stored_is_predicted_by_workers_too(tmp_path: Path, predicted: list[Cell]) -> None:
    first = run(tmp_path, 2)
    whole, held = tables(tmp_path), {path: path.stat().st_mtime_ns for path in blocks(tmp_path)}
    for name in TABLES:
        (tmp_path / name).unlink(missing_ok=True)
    again = run(tmp_path, 2)
    assert predicted == []
    assert tables(tmp_path) == whole
    assert {path: path.stat().st_mtime_ns for path in blocks(tmp_path)} == held
    assert [cell.sentences for cell in again.results] == [cell.sentences for cell in first.results]
    assert again.outcomes == first.outcomes


@pytest.mark.parametrize("jobs", [1, 2])
def test_more_seeds_than_are_stored(tmp_path: Path, jobs: int) -> None:
    """Each cell is put together from its stored block and the fresh one."""
    config = {"metrics": ["act_q", "grad_q"]}
    run(tmp_path / "some", 1, **config)
    run(tmp_path / "some", jobs, **config, seeds=5)
    run(tmp_path / "all", 1, **config, seeds=5)
    assert tables(tmp_path / "some") == tables(tmp_path / "all")
    assert len(blocks(tmp_path / "some")) == 12


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sweep_of_which_a_part_is_lost(tmp_path: Path, jobs: int) -> None:
    run(tmp_path, 1)
    whole, held = tables(tmp_path), blocks(tmp_path)
    for path in held[::2]:
        shutil.rmtree(path.parent)
    run(tmp_path, jobs)
    assert tables(tmp_path) == whole
    assert blocks(tmp_path) == held


def test_nothing_shows_in_memory_where_it_was_concluded() -> None:
    one, two = run(None, 1), run(None, 2)
    assert {name: table.encode() for name, table in one.tables.items()} == {
        name: table.encode() for name, table in two.tables.items()
    }
    assert one.outcomes == two.outcomes
    for here, there in zip(one.results, two.results, strict=True):
        assert here.planned == there.planned
        assert here.sentences == there.sentences
        assert here.summary is not None
        assert there.summary is not None
        np.testing.assert_array_equal(here.summary.mean, there.summary.mean)


def conclude(wrong: Callable[[Cell], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a worker would send of one cell of which theory goes wrong."""
    monkeypatch.setattr(home, "predict_cell", wrong)
    experiment = open_experiment(CONFIG)
    planned = plan(experiment)[0]
    trace = runner.engine.propagate(planned.cell, experiment.seeds)
    task = Conclude(experiment.seeds, experiment.verdict, wanted_of(experiment, True, ()), whole=False)
    return pickle.loads(pickle.dumps(task(planned, [trace]))).result(planned)


def test_an_error_of_theory_comes_home_and_says_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    class HereOnly(Exception):
        """No other process knows of it."""

    def wrong(cell: Cell) -> Any:
        raise HereOnly("oh")

    result = conclude(wrong, monkeypatch)
    assert "HereOnly: oh" in str(result.theory.error)
    assert "in wrong" in result.theory.error.__notes__[0]
    assert any("internal error" in text and "oh" in text for text in result.sentences)


def test_an_error_travels_without_its_frames() -> None:
    try:
        raise KeyError("x")
    except KeyError as error:
        sent = pickle.loads(pickle.dumps(portable(error)))
    assert isinstance(sent, KeyError)
    assert sent.__traceback__ is None
    assert "test_conclude.py" in sent.__notes__[0]


def test_what_is_remembered_of_theory_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task takes a Theory along; the predictions in it would weigh more than the task."""
    theory, cell = Theory(), plan(open_experiment(CONFIG))[0].cell
    theory._predicted(cell)
    assert len(pickle.dumps(theory)) < 200
