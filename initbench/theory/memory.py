"""How many layers a network remembers the difference between two inputs for."""

from __future__ import annotations

import math
from functools import lru_cache

from ..catalogue.activations import Activation
from ..errors import ParameterError
from ..spec import Layer
from .layers import layer_laws
from .mean_field import predict


def correlation_length(layers: tuple[Layer, ...]) -> float | None:
    """xi_c of a network whose layers have one activation and one law of weights and biases, but for the first's fans.

    inf on the edge of chaos. None where layers differ, where theory does not apply, or where correlations come to rest
    nowhere. Beyond about 6 xi_c layers networks do not train (Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017).
    """
    laws = layer_laws(layers)
    if any(law.unsupported for law in laws):
        return None
    kinds = {(law.activation, law.cw, law.cb) for law in laws[min(1, len(laws) - 1) :]}
    return _scale(*kinds.pop()) if len(kinds) == 1 else None


@lru_cache(maxsize=1024)
def _scale(activation: Activation, cw: float, cb: float) -> float | None:
    try:
        return predict(activation, math.sqrt(cw), math.sqrt(cb)).xi_c
    except ParameterError:  # weights so large that theory does not compute with them
        return None
