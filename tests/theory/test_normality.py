"""What preactivations that are not normal do to averages: predicted to first order, and held against draws."""

from __future__ import annotations

import numpy as np
import pytest
from theory_cells import make_cell

from initbench.catalogue.initializers import Initializer, initializer
from initbench.streams import Purpose, stream
from initbench.theory.kernel import trajectory


def draws(weights: Initializer, bias: Initializer | None, features: int, x: np.ndarray) -> np.ndarray:
    """Preactivations of one input over many units of many matrices, (1e6,)."""
    rng = np.random.default_rng(0)
    columns = 1_000_000 // 40
    found = []
    for _ in range(40):
        z = x @ weights.sample(rng, features, columns, np.float64)
        if bias is not None:
            b = np.empty(columns)
            bias.law(features, columns).fill(rng, b)
            z = z + b
        found.append(z)
    return np.concatenate(found)


def excess(z: np.ndarray) -> float:
    return float(np.mean(z**4) / np.mean(z**2) ** 2 - 3)


CASES = [
    (initializer("he_uniform"), None, 6),
    (initializer("normal", stddev=0.3), initializer("uniform", low=-1.0, high=1.0), 6),
    (initializer("torch:sparse_", sparsity=0.5, std=0.5), None, 16),
    (initializer("sparse", sparsity=0.5, stddev=0.5), None, 16),
    (initializer("torch:linear"), initializer("torch:linear"), 3),
]


@pytest.mark.parametrize(("weights", "bias", "features"), CASES, ids=["uniform", "bias", "sparse", "even", "torch"])
def test_excess_kurtosis_and_what_it_does(weights: Initializer, bias: Initializer | None, features: int) -> None:
    """Of 1e6 draws a kurtosis has a standard error of sqrt(24 / 1e6) = 0.005, and <phi^2> one of 0.1 %: five of
    them are allowed. What is left is of second order in the excess x: a third of x of it."""
    t = trajectory(make_cell((features, 64), "tanh", weights, bias, batch=1, resample=False, root_seed=1))
    z = draws(weights, bias, features, stream(1, 0, Purpose.SHARED_INPUTS).standard_normal(features))
    x = t.normality.excess[1]
    assert x == pytest.approx(excess(z), abs=5 * 0.005)
    assert abs(x) > 0.1
    moved = np.mean(np.tanh(z) ** 2) / t.moments.square[1, 0] - 1
    assert t.normality.forward[1] == pytest.approx(moved, abs=0.005 + abs(x * moved) / 3)
    slope = np.mean(np.cosh(z) ** -4) / t.moments.slope_square[1, 0] - 1
    assert t.normality.slope[1] == pytest.approx(slope, abs=0.005 + abs(x * slope) / 3)


def test_normal_laws_are_normal() -> None:
    t = trajectory(make_cell((4, 4, 4), "tanh", "he_normal", 0.3))
    assert not t.normality.excess.any()
    assert not t.normality.forward.any()


def test_relu_does_not_mind() -> None:
    """Half of z^2 is what a symmetric law leaves, whatever its tails: torch's default never leaves theory."""
    t = trajectory(make_cell((64,) * 12, "relu", initializer("torch:linear"), initializer("torch:linear")))
    assert t.known == 11
    assert t.normality.excess[-1] < -0.4  # z is nearly the bias alone
    assert t.normality.forward == pytest.approx(0, abs=1e-9)


def test_theory_ends_where_the_average_is_off() -> None:
    """phi = z^2 sees <z^4>: 3 + x instead of 3 for the same variance. Normal biases of that variance are fine."""
    bias = initializer("uniform", low=-1.0, high=1.0)
    t = trajectory(make_cell((64,) * 4, "square", 0.5, bias))
    assert t.known == 0
    x = -1.2 * (1 / 3 / (0.25 + 1 / 3)) ** 2
    said = f"layer 1: preactivations are not normal: an excess kurtosis of {x:.2g} moves <phi^2> by {x / 3:.1%}"
    assert t.reason == said
    assert trajectory(make_cell((64,) * 4, "square", 0.5, 3**-0.5)).known == 3


def test_a_mean_square_that_was_moved_moves_on() -> None:
    """d ln <phi^2> of a layer is its own and, by the map's slope, that of the layer below."""
    bias = initializer("uniform", low=-0.8, high=0.8)
    t = trajectory(make_cell((512,) * 4, "tanh", "lecun_normal", bias))
    K, square, cb = t.q[:, 0], t.moments.square[:, 0], t.cb[1]
    x = -1.2 * (cb / K) ** 2
    own = x * K**2 * t.moments.d2_square[:, 0] / (6 * square)
    assert t.normality.excess[1:] == pytest.approx(x[1:])
    assert t.normality.forward[1] == pytest.approx(own[1])
    gain = t.moments.d_square[:, 0] * (K - cb) / square
    assert t.normality.forward[2] == pytest.approx(own[2] + gain[2] * own[1])


@pytest.mark.parametrize("widths", [(3, 4, 4), (2, 1, 1, 1), (16, 16, 16)])
@pytest.mark.parametrize("act", ["relu", "square"])
def test_no_sum_is_further_from_normal_than_one_of_its_weights(widths: tuple[int, ...], act: str) -> None:
    """A uniform law has an excess of -1.2. A narrow layer may hand on a single number, and never less than one."""
    law = initializer("uniform", low=-0.1, high=0.1)
    excess = trajectory(make_cell(widths, act, law, None)).normality.excess
    known = excess[np.isfinite(excess)]
    assert known.min() >= -1.2 - 1e-12
    assert (known.min() < -1.19) == (act == "relu" and widths[-1] < 6)
