"""Initializers: the papers' laws under bare names, and the laws of Keras, torch and JAX under `keras:`, `torch:` and `jax:` names."""

from __future__ import annotations

from typing import Any

from ..registry import Registry
from .laws import Law as Law
from .laws import Normal
from .record import Initializer as Initializer
from .record import InitializerRecord as InitializerRecord

INITIALIZERS: Registry[InitializerRecord] = Registry(
    "initializer",
    (
        InitializerRecord(
            name="he_normal",
            build=lambda fan_in, fan_out: Normal(0.0, (2 / max(1, fan_in)) ** 0.5),
            equation="W ~ N(0, 2 / fan_in)",
            source="He, Zhang, Ren, Sun 2015, eq. 10",
            purpose="",
        ),
    ),
)


def initializer(name: str, **params: Any) -> Initializer:
    """The initializer of a name, with its parameters: `initializer("normal", stddev=0.01)`.

    Raises UnknownNameError or ParameterError.
    """
    return Initializer(*INITIALIZERS.bind(name, params))
