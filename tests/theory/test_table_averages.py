"""The averages over pairs that layers are followed with, for every registered activation, against quadrature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from initbench.catalogue.activations import ACTIVATIONS, Activation, activation
from initbench.theory.angles import HomogeneousPairs, Pairs, pairs_at
from initbench.theory.equal_pairs import EqualPairs
from initbench.theory.gaussian import moments
from initbench.theory.pairs import pair_moments

REQUIRED = {"hard_shrink": {"threshold": 0.5}, "threshold": {"threshold": 0.1, "value": 20.0}}
NAMES = [record.name for record in ACTIVATIONS if ":" not in record.name]
LENGTHS = [1e-8, 1e-6, 1e-4, 0.01, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 1e4, 1e6, 1e8]
CLOSE = np.array([1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.05])
APART = np.array([0.1, 0.3, 0.7, 1.0, 1.3, 1.7, 1.9])

REACHED = {"exponential": 100.0}  # there, what is squared in <phi^4> overflows


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Numbers that over- and underflow are meant, as they are where the layers are followed."""
    with np.errstate(all="ignore"):
        yield


def own(name: str) -> Activation:
    return activation(name, **REQUIRED.get(name, {}))


def followed(name: str, q: float, pairs: int) -> tuple[Pairs, float]:
    m = moments(own(name), np.array([[q, q]]))
    return pairs_at(own(name), m, np.zeros(pairs, int), np.ones(pairs, int)), float(m.square[0, 0])


@pytest.mark.parametrize("name", NAMES)
def test_averages_are_those_of_quadrature(name: str) -> None:
    """Gaps and products to 1e-10; to 1e-9 at mean squares from 1e6 on, where a gap that stays is a small part of
    q <phi'^2>, and for averages that are tails (soft_shrink, hard_shrink next to 0)."""
    e = np.concatenate([CLOSE, APART])
    told = 0
    for q in LENGTHS:
        pairs, square = followed(name, q, len(e))
        exact = pair_moments(own(name), q, q, e).gap
        if not (np.isfinite(exact).all() and np.isfinite(square)) or square < 1e-250 or q > REACHED.get(name, np.inf):
            continue  # no such average, or nothing left of a tail
        error = 1e-9 if q >= 1e6 or name in ("soft_shrink", "hard_shrink") else 1e-10
        if name == "softsign" and q < 0.1:
            error = 1e-8  # its second derivative jumps in the middle of what is short
        found, close = pairs.gap(0, e), e < 1.2
        assert found[close] == pytest.approx(exact[close], rel=error, abs=0), q
        assert (square - found)[close] == pytest.approx((square - exact)[close], abs=error * square), q
        assert found[~close] == pytest.approx(exact[~close], rel=error, abs=1e-15 * square), q
        told += len(e)
    assert told > 40


def test_no_pair_of_one_length_is_left_to_cut_off_series() -> None:
    """Up to 1 - c = 1.2, for every registered activation."""
    for name in NAMES:
        pairs, _ = followed(name, 1.0, 1)
        assert isinstance(pairs, EqualPairs | HomogeneousPairs), name
