"""xi_c of a config's network is that of its deep layers, and blank where these have no single one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from initbench import predict
from initbench.config import from_mapping
from initbench.spec import Layer
from initbench.theory.memory import correlation_length


def layers(**network: Any) -> tuple[Layer, ...]:
    plain = {"depth": 4, "width": 16, "activation": "tanh", "initializer": "lecun_normal"}
    bias = {"name": "normal", "stddev": math.sqrt(0.05)}
    config = {"network": {**plain, "bias": bias, **network}, "input": {"features": 3}}
    return from_mapping(config).cells[0].cell.network.layers


def test_the_published_scale() -> None:
    """Schoenholz et al. 2017: tanh, sigma_b^2 = 0.05, sigma_w = 1; the first layer's fans are its own."""
    assert correlation_length(layers()) == pytest.approx(3.62697561805, rel=1e-9)


def test_the_gain_is_the_standard_deviation() -> None:
    wide = correlation_length(layers(initializer={"name": "lecun_normal", "gain": 2.0}))
    assert wide == pytest.approx(predict("tanh", 2.0, math.sqrt(0.05)).xi_c, rel=1e-9)


def test_blank_where_layers_differ_or_theory_does_not_apply() -> None:
    assert correlation_length(layers(activation=["tanh", "tanh", "relu", "tanh"])) is None
    assert correlation_length(layers(initializer="zeros", bias="none")) is None
    assert correlation_length(layers(initializer={"name": "constant", "value": 0.1})) is None
