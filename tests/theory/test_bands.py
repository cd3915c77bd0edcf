"""How spreads are put together: batches, compositions, recursions over the layers."""

from __future__ import annotations

import numpy as np
import pytest

from initbench.theory.bands import (
    above,
    below,
    carried,
    downwards,
    elasticity,
    logarithmic,
    pooled,
    ratio,
    relative,
    upwards,
)
from initbench.theory.inputs import InputState


def state(batch: int, weights: list[float], drawn: bool) -> InputState:
    n, none, empty = len(weights), np.zeros(len(weights)), np.empty(0)
    return InputState(
        batch, 4, np.ones(n), np.array(weights), none, none, empty, empty, empty, empty, 0.0, 0.0, drawn, {}
    )


def test_a_batch_of_two_inputs_that_are_not_alike() -> None:
    """Var (x + y) / 2 = (Var x + Var y + 2 Cov) / 4, with covariances relative to the mean."""
    mean, single = np.array([[2.0, 4.0]]), np.array([[0.1, 0.2]])
    centre, sd = pooled(state(2, [0.5, 0.5], drawn=False), mean, single, np.array([0.05]))
    assert centre[0] == 3
    assert sd[0] ** 2 == pytest.approx((4 * 0.1 + 16 * 0.2 + 2 * 9 * 0.05) / 4)


def test_inputs_that_are_drawn_add_the_variance_between_groups() -> None:
    mean, none = np.array([[2.0, 4.0, 7.0]]), np.zeros((1, 3))
    _, sd = pooled(state(5, [0.5, 0.5, 0.0], drawn=True), mean, none, np.zeros(1))
    assert sd[0] ** 2 == pytest.approx(1 / 5)
    _, sd = pooled(state(5, [0.5, 0.5, 0.0], drawn=False), mean, none, np.zeros(1))
    assert sd[0] == 0


def test_products_of_independent_factors() -> None:
    """E x^2 y^2 = (1 + r_x) (1 + r_y) for factors of mean 1."""
    both = logarithmic(np.array([0.3])) + logarithmic(np.array([0.5]))
    assert relative(both)[0] == pytest.approx(1.3 * 1.5 - 1)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3)])
def test_recursions_over_the_layers(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    factor, source = rng.normal(size=shape), rng.normal(size=shape)
    up, down = upwards(factor, source, 0.7), downwards(factor, source)
    assert np.all(up[0] == 0.7)
    np.testing.assert_array_equal(down[3], source[3])
    for k in range(1, 4):
        np.testing.assert_allclose(up[k], factor[k] * up[k - 1] + source[k])
        np.testing.assert_allclose(down[k - 1], source[k - 1] + factor[k - 1] * down[k])


def test_neighbours() -> None:
    rows = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(below(rows), [np.nan, 1, 2])
    np.testing.assert_array_equal(above(rows), [2, 3, 0])


def test_what_is_not_there_does_not_vary() -> None:
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.zeros(2)), [0, 0])
    np.testing.assert_array_equal(ratio(np.array([[4.0]]), np.array([2.0, 0.0])), [[2, 0]])
    q = np.array([0.0, 2.0])
    np.testing.assert_array_equal(elasticity(np.array([np.nan, 3.0]), q, np.array([1.0, 6.0])), [0, 1])


def test_one_number_is_carried_as_many_are() -> None:
    """A column alone goes through Python's own numbers, several through arrays: the same, gains above 1 included."""
    rng = np.random.default_rng(3)
    gain, noise = rng.uniform(0.5, 2.5, (60, 2)), rng.uniform(0, 0.1, (60, 2))
    gain[7, 0], noise[20, 1] = 0.0, np.nan
    both = carried(gain, noise, 0.25)
    for column in (0, 1):
        alone = carried(gain[:, column : column + 1], noise[:, column : column + 1], 0.25)
        np.testing.assert_allclose(alone[:, 0], both[:, column], rtol=1e-12)
    # ln x grows without end where a factor goes like a high power of x; it does not leave float64 with x
    far = carried(np.full((4, 1), 3.0), np.full((4, 1), 400.0), 0.0)
    np.testing.assert_allclose(np.diff(far[1:, 0]), 400 + np.log(3), rtol=1e-12)
