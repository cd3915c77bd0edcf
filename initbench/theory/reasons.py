"""The reasons behind a recommendation, in sentences."""

from __future__ import annotations

import math

from ..catalogue.activations import Activation
from .critical import CriticalPoint
from .gains import KeepingGain

_SAME = 1e-6


def of(
    activation: Activation,
    depth: int,
    keeping: KeepingGain | None,
    critical: tuple[CriticalPoint, ...],
    torch: float | None,
) -> tuple[str, ...]:
    """What the gains that are singled out do over a depth, and what torch says."""
    both = keeping and any(
        point.stable and math.isclose(point.sigma_w, keeping.sigma_w, rel_tol=_SAME) for point in critical
    )
    if keeping and both:
        said = [f"sigma_w = {keeping.sigma_w:.5g} does both: it keeps the mean square, and gradients keep theirs."]
    else:
        said = [_keeping(keeping, depth), *(_critical(point) for point in critical)]
        said += [] if critical else ["No gain has chi = 1, at which gradients keep their size, without biases."]
    gain = f"has no gain for {activation.label}" if torch is None else f"says {torch:.5g}"
    return (*said, f"torch's calculate_gain {gain}.")


def _keeping(gain: KeepingGain | None, depth: int) -> str:
    if gain is None:
        return "No gain keeps a mean square of 1: behind the activation it is 0, or infinite."
    text = f"sigma_w = {gain.sigma_w:.5g} keeps a mean square of 1"
    if not gain.stable:
        text += f", but not for long: a length that is off by 1 % is off by {gain.slope:.3g} % a layer further"
    if gain.chi == 0:
        return f"{text}. No gradient passes (chi = 0)."
    if math.isclose(gain.chi, 1, rel_tol=_SAME):
        return f"{text}."
    decades = (depth - 1) * math.log10(gain.chi)
    change = f"{10 ** abs(decades):.3g}" if abs(decades) < 300 else f"1e{abs(decades):.0f}"
    way = "multiply" if decades > 0 else "divide"
    return f"{text}. There chi = {gain.chi:.5g}: {depth} layers {way} the gradient's mean square by {change}."


def _critical(point: CriticalPoint) -> str:
    where = f"chi = 1 at sigma_w = {point.sigma_w:.5g}"
    if not point.stable:
        return f"{where}, but lengths run away from there (q = {point.q:.5g}, F' = {point.slope:.5g}): never use it."
    if point.q == 0:
        return f"{where}, for signals so small that they see a straight line: q falls towards 0, ever more slowly."
    return f"{where}: gradients keep their size once q has come to rest at {point.q:.5g}."
