"""Activations made of straight pieces, and of parabolas where a piece is rounded off.

The slope at a kink is torch's: 0 at the ends of a flat piece, the left one where two inclined pieces meet.
NaN gives a value of NaN; the slope there is whatever the comparisons make of it, as in the libraries.
"""

from __future__ import annotations

import math

import numpy as np

from ...errors import ParameterError
from .parts import inside, number, step
from .record import Array, Formula


def linear() -> Formula:
    """z, as a copy: whoever changes the result must not change the argument."""
    return Formula(np.copy, np.ones_like)


def rectifier(negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Formula:
    """Every relu: min(z, max_value) above a threshold >= 0, negative_slope (z - threshold) up to it."""
    if max_value is None and threshold == 0:
        return _leaky(negative_slope) if negative_slope else Formula(_relu, step, passes=_up, kinks=(0.0,), lower=0.0)
    top = math.inf if max_value is None else max_value
    plateau = min(threshold, top)

    def value(z: Array) -> Array:
        above = np.clip(z, 0, top)
        if threshold:
            above = above * step(z, threshold)
        if negative_slope:
            with np.errstate(over="ignore"):
                above = above + negative_slope * np.minimum(z - threshold, 0)
        return above

    def slope(z: Array) -> Array:
        rising = step(z, threshold) if math.isinf(top) else inside(z, threshold, top)
        return rising + negative_slope * number(z <= threshold, z) if negative_slope else rising

    after = 1.0 if top > threshold else 0.0
    return Formula(
        value,
        slope,
        kinks=(
            *((threshold,) if after != negative_slope else ()),
            *((top,) if threshold < top < math.inf else ()),
        ),
        jumps=(threshold,) if plateau > 0 else (),
        lower=-math.inf if negative_slope > 0 else 0.0,
        upper=top,
        steepest=max(after, negative_slope),
        saturates=negative_slope > 0 and 0 < top < math.inf,
    )


def _relu(z: Array) -> Array:
    return np.maximum(z, 0)


def _up(z: Array) -> Array:
    return np.asarray(z > 0)


def _leaky(negative_slope: float) -> Formula:
    """z above 0, negative_slope z below; the slope may be negative or above 1."""
    larger = np.maximum if negative_slope <= 1 else np.minimum

    def value(z: Array) -> Array:
        with np.errstate(over="ignore"):  # beyond a slope of 1 the largest numbers do overflow
            return larger(z, negative_slope * z)

    def slope(z: Array) -> Array:
        if 0 < negative_slope <= 1:
            return np.maximum(step(z), negative_slope)
        return step(z) + negative_slope * number(z <= 0, z)

    return Formula(
        value,
        slope,
        kinks=() if negative_slope == 1 else (0.0,),
        lower=0.0 if negative_slope < 0 else -math.inf,
        steepest=max(1.0, abs(negative_slope)),
    )


def threshold(threshold: float, value: float) -> Formula:
    """z above the threshold, `value` up to it."""
    floor = value

    def cut(z: Array) -> Array:
        above = np.maximum(z, threshold) * step(z, threshold)  # the maximum keeps -inf away from the product
        return above + floor * number(z <= threshold, z) if floor else above

    return Formula(
        cut,
        lambda z: step(z, threshold),
        kinks=(threshold,),
        jumps=() if floor == threshold else (threshold,),
        lower=min(threshold, floor),
        saturates=threshold < 0 and floor != 0,
    )


def hard_tanh(min_val: float = -1.0, max_val: float = 1.0) -> Formula:
    """z, cut at both ends. Raises ParameterError where the ends do not stand in order."""
    if not min_val < max_val:
        raise ParameterError("max_val", f"max_val must be above min_val = {min_val:g}, not {max_val:g}")
    return Formula(
        lambda z: np.clip(z, min_val, max_val),
        lambda z: inside(z, min_val, max_val),
        kinks=(min_val, max_val),
        lower=min_val,
        upper=max_val,
        saturates=min_val < 0 < max_val,
    )


def hard_sigmoid() -> Formula:
    """z / 6 + 1/2 between -3 and 3, 0 and 1 beyond."""
    return Formula(
        _hard_gate,
        lambda z: inside(z, -3, 3) / 6,
        kinks=(-3.0, 3.0),
        lower=0.0,
        upper=1.0,
        steepest=1 / 6,
        saturates=True,
    )


def _hard_gate(z: Array) -> Array:
    gate: Array = np.clip(z + 3, 0, 6)
    gate /= 6
    return gate


def hard_silu() -> Formula:
    """z hard_sigmoid(z)."""
    return Formula(
        lambda z: np.maximum(z, -3) * _hard_gate(z),  # the maximum keeps -inf away from the product
        lambda z: inside(z, -3, 3) * (np.clip(z, -3, 3) / 3 + 0.5) + number(z >= 3, z),
        kinks=(-3.0, 3.0),
        lower=-0.375,
        steepest=1.5,
    )


def hard_shrink(threshold: float) -> Formula:
    """z where |z| is above the threshold >= 0, else 0."""
    ends = (-threshold, threshold) if threshold else ()

    def outside(z: Array) -> Array:
        return number(np.abs(z) > threshold, z)

    return Formula(lambda z: z * outside(z), outside, kinks=ends, jumps=ends)


def soft_shrink(threshold: float) -> Formula:
    """z moved towards 0 by the threshold >= 0, and not past it."""
    return Formula(
        lambda z: z - np.clip(z, -threshold, threshold),
        lambda z: number(np.abs(z) > threshold, z),
        kinks=(-threshold, threshold) if threshold else (),
    )


def sparse_plus() -> Formula:
    """0 below -1, z above 1, ((z + 1) / 2)^2 between; the slope has no jump."""

    def value(z: Array) -> Array:
        ramp = _ramp(z)
        ramp *= ramp
        larger: Array = np.maximum(z, ramp)
        return larger

    return Formula(value, _ramp, lower=0.0)


def sparse_sigmoid() -> Formula:
    """(z + 1) / 2 between -1 and 1, 0 and 1 beyond: the slope of sparse_plus."""
    return Formula(
        _ramp,
        lambda z: inside(z, -1, 1) * 0.5,
        kinks=(-1.0, 1.0),
        lower=0.0,
        upper=1.0,
        steepest=0.5,
        saturates=True,
    )


def _ramp(z: Array) -> Array:
    ramp: Array = np.clip(z, -1, 1) * 0.5
    ramp += 0.5
    return ramp


def absolute() -> Formula:
    """|z|; the slope at 0 is 0."""
    return Formula(np.abs, np.sign, kinks=(0.0,), lower=0.0)


def sign() -> Formula:
    """-1, 0 or 1: no slope anywhere, so nothing flows back."""
    return Formula(np.sign, np.zeros_like, jumps=(0.0,), lower=-1.0, upper=1.0, steepest=0.0)
