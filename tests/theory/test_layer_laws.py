"""What theory reads from the records, and which of them it refuses, with a reason."""

from __future__ import annotations

import math
from typing import Any

import pytest
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import INITIALIZERS, Initializer, Orthogonal, initializer
from initbench.catalogue.registry import REQUIRED
from initbench.spec import Layer
from initbench.theory.layers import activations, layer_law, layer_laws

NEEDED: dict[str, float | str] = {
    "value": 0.1,
    "stddev": 0.1,
    "low": -0.1,
    "high": 0.1,
    "sparsity": 0.5,
    "scale": 1.0,
    "mode": "fan_in",
    "distribution": "normal",
    "gain": 1.0,
    "std": 0.1,
    "val": 0.1,
    "a": -0.1,
    "b": 0.1,
    "minval": -0.1,
    "maxval": 0.1,
}
REFUSED = {
    *("ones", "constant", "identity", "keras:ones", "keras:identity", "torch:ones_"),
    *("torch:constant_", "torch:eye_", "torch:dirac_", "jax:ones", "jax:constant"),
    *("jax:uniform", "torch:uniform_"),  # of one sign
}
"""Weights of a mean other than 0, or not random, with their default parameters."""


def with_defaults(name: str) -> Initializer:
    record = INITIALIZERS.find(name)
    needed = {p.name: NEEDED[p.name] for p in record.parameters if p.default is REQUIRED}
    return initializer(name, **needed)


def law(weights: Initializer, bias: Initializer | None = None, fan_in: int = 12, fan_out: int = 30) -> Any:
    return layer_law(Layer(fan_in, fan_out, activation("relu"), weights, bias))


@pytest.mark.parametrize("name", [record.name for record in INITIALIZERS])
def test_every_initializer_is_supported_or_says_why(name: str) -> None:
    chosen = with_defaults(name)
    found = law(chosen)
    assert bool(found.unsupported) == (name in REFUSED)
    if name in REFUSED:
        assert found.unsupported.startswith(f"weights drawn from {chosen.label}")
    else:
        assert found.cw == pytest.approx(12 * chosen.variance(12, 30), rel=1e-15)
        assert found.haar == isinstance(chosen.law(12, 30), Orthogonal)


@pytest.mark.parametrize("name", [record.name for record in INITIALIZERS])
def test_every_bias_is_supported_or_says_why(name: str) -> None:
    chosen = with_defaults(name)
    if not chosen.law(12, 30).elementwise:
        return
    found = law(initializer("he_normal"), chosen)
    assert bool(found.unsupported) == (name in REFUSED)
    if name in REFUSED:
        assert found.unsupported.startswith("biases drawn from")
    else:
        assert found.cb == chosen.variance(12, 30)


def test_variances_are_squares_of_standard_deviations() -> None:
    found = law(initializer("normal", stddev=0.3), initializer("normal", stddev=0.2))
    assert (found.cw, found.cb) == pytest.approx((12 * 0.09, 0.04))
    assert found.backward_gain == pytest.approx(30 * 0.09)  # fan_out Var W, whatever the fan_in


def test_zeros_are_fine() -> None:
    found = law(initializer("zeros"), initializer("zeros"))
    assert (found.cw, found.cb, found.unsupported) == (0, 0, "")


def test_kurtosis_of_what_is_not_normal() -> None:
    found = law(initializer("he_uniform"), initializer("torch:linear"))
    assert found.kurtosis == pytest.approx(9 / 5)
    assert found.bias_kurtosis == pytest.approx(9 / 5)
    assert law(initializer("he_normal")).kurtosis == law(initializer("zeros")).kurtosis == 3
    assert law(initializer("sparse", sparsity=0.5, stddev=1.0)).kurtosis == pytest.approx(6)


def test_a_mean_counts_by_what_it_adds_up_to() -> None:
    """E z^2 gets fan_in mean^2 times the inputs' own mean squared, beside fan_in Var W: one is the other's 1e-6th."""
    edge = math.sqrt(1e-6 / 12)
    assert not law(initializer("normal", mean=0.9 * edge, stddev=1.0)).unsupported
    assert "mean of 0.000318" in law(initializer("normal", mean=1.1 * edge, stddev=1.0)).unsupported


def test_alike_layers_share_one_law() -> None:
    cell = make_cell((8, 8, 8, 8, 4), "relu")
    laws = layer_laws(cell.network.layers)
    assert laws[0] is laws[2]
    assert [one.fan_out for one in laws] == [8, 8, 8, 4]


def test_activations_are_numbered() -> None:
    acts = [activation(name) for name in ("relu", "tanh", "tanh", "relu")]
    found, codes = activations(layer_laws(make_cell((8,) * 5, acts).network.layers))
    assert [one.name for one in found] == ["relu", "tanh"]
    assert codes.tolist() == [0, 1, 1, 0]
