"""The pictures: labelled, uncovered, told apart in grey, and the same bytes every time."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from initbench import figures
from initbench.figures import style
from initbench.lab.tables import read_tables

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]
INF, NAN = float("inf"), float("nan")


def curves_of(tables: Any) -> list[str]:
    """The figures that show quantities across layers; maps have tests of their own."""
    return [stem for stem in figures.available(tables) if stem != "heatmap"]


def drawn(folder: Path) -> Iterator[tuple[str, Figure]]:
    """Every figure of a folder, laid out."""
    tables = read_tables(folder)
    for stem in curves_of(tables):
        figure = figures.figure(tables, stem)
        figure.canvas.draw()
        yield stem, figure


def check(figure: Figure) -> None:
    """Every axis is named, nothing lies on another, and all of it is on the page."""
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
    for one, other in itertools.combinations(boxes, 2):
        assert not (one.overlaps(other) and _area(one, other) > 1)
    written = [text.get_window_extent(renderer) for text in figure.texts]
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        assert not any(box.overlaps(axes.get_window_extent(renderer)) for axes in figure.axes)
        assert not any(box.overlaps(text) for text in written)
        boxes.append(box)
    for one, other in itertools.combinations(written, 2):
        assert not (one.overlaps(other) and _area(one, other) > 1)
    page = figure.bbox.padded(1)
    for box in [*boxes, *written]:
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1


def _area(one: Any, other: Any) -> float:
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return float(max(wide, 0) * max(high, 0))


@pytest.mark.parametrize("name", ["relu_folder", "grid_folder"])
def test_ordinary_figures(request: pytest.FixtureRequest, name: str) -> None:
    for _, figure in drawn(request.getfixturevalue(name)):
        check(figure)


def test_the_check_can_fail(relu_folder: Path) -> None:
    figure = figures.figure(read_tables(relu_folder), "variance")
    check(figure)
    figure.legends[0].set_bbox_to_anchor((0.2, 0.8), figure.transFigure)
    with pytest.raises(AssertionError):
        check(figure)


ALL = ("preact_var", "preact_q", "act_var", "act_q", "act_var_batch", "cosine", "distinct_units",
       "dead_fraction", "inactive_fraction", "saturated_fraction", "grad_q", "weight_grad_q")  # fmt: skip
EDGES: dict[str, dict[str, Any]] = {
    "one layer": {"depth": 1},
    "one layer, one seed": {"depth": 1, "seeds": 1},
    "one seed": {"seeds": 1},
    "zeros": {"value": 0.0},
    "infinities": {"value": INF},
    "nothing is a number": {"value": NAN},
    "the smallest": {"value": 5e-324},
    "the largest": {"value": 1.7e308},
    "from one end to the other": {"value": [1e-320, 1e-300, 1e-100, 1.0, 1e200, 1.7e308]},
    "everything": {"value": [0.0, 1.0, INF, NAN, None, -1.0]},
    "seeds differ": {"value": lambda s, k: [0.0, 1.0, INF][s]},
    "a band from zero": {"value": lambda s, k: [0.0, 1e-9, 1.0][s]},
}


@pytest.mark.parametrize("cells", [1, 2])
@pytest.mark.parametrize("edge", EDGES)
def test_edges_are_drawn_without_a_warning(write_results: Write, flat_cell: Make, edge: str, cells: int) -> None:
    options = {"value": 1.0, **EDGES[edge]}
    value = options.pop("value")
    bins = ((-INF, -1.0), (-1.0, 0.0), (0.0, 1.0), (1.0, INF))
    rows = [
        [1, quantity, low, high, 0 if (edge, quantity) == ("zeros", "grad") else 2]
        for quantity in ("act", "grad")
        for low, high in bins
    ]
    made = [flat_cell({"a": str(k)}, dict.fromkeys(ALL, value), histograms=rows, **options) for k in range(cells)]
    for _, figure in drawn(write_results(made)):
        check(figure)


@pytest.mark.parametrize(("name", "count"), [("law_{}", 200), ("law_{}", 201), ("{}", 201)])
def test_hundreds_of_settings(write_results: Write, flat_cell: Make, name: str, count: int) -> None:
    """A line for each of 200; of more, bands as well."""
    cells = [
        flat_cell({"network.initializer": name.format(k)}, dict.fromkeys(ALL, 1.0 + k), depth=2, seeds=1)
        for k in range(count)
    ]
    for stem, figure in drawn(write_results(cells)):
        check(figure)
        for axes in figure.axes:
            assert len(axes.collections) == (3 if count > 200 else 0), stem


def test_bands_of_many_settings_are_drawn_where_they_lie(write_results: Write, flat_cell: Make) -> None:
    cells = [flat_cell({"a": f"n{k}"}, {"act_q": [1.0, 1.0 + k]}, depth=1, seeds=1) for k in range(401)]
    bands = figures.figure(read_tables(write_results(cells)), "variance").axes[0].collections
    heights = [sorted({y for path in band.get_paths() for x, y in path.vertices if x == 1}) for band in bands]
    assert [(ends[0], ends[-1]) for ends in heights] == [(1, 401), (21, 381), (101, 301)]
    assert len({band.get_facecolor().tobytes() for band in bands}) == 3


def test_the_legend_has_no_more_digits_than_are_read(write_results: Write, flat_cell: Make) -> None:
    def legend(values: tuple[str, ...]) -> list[str]:
        cells = [flat_cell({"a": value}, {"act_q": 1.0 + k}) for k, value in enumerate(values)]
        figure = figures.figure(read_tables(write_results(cells)), "variance")
        return [text.get_text() for text in figure.legends[0].get_texts()][: len(values)]

    assert legend(("0.30000000000000004", "gain(g=1.4142135)")) == ["0.3", "gain(g=1.414)"]
    assert legend(("0.100001", "0.100002")) == ["0.100001", "0.100002"]


def test_long_and_odd_names(write_results: Write, flat_cell: Make) -> None:
    names = [
        "_hidden",
        "$x_1^{$ and $HOME",
        "a\nb\tc\x07",
        "数据/初始化.csv",
        "<&>\"'",
        "normal(mean=0.0, stddev=0.012345678901234567, low=-2.0, high=2.0, and=more, until=it, fits=not)",
    ]
    cells = [
        flat_cell({"network.initializer": name, "b": str(k)}, {"act_q": [1.0, 0.0, INF, 0, 0, 0]})
        for k, name in enumerate(names)
    ]
    folder = write_results(cells, title="a very long title, " * 20)
    tables = read_tables(folder)
    svg = figures.render(tables, "variance", "svg")
    ElementTree.fromstring(svg)  # well-formed
    assert b"_hidden" in svg
    assert figures.render(tables, "variance", "png").startswith(b"\x89PNG")


def test_depths_may_differ(write_results: Write, flat_cell: Make) -> None:
    cells = [flat_cell({"network.depth": str(depth)}, dict.fromkeys(ALL, 1.0), depth=depth) for depth in (1, 3, 60)]
    for _, figure in drawn(write_results(cells)):
        check(figure)


def luminance(colour: str) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in mpl.colors.to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_lines_differ_in_grey_print() -> None:
    looks = [(style.marker(k), style.colour(k)) for k in range(style.MAX_LINES)]
    assert len({marker for marker, _ in looks}) == len({colour for _, colour in looks}) == style.MAX_LINES
    assert all(luminance(colour) < 0.5 for _, colour in looks)  # seen on white paper
    ramp = [luminance(style.colour(k / 20)) for k in range(21)]
    assert ramp == sorted(ramp)


def test_theory_is_dashed_with_the_lightest_band(write_results: Write, flat_cell: Make) -> None:
    theory = {("act_q", layer): (1.0, 0.25) for layer in range(6)}
    cell = flat_cell({}, {"act_q": lambda s, k: 1.0 + 0.1 * s}, theory=theory)
    axes = figures.figure(read_tables(write_results([cell])), "variance").axes[0]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--"]
    light, band = (float(collection.get_alpha() or 1) for collection in axes.collections)
    assert light < band


def test_theory_beyond_its_range_is_hatched(write_results: Write, flat_cell: Make) -> None:
    theory = {("act_q", layer): (1.0, 0.25) for layer in range(6)}
    cell = flat_cell({}, {"act_q": 1.0}, theory=theory, outside={("act_q", 4), ("act_q", 5)})
    figure = figures.figure(read_tables(write_results([cell])), "variance")
    shaded, hatched = figure.axes[0].collections
    assert (shaded.get_hatch(), hatched.get_hatch()) == (None, style.BEYOND)
    spans = [[vertex for path in one.get_paths() for vertex in path.vertices[:, 0]] for one in (shaded, hatched)]
    assert [(min(span), max(span)) for span in spans] == [(0, 3), (3, 5)]
    mean, near, far = figure.axes[0].lines
    assert [line.get_linestyle() for line in (mean, near, far)] == ["-", "--", "--"]
    assert (near.get_alpha(), far.get_alpha()) == (1, 0.4)
    drawn = [np.flatnonzero(~np.isnan(line.get_ydata())).tolist() for line in (near, far)]
    assert drawn == [[0, 1, 2, 3], [3, 4, 5]]
    (legend,) = figure.legends
    assert "beyond the range" in legend.get_texts()[-1].get_text().replace("\n", " ")
    check(figure)


@pytest.mark.parametrize(("known", "marked"), [((0,), [0]), ((2,), [2]), ((0, 1), []), ((0, 2, 3, 5), [0, 5])])
def test_theory_of_one_layer_is_seen(
    write_results: Write, flat_cell: Make, known: tuple[int, ...], marked: list[int]
) -> None:
    """A dashed line needs two."""
    cell = flat_cell({}, {"act_q": 1.0}, theory={("act_q", layer): (1.0, 0.0) for layer in known})
    figure = figures.figure(read_tables(write_results([cell])), "variance")
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "_"]
    assert [line.get_markevery() for line in marks] == ([marked] if marked else [])
    check(figure)


@pytest.mark.parametrize("outside", [False, True])
def test_theorys_band_of_one_layer_is_seen(write_results: Write, flat_cell: Make, outside: bool) -> None:
    """An area needs two: it is as wide as the legend's patch, around the layer."""
    beyond = {("act_q", 2)} if outside else set()
    cell = flat_cell({}, {"act_q": 1.0}, theory={("act_q", 2): (1.0, 0.25)}, outside=beyond)
    figure = figures.figure(read_tables(write_results([cell])), "variance")
    bands = [(one, path.get_extents()) for one in figure.axes[0].collections for path in one.get_paths()]
    ((band, seen),) = [(one, extent) for one, extent in bands if extent.width > 0]
    assert (seen.x0 + seen.x1) / 2 == pytest.approx(2)
    assert seen.height > 0.3
    assert band.get_hatch() == (style.BEYOND if outside else None)
    check(figure)


