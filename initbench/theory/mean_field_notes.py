"""What the numbers of a mean-field prediction do not say by themselves, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..catalogue.activations import Activation
from .fixed_points import FixedPoint
from .length_table import length_table
from .maps import homogeneous
from .resting import CRITICAL

if TYPE_CHECKING:
    from .mean_field import MeanField

_NEAR = 0.01  # a chi within 1 +- this would be taken for critical


def of(field: MeanField, activation: Activation, sigma_w: float, sigma_b: float, q0: float) -> tuple[str, ...]:
    """The notes of a prediction, most important first."""
    said = [
        *_lengths(field, activation, sigma_w, sigma_b, q0),
        *_unstable(field.fixed_points),
        *_others(field, q0),
        *_correlations(field, activation),
    ]
    return tuple(said)


def _lengths(field: MeanField, activation: Activation, sigma_w: float, sigma_b: float, q0: float) -> Iterator[str]:
    if field.q_star == 0:
        how = "as a power of the depth" if field.xi_q == math.inf else "exponentially, or faster"
        yield f"Signals die out: q falls to 0 {how}."
    elif field.q_star is not None and field.xi_q == math.inf:
        yield "q comes to rest as a power of the depth, not exponentially: xi_q is infinite."
    elif field.q_star is None and field.phase == "critical":
        yield (
            f"{activation.label} is homogeneous and sigma_w critical: every q is a fixed point, and q stays where the "
            f"input puts it (here at q0 = {q0:g}). There is no q_star."
        )
    elif field.q_star is None:
        yield from _growth(field, activation, sigma_w, sigma_b, q0)


def _growth(field: MeanField, activation: Activation, sigma_w: float, sigma_b: float, q0: float) -> Iterator[str]:
    """Why there is no q_star: how q grows from q0."""
    table = length_table(activation)
    ratio = table.square / table.q
    with_depth = sigma_w**2 * ratio[-1]
    back = sigma_w**2 * table.slope_square[-1]
    if not math.isfinite(with_depth) or ratio[-1] > 2 * ratio[-2]:
        yield f"From q0 = {q0:g}, q grows ever faster, until numbers overflow."
    elif abs(with_depth - 1) <= CRITICAL and homogeneous(activation):
        yield f"chi = 1, and every layer adds sigma_b^2 = {sigma_b**2:g} to q: it grows linearly, without end."
    elif with_depth > 1 + CRITICAL:
        yield (
            f"From q0 = {q0:g}, q grows without end: deep down by a factor of {with_depth:.5g} a layer; gradients, on "
            f"their way back, by {back:.5g}."
        )
    else:
        yield f"From q0 = {q0:g}, q grows without end, but ever more slowly."


def _unstable(points: tuple[FixedPoint, ...]) -> Iterator[str]:
    for point in points:
        if point.stable or (point.q == 0 and abs(point.chi - 1) > _NEAR):
            continue
        if point.q > 0 and abs(point.slope - 1) <= CRITICAL:
            yield f"q = {point.q:.6g} is a fixed point that is reached from one side only; chi = {point.chi:.5g}."
        elif abs(point.chi - 1) <= _NEAR:
            yield (
                f"q = {point.q:.6g} has chi = {point.chi:.5g} but is unstable (F' = {point.slope:.5g}): lengths run "
                "away from it. Do not choose weights for its sake."
            )
        else:
            yield f"q = {point.q:.6g} is an unstable fixed point (F' = {point.slope:.5g}): lengths run away from it."


def _others(field: MeanField, q0: float) -> Iterator[str]:
    others = [f"{point.q:.6g}" for point in field.fixed_points if point.stable and point.q != field.q_star]
    if others:
        yield f"From other lengths than q0 = {q0:g}, q can also come to rest at {', '.join(others)}."


def _correlations(field: MeanField, activation: Activation) -> Iterator[str]:
    if field.c_star is None:
        yield _no_rest(field, activation)
    if activation.formula.jumps and field.c_star != 1:
        yield (
            f"{activation.label} jumps, and tears apart inputs however close they are: the correlation map's slope at "
            "c = 1 is infinite, while chi, the gradients' factor, takes the slope almost everywhere."
        )
    if field.xi_c == math.inf:
        yield f"c goes to {field.c_star:g} as a power of the depth, not exponentially: xi_c is infinite."


def _no_rest(field: MeanField, activation: Activation) -> str:
    slopes = homogeneous(activation)
    if slopes is not None and slopes[0] == slopes[1] and slopes[0] != 0:
        return f"{activation.label} changes no correlation, at most biases do: there is no c_star."
    table = length_table(activation)
    if field.q_star == 0 and table.slope_square[0] > 0 and field.chi != 0:
        return "Small signals see a straight line: their correlations stop changing anywhere, and there is no c_star."
    if field.q_star is None and math.isfinite(table.square[-1]):
        return "Large signals see a straight line: their correlations stop changing anywhere, and there is no c_star."
    return (
        "Nothing is left to correlate, so that there is no c_star."
        if field.q_star == 0
        else ("Signals overflow before their correlations come to rest: there is no c_star.")
    )
