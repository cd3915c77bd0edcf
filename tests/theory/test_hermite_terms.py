"""Averages over pairs from Hermite's terms, against quadrature and closed forms: smooth, with kinks, with jumps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory.angles import pairs_at
from initbench.theory.gaussian import FIELDS, Moments, moments
from initbench.theory.hermite import expansion, hermites, terms
from initbench.theory.high_orders import ORDERS, orders, parities
from initbench.theory.pairs import pair_moments
from initbench.theory.quadrature import REACH, density

GAPS = np.array([0.0, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0, 1.5, 1.9, 2.0])

# Relative error of the gap that is claimed: rounding for smooth activations, more where q is large for their bends;
# with kinks 1e-4, and 1e-3 where all kinks are within a third of a standard deviation. elu's kink is in its slope.
CASES = [
    *[(name, q, 1e-11) for name in ("tanh", "gelu", "silu", "softplus", "sin", "cos") for q in (0.05, 1.0)],
    ("tanh", 2.0, 1e-11),
    ("gelu", 4.0, 1e-11),
    ("tanh", 10.0, 1e-6),
    *[(name, q, 1e-4) for name in ("hard_tanh", "relu6", "selu") for q in (0.05, 1.0)],
    ("hard_tanh", 12.0, 2e-3),
    *[("elu", q, 1e-7) for q in (0.05, 1.0)],
    *[("softsign", q, 1e-5) for q in (0.05, 1.0)],
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Logarithms of 0 are meant, as they are where the layers are followed."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yield


def at(name: str, q: float) -> tuple[Moments, Moments]:
    m = moments(activation(name), np.array([[q]]))
    return m, Moments(*(np.repeat(getattr(m, field), 2, axis=1) for field in FIELDS))


@pytest.mark.parametrize(("name", "q", "error"), CASES)
def test_the_series_is_what_quadrature_finds(name: str, q: float, error: float) -> None:
    _, m = at(name, q)
    pairs = pairs_at(activation(name), m, np.zeros(len(GAPS), int), np.ones(len(GAPS), int))
    exact = pair_moments(activation(name), q, q, GAPS)
    found, near = pairs.gap(0, GAPS), GAPS <= 1
    assert found[near] == pytest.approx(exact.gap[near], rel=error, abs=1e-300)
    assert found == pytest.approx(exact.gap, abs=error * m.square[0, 0])
    slopes, squares = pairs.products(np.array([0]), GAPS[None])[:, 0]
    assert slopes == pytest.approx(exact.slope_product, rel=error, abs=3 * error * exact.slope_product[0])
    assert squares == pytest.approx(exact.square_product, rel=error, abs=error * exact.square_product[0])


@pytest.mark.parametrize("name", ["tanh", "gelu", "elu", "relu", "leaky_relu"])
def test_unequal_lengths(name: str) -> None:
    m = moments(activation(name), np.array([[0.3, 1.7]]))
    pairs = pairs_at(activation(name), m, np.zeros(len(GAPS), int), np.ones(len(GAPS), int))
    exact = pair_moments(activation(name), 0.3, 1.7, GAPS)
    assert pairs.gap(0, GAPS) == pytest.approx(exact.gap, rel=1e-7)
    slopes, squares = pairs.products(np.array([0]), GAPS[None])[:, 0]
    assert slopes == pytest.approx(exact.slope_product, rel=1e-6, abs=1e-6)
    assert squares == pytest.approx(exact.square_product, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["relu", "abs", "linear", "leaky_relu"])
def test_homogeneous_maps_are_polynomials_in_the_angle(name: str) -> None:
    _, m = at(name, 3.0)
    pairs = pairs_at(activation(name), m, np.zeros(len(GAPS), int), np.ones(len(GAPS), int))
    exact = pair_moments(activation(name), 3.0, 3.0, GAPS)
    assert pairs.gap(0, GAPS)[:-1] == pytest.approx(exact.gap[:-1], rel=1e-12, abs=1e-300)
    assert pairs.gap(0, GAPS)[-1] == pytest.approx(exact.gap[-1], rel=1e-12, abs=1e-13)
    slopes, squares = pairs.products(np.array([0]), GAPS[None])[:, 0]
    assert slopes == pytest.approx(exact.slope_product, abs=1e-12)
    assert squares == pytest.approx(exact.square_product, abs=1e-11)


@pytest.mark.parametrize("name", ["sign", "hard_shrink"])
def test_jumps_are_trusted_away_from_equal_inputs(name: str) -> None:
    _, m = at(name, 1.3)
    e = GAPS[GAPS > 0.05]
    found = pairs_at(activation(name), m, np.zeros(len(e), int), np.ones(len(e), int)).gap(0, e)
    assert found == pytest.approx(pair_moments(activation(name), 1.3, 1.3, e).gap, rel=1e-4)


@pytest.mark.parametrize("name", ["tanh", "relu", "hard_tanh", "gelu", "sigmoid"])
def test_the_terms_add_up(name: str) -> None:
    """sum f_k^2 = <f^2>, with the tail: of the slope and of the square, and k times it for the value."""
    q = np.array([0.2, 1.5])
    m = moments(activation(name), q)
    value, slope, square = (terms(activation(name), function, q) ** 2 for function in range(3))
    assert (orders() * value).sum(axis=-1) == pytest.approx(q * m.slope_square, rel=1e-9)
    assert slope.sum(axis=-1) == pytest.approx(m.slope_square, rel=1e-9)
    assert square.sum(axis=-1) == pytest.approx(m.fourth, rel=1e-9)


@pytest.mark.parametrize("function", [0, 1, 2])
@pytest.mark.parametrize("name", ["tanh", "hard_tanh"])
def test_cells_are_the_terms(name: str, function: int) -> None:
    q = np.exp(np.random.default_rng(0).uniform(-3, 2, 6))
    direct = terms(activation(name), function, q)
    followed = expansion(activation(name), function, np.log(q))
    assert followed[..., :ORDERS] == pytest.approx(direct[..., :ORDERS], abs=1e-6)
    assert len(orders()) == len(parities()) == direct.shape[-1]


def test_what_grows_too_fast_has_no_terms() -> None:
    """exp(z) at q = 100: <phi^2> = e^200 comes from x = 20, where the density is e^-200."""
    assert np.isnan(terms(activation("exponential"), 0, np.array([100.0]))[0]).any()


def clipped_terms(q: float) -> np.ndarray:
    """Those of hard_tanh of odd orders from 3 on, by parts; with w the normal density and h_k = He_k / sqrt(k!),
    -2 sqrt(q / (k (k - 1))) h_{k-2} w at the kink, less what is beyond reach of the nodes, 2 h_{k-1} w / sqrt(k)."""
    k, ends = np.arange(3, ORDERS, 2), np.array([1 / np.sqrt(q), REACH])
    values = np.array(list(hermites(ends))) * density(ends)
    return np.asarray(-2 * np.sqrt(q / (k * (k - 1))) * values[k - 2, 0] - 2 * values[k - 1, 1] / np.sqrt(k))


@pytest.mark.parametrize("q", [0.019745848148269424, 0.1, 1.0, 40.0, 1e6])
def test_kinks_in_closed_form_to_the_last_order(q: float) -> None:
    """At the first q, the nodes that all q share find <phi^2> and <phi^4> to all digits, but miss the kinks: the high
    orders would be wrong by 4 %. Only <phi'^2> tells."""
    found = terms(activation("hard_tanh"), 0, np.array([q]))[0, 3:ORDERS:2]
    assert found == pytest.approx(clipped_terms(q), abs=2e-14)


def test_few_lengths_are_taken_as_they_are_whatever_was_asked_before() -> None:
    own, few, many = activation("softplus"), np.array([-9.0, 0.3, 7.0]), np.linspace(-1, 1, 60)
    first = expansion(own, 0, few)
    assert first == pytest.approx(terms(own, 0, np.exp(few)), rel=1e-13, abs=1e-15)
    expansion(own, 0, many)  # fills cells
    for other in range(20):  # and makes it forget
        expansion(own, 0, few + other / 100)
    assert np.array_equal(expansion(own, 0, few), first)
    some = np.array([2, 3, 50])
    assert expansion(own, 0, many, rows=some) == pytest.approx(expansion(own, 0, many)[some], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["tanh", "gelu", "soft_shrink"])
def test_one_pair_is_as_many(name: str) -> None:
    _, m = at(name, 0.7)
    for e in [*GAPS[GAPS < 2].tolist(), 1 + 2.0**-52]:
        one = pairs_at(activation(name), m, np.zeros(1, int), np.ones(1, int))
        assert one.gap_of_one(0, e) == pytest.approx(float(one.gap(0, np.array([e]))[0]), rel=1e-13)
    assert np.isnan(one.gap_of_one(0, np.nan))
