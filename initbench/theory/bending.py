"""How mean squares vary over networks of finite width, to second order in 1 / n: what the bends of the length map do.

To first order variances are carried on by the map's slope (`fluctuations`). But the slope changes with the length, the
noise does so too, and what is skewed stays so. With y = ln A, x = ln K, both of one network beside infinite width's,
y = f(x) + a noise whose relative variance is exp(n(x)) - 1. With v = ln(E K^2 / (E K)^2), m the relative shift of the
mean of K and k the third cumulant of x, a layer's A has
    v_A = n + J^2 v + n' (m - v / 2) + n'' v / 2 + 2 J n' v + (J^3 - J^2) k
          + J f'' (k + 2 m v - v^2) + (f''^2 / 2 + J f''' + 3 J^2 f'') v^2,        J = f',
    k_A = J^3 k + 3 J^2 f'' v^2 + 3 J n' v - n^2,
the last term as if the noise had a gamma law, as mean squares of normal inputs have. Of two inputs whose x covary by c,
v^2 and v are c^2, v c and c, as in `second_order`, and n' and n'' go with n. To K = cw A + cb leads, exactly, 1 + r_K =
1 + s^2 (1 + 2 m (1 - s)) r_A for r = exp(v) - 1. One input, of the batch's mean square, stands for all: each variance
is changed by its part.

What is left out, third order, is about the square of this part of the variance: where a layer adds a, and a part d of
the variance is of second order, d a. Both are summed without regard to signs, and carried on by the largest of the
map's slopes at the mean and TAIL standard deviations above it: rare networks whose lengths are large may forget them
more slowly than others do. The sum was found to be near to what variances are off by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .bands import below, carried, elasticity, ratio, upwards
from .chebyshev import Cells
from .gaussian import FIELDS
from .kernel import Trajectory
from .lengths import averages
from .maps import homogeneous
from .quadrature import centre

Array = np.ndarray[Any, Any]

MOST = 0.5
"""The share of a variance that second order changes at most: where it would change more, it is not to be believed."""
TAIL = 3**0.5
_FARTHEST = 3.0  # in ln K
_STEP = 0.1  # of ln K, between which differences are taken
_CELL, _NODES = 2.0, 24  # in ln K
_ROWS = [FIELDS.index(name) for name in ("square", "fourth", "d_square", "d2_square")]


@frozen
class LengthMap:
    """What a layer does with an input's length: share s = d ln K / d ln A, response J = d ln A / d ln K and curvature
    K^2 A'' / A, (L + 1, S), or (L + 1,) of a batch; haar and damping, (L + 1,), as in `fluctuations`."""

    share: Array
    response: Array
    curvature: Array
    haar: Array
    damping: Array

    def over(self, t: Trajectory) -> LengthMap:
        """Means over the batch, (L + 1,)."""
        share, response, curvature = map(t.over_batch, (self.share, self.response, self.curvature))
        return LengthMap(share, response, curvature, self.haar, self.damping)


@frozen
class Bends:
    """How a layer's map changes with ln K, (L + 1,): turn and third are f'' and f''', louder and bent n' and n''; steep
    is the largest |J| at the mean and in the tail above it, shared is s there."""

    turn: Array
    third: Array
    louder: Array
    bent: Array
    steep: Array
    shared: Array


@frozen
class Noise:
    """What every layer adds to ln A: the variance of one input's, (L + 1, S), and the covariance of two, (L + 1,);
    start: the variance of the inputs' own."""

    one: Array
    two: Array
    start: float


@frozen
class First:
    """To first order in ln A, (L + 1,), of one input or between two: noise, a layer's own; variance, what has become of
    all; composed, the same as if layers multiplied."""

    noise: Array
    variance: Array
    composed: Array


@frozen
class Change:
    """By what part second order changes the composed variances of ln A and of ln K, (L + 1,); doubt: what part of the
    former third order may be. skew: the third cumulant of ln K."""

    square: Array
    q: Array
    doubt: Array
    skew: Array


@frozen
class Bent:
    """What second order does to one input and to two, which are covariances; pair: those, of first order."""

    one: Change
    two: Change
    pair: First


def bent(t: Trajectory, own: LengthMap, noise: Noise, shift_q: Array, shift_square: Array) -> Bent:
    """Of the networks of a trajectory; the last two, (L + 1, S): what the means of K and A are moved by, relatively."""
    mean, shift = own.over(t), (t.over_batch(shift_q), t.over_batch(shift_square))
    one, two = first_order(mean, t.over_batch(noise.one), noise.start), first_order(mean, noise.two, 0.0)
    bends = length_bends(t, mean, one)
    single = second_order(mean, bends, one, one, shift)
    return Bent(single, second_order(mean, bends, one, two, shift) if t.start.batch > 1 else single, two)


def first_order(own: LengthMap, noise: Array, start: float) -> First:
    """Variances carried on by the map's slope; start: that of the inputs' ln A. own: means over the batch."""
    gain = (own.response * own.share) ** 2
    variance = upwards(gain, noise, start)
    stretches = bool((gain[1:] > 1).any())
    return First(noise, variance, carried(gain, noise, start) if stretches else variance)


