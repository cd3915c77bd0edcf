"""Where the numbers of finite networks are claimed to hold.

They are of first order in 1 / n, carried over the layers, variances of mean squares of second order (`bending`); what
they leave out is of the next one. Every layer's noise, 1 / n_k, is taken with what has become of it in layer l, where
it has been multiplied by the square of the map's slope in each layer between: for relu that is the sum of 1 / n_k, for
tanh it is bounded at any depth, and for a map whose length is unstable it grows. The claim holds where that sum, for
lengths and for correlations, is at most SUM, and the means are moved by no more than SHIFT; for gradients, the plain
sum from the last layer down counts as well.
The claim: variances within 15 % and at the edge within 20 %, means within 3 %, as measured for 18 activations and
phases at widths 16 to 64, one input and 16. Beyond, the numbers are an extrapolation. Inputs of fewer than FEATURES
numbers spread too much, or depend on one another too much, for what the first layers make of them. Where a mean is not
derived, infinite width's value is off by up to 1.5 times the sum of 1 / n: within those 3 % up to SHORT, for gradients
where the means that are derived for independent cotangents are moved by no more than STILL: weight gradients feel the
lengths below.

Third order is no more than DOUBT of a variance, as far as can be told, and was nowhere below more than LOST: rare
networks may then be anywhere, and for how long is not known. It is more in layers of gelu, silu or hard_silu whose
signals shrink but are not yet so weak that they see a straight line. In 240 networks (12 activations with 2 to 6 gains
each, widths 24 to 128, 10 to 40 layers, one input and 8), no variance of a mean square within the range was off by more
than 15 % beyond 3.5 standard errors, and in 168 others 2 of 3,858, by 22 %. Of the first order alone 59 and 193 are, by
factors of up to 2,000.

Gradients see the logarithms of lengths. Where those are skewed so much that the mean of grad_q misses SKEWED by a rough
count, it was off by up to 6 %, below it by less than 1 % beyond 4 standard errors (silu and hard_silu whose signals
grow).

Cosines are moved by no more than ANGLE of 1 - cosine, or UNSEEN. What is left out is up to an eighth of what moves them
either way times the relative spread of 1 - cosine: that product is at most UNSURE of 1 - cosine, or HIDDEN. Where the
excess kurtosis x of z is more than UNUSUAL here or below, cumulants beyond the fourth were found to move them by up to
HIGHER x times what the fourth do, and by EVER x^2 of 1 - cosine: carried on, that is at most LEAST of 1 - cosine, or
TRIFLE. In 409 networks drawn at random (18 activations, normal, uniform and Haar weights, biases of all kinds, widths
24 to 100, 8 to 12 layers), 3 of 3,100 mean cosines were then off by more than 2 % of 1 - cosine and 4 standard errors.
The mean of act_mean and the spread of act_var count fourth cumulants up to an excess of STRANGE: where uniform biases
are nearly all of z, higher ones are as large; means were off by up to 8 standard errors of 2,000 networks, 2 % of the
root of act_q, and for gelu the spread of act_var was 2.6 times what theory says.

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
DOUBT, LOST = 0.18, 5.0
SKEWED = 0.0022
SHORT, STILL = 0.02, 0.03
LEFT = 2.0
ANGLE, UNSEEN = 0.2, 0.003
UNSURE, HIDDEN = 1 / 6, 0.025
UNUSUAL, HIGHER, EVER = 0.2, 3, 0.05
LEAST, TRIFLE = 0.025, 1e-4
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
        sure = (f.doubt <= DOUBT) & (np.maximum.accumulate(f.doubt) <= LOST)
        fine = (np.maximum(lengths, angles) <= SUM) & (moved <= SHIFT) & sure
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
    p, x = f.pairs, np.abs(t.normality.excess)
    moved = np.abs(p.shift) <= np.maximum(ANGLE * p.gap, UNSEEN)
    sure = p.either_way * np.sqrt(p.variance) <= p.gap * np.maximum(UNSURE * p.gap, HIDDEN)
    higher = upwards(np.abs(p.slope * t.over_batch(f.share)), x * (HIGHER * np.abs(p.abnormal) + EVER * x * p.gap), 0.0)
    return moved & sure & (nearly_normal(t) | (higher <= np.maximum(LEAST * p.gap, TRIFLE)))


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
