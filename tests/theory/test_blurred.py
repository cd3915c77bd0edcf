"""Smooth activations: what one table of blur and angle says of pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from gaussian_cases import plugin

from initbench.catalogue.activations import activation
from initbench.theory import blurred
from initbench.theory.angle_panels import PANELS, TOGETHER, some_angles
from initbench.theory.gaussian import moments
from initbench.theory.pairs import pair_moments


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("part", range(PANELS // TOGETHER))
@pytest.mark.parametrize("name", ["softsign", "gelu_tanh", "squareplus"])
def test_gaps_are_those_of_quadrature(name: str, part: int) -> None:
    """By orders, by the table, and by powers of tau where the blur is narrow."""
    own, t = activation(name), some_angles(part)
    some = np.arange(0, len(t), len(t) // 6)
    e = 2 * np.sin(t[some] / 2) ** 2
    for q in (0.2, 3.0, 40.0, 2e4):
        found = blurred.gaps(own, moments(own, np.array([q])), part)[0, some]
        assert found == pytest.approx(pair_moments(own, q, q, e).gap / e, rel=2e-10, abs=0), q


def test_what_the_nodes_miss_is_not_claimed() -> None:
    """A ripple far from 0, where nodes are sparse: variances at c = 0 tell."""

    def bump(z: np.ndarray) -> np.ndarray:
        return np.asarray(0.1 * np.exp(-(((z - 40) * 3) ** 2)))

    own = plugin(
        "ripple", lambda z: np.tanh(z) + bump(z), lambda z: 1 / np.cosh(z) ** 2 - 18 * (z - 40) * bump(z), steepest=2.0
    )
    m = moments(own, np.array([2000.0]))
    assert np.isnan(blurred.gaps(own, m, PANELS // TOGETHER - 1)).all()
