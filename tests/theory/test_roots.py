"""Roots in brackets, and all roots of one function on a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initbench.theory.roots import bracketed, crossings


def test_many_roots_at_once_to_the_last_digits() -> None:
    targets = np.array([2.0, 1e-9, 700.0, 1.0])
    found = bracketed(lambda x: np.expm1(x - np.log(targets)), np.full(4, -30.0), np.full(4, 10.0))
    np.testing.assert_allclose(found, np.log(targets), rtol=0, atol=4 * 40 * np.finfo(float).eps)


def test_a_hard_case_takes_no_more_than_bisection() -> None:
    calls = 0

    def flat(x: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return np.asarray((x - 1) ** 9)

    assert bracketed(flat, np.array([0.0]), np.array([3.0]))[0] == pytest.approx(1, abs=1e-3)
    assert calls <= 102


def test_without_a_change_of_sign_the_better_end_is_given_back() -> None:
    assert bracketed(lambda x: x**2 + 1, np.array([-1.0]), np.array([3.0]))[0] == -1
    assert bracketed(lambda x: x, np.array([0.0]), np.array([3.0]))[0] == 0


def on_a_grid(shift: float) -> tuple[list[float], list[float], int]:
    """The roots of (x - 0.55)^2 - shift on a grid of whole numbers."""
    nodes = np.arange(-3.0, 4.0)

    def parabola(x: np.ndarray) -> np.ndarray:
        return (x - 0.55) ** 2 - shift

    def slope(x: np.ndarray) -> np.ndarray:
        return 2 * (x - 0.55)

    found = crossings(parabola, slope, nodes, parabola(nodes), slope(nodes))
    return found.at.tolist(), found.touching.tolist(), found.first


def test_two_roots_between_neighbouring_nodes_are_found() -> None:
    at, touching, first = on_a_grid(1e-4)
    assert at == pytest.approx([0.54, 0.56])
    assert (touching, first) == ([], 1)


def test_touching_is_told_from_crossing_and_from_missing() -> None:
    assert on_a_grid(0.0) == ([], [0.55], 1)
    assert on_a_grid(-1e-6) == ([], [], 1)


def test_rounding_and_unknown_values_are_no_roots() -> None:
    nodes = np.arange(6.0)
    heights = np.array([np.nan, 1e-14, -1e-14, 2.0, 1.0, -1.0])
    found = crossings(lambda x: 4.5 - x, np.zeros_like, nodes, heights, np.zeros(6))
    assert found.at.tolist() == pytest.approx([4.5])
    assert found.downwards.tolist() == [True]
    assert found.first == 1
    assert math.isclose(found.at[0], 4.5, rel_tol=1e-15)
