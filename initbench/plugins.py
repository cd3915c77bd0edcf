"""What a package imports that brings its own activations, initializers or metrics.

Such a package declares an entry point in `initbench.activations`, `initbench.initializers` or `initbench.metrics`. Its
name is the one that configs write; it stands for a record of that name:

    ActivationRecord    build(**parameters) -> Formula: value and slope, element by element, and facts about them
    InitializerRecord   build(fan_in, fan_out, **parameters) -> Sampled, or one of our own laws
    MetricRecord        measure(arrays of one layer of one network) -> a number, or None where there is none

Parameters are declared with Parameter; `build` gets each by its name, checked. ParameterError(name, message) from
`build` says that they do not go together. README, "Plug-ins of your own", shows a whole package.
"""

from __future__ import annotations

from .catalogue.activations import ActivationRecord, Formula
from .catalogue.initializers import (
    Constant,
    Identity,
    InitializerRecord,
    Normal,
    Orthogonal,
    Sampled,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from .catalogue.metrics import MetricRecord
from .catalogue.registry import REQUIRED, Parameter
from .errors import ParameterError

__all__ = [
    "REQUIRED",
    "ActivationRecord",
    "Constant",
    "Formula",
    "Identity",
    "InitializerRecord",
    "MetricRecord",
    "Normal",
    "Orthogonal",
    "Parameter",
    "ParameterError",
    "Sampled",
    "Sparse",
    "TruncatedNormal",
    "Uniform",
]
