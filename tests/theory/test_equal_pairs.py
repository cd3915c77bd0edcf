"""Pairs followed by polynomials in the angle, against quadrature in the plane and against Price's theorem by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pair_reference import straight

from initbench.catalogue.activations import activation
from initbench.theory.angles import pairs_at
from initbench.theory.equal_pairs import EqualPairs, Pairs
from initbench.theory.gaussian import FIELDS, Moments, moments
from initbench.theory.pairs import pair_moments

Array = np.ndarray[Any, Any]

MADE_OF_PIECES = [
    ("relu6", {}),
    ("hard_tanh", {}),
    ("hard_sigmoid", {}),
    ("soft_shrink", {}),
    ("sparse_sigmoid", {}),
    ("hard_shrink", {}),
    ("sign", {}),
    ("threshold", {"threshold": 0.1, "value": 20.0}),
    ("hard_silu", {}),
    ("sparse_plus", {}),
    ("elu", {}),
    ("celu", {"alpha": 0.4}),
    ("selu", {}),
]
GAPS = np.array([0.0, 1e-12, 3e-11, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.3, 0.7, 1.0, 1.2])


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Numbers that underflow are meant, as they are where the layers are followed."""
    with np.errstate(all="ignore"):
        yield


def followed(name: str, parameters: dict[str, float], q: Array, pairs: int = 1) -> Pairs:
    m = moments(activation(name, **parameters), q[:, None])
    both = Moments(*(np.repeat(getattr(m, field), 2, axis=1) for field in FIELDS))
    return pairs_at(activation(name, **parameters), both, np.zeros(pairs, int), np.ones(pairs, int))


@pytest.mark.parametrize(("name", "parameters"), MADE_OF_PIECES)
def test_gaps_are_those_of_quadrature(name: str, parameters: dict[str, float]) -> None:
    """Polynomials in ln t and ln q leave 3e-11. Beyond q = 1e4 a gap that stays while q <phi'^2> grows is a difference
    that loses as many digits: 2e-9 at q = 1e8, where two kinks are 1e-4 apart."""
    q = np.array([1e-8, 1e-5, 0.03, 0.3, 1.0, 1.6, 2.7, 9.0, 40.0, 300.0, 1e4, 1e6, 1e8])
    found = followed(name, parameters, q, len(GAPS))
    assert isinstance(found, EqualPairs)
    for row, one in enumerate(q.tolist()):
        exact = pair_moments(activation(name, **parameters), one, one, GAPS).gap
        if np.isfinite(exact).all() and exact[1:].min() > 1e-200:  # not so where nothing of a tail is left
            assert found.gap(row, GAPS) == pytest.approx(exact, rel=1e-10 if one <= 1e4 else 5e-9, abs=0), one


@pytest.mark.parametrize("name", ["hard_tanh", "relu6", "soft_shrink", "hard_shrink"])
def test_gaps_are_those_of_prices_theorem(name: str) -> None:
    found = followed(name, {}, np.array([0.4, 2.2]))
    for row, q in enumerate((0.4, 2.2)):
        for e in (1e-8, 1e-3, 0.02, 0.4):
            assert found.gap_of_one(row, e) == pytest.approx(straight(activation(name), q, e)[0], rel=1e-10, abs=0)


@pytest.mark.parametrize(("name", "parameters"), MADE_OF_PIECES)
def test_one_pair_is_as_many(name: str, parameters: dict[str, float]) -> None:
    found = followed(name, parameters, np.array([0.8]), len(GAPS))
    one = followed(name, parameters, np.array([0.8]))
    expected = [one.gap_of_one(0, e) for e in GAPS.tolist()]
    assert found.gap(0, GAPS) == pytest.approx(np.array(expected), rel=1e-13, abs=0)


@pytest.mark.parametrize("name", ["hard_tanh", "hard_shrink", "selu"])
def test_angles_next_to_nothing(name: str) -> None:
    """Below the closest panel, the gap is e, or its root where phi jumps, to as many digits."""
    found = followed(name, {}, np.array([1.3]))
    near = np.array([1e-13, 1e-16, 1e-20])
    exact = pair_moments(activation(name), 1.3, 1.3, near).gap
    assert [found.gap_of_one(0, e) for e in near.tolist()] == pytest.approx(exact, rel=1e-11, abs=0)
    assert found.gap_of_one(0, 1e-300) > 0 == found.gap_of_one(0, 0.0)


def test_what_pieces_do_not_say_is_left_to_the_series() -> None:
    """Opposite inputs, unequal lengths, and gaps that are nothing but rounding."""
    found = followed("hard_tanh", {}, np.array([1.3]))
    for e in (1.5, 2.0):
        exact = float(pair_moments(activation("hard_tanh"), 1.3, 1.3, e).gap)
        assert found.gap_of_one(0, e) == pytest.approx(exact, rel=1e-5)
    assert np.isnan(found.gap_of_one(0, np.nan))
    m = moments(activation("hard_tanh"), np.array([[0.3, 1.7]]))
    assert not isinstance(pairs_at(activation("hard_tanh"), m, np.zeros(1, int), np.ones(1, int)), EqualPairs)
    far = followed("hard_tanh", {}, np.array([1e30]))
    assert 0 < far.gap_of_one(0, 0.3) < 1
