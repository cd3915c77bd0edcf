"""The ridges are the counts, and say what they leave out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initbench import figures
from initbench.lab.tables import Tables, read_tables

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]


def lines(series: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for panel in series["panels"] for line in panel["lines"]]


@pytest.fixture(scope="module")
def relu(relu_folder: Path) -> Tables:
    return read_tables(relu_folder)


def test_histograms_choose_layers_evenly_with_the_ends(relu: Tables) -> None:
    series = figures.series(relu, "histograms")
    act, grad = ([line["layer"] for line in panel["lines"]] for panel in series["panels"])
    assert len(act) == len(grad) == 8
    assert (act[0], act[-1], grad[0], grad[-1]) == (0, 12, 1, 12)
    assert max(np.diff(act)) - min(np.diff(act)) <= 1


def test_histograms_are_densities_of_the_counts(relu: Tables) -> None:
    assert relu.histograms is not None
    for line in lines(figures.series(relu, "histograms")):
        rows = relu.histograms
        rows = rows[(rows["layer"] == line["layer"]) & (rows["quantity"] == line["metric"])]
        assert line["total"] == rows["count"].sum()
        inside = float(np.sum(np.array(line["y"]) * np.diff(line["x"])))
        assert inside + line["below"] + line["above"] == pytest.approx(1)
        assert line["below"] == rows["count"].iloc[0] / line["total"]
        assert line["above"] == rows["count"].iloc[-1] / line["total"]


def test_the_zeros_of_relu_are_cut(relu: Tables) -> None:
    act = figures.series(relu, "histograms")["panels"][0]["lines"]
    assert act[0]["spike"] is None
    assert all(0.3 < line["spike"]["share"] < 0.7 for line in act[1:])


def test_histograms_of_many_cells_say_how_many_are_shown(write_results: Write, flat_cell: Make) -> None:
    rows = [[1, "act", float("-inf"), 0.0, 0], [1, "act", 0.0, 1.0, 3], [1, "act", 1.0, float("inf"), 0]]
    cells = [flat_cell({"a": f"n{i}"}, {"act_q": 1.0}, depth=1, seeds=1, histograms=rows) for i in range(20)]
    series = figures.series(read_tables(write_results(cells)), "histograms")
    assert [panel["title"] for panel in series["panels"]][:: len(series["panels"]) - 1] == [
        "n0: activations",
        "n19: activations",
    ]
    assert "6 of 20 settings" in series["footnotes"][-1]