def test_axes_have_the_scale_and_limits_of_the_series(grid_folder: Path) -> None:
    tables = read_tables(grid_folder)
    for stem in curves_of(tables):
        series, figure = figures.series(tables, stem), figures.figure(tables, stem)
        for panel, axes in zip(series["panels"], figure.axes, strict=True):
            assert axes.get_yscale() == panel["yscale"]
            assert axes.get_ylim() == pytest.approx(panel["ylim"])
            assert axes.get_xlim() == pytest.approx(panel["xlim"])


def test_the_titles_say_what_was_run(relu_folder: Path) -> None:
    figure = figures.figure(read_tables(relu_folder), "variance")
    first, second = (text.get_text() for text in figure.texts[:2])
    assert first.startswith("Does the signal survive?")
    assert second == "relu, he_normal, depth 12"


def test_all_files_of_a_folder(relu_folder: Path) -> None:
    tables = read_tables(relu_folder)
    files = figures.draw_all(tables)
    stems = [stem for stem in figures.STEMS if stem != "heatmap"]  # of two swept keys
    assert list(files) == [f"{stem}.{end}" for stem in stems for end in ("png", "svg", "json")]
    for name, content in files.items():
        stem, _, end = name.partition(".")
        if end == "json":
            assert json.loads(content) == figures.series(tables, stem)
            assert max(map(len, content.splitlines())) < 20_000
        elif end == "svg":
            assert ElementTree.fromstring(content).tag.endswith("svg")
            assert b"<text" in content
            assert b"dc:date" not in content
            assert not re.search(rb"matplotlib v\d", content, re.IGNORECASE)
        else:
            assert content.startswith(b"\x89PNG")
            assert b"Software" not in content
    assert list(figures.draw_all(tables, ("svg",))) == [f"{stem}.{end}" for stem in stems for end in ("svg", "json")]


