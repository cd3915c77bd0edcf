"""Which claims of the published Jacobian spectra tell Gaussian weights from orthogonal ones of the same variance.

A few networks are enough to see that, and as few still pass when the weights are the right ones.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from initbench.catalogue.initializers import initializer
from initbench.lab.plan import open_experiment
from initbench.lab.runner import run
from initbench.spec import Cell, Layer, Network

PAPERS = Path(__file__).parents[1] / "configs" / "papers"
FEW = 4


@lru_cache
def failed(name: str, other_weights: bool) -> frozenset[str]:
    """The names of the expectations that do not hold."""
    experiment = open_experiment(PAPERS / f"pennington-2017-{name}.yaml", [f"seeds={FEW}"])
    if other_weights:
        cells = tuple(replace(one, cell=exchanged(one.cell)) for one in experiment.cells)
        experiment = replace(experiment, cells=cells)
    return frozenset(one.expectation.name for one in run(experiment).outcomes if one.status != "passed")


def exchanged(cell: Cell) -> Cell:
    """The cell with Gaussian weights for orthogonal ones, and the other way round."""

    def other(layer: Layer) -> Layer:
        own = layer.initializer
        gain = dict(own.params)["gain"]
        assert isinstance(gain, float)
        if own.name == "orthogonal":
            return replace(layer, initializer=initializer("lecun_normal", gain=gain))
        return replace(
            layer, initializer=initializer("orthogonal", gain=gain * math.sqrt(1 + (own.name == "he_normal")))
        )

    return replace(cell, network=Network(tuple(map(other, cell.network.layers))))


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("linear", {"Gaussian, L = 1: variance 1", "Gaussian, L = 16: variance 16", "orthogonal: variance 0"}),
        ("relu", {"Gaussian, L = 16: variance 32", "orthogonal, L = 8: variance 8"}),
        ("tanh", {"orthogonal, L = 2", "orthogonal, L = 16", "Gaussian, L = 16"}),
        ("hard-tanh", {"L = 8: variance 0.38135", "L = 16: largest singular value p^-8"}),
    ],
)
def test_they_tell_gaussian_from_orthogonal_weights(name: str, seen: set[str]) -> None:
    assert seen.isdisjoint(failed(name, other_weights=False))
    assert seen <= failed(name, other_weights=True)
