"""Polynomials through Chebyshev's nodes, and the cells that they fill."""

from __future__ import annotations

import numpy as np
import pytest

from initbench.theory.chebyshev import Cells, points, polynomials, transform


def test_a_polynomial_comes_back() -> None:
    def cubic(x: np.ndarray) -> np.ndarray:
        return 1 - 2 * x + 3 * x**3

    x = np.linspace(-1, 1, 7)
    assert polynomials(x, 4) @ transform(4) @ cubic(points(4)) == pytest.approx(cubic(x), abs=1e-14)


@pytest.mark.parametrize("scale", [0.1, 3.0, 300.0])
def test_cells_follow_a_function_that_gets_simpler_far_out(scale: float) -> None:
    """ln(1 + e^t) is analytic up to pi off the axis: 24 nodes leave 1e-13 in a cell of half-width 1."""
    cells = Cells(lambda t: np.stack([np.logaddexp(0, t), np.tanh(t / 2)], axis=1), 2.0, 24)
    t = scale * np.random.default_rng(0).uniform(-1, 1, 200)
    assert cells(t)[:, 0] == pytest.approx(np.logaddexp(0, t), rel=1e-11, abs=1e-11 * scale)
    assert cells(t)[:, 1] == pytest.approx(np.tanh(t / 2), abs=1e-11)
    assert [cells.first(x) for x in t.tolist()] == pytest.approx(cells(t)[:, 0].tolist(), rel=1e-12, abs=1e-12)


def test_a_cell_is_asked_for_once() -> None:
    asked: list[int] = []

    def counted(t: np.ndarray) -> np.ndarray:
        asked.append(len(t))
        return t[:, None]

    cells = Cells(counted, 2.0, 10)
    for t in (0.1, 0.3, 1.5, 0.7):
        cells(np.array([t]))
        cells.first(t)
    assert asked == [10]


@pytest.mark.parametrize("far", [0.0, 60.0])
def test_a_cell_that_says_too_little_is_not_followed(far: float) -> None:
    """A kink is no polynomial; and beside values of e^60, cos t would be rounding."""
    smooth = Cells(lambda t: np.stack([np.exp(t + far), np.cos(t)], axis=1), 2.0, 24, 1e-6)
    kinked = Cells(lambda t: np.abs(t - 0.7)[:, None], 2.0, 24, 1e-6)
    with np.errstate(invalid="ignore"):
        assert np.isfinite(smooth(np.array([0.3]))).all() == (far == 0)
        assert np.isnan(kinked(np.array([0.3]))).all()


def test_few_arguments_are_asked_for_themselves_and_answers_do_not_hang_on_what_came_before() -> None:
    asked: list[int] = []

    def counted(t: np.ndarray) -> np.ndarray:
        asked.append(len(t))
        return np.exp(t / 3)[:, None]

    cells = Cells(counted, 2.0, 10, sparse=2)
    few, many = np.array([-5.0, -3.3, 0.1, 0.3, 2.5]), np.linspace(0, 1.9, 30)
    first = cells(few)
    assert asked == [5]
    assert np.array_equal(cells(few, rows=np.array([1, 3])), first[[1, 3]])
    assert asked == [5]
    assert cells(many)[:, 0] == pytest.approx(np.exp(many / 3), rel=1e-9)
    assert asked == [5, 10]
    assert np.array_equal(cells(few), first)
    cells(few[2:])  # on a short way, two in a cell are not few
    assert asked == [5, 10, 10]
    cells(few[3:])
    assert asked == [5, 10, 10, 2]
    assert cells(many, rows=np.array([3, 9])) == pytest.approx(cells(many)[[3, 9]], rel=1e-14)


def test_cells_are_narrow_around_their_centre() -> None:
    def bend(t: np.ndarray) -> np.ndarray:
        return np.tanh(t - 40)[:, None]

    t = np.linspace(30, 50, 200)
    assert Cells(bend, 1.0, 24, centre=40.0)(t) == pytest.approx(bend(t), abs=1e-12)
    assert np.abs(Cells(bend, 1.0, 24)(t) - bend(t)).max() > 1e-6


def test_cells_end_within_float64() -> None:
    asked: list[np.ndarray] = []
    cells = Cells(lambda t: asked.append(t) or t[:, None], 2.0, 24, centre=30.0)  # type: ignore[func-returns-value]
    ends = np.log(np.array([1e-250, 1e250]))
    assert cells(ends)[:, 0] == pytest.approx(ends, rel=1e-12)
    assert np.abs(np.concatenate(asked)).max() < np.log(np.finfo(float).max)
