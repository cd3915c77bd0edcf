"""Theory beside the measurements: in the tables and in the folder; what breaks in it costs no measurement."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from lab_folders import without_checksums
from lab_predictions import curve, prediction
from typer.testing import CliRunner

import initbench
from initbench.cli.main import app
from initbench.lab import unchanged
from initbench.lab.check import check_folder
from initbench.spec import Cell
from initbench.theory import predict_cell as home
from initbench.theory.prediction import Prediction

CONFIG = {
    "name": "x",
    "network": {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 4},
    "metrics": ["act_q", "grad_q", "distinct_units"],
    "seeds": 3,
    "sweep": {"grid": {"network.depth": [2, 3]}},
}
GREAT = "beyond, of all things"


def by_hand(cell: Cell) -> Prediction:
    depth = cell.network.depth
    act = curve([1.0] * (depth + 1), [0.0] + [0.5] * depth, [True] * depth + [False], ("",) * depth + (GREAT,))
    return prediction(cell, "A note. Its why.", act_q=act, grad_q=curve([np.nan] + [np.inf] * depth))


@pytest.fixture
def theory(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Cell], Prediction]], list[Cell]]:
    """Put another function in the place of predict_cell; the list of the cells that it is asked for."""

    def use(predict: Callable[[Cell], Prediction]) -> list[Cell]:
        asked: list[Cell] = []
        monkeypatch.setattr(home, "predict_cell", lambda cell: asked.append(cell) or predict(cell))
        state = str(uuid4())  # tables of another theory are old
        monkeypatch.setattr(unchanged, "code", lambda: (state,))
        return asked

    return use


def rows(path: Path, metric: str = "") -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from (row for row in csv.DictReader(file) if not metric or row["metric"] == metric)


def test_summary_and_theory_say_the_same(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(by_hand)
    initbench.run(CONFIG, tmp_path, 1)
    summary, table = list(rows(tmp_path / "summary.csv")), list(rows(tmp_path / "theory.csv"))
    place = ("cell", "network.depth", "layer", "metric")
    assert [[row[key] for key in place] for row in summary] == [[row[key] for key in place] for row in table]
    assert [(row["theory"], row["theory_sd"]) for row in summary] == [(row["mean"], row["sd"]) for row in table]
    first = [row for row in table if row["network.depth"] == "2"]
    assert [tuple(row.values())[2:] for row in first] == [
        ("0", "act_q", "1.0", "1.0", "0.0", "yes", ""),
        ("1", "act_q", "1.0", "1.0", "0.5", "yes", "not compared: 3 networks are too few where one's mean "
         "square spreads by 0.5 times the mean"),
        ("1", "distinct_units", "", "", "", "", "nobody has derived it"),
        ("1", "grad_q", "inf", "inf", "", "yes", ""),
        ("2", "act_q", "1.0", "1.0", "0.5", "no", GREAT),
        ("2", "distinct_units", "", "", "", "", "nobody has derived it"),
        ("2", "grad_q", "inf", "inf", "", "yes", ""),
    ]  # fmt: skip


def test_the_departure_is_a_column(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(lambda cell: prediction(cell, act_q=curve([9.0] * (cell.network.depth + 1), 0.1)))
    result = initbench.run(CONFIG, tmp_path, 1)
    for row in rows(tmp_path / "cells.csv"):
        assert float(row["theory_z"]) < -10
        assert int(row["theory_z_layer"]) in range(4)
    assert result.cells["theory_z"].tolist() == [cell.theory.comparison.departure.z for cell in result.results]
    theory(lambda cell: prediction(cell))
    initbench.run(CONFIG, tmp_path, 1)
    assert [(row["theory_z"], row["theory_z_layer"]) for row in rows(tmp_path / "cells.csv")] == [("", "")] * 2


def test_frames(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(by_hand)
    result = initbench.run(CONFIG, tmp_path, 1)
    assert result.theory is not None
    assert result.theory.equals(initbench.load(tmp_path).theory)
    assert result.theory["within"].tolist()[:3] == ["yes", "yes", ""]
    assert result.theory["reason"].tolist()[4] == GREAT


def test_a_cell_is_asked_for_once(theory: Callable[..., list[Cell]]) -> None:
    """Engines agree in law: what theory says of one, it says of the other."""
    asked = theory(by_hand)
    initbench.run(CONFIG | {"sweep": {"grid": {"network.depth": [2, 3], "engine": ["dense", "implicit"]}}}, None, 1)
    assert [cell.network.depth for cell in asked] == [2, 3]


def test_a_folder_without_theory_is_whole(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(by_hand)
    initbench.run(CONFIG, tmp_path, 1)
    without_checksums(tmp_path)
    (tmp_path / "theory.csv").unlink()
    assert initbench.load(tmp_path).theory is None


def test_nothing_left_to_predict_leaves_no_table(tmp_path: Path) -> None:
    result = initbench.run(CONFIG, tmp_path, 1)
    assert (tmp_path / "theory.csv").exists()
    result = initbench.run(CONFIG | {"metrics": ["histograms"]}, tmp_path, 1)
    assert result.theory is None
    assert not (tmp_path / "theory.csv").exists()


def broken(cell: Cell) -> Prediction:
    if cell.network.depth == 3:
        raise ZeroDivisionError("division by zero")
    return by_hand(cell)


def test_a_broken_theory_costs_no_measurement(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(broken)
    result = initbench.run(CONFIG, tmp_path / "broken", 1)
    said = "internal error: ZeroDivisionError: division by zero"
    assert [row["reason"] for row in rows(tmp_path / "broken" / "theory.csv") if row["network.depth"] == "3"] == (
        [said] * 10
    )
    assert all(
        row["theory"] == row["theory_sd"] == ""
        for row in rows(tmp_path / "broken" / "summary.csv")
        if row["network.depth"] == "3"
    )
    assert {row["status"] for row in rows(tmp_path / "broken" / "cells.csv")} == {"ok"}
    assert not result.failed
    theory(by_hand)
    initbench.run(CONFIG, tmp_path / "whole", 1)
    for name in ("layers.csv",):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("wrong", [None, Prediction({}, ()), prediction])
def test_nonsense_is_broken_too(theory: Callable[..., list[Cell]], wrong: object) -> None:
    theory(lambda cell: wrong)  # type: ignore[arg-type, return-value]
    result = initbench.run(CONFIG, None, 1)
    assert all(cell.theory is not None and cell.theory.error is not None for cell in result.results)


def test_a_broken_theory_is_said_once(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    import yaml

    theory(broken)
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(CONFIG))
    words = ["run", str(tmp_path / "x.yaml"), "-o", str(tmp_path / "out"), "--no-plots", "-q"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    assert done.stderr.startswith("internal error in the theory of 1 cell: ZeroDivisionError: division by zero (the ")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" in CliRunner().invoke(app, ["--debug", *words]).stderr


def judged(folder: Path, claim: dict[str, object], **settings: object) -> tuple[str, str]:
    """What becomes of a claim, for run and for check."""
    config = {"name": "x", "network": CONFIG["network"], "seeds": 3} | settings | {"expect": [{"name": "a"} | claim]}
    (outcome,) = initbench.run(config, folder, 1).outcomes
    assert [(again.status, again.message) for again in check_folder(folder)] == [(outcome.status, outcome.message)]
    return outcome.status, outcome.message


def near(k: float) -> dict[str, object]:
    return {"metric": "act_q", "layer": "all", "near_theory": k}


def test_near_theory(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(lambda cell: prediction(cell, act_q=curve([1.0] * 3, 3.0)))
    status, message = judged(tmp_path, near(2))
    assert status == "passed"
    assert message.endswith("expected within 2 standard errors (3.46) of theory's 1")
    theory(lambda cell: prediction(cell, act_q=curve([1.0, 1.0, 50.0], 3.0)))
    status, message = judged(tmp_path, near(2))
    assert status == "failed"
    assert "(layer 2), expected within 2 standard errors (3.46) of theory's 50" in message
    assert judged(tmp_path, near(2) | {"claim": "refuted"})[0] == "passed"


def test_near_theory_without_a_spread_takes_the_measured_one(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(lambda cell: prediction(cell, act_q=curve([1.0] * 3)))
    assert judged(tmp_path, near(1000))[0] == "passed"
    assert judged(tmp_path, near(1e-6))[0] == "failed"
    status, message = judged(tmp_path, near(1000), seeds=1)
    assert status == "unknown"
    assert "theory has no spread at layer 1, and one seed has no standard error" in message


def test_near_theory_allows_for_rounding(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    settings = {"network": {"depth": 2, "width": 64, "activation": "linear", "initializer": "orthogonal"}}
    settings["input"] = {"distribution": "sphere"}
    theory(lambda cell: prediction(cell, act_q=curve([1.0] * 3, 0.0)))
    assert judged(tmp_path, near(1), **settings)[0] == "passed"
    theory(lambda cell: prediction(cell, act_q=curve([1.0] * 2 + [1.0001], 0.0)))
    assert judged(tmp_path, near(1), **settings)[0] == "failed"


def test_near_a_blank_theory_is_unknown(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    theory(lambda cell: prediction(cell))
    assert judged(tmp_path, near(3)) == (
        "unknown",
        "nothing to compare: theory has no value at layer 1: nobody has derived it",
    )
    theory(lambda cell: prediction(cell, act_q=curve([1.0, np.inf, np.inf])))
    assert "beyond all numbers" in judged(tmp_path, near(3))[1]
    claim = {"metric": "theory_z", "between": [-3, 3]}
    theory(lambda cell: prediction(cell))
    assert judged(tmp_path, claim) == (
        "unknown",
        "nothing to compare: theory says nothing of this cell (nobody has derived it)",
    )
    theory(lambda cell: prediction(cell, act_q=curve([9.0] * 3, 0.1)))
    assert judged(tmp_path, claim, seeds=400)[0] == "failed"


def test_a_remark_is_made_once(theory: Callable[..., list[Cell]], tmp_path: Path) -> None:
    """The line on theory stands with every cell, its note in full only with the first that it is said of."""
    import yaml

    theory(by_hand)
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(CONFIG))
    done = CliRunner().invoke(app, ["run", str(tmp_path / "x.yaml"), "-o", str(tmp_path / "out"), "--no-plots"])
    assert (done.stdout.count("A note."), done.stdout.count("Its why.")) == (2, 1)
    assert done.stdout.count("Not held against theory's means") == 2
