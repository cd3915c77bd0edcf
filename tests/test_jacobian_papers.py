"""The published results on Jacobians and shattered gradients: each must fail when the physics is wrong.

A few networks are enough to see that; the control says that as few still pass when it is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import Initializer, initializer
from initbench.lab.plan import open_experiment
from initbench.lab.runner import run
from initbench.spec import Cell, Layer, Network

PAPERS = Path(__file__).parents[1] / "configs" / "papers"
SEEDS = {"pennington-2017-relu": 5, "balduzzi-2017-shattered": 60, "glorot-2010-jacobian": 1}
FEW = 3

Change = Callable[[Layer], Layer]


@lru_cache
def failed(name: str, change: Change | None = None) -> frozenset[str]:
    """The names of the expectations that do not hold once every layer is changed."""
    experiment = open_experiment(PAPERS / f"{name}.yaml", [f"seeds={SEEDS.get(name, FEW)}"])
    if change is not None:
        cells = tuple(replace(one, cell=changed(one.cell, change)) for one in experiment.cells)
        experiment = replace(experiment, cells=cells)
    return frozenset(one.expectation.name for one in run(experiment).outcomes if one.status != "passed")


def changed(cell: Cell, change: Change) -> Cell:
    return replace(cell, network=Network(tuple(map(change, cell.network.layers))))


def louder(factor: float) -> Change:
    """Weights of another gain."""

    def change(layer: Layer) -> Layer:
        own = layer.initializer
        params = dict(own.params)
        return replace(layer, initializer=initializer(own.name, **(params | {"gain": params["gain"] * factor})))

    return change


def exchanged(layer: Layer) -> Layer:
    """Gaussian weights for orthogonal ones, and the other way round, of the same variance."""
    return replace(layer, initializer=_other(layer.initializer))


def _other(own: Initializer) -> Initializer:
    gain = dict(own.params)["gain"]
    if own.name == "orthogonal":
        return initializer("lecun_normal", gain=gain)
    assert isinstance(gain, float)
    return initializer("orthogonal", gain=gain * (2**0.5 if own.name.startswith("he") else 1))


def straight(layer: Layer) -> Layer:
    """A linear activation."""
    return replace(layer, activation=activation("linear"))


@pytest.mark.parametrize(
    ("name", "change", "seen"),
    [
        ("pennington-2017-linear", louder(1.03), {"Gaussian: mean 1", "orthogonal: mean 1"}),
        ("pennington-2017-linear", exchanged, {"Gaussian, L = 1: variance 1", "orthogonal: variance 0"}),
        ("pennington-2017-relu", louder(0.97), {"mean 1"}),
        ("pennington-2017-relu", exchanged, {"Gaussian, L = 16: variance 32", "orthogonal, L = 16: variance 16"}),
        ("pennington-2017-tanh", louder(1.03), {"q* = 0.25", "orthogonal, L = 16"}),
        ("pennington-2017-tanh", exchanged, {"orthogonal, L = 2", "Gaussian, L = 16"}),
        ("pennington-2017-hard-tanh", louder(1.03), {"L = 16: variance 0.76271"}),
        ("pennington-2017-hard-tanh", exchanged, {"L = 16: largest singular value p^-8", "L = 8: variance 0.38135"}),
        (
            "balduzzi-2017-shattered",
            straight,
            {"L = 2: 0.3016", "L = 10: 0.0337"},
        ),
        ("glorot-2010-jacobian", straight, {"standard, layer 2", "normalized, layer 2", "normalized, layer 5"}),
    ],
)
def test_they_fail_for_another_network(name: str, change: Change, seen: set[str]) -> None:
    assert seen.isdisjoint(failed(name))
    assert seen <= failed(name, change)
