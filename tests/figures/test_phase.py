"""The phase diagram: its data, its legend, its numbers, and that it covers nothing and stays the same."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_draw import check, luminance

from initbench.catalogue.activations import activation
from initbench.figures import phase, phase_series
from initbench.figures.render import encode, to_json
from initbench.theory.critical import critical_line
from initbench.theory.mean_field import predict
from initbench.theory.plane import divergence, phase_diagram

Series = dict[str, Any]


def series(name: str, right: float = 2.5, top: float = 1.25, points: int = 40) -> Series:
    chosen = activation(name)
    plane = phase_diagram(chosen, np.linspace(0, right, points), np.linspace(0, top, points))
    return phase_series.compute(chosen, plane, critical_line(chosen), divergence(chosen, plane))


def written(figure: Figure, scale: str) -> list[Text]:
    """What is written on the contours of xi_c or xi_q, which is as they are coloured."""
    colour = phase.CONTOURS[scale]["colors"]
    return [text for text in figure.axes[0].texts if same_color(text.get_color(), colour)]


def numbers(figure: Figure, scale: str) -> list[str]:
    return [text.get_text() for text in written(figure, scale)]


def entries(figure: Figure) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize(
    ("name", "right"),
    [("tanh", 2.5), ("relu", 2.5), ("gelu", 2.5), ("erf", 2.0), ("selu", 2.0), ("sigmoid", 25.0), ("exponential", 0.6),
     ("sign", 4.0), ("softplus", 2.5)],
)  # fmt: skip
def test_nothing_covers_anything(name: str, right: float) -> None:
    figure = phase.draw(series(name, right, right / 2))
    figure.canvas.draw()
    check(figure)


def test_the_data_are_those_of_single_points() -> None:
    """Every cell of the picture says what `predict` says of its point."""
    data = json.loads(to_json(series("tanh", points=11)))
    names = data["phases"]
    for row, sigma_b in enumerate(data["sigma_b"]):
        for column, sigma_w in enumerate(data["sigma_w"]):
            point = predict("tanh", sigma_w, sigma_b)
            assert names[data["phase"][row][column]] == point.phase
            for name, own in (("xi_c", point.xi_c), ("xi_q", point.xi_q)):
                shown = data[name][row][column]
                if own is None or math.isinf(own):
                    assert shown is None
                else:
                    assert shown == pytest.approx(own, rel=1e-3)


def test_the_critical_line_separates_order_and_chaos() -> None:
    data = series("tanh")
    (part,) = data["critical"]
    assert part["stable"]
    assert (part["sigma_w"][0], part["sigma_b"][0]) == pytest.approx((1, 0), abs=1e-3)
    assert part["sigma_b"][-1] >= 1.25  # up to the frame
    for sigma_b in (0.2, 0.5, 1.0):
        on = np.interp(sigma_b, part["sigma_b"], part["sigma_w"])
        assert predict("tanh", on - 0.02, sigma_b).phase == "ordered"
        assert predict("tanh", on + 0.02, sigma_b).phase == "chaotic"
    # Hayou, Doucet, Rousseau 2019, at full accuracy
    assert np.interp(0.2, part["sigma_b"], part["sigma_w"]) == pytest.approx(1.30414584006, abs=2e-4)


def test_a_line_that_starts_with_a_slope_has_no_corners() -> None:
    """sigma_b = sqrt(q - 1) of exp makes a large step from its first q to the next; the line in between is exp(-q)."""
    (part,) = series("exponential", 0.6, 0.3)["critical"]
    assert not part["stable"]
    steps = np.diff(part["sigma_b"])
    assert np.abs(steps).max() < 0.05
    for sigma_w, sigma_b in zip(part["sigma_w"], part["sigma_b"], strict=True):
        assert sigma_w == pytest.approx(math.exp(-1 - sigma_b**2), rel=1e-3)


def test_every_stretch_of_a_line_is_its_own_part() -> None:
    """An arc that leaves the axes and comes back must not be joined by a straight line."""
    from initbench.theory.critical import CriticalArc

    turn = np.linspace(0, 1, 101)
    arc = CriticalArc(q=turn, sigma_w=0.5 + turn, sigma_b=np.abs(np.sin(3 * math.pi * turn)) * 2, stable=True)
    chosen = activation("tanh")
    plane = phase_diagram(chosen, np.linspace(0, 2.0, 5), np.linspace(0, 1.0, 5))
    parts = phase_series.compute(chosen, plane, [arc], divergence(chosen, plane))["critical"]
    assert len(parts) == 4
    assert all(max(part["sigma_b"][1:-1]) <= 1.0 for part in parts)


def test_contours_carry_their_layers() -> None:
    figure = phase.draw(series("tanh", points=100))
    assert sorted(map(float, numbers(figure, "xi_c"))) == [0.5, 1, 2, 3, 5, 5, 10, 10, 30, 30]
    assert sorted(map(float, numbers(figure, "xi_q"))) == [0.5, 1, 2, 5]
    assert "ordered" in entries(figure)[0]
    assert [entry.split(":")[0] for entry in entries(figure)] == ["ordered", "chaotic", "critical", "xi_c", "xi_q"]


@pytest.mark.parametrize("scale", ["xi_c", "xi_q"])
def test_a_contour_lies_where_its_number_says(scale: str) -> None:
    figure = phase.draw(series("tanh", points=200))
    for text in written(figure, scale):
        sigma_w, sigma_b = text.get_position()
        layers = getattr(predict("tanh", float(sigma_w), float(sigma_b)), scale)
        assert layers == pytest.approx(float(text.get_text()), rel=0.1)


def test_no_contour_runs_along_the_edge_of_divergence() -> None:
    """From order, where xi_c is 0.2, to divergence, whose correlations rest elsewhere, no level is crossed."""
    figure = phase.draw(series("square", 1.0, 0.5))
    assert not {"3", "5", "10", "30"} & {*numbers(figure, "xi_c"), *numbers(figure, "xi_q")}


def test_every_contour_has_room_for_its_number() -> None:
    """Of gelu's 5 layers there is a corner of the window, too short for the digit."""
    chosen = activation("gelu")
    plane = phase_diagram(chosen, np.linspace(1.2, 3.0, 80), np.linspace(0, 0.3, 80))
    figure = phase.draw(phase_series.compute(chosen, plane, [], divergence(chosen, plane)))
    drawn = [art for art in figure.axes[0].collections if isinstance(art, ContourSet)]
    assert sorted(numbers(figure, "xi_c")) == ["1", "2", "3"]
    for contours in drawn:
        there = [level for level, pieces in zip(contours.levels, contours.allsegs, strict=True) if len(pieces[0])]
        assert {f"{1 / abs(level):g}" for level in there} == {text.get_text() for text in contours.labelTexts}


