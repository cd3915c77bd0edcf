"""Activations: value and slope of every element-wise one of Keras, torch and JAX, and a few of the theory's.

record      what an activation is
piecewise, smooth, gated    the formulas, on the steps of `parts`
bare, libraries             the records: names, parameters, equations, sources
adopt       the records of plug-ins
"""

from __future__ import annotations

from typing import Any

from ..registry import Registry
from .adopt import adopt_activation
from .bare import BARE
from .libraries import LIBRARIES
from .record import Activation as Activation
from .record import ActivationRecord as ActivationRecord
from .record import Formula as Formula

ACTIVATIONS: Registry[ActivationRecord] = Registry("activation", (*BARE, *LIBRARIES), adopt_activation)


def activation(name: str, **params: Any) -> Activation:
    """The activation of a name, with its parameters: `activation("leaky_relu", negative_slope=0.1)`.

    Raises UnknownNameError, ParameterError or PluginError.
    """
    bound = Activation(*ACTIVATIONS.bind(name, params))
    _ = bound.formula  # parameters that do not go together are found here, not in the middle of a run
    return bound
