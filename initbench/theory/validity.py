"""Where the numbers of finite networks are claimed to hold.

They are of first order in 1 / n, carried over the layers, and what they leave out is of second order. Every layer's
noise, 1 / n_k, is taken with what has become of it in layer l, where it has been multiplied by the square of the map's
slope in each layer between: for relu that is the sum of 1 / n_k, for tanh it is bounded at any depth, and for a map
whose length is unstable it grows. The claim holds where that sum, for lengths and for correlations, is at most SUM,
and the means are moved by no more than SHIFT; for gradients, the plain sum from the last layer down counts as well.
The claim: variances within 15 % and at the edge within 20 %, means within 3 %, as measured for 18 activations and
phases at widths 16 to 64, one input and 16. Beyond, the numbers are an extrapolation. Inputs of fewer than FEATURES
numbers spread too much, or depend on one another too much, for what the first layers make of them. Where a mean is not
derived, infinite width's value is off by up to 1.5 times the sum of 1 / n: within those 3 % up to SHORT, for gradients
where the means that are derived for independent cotangents are moved by no more than STILL: weight gradients feel the
lengths below.

Cosines are moved by no more than ANGLE of 1 - cosine, or UNSEEN, and the excess kurtosis of z is at most UNUSUAL, or
moves them by hardly anything: higher cumulants were found to do up to HIGHER times as much. In 400 networks drawn at
random (27 activations, normal, uniform and Haar weights, widths 24 to 64, 10 layers), no mean cosine was then off by
more than 0.2 % beyond 4 standard errors. The spread of act_var counts fourth cumulants up to an excess of STRANGE:
where uniform biases are nearly all of z, higher ones are as large, and for gelu it was 2.6 times what theory says.

Haar-orthogonal weights keep the linear part of a layer's noise from varying. The rest has to be more than LEFT / n of
that part: of hard_shrink, which is nearly linear, variances are 1.6 to 30 times what the first order says at width 32,
of tanh at gain 0.3 three quarters of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .bands import over_batch, upwards
from .exact import exact_layers
from .fluctuations import Fluctuations
from .kernel import Trajectory

Array = np.ndarray[Any, Any]

SUM = 0.16
SHIFT = 0.08
SHORT, STILL = 0.02, 0.03
LEFT = 2.0
ANGLE, UNSEEN = 0.2, 0.003
UNUSUAL, HIGHER = 0.2, 3
STRANGE = 0.5
CANCELLED = "what Haar-orthogonal weights leave of the spread is too little for theory of first order in 1 / width"
FEATURES = 16


def forward_range(t: Trajectory, f: Fluctuations) -> Array:
    """Of what is measured of preactivations and activations, (L + 1,) bool."""
    each = 1 / t.width
    each[0] = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        share = t.over_batch(f.share)
        lengths = upwards((t.over_batch(f.response) * share) ** 2, each, 0.0)
        angles = upwards((f.pairs.slope * share) ** 2, each, 0.0) if t.start.batch > 1 else lengths
        moved = np.abs(t.over_batch(f.shift_square))
        fine = (np.maximum(lengths, angles) <= SUM) & (moved <= SHIFT)
        return np.asarray(fine & _wide_enough(t, f))


def _wide_enough(t: Trajectory, f: Fluctuations) -> bool:
    """Whether the inputs have enough features, or are one input without a spread under normal weights: whatever its
    width, z is then exactly normal."""
    one = t.start.batch == 1 and not f.q[1].any() and not f.excess[1].any()
    return bool(t.width[0] >= FEATURES or one)


def haar_error(t: Trajectory, f: Fluctuations) -> Array:
    """By what the relative variance of act_q may be off, (L + 1,), where Haar matrices keep most of it from varying.

    LEFT / n of what they keep, carried on as the noise is; 0 without such a layer, and where exactly nothing is left.
    """
    if not f.haar.any():
        return np.zeros(t.depth + 1)
    unknown = over_batch(t.start.batch, t.over_batch(f.kept), f.pair_kept) * LEFT / t.width
    return upwards(t.over_batch(f.response * f.share) ** 2, unknown, 0.0)


def haar_angle_error(t: Trajectory, f: Fluctuations) -> Array:
    """The same of the variance of one pair's cosine."""
    if not f.haar.any():
        return np.zeros(t.depth + 1)
    return upwards((f.pairs.slope * t.over_batch(f.share)) ** 2, LEFT * f.pairs.kept / t.width, 0.0)


def angle_range(t: Trajectory, f: Fluctuations) -> Array:
    """Of cosines, beside `forward_range`, (L + 1,) bool: what moves them is a small part of 1 - cosine, or nothing that
    could be seen."""
    moved = np.abs(f.pairs.shift) <= np.maximum(ANGLE * f.pairs.gap, UNSEEN)
    return moved & (nearly_normal(t) | (f.pairs.abnormal <= UNSEEN / HIGHER))


def nearly_normal(t: Trajectory) -> Array:
    """Where angles feel no more of laws that are not normal than their fourth cumulants, here and below, (L + 1,)."""
    return np.asarray(np.maximum.accumulate(np.abs(t.normality.excess)) <= UNUSUAL)


def exact_range(t: Trajectory) -> Array:
    """Of mean squares, where the theory of one input is exact, (L + 1,) bool."""
    return np.arange(t.depth + 1) <= exact_layers(t)


def backward_range(t: Trajectory, forward: Array, shift: Array) -> Array:
    """Of gradients whose means are moved by shift, (L + 1,): they feel every layer from their own to the last.

    forward: `forward_range`.
    """
    lasting = np.logical_and.accumulate(forward[::-1])[::-1]
    fine = lasting & (_added(t, backward=True) <= SUM) & (np.abs(shift) <= SHIFT)
    return np.asarray(fine | (exact_layers(t) == t.depth))


def short_range(t: Trajectory, backward: bool) -> Array:
    """Where infinite width's value stands for a mean that is not derived, (L + 1,) bool."""
    return _added(t, backward) <= SHORT


def _added(t: Trajectory, backward: bool) -> Array:
    """The sum of 1 / n over the layers that a signal has passed, its own among them, (L + 1,)."""
    each = 1 / t.width
    each[0] = 0.0
    return np.cumsum(each[::-1])[::-1] if backward else np.cumsum(each)
