"""torch's table of gains: the factor of the standard deviation that a nonlinearity is said to need."""

from __future__ import annotations

import math

from ...errors import ParameterError, did_you_mean

_LINEAR = (
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
)
_FIXED = {**dict.fromkeys(_LINEAR, 1.0), "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}

NONLINEARITIES = (*_FIXED, "leaky_relu")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """torch.nn.init.calculate_gain: the gain of one of NONLINEARITIES.

    param: the negative slope of leaky_relu, 0.01 where it is None; the others ignore it. The values are
    torch's, not the theory's: tanh is 5/3 and selu 3/4, while SELU's own paper wants 1.
    Raises ParameterError for another name, or for a slope that is no number.
    """
    if nonlinearity in _FIXED:
        return _FIXED[nonlinearity]
    if nonlinearity != "leaky_relu":
        allowed, hint = ", ".join(NONLINEARITIES), did_you_mean(str(nonlinearity), NONLINEARITIES)
        raise ParameterError(
            "nonlinearity", f"{nonlinearity!r} is not allowed: nonlinearity must be one of {allowed}{hint}"
        )
    slope = 0.01 if param is None else param
    if isinstance(slope, bool) or not isinstance(slope, int | float):
        raise ParameterError("param", f"{param!r} is not allowed: the negative slope must be a number")
    return math.sqrt(2 / (1 + slope**2))
