"""The averages over pairs that layers are followed with, for every registered activation, against quadrature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from initbench.catalogue.activations import ACTIVATIONS, Activation, activation
from initbench.theory.angles import HomogeneousPairs, Pairs, pairs_at
from initbench.theory.gaussian import moments
from initbench.theory.kink_pairs import KinkPairs
from initbench.theory.pairs import pair_moments

REQUIRED = {"hard_shrink": {"threshold": 0.5}, "threshold": {"threshold": 0.1, "value": 20.0}}
NAMES = [record.name for record in ACTIVATIONS if ":" not in record.name]
LENGTHS = 10.0 ** np.arange(-8.0, 9.0, 2.0)
CLOSE = np.array([1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.05])
APART = np.array([0.1, 0.3, 0.7, 1.0, 1.3, 1.7, 1.9])

# What is not made of pieces is followed in 256 orders of Hermite's: these are the mean squares up to which they are
# complete, to 1e-10. Beyond, pairs with 1 - c < 0.1 have the error of a tail that is known by two of its sums.
COMPLETE = dict.fromkeys(NAMES, 2.0) | {"softsign": 1e-3}
# waves that turn sqrt(q) times within a standard deviation, and what comes from beyond all nodes
OUT_OF_REACH = {"sin": 30.0, "cos": 30.0, "exponential": 30.0}


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
    q <phi'^2>, and for averages that are small differences or tails themselves (cos next to 0)."""
    e = np.concatenate([CLOSE, APART])
    told = 0
    for q in LENGTHS.tolist():
        pairs, square = followed(name, q, len(e))
        exact = pair_moments(own(name), q, q, e).gap
        if not (np.isfinite(exact).all() and np.isfinite(square)) or square < 1e-250:
            continue  # no such average, or nothing left of a tail
        if q > OUT_OF_REACH.get(name, np.inf):
            continue
        sharp = isinstance(pairs, KinkPairs | HomogeneousPairs) or q <= COMPLETE[name]
        known = (e >= 0.1) | sharp
        error = 1e-9 if q >= 1e6 or name in ("cos", "squareplus", "soft_shrink", "hard_shrink") else 1e-10
        found = pairs.gap(0, e)
        close, apart = known & (e < 1.2), known & (e > 1.2)
        assert found[close] == pytest.approx(exact[close], rel=error, abs=0), q
        assert found[apart] == pytest.approx(exact[apart], rel=error, abs=1e-15 * square), q
        assert square - found[known] == pytest.approx(square - exact[known], abs=error * square), q
        assert found == pytest.approx(exact, rel=0.25, abs=1e-15 * square), q
        told += int(known.sum())
    assert told > 40


def test_kinks_and_jumps_are_left_to_pieces() -> None:
    """The only one that is not is softsign's, in its second derivative."""
    for name in NAMES:
        pairs, _ = followed(name, 1.0, 1)
        if own(name).formula.kinks or own(name).formula.jumps:
            assert isinstance(pairs, KinkPairs | HomogeneousPairs), name
