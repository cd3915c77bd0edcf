"""What no single parameter can check: two ends of an interval against each other."""

from __future__ import annotations

import math

from ...errors import ParameterError

FARTHEST = 1000.0
"""Standard deviations from a normal law's peak to an interval: farther out, the tail runs out of digits."""


def check_range(low: float, high: float, low_name: str, high_name: str) -> None:
    """Raises ParameterError where low > high, or where their distance is beyond the floats."""
    if low > high:
        raise ParameterError(low_name, f"{low_name} must be at most {high_name}: {low:g} > {high:g}")
    if not math.isfinite(high - low):
        raise ParameterError(high_name, f"{high_name} - {low_name} must be a finite number")


def check_cut(low: float, high: float, low_name: str, high_name: str, *, empty: bool = False) -> None:
    """Raises ParameterError where [low, high], in standard deviations from the peak, is empty or too far out.

    empty: whether the two may be equal.
    """
    if low > high or (low == high and not empty):
        relation = "at most" if empty else "below"
        raise ParameterError(low_name, f"{low_name} must be {relation} {high_name}")
    if low > FARTHEST or high < -FARTHEST:
        name = low_name if low > FARTHEST else high_name
        far = f"[{low_name}, {high_name}] must come within {FARTHEST:g} standard deviations of the mean"
        raise ParameterError(name, far)
