"""Activations: value and slope of every element-wise activation of Keras, torch and JAX, and a few of the theory's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..registry import Registry
from .record import Activation as Activation
from .record import ActivationRecord as ActivationRecord
from .record import Formula as Formula

ACTIVATIONS: Registry[ActivationRecord] = Registry(
    "activation",
    (
        ActivationRecord(
            name="relu",
            build=lambda: Formula(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype), kinks=(0.0,), lower=0.0),
            equation="max(0, z)",
            source="",
            purpose="",
        ),
        ActivationRecord(
            name="tanh",
            build=lambda: Formula(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lower=-1.0, upper=1.0, saturates=True),
            equation="tanh(z)",
            source="",
            purpose="",
        ),
    ),
)


def activation(name: str, **params: Any) -> Activation:
    """The activation of a name, with its parameters: `activation("leaky_relu", negative_slope=0.1)`.

    Raises UnknownNameError or ParameterError.
    """
    return Activation(*ACTIVATIONS.bind(name, params))
