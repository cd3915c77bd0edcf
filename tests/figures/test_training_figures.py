"""What is shown of training is what its tables say: curves over steps, layers at steps, and the map of what learns."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import initbench
from initbench import figures
from initbench.figures import trainability_series
from initbench.lab.tables import Tables, read_tables

CONFIG: dict[str, Any] = {
    "name": "trained",
    "network": {
        "depth": 2,
        "width": 8,
        "activation": "tanh",
        "initializer": {"name": "lecun_normal", "gain": 1.0},
        "bias": {"name": "normal", "stddev": 0.3},
    },
    "seeds": 3,
    "training": {
        "data": {"name": "gaussian_classes", "examples": 60},
        "learning_rate": 0.1,
        "steps": 20,
        "batch_size": 16,
        "measure_at": [0, 10, 20],
    },
    "sweep": {"grid": {"network.depth": [2, 4, 8], "network.initializer.gain": [0.6, 2.0]}},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder: Path = tmp_path_factory.mktemp("trained") / "out"
    initbench.run(CONFIG, out=folder, jobs=1)
    return read_tables(folder)


def rows(tables: Tables, cell: str) -> pd.DataFrame:
    assert tables.training is not None
    return tables.training[tables.training["cell"] == cell]


def test_tables_with_training_have_its_figures(trained: Tables) -> None:
    assert set(figures.available(trained)) >= {"training", "training_layers", "trainability"}
    untrained = replace(trained, training=None, training_layers=None, cells=trained.cells.iloc[:, :18])
    assert not set(figures.available(untrained)) & {"training", "training_layers", "trainability"}


@pytest.mark.parametrize("stem", ["training", "training_layers", "trainability"])
def test_the_data_are_json_and_can_be_drawn(trained: Tables, stem: str) -> None:
    json.dumps(figures.series(trained, stem), allow_nan=False)
    assert figures.render(trained, stem, "svg").startswith(b"<?xml")


def test_a_curve_is_the_mean_over_seeds_at_every_step(trained: Tables) -> None:
    series = figures.series(trained, "training")
    loss = [panel for panel in series["panels"] if panel["ylabel"] == "loss"]
    found = {line["cell"]: line for panel in loss for line in panel["lines"]}
    assert set(found) == set(trained.cells["cell"])
    for cell, line in found.items():
        by_step = rows(trained, cell).groupby("step")["loss"]
        assert line["x"] == sorted(by_step.groups)
        assert line["y"] == pytest.approx(by_step.mean().tolist())
        assert line["low"] == pytest.approx(by_step.quantile(0.05).tolist())
    assert all(panel["xlabel"] == "step" for panel in series["panels"])


def test_units_are_shown_at_the_steps_at_which_they_were_counted(trained: Tables) -> None:
    def panels(tables: Tables) -> list[dict[str, Any]]:
        return [panel for panel in figures.series(tables, "training")["panels"] if "distinct" in panel["ylabel"]]

    assert panels(trained) == [], "all units differ everywhere: there is nothing to see"
    frame = trained.training
    assert frame is not None
    same = frame["distinct_units"].where((frame["cell"] != frame["cell"][0]) | frame["distinct_units"].isna(), 1.0)
    shown = panels(replace(trained, training=frame.assign(distinct_units=same)))
    assert shown
    assert all(line["x"] == [0, 10, 20] for panel in shown for line in panel["lines"])


def test_seeds_that_diverged_are_marked_and_not_averaged(trained: Tables) -> None:
    frame = rows(trained, (cell := trained.cells["cell"][0])).copy()
    gone = (frame["seed"] == 1) & (frame["step"] >= 10)
    frame.loc[gone, ["loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm"]] = math.nan
    series = figures.series(replace(trained, training=frame, cells=trained.cells.iloc[:1]), "training")
    (line,) = (line for panel in series["panels"] for line in panel["lines"] if line["metric"] == "loss")
    assert line["cell"] == cell
    assert line["nonfinite"] == sorted(set(frame.loc[gone, "step"]))
    assert line["nonfinite_seeds"] == [1, 3]
    left = frame[(frame["step"] == 20) & (frame["seed"] != 1)]["loss"].mean()
    assert line["y"][-1] == pytest.approx(left)
    notes = [note["text"] for panel in series["panels"] for note in panel["notes"]]
    assert any(text == "diverged from step 10 on (1 of 3 seeds)" for text in notes)


def test_layers_are_shown_step_by_step(trained: Tables) -> None:
    frame = trained.training_layers
    assert frame is not None
    panels = figures.series(trained, "training_layers")["panels"]
    line = next(line for line in panels[0]["lines"] if line["label"] == "step 10")
    mine = frame[(frame["cell"] == line["cell"]) & (frame["step"] == 10)]
    assert line["y"] == pytest.approx(mine.groupby("layer")["act_q"].mean().tolist())
    assert [one["label"] for one in panels[0]["lines"]] == ["step 0", "step 10", "step 20"]


def test_the_map_shows_what_training_ended_at(trained: Tables) -> None:
    (panel,) = figures.series(trained, "trainability")["panels"]
    assert (panel["ylabel"], panel["y"]) == ("depth", ["2", "4", "8"])
    for row, depth in enumerate(panel["y"]):
        for column, gain in enumerate(panel["x"]):
            cells = trained.cells
            cell = cells[(cells["network.depth"] == depth) & (cells["network.initializer.gain"] == gain)]
            assert panel["values"][row][column] == pytest.approx(cell["final_accuracy"].item())


def test_theory_runs_through_the_map_at_six_correlation_lengths(trained: Tables) -> None:
    (panel,) = figures.series(trained, "trainability")["panels"]
    (across, up), (_, top) = panel["curve"]
    short, long = (6 * (initbench.predict("tanh", gain, 0.3).xi_c or 0) for gain in (0.6, 2.0))
    assert 4 < short < 8 < long
    assert (across, up) == (0.0, pytest.approx(1 + math.log(short / 4) / math.log(8 / 4)))
    assert top == len(panel["y"]) - 0.5
    assert trainability_series.DEPTHS_OF_MEMORY == 6


def test_a_key_that_goes_with_another_makes_no_maps_of_its_own(trained: Tables) -> None:
    cells = trained.cells.assign(
        **{"training.learning_rate": trained.cells["network.depth"].map({"2": "1", "4": "2", "8": "3"})}
    )
    tied = replace(trained, cells=cells, axes=(*trained.axes, "training.learning_rate"))
    assert len(figures.series(tied, "trainability")["panels"]) == 1
