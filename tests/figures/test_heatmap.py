"""Maps over two swept keys: what the tables say is what is drawn, where it belongs."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.contour import ContourSet
from matplotlib.text import Text

import initbench
from initbench import figures
from initbench.figures import heatmap, heatmap_series
from initbench.lab.tables import Tables, read_tables

CONFIG: dict[str, Any] = {
    "name": "map",
    "network": {"depth": 6, "width": 16, "activation": "tanh", "initializer": "lecun_normal"},
    "input": {"batch_size": 4},
    "seeds": 3,
}


def run(out: Path, grid: dict[str, Any]) -> Tables:
    initbench.run(CONFIG | {"sweep": {"grid": grid}}, out, 1)
    return read_tables(out)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    grid = {
        "network.initializer": ["zeros", "he_normal", {"name": "orthogonal", "gain": math.sqrt(2)}],
        "network.activation": ["relu", "tanh"],
    }
    return run(tmp_path_factory.mktemp("named"), grid)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    grid = {"network.initializer.gain": [0.5, 10, 2], "network.depth": [4, 12]}
    return run(tmp_path_factory.mktemp("plane"), grid)


def test_every_cell_stands_where_its_settings_say(named: Tables) -> None:
    series = figures.series(named, "heatmap")
    forward, backward, verdict = series["panels"]
    assert (forward["ylabel"], forward["xlabel"]) == ("initializer", "activation")
    for row, initializer in enumerate(forward["y"]):
        for column, activation in enumerate(forward["x"]):
            cells = named.cells
            chosen = (cells["network.initializer"] == initializer) & (cells["network.activation"] == activation)
            cell = cells[chosen].iloc[0]
            for panel, name in ((forward, "act_q_ratio"), (backward, "grad_q_ratio")):
                found, expected = panel["values"][row][column], cell[name]
                assert found == expected or (found is None and math.isnan(expected))
            assert verdict["words"][row][column] == cell["verdict"]


def test_names_keep_the_order_of_the_file_and_numbers_their_size(named: Tables, plane: Tables) -> None:
    panel = figures.series(named, "heatmap")["panels"][0]
    assert (panel["y"][0], panel["upward"]) == ("zeros", False)
    panel = figures.series(plane, "heatmap")["panels"][0]
    assert panel["y"] == ["0.5", "2", "10"]
    assert panel["x"] == ["4", "12"]
    assert panel["upward"]


def test_theory_has_its_boundary_where_both_keys_are_numbers(named: Tables, plane: Tables) -> None:
    assert all(panel["theory"] is None for panel in figures.series(named, "heatmap")["panels"])
    backward = figures.series(plane, "heatmap")["panels"][1]
    assert all(value < 1 for value in backward["theory"][0])  # gain 0.5: ordered
    assert all(value > 1 for value in backward["theory"][2])  # gain 10: chaotic
    assert backward["theory"][2][1] > backward["theory"][2][0]  # the deeper, the more


def test_the_boundary_is_explained_only_where_it_is_drawn(plane: Tables, tmp_path: Path) -> None:
    def dashed(tables: Tables) -> tuple[bool, bool]:
        series = figures.series(tables, "heatmap")
        maps = [axes for axes in figures.figure(tables, "heatmap").axes if axes.get_xlabel()]
        lines = [one for axes in maps for one in axes.collections if isinstance(one, ContourSet)]
        return any(note.startswith("Dashed:") for note in series["footnotes"]), bool(lines)

    assert dashed(plane) == (True, True)
    ordered = run(tmp_path, {"network.initializer.gain": [0.5, 0.7], "network.depth": [4, 6, 8]})
    assert any(panel["theory"] for panel in figures.series(ordered, "heatmap")["panels"])
    assert dashed(ordered) == (False, False)


def test_what_a_dot_stands_for_is_said(named: Tables, plane: Tables, tmp_path: Path) -> None:
    assert figures.series(plane, "heatmap")["footnotes"][1:] == []
    assert figures.series(named, "heatmap")["footnotes"] == ["· stands for: 0/0."]  # zeros
    cells = named.cells.copy()
    cells.loc[1, ["act_q_ratio", "grad_q_ratio"]] = math.nan
    cells.loc[1, "verdict"] = "failed"
    (note,) = heatmap_series.compute(replace(named, cells=cells.drop(index=5)))["footnotes"]
    assert note == "· stands for: 0/0; a cell that failed; settings that are not in the grid."
    cells.loc[1, "verdict"] = "overflow"
    assert heatmap_series.compute(replace(named, cells=cells))["footnotes"] == ["· stands for: 0/0; an overflow."]
    wide = run(tmp_path, {"network.depth": list(range(2, 17)), "network.initializer": ["zeros", "ones"]})
    assert figures.series(wide, "heatmap")["footnotes"] == ["White stands for: 0/0."]


def test_panels_of_one_quantity_share_their_colours(faceted: Tables) -> None:
    panels = figures.series(faceted, "heatmap")["panels"]
    maps = [axes for axes in figures.figure(faceted, "heatmap").axes if axes.get_xlabel()]
    limits: dict[str, set[tuple[float, float]]] = {}
    for panel, axes in zip(panels, maps, strict=True):
        if panel["kind"] == "ratio":
            limits.setdefault(panel["label"], set()).add(axes.images[0].get_clim())
    assert [len(found) for found in limits.values()] == [1, 1]
    for label, ((low, high),) in limits.items():
        powers = [math.log10(v) for one in panels if one.get("label") == label for row in one["values"] for v in row]
        assert (low, high) == (min(-1, *powers), max(1, *powers))


def test_a_third_key_makes_facets(tmp_path: Path) -> None:
    grid = {"network.initializer.gain": [0.5, 2], "network.depth": [4, 5, 6], "network.activation": ["tanh", "erf"]}
    series = figures.series(run(tmp_path, grid), "heatmap")
    assert [panel["title"].rpartition("(")[2] for panel in series["panels"][::3]] == [
        "activation tanh)", "activation erf)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "grid",
    [{"network.depth": [2, 3, 4, 5, 6, 7]}, {"network.depth": [2, 3], "network.width": [4, 5]}],
    ids=["one key", "few cells"],
)
def test_what_lines_show_better_has_no_map(tmp_path: Path, grid: dict[str, Any]) -> None:
    assert "heatmap" not in figures.available(run(tmp_path, grid))


def test_numbers_are_written_as_they_are_read() -> None:
    written = [heatmap._text(value) for value in (None, "inf", 0.0, 1.0, 0.0312, 99.4, 9.67e-79, 1e-5, 1e5, 1e308)]
    assert written == ["·", "inf", "0", "1", "0.031", "99", "1e-78", "1e-5", "1e5", "1e308"]
    assert heatmap._label("orthogonal(gain=1.4142135623730951)") == "orthogonal(gain=1.414)"


def test_it_is_drawn_to_the_same_bytes_twice(plane: Tables) -> None:
    assert figures.render(plane, "heatmap", "svg") == figures.render(plane, "heatmap", "svg")
    assert heatmap_series.drawable(plane)


@pytest.fixture(scope="module")
def faceted(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    grid = {
        "network.initializer.gain": [0.5, 1, 2],
        "network.depth": [4, 5, 6],
        "network.activation": ["tanh", {"name": "leaky_relu", "negative_slope": 0.12345678}],
        "input.distribution": ["gaussian", "uniform"],
    }
    return run(tmp_path_factory.mktemp("faceted"), grid)


def test_a_long_title_names_its_facet_below(faceted: Tables) -> None:
    figure = figures.figure(faceted, "heatmap")
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_xlabel()]
    assert titles[0] == "Forward: last layer / layer 1\n(activation tanh, distribution\ngaussian)"
    assert titles[6].splitlines()[-2:] == ["leaky_relu(negative_slope=0.1235),", "distribution gaussian)"]
    assert titles[2].splitlines()[0] == "Verdict"


@pytest.mark.parametrize("which", ["named", "plane", "small", "faceted"])
def test_all_of_it_is_on_the_page_and_nothing_covers_anything(
    request: pytest.FixtureRequest, grid_folder: Path, which: str
) -> None:
    tables = read_tables(grid_folder) if which == "small" else request.getfixturevalue(which)
    figure = figures.figure(tables, "heatmap")
    figure.canvas.draw()
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    titles = [
        text
        for axes in figure.axes
        for text in axes.findobj(Text)
        if text.get_text() == axes.get_title(loc="left") != ""
    ]
    boxes = [title.get_window_extent(renderer) for title in titles]
    for title in titles:
        title.set_visible(False)  # it may reach over the bar
    boxes += [axes.get_tightbbox(renderer) for axes in figure.axes]
    boxes += [text.get_window_extent(renderer) for text in figure.texts]
    page = figure.bbox.padded(1)
    for box in boxes:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1
        assert page.y0 <= box.y0 <= box.y1 <= page.y1
    maps = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(maps) == len(figures.series(tables, "heatmap")["panels"])
    for one, other in itertools.combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert not (wide > 1 and high > 1), (one, other)
