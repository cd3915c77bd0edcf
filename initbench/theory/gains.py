"""Two gains that are singled out for an activation: the one that keeps a mean square, and torch's."""

from __future__ import annotations

import math

from ..catalogue.activations import Activation
from ..catalogue.initializers import calculate_gain
from ..catalogue.initializers.gain import NONLINEARITIES
from ..values import frozen
from .gaussian import moments


@frozen
class KeepingGain:
    """sigma_w with sigma_w^2 <phi^2> = 1 at q = 1, biases 0: a mean square of 1 is kept.

    slope: F'(1) of the length map; above 1 lengths run away. chi: the factor of the mean-square gradient there.
    """

    sigma_w: float
    slope: float
    chi: float

    @property
    def stable(self) -> bool:
        """Whether lengths stay at 1; with a slope of 1, as relu has it, they do."""
        return self.slope <= 1 + 1e-9


def keeping_gain(activation: Activation) -> KeepingGain | None:
    """The gain that keeps a mean square of 1; None where <phi^2> is 0 or infinite at q = 1."""
    at = moments(activation, 1.0)
    if not 0 < at.square < math.inf:
        return None
    square = 1 / float(at.square)
    return KeepingGain(math.sqrt(square), square * float(at.d_square), square * float(at.slope_square))


def torchs_gain(activation: Activation) -> float | None:
    """What torch.nn.init.calculate_gain says of this function, None where torch has no entry for it."""
    name = activation.name.rpartition(":")[2]
    name = {"identity": "linear"}.get(name, name)
    if name == "leaky_relu":
        slope = dict(activation.params)["negative_slope"]
        return calculate_gain(name, float(slope)) if isinstance(slope, int | float) else None
    defaults = all(
        parameter.default == dict(activation.params)[parameter.name] for parameter in activation.record.parameters
    )
    return calculate_gain(name) if name in NONLINEARITIES and defaults else None