SCRIPT = """
import hashlib, sys
import matplotlib
if len(sys.argv) > 2:  # a user with other tastes
    matplotlib.rcParams.update({"font.size": 30, "lines.linewidth": 9, "savefig.dpi": 10, "axes.grid": False,
                                "svg.fonttype": "path", "savefig.bbox": "tight"})
from initbench.figures import draw_all
from initbench.lab.tables import read_tables
for name, content in draw_all(read_tables(sys.argv[1])).items():
    print(name, hashlib.sha256(content).hexdigest())
assert "matplotlib.pyplot" not in sys.modules
if len(sys.argv) > 2:
    assert matplotlib.rcParams["font.size"] == 30
"""


def test_the_bytes_are_the_same_in_every_process(write_results: Write, simulated: Make) -> None:
    """Six settings, for a map; distributions of one, which take the longest."""
    points = itertools.product(("none", "NA", "1.0"), ("relu", "tanh"))
    cells = [
        simulated({"a": a, "b": b}, depth=3, width=16, seeds=2, histograms=(a, b) == ("NA", "tanh")) for a, b in points
    ]
    folder = write_results(cells)
    runs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT, str(folder), *taste],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for taste in ([], ["other"])
    ]
    assert len(runs[0].splitlines()) == 3 * len(figures.STEMS)
    assert runs[0] == runs[1]