def test_divergence_is_drawn_to_where_it_ends() -> None:
    """Between two points of the plane, not at one of them."""
    figure = phase.draw(series("relu", points=6))
    (area,) = [art for art in figure.axes[0].collections if art.get_hatch()]
    assert area.get_paths()[0].vertices.min(axis=0)[0] == pytest.approx(math.sqrt(2), abs=2e-3)
    (cells,) = figure.axes[0].images
    assert cells.get_array()[0, 3] == list(phase_series.LETTERS).index("ordered")  # at 1.5, up to sqrt(2)


def test_a_single_critical_point_is_a_point() -> None:
    figure = phase.draw(series("relu"))
    (point,) = figure.axes[0].lines
    assert point.get_marker() == "o"
    assert point.get_xdata() == pytest.approx([math.sqrt(2)], rel=1e-4)
    assert "chaotic" not in " ".join(entries(figure))


def test_unstable_parts_are_dashed_and_said() -> None:
    figure = phase.draw(series("gelu"))
    styles = [line.get_linestyle() for line in figure.axes[0].lines]
    assert styles == ["-", "--"]
    assert any("run away" in entry for entry in entries(figure))


def test_no_contours_no_entry() -> None:
    figure = phase.draw(series("tanh", 0.2, 0.1))
    assert not figure.axes[0].texts
    assert not any("xi_" in entry for entry in entries(figure))


def test_a_jump_is_explained() -> None:
    assert "jumps" in series("sign")["footnotes"][0]
    assert not series("tanh")["footnotes"]


def test_phases_differ_in_grey_print() -> None:
    """From light to dark; the darkest two are told apart by the hatching."""
    light, middle = luminance(phase.TONES["ordered"]), luminance(phase.TONES["chaotic"])
    assert light > 1.3 * middle
    figure = phase.draw(series("selu", 2.0, 1.0))
    assert [patch.get_hatch() is not None for patch in figure.legends[0].get_patches()] == [False, False, True]


def test_files_are_the_same_twice_whatever_the_users_taste() -> None:
    data = series("gelu")
    for fmt in ("png", "svg"):
        first = encode(phase.draw(data), fmt, data)
        with mpl.rc_context({"font.size": 30, "hatch.color": "red", "lines.linewidth": 9}):
            assert encode(phase.draw(data), fmt, data) == first
    svg = encode(phase.draw(data), "svg", data)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert b"dc:date" not in svg
    assert len(to_json(data)) < 40_000