def length_bends(t: Trajectory, own: LengthMap, one: First) -> Bends:
    """Of every layer at the batch's mean square, (L + 1,); own: means over the batch."""
    q, s = t.over_batch(t.moments.q), own.share
    far = np.fmin(TAIL * s * np.sqrt(below(one.variance)), _FARTHEST)
    found, steep = np.zeros((6, t.depth + 1)), np.abs(own.response)
    found[0] = own.response
    for activation, rows in t.by_activation():
        rows = rows[(q[rows] > 0) & (q[rows] < np.inf)]
        if homogeneous(activation) is None and len(rows):
            cells, place = _bends(activation), np.log(q[rows])
            found[:, rows] = cells(place).T
            steep[rows] = np.maximum(steep[rows], np.abs(cells(place + far[rows], slice(1))[:, 0]))
    slope, turn, third, tailed, rise, bent = found
    # exp(n) - 1 = (<phi^4> / A^2 - 1 - 2 rho g^2) / width, with g = s J and d s / d ln K = 1 - s
    g = s * slope, (1 - s) * slope + s * turn, (1 - s) * (2 * turn - slope) + s * third
    unit = t.width * own.damping * np.exp(one.noise)
    louder = (np.exp(tailed) * rise - 4 * own.haar * g[0] * g[1]) / unit
    bent = (np.exp(tailed) * (bent + rise**2) - 4 * own.haar * (g[1] ** 2 + g[0] * g[2])) / unit - louder**2
    return Bends(turn, third, louder, bent, steep, shared=1 - (1 - s) * np.exp(-far))


@lru_cache(maxsize=64)
def _bends(activation: Activation) -> Cells:
    """ln K -> `_at`."""
    return Cells(lambda log_q: _at(activation, log_q), _CELL, _NODES, centre=centre(activation))


def _at(activation: Activation, log_q: Array) -> Array:
    """J, f'' and f''', and ln(<phi^4> / A^2) with its first and second derivative, (N,) -> (N, 6)."""
    with np.errstate(all="ignore"):
        q = np.exp(log_q + np.array([[-_STEP], [0.0], [_STEP]]))
        square, fourth, slope, bend = averages(activation, q.ravel())[_ROWS].reshape(4, 3, -1)
        J = elasticity(slope, q, square)
        turn = elasticity(bend, q, square, 2) + J - J**2
        tailed = np.log(fourth) - 2 * np.log(square)
        third, rise = (turn[2] - turn[0]) / (2 * _STEP), (tailed[2] - tailed[0]) / (2 * _STEP)
        bent = (tailed[2] - 2 * tailed[1] + tailed[0]) / _STEP**2
        return np.stack([J[1], turn[1], third, tailed[1], rise, bent], axis=1)


def second_order(own: LengthMap, bends: Bends, one: First, two: First, shift: tuple[Array, Array]) -> Change:
    """Of two inputs that differ in their angle alone; of one, where `two` is `one`. own: means over the batch. shift:
    what the means of K and of A are moved by, relatively."""
    s, J, turn, m = own.share, own.response, bends.turn, shift[0]
    if not np.stack([1 - s, turn, bends.third, bends.louder])[:, 1:].any():  # z and |z|, and no biases: nothing bends
        return Change(*np.zeros((4, len(s))))
    gain = (J * s) ** 2
    to_q, skew_q = _to_q(s, below(one.variance), below(two.variance), below(shift[1]))
    v, c = s**2 * below(one.variance), s**2 * below(two.variance)
    common = ratio(two.noise, one.noise)
    louder, bent = common * bends.louder, common * bends.bent
    three = c * (c + 2 * v)
    skew = J**2 * turn * three + J * (bends.louder * c + louder * (v + c)) - two.noise**2
    k = s**3 * below(upwards((J * s) ** 3, skew + J**3 * skew_q, -(two.variance[0] ** 2))) + skew_q
    of_noise = louder * (m - v / 2 + J * (v + c)) + bent * (v + c) / 4
    of_slope = J * turn * (k + 2 * m * c - v * c) + turn**2 * c**2 / 2 + J * (bends.third * v * c + J * turn * three)
    to_square = of_noise + of_slope + (J**3 - J**2) * k
    added = two.variance - two.composed + upwards(gain, to_square + J**2 * to_q, 0.0)
    composed = below(two.composed)
    return Change(
        square=_part(added, two.composed),
        q=_part(s**2 * below(added) + to_q, s**2 * composed),
        doubt=_doubt(bends, np.abs(to_square) + bends.steep**2 * np.abs(to_q), np.abs(two.composed)),
        skew=k,
    )


def _to_q(s: Array, v: Array, c: Array, m: Array) -> tuple[Array, Array]:
    """What the way from A to K = cw A + cb adds to the covariance of the logarithms, and to their third cumulant."""
    return s**2 * (1 - s) * ((1 + s) / 2 * c + 2 * m) * c, s**3 * (1 - s) * c * (c + 2 * v)


def _doubt(bends: Bends, sizes: Array, variance: Array) -> Array:
    """The part of the variance that third order may be, where layers add terms of these sizes."""
    gain = (bends.steep * bends.shared) ** 2
    second = upwards(gain, sizes, 0.0)
    return ratio(upwards(gain, sizes * ratio(second, variance), 0.0), variance)


def _part(added: Array, variance: Array) -> Array:
    """As far as MOST allows; nothing where it is not known."""
    part = np.clip(ratio(added, variance), -MOST, MOST)
    return np.where(np.isnan(part), 0.0, part)