def test_the_bytes_are_the_same_twice(relu_folder: Path) -> None:
    tables = read_tables(relu_folder)
    for fmt in figures.FORMATS:
        assert figures.render(tables, "variance", fmt) == figures.render(tables, "variance", fmt)


def test_only_rows_with_notes_leave_room_for_them(write_results: Write, flat_cell: Make) -> None:
    """30 cells, a row of panels for each of six initializers, and only one row of them with something to say."""
    cells = [
        flat_cell(
            {"a.initializer": f"init{i}", "a.activation": f"act{j}"},
            {"act_q": [1.0, *[0.0 if i == 2 else 1.0 + j] * 5], "act_var": [1.0, *[0.0 if i == 2 else 1.0 + j] * 5]},
        )
        for i in range(6)
        for j in range(5)
    ]
    figure = figures.figure(read_tables(write_results(cells)), "variance")
    figure.canvas.draw()
    check(figure)
    height = figure.get_size_inches()[1]
    tops = [axes.get_position().y1 * height for axes in figure.axes[::2]]
    steps = [above - below for above, below in itertools.pairwise(tops)]
    assert len(steps) == 5
    plain = steps[0]
    assert [step > plain + 0.9 * style.LINE for step in steps] == [False, True, False, False, False]
    assert all(step == pytest.approx(plain) for k, step in enumerate(steps) if k != 1)


def test_what_is_written_over_a_row_stays_in_its_row(write_results: Write, flat_cell: Make) -> None:
    for notes in range(4):
        cells = [
            flat_cell({"a": f"i{i}", "b": f"j{j}"}, {"act_q": [1.0] * (j + 1) + [0.0 if i == notes else 1.0] * (5 - j)})
            for i in range(4)
            for j in range(4)
        ]
        for _, figure in drawn(write_results(cells)):
            check(figure)
