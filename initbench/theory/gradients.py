"""The backward metrics of an infinitely wide network, layer by layer.

dL/dh_{l-1} = W_l d_l with d_l = phi'(z_l) dL/dh_l. W_l is used forward and backward: given z_l = h_{l-1} W_l + b, the
vector W_l d_l has a coherent part along h_{l-1},
    dL/dh_{l-1} = s_{l-1} h_{l-1} + noise,     s_{l-1} = (z_l - b) . d_l / |h_{l-1}|^2,
and noise of mean square fan_out Var W <d_l^2>, to leading order. Cotangents drawn at random leave s = 0; with
`gradient: ones` the forward signal itself is sent back, and s stays of order 1:
    s_{L-1} = 2 cw_L d<phi>_L/dK fan_out_L / fan_in_L,     s_{l-1} = cw_l d<phi^2>_l/dK fan_out_l / fan_in_l s_l.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .curves import ONE_INPUT, Line, blank, line, unrounded
from .kernel import Trajectory

Array = np.ndarray[Any, Any]

NO_GRADIENT = "the input has no gradient here"
NOT_SENT = "no gradient is sent back"
JUMPS = "the value of {} jumps, and with gradient: ones its jumps would count"
CROSS = "with gradient: ones, weight gradients of several inputs add up in a way that is not derived"
CROSSED = "with gradient: ones, what the gradients of two inputs have in common is not derived"
FEW_SLOPES = "with gradient: ones, the last layer's gradients are its slopes, which may coincide"
FLAT = "{} is flat where it is not 0: how many units have no gradient at all is not derived"


def backward_lines(t: Trajectory, dead: Array) -> dict[str, Line]:
    """Every metric of gradients. dead: share of dead units, (L + 1,)."""
    names = ("grad_q", "weight_grad_q", "grad_distinct_units", "gradient_cosine")
    if t.gradient == "none":
        return {name: blank(t, NOT_SENT) for name in names}
    if t.known < t.depth:
        return {name: line(np.full(t.depth + 1, np.nan), 0, t.reason, NO_GRADIENT) for name in names}
    jumping = next((law.activation.label for law in t.laws if law.activation.formula.jumps), "")
    if t.gradient == "ones" and jumping:
        lines = {name: blank(t, JUMPS.format(jumping), NO_GRADIENT) for name in names[:2]}
    else:
        grad = grad_by_group(t)
        lines = {
            "grad_q": line(t.over_batch(grad), t.known, t.reason, NO_GRADIENT),
            "weight_grad_q": _weight_gradients(t, grad),
        }
    return lines | {"grad_distinct_units": _distinct(t, dead), "gradient_cosine": _cosine(t)}


def grad_by_group(t: Trajectory) -> Array:
    """E (dL/dz_l)^2 of every group of inputs, (L + 1, S)."""
    if t.gradient != "ones":
        return t.grad
    grad = np.full(t.grad.shape, np.nan)
    m = t.moments
    grad[t.depth] = m.slope_square[t.depth]
    s = np.ones(t.grad.shape[1])
    for k in range(t.depth - 1, 0, -1):
        above = t.laws[k]
        s = above.backward_gain * (2 * m.d_mean[k + 1] if k + 1 == t.depth else s * m.d_square[k + 1])
        noise = above.backward_gain * grad[k + 1]
        if above.haar:  # |W d| is fixed: what is coherent is missing from the noise
            noise = noise - s * s * m.square[k] * min(1.0, above.fan_in / above.fan_out)
        grad[k] = noise * m.slope_square[k] + s * s * m.mixed[k]
    return grad


def _weight_gradients(t: Trajectory, grad: Array) -> Line:
    """mean (dL/dW)^2 = sum_ab (h_a . h_b / fan_in) (d_a . d_b / fan_out), h of the layer below."""
    batch = t.start.batch
    values = np.full(t.depth + 1, np.nan)
    values[1:] = batch * t.over_batch(t.moments.square[:-1] * grad[1:])
    if batch > 1 and t.gradient == "ones":
        return blank(t, CROSS, NO_GRADIENT)
    if batch > 1 and t.gradient == "shared":
        crossed = batch * (batch - 1) * t.over_pairs(t.pairs.product[:-1] * _crossed(t)[1:])
        values[1:] += crossed
    return line(values, t.known, t.reason, NO_GRADIENT)


def _crossed(t: Trajectory) -> Array:
    """E d_a d_b of the two inputs of a pair, (L + 1, P), for one cotangent shared by all."""
    crossed = np.full(t.e.shape, np.nan)
    factor = 1.0
    for k in range(t.depth, 0, -1):
        crossed[k] = t.pairs.slope_product[k] * factor
        factor = crossed[k] * t.laws[k - 1].backward_gain
    return crossed


def _cosine(t: Trajectory) -> Line:
    """Mean over pairs of E d_a d_b / sqrt(E d_a^2 E d_b^2): of one shared cotangent, the product over this layer and
    those above of <phi'_a phi'_b> / sqrt(<phi'_a^2> <phi'_b^2>), for relu 1 - arccos(c) / pi each."""
    if t.start.batch == 1:
        return blank(t, ONE_INPUT, NO_GRADIENT)
    if t.gradient == "ones":
        return blank(t, CROSSED, NO_GRADIENT)
    size = np.sqrt(t.grad[:, t.start.a]) * np.sqrt(t.grad[:, t.start.b])
    common = _crossed(t) if t.gradient == "shared" else np.zeros(size.shape)
    there = size > 0
    cosine = np.divide(common, size, out=np.zeros(size.shape), where=there)
    values = np.divide(
        t.over_pairs(cosine), t.over_pairs(there), out=np.full(len(size), np.nan), where=there.any(axis=1)
    )
    return line(unrounded(values), t.known, t.reason, NO_GRADIENT)


def _distinct(t: Trajectory, dead: Array) -> Line:
    """How many columns of dL/dz differ: all units without any gradient are one."""
    units = t.width
    # E of (units alive) + 1 if any is dead
    values = units * (1 - dead) + 1 - (1 - dead) ** units
    words = np.array([NO_GRADIENT, *[""] * t.depth], object)
    for activation, rows in t.by_activation():
        if flat(activation):
            values[rows], words[rows] = np.nan, FLAT.format(activation.label)
    if t.gradient == "ones":
        values[-1], words[-1] = np.nan, FEW_SLOPES
    nothing = t.over_batch(t.grad) == 0
    values[nothing], words[nothing] = 1.0, ""
    return Line(values, tuple(words.tolist()))


def flat(activation: Activation) -> bool:
    """Whether the slope is 0 between two breaks of an activation, or beyond them, at a value other than 0."""
    formula = activation.formula
    breaks = np.array(sorted({*formula.kinks, *formula.jumps}))
    if not len(breaks):
        return False
    middles = np.concatenate([[breaks[0] - 1], (breaks[:-1] + breaks[1:]) / 2, [breaks[-1] + 1]])
    return bool(((formula.slope(middles) == 0) & (formula.value(middles) != 0)).any())
