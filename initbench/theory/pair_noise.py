"""What one layer of n units adds to the angle between two inputs, and what the fourth cumulants of its z do to it.

With X = mean phi_a phi_b / A and Y = mean phi^2 / A, the cosine is X / sqrt(Y_a Y_b). Its noise is made of what
averages over pairs lack of their value at c = 1,
    g = 1 - <phi_a phi_b> / A,   m = <phi^4 - phi_a^3 phi_b> / A^2,   p = <phi^4 - phi_a^2 phi_b^2> / A^2
and of 2 m - 3 p / 2 = <(phi_a - phi_b)^4> / (4 A^2), so that no terms cancel there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import frozen
from .bands import below, ratio
from .chaos import ORDER, Series
from .kernel import Trajectory
from .lengths_and_angles import Lengths, raised
from .pair_sums import Around, PairSum, mean, pair_sum

Array = np.ndarray[Any, Any]


@frozen
class PairNoise:
    """n times what a layer adds, (L + 1,) each: the variances of kappa (angle) and of Y_a - Y_b (across), the
    covariance of kappa and (Y_a + Y_b) / 2 (common), and what the mean of kappa is moved by (shift)."""

    angle: Array
    common: Array
    across: Array
    shift: Array

    def less(self, kept: PairNoise) -> PairNoise:
        """Without what is kept from varying."""
        return PairNoise(
            angle=np.maximum(self.angle - kept.angle, 0.0),
            common=self.common - kept.common,
            across=np.maximum(self.across - kept.across, 0.0),
            shift=self.shift - kept.shift,
        )


@frozen
class PairNoises:
    """<phi_a phi_b> / A (product), <phi_a^3 phi_b> / A^2 (cube), <phi_a^2 phi_b^2> / A^2 (square) and half of
    <phi^4> / A^2 less <(phi_a - phi_b)^4> / (4 A^2) (fourth), as series in c."""

    product: PairSum
    cube: PairSum
    square: PairSum
    fourth: PairSum

    def at(self, where: Around) -> PairNoise:
        """Of independent weights; means over the correlations of z."""
        f, g = self.square.total, self.product.lacks(where)
        m, p = self.cube.lacks(where), self.square.lacks(where)
        # X - kappa (Y_a + Y_b) / 2, by itself and with (Y_a + Y_b) / 2; and E X / sqrt(Y_a Y_b) - kappa
        return PairNoise(
            angle=mean(self.fourth.lacks(where) + g * (p - 2 * m) + g**2 * (f - p / 2)),
            common=mean(g * (f - p / 2) + p / 2 - m),
            across=mean(2 * p),
            shift=mean(m - p / 4 - g * (f - p / 4)),
        )


def pair_noises(s: Series, lengths: Lengths) -> PairNoises:
    """Of every layer. A phi that jumps begins with another power of 1 - c."""
    steep, f = np.where(lengths.jumps, np.nan, lengths.steep), s.fourth
    cube, square = s.cube * s.value, s.square**2
    mixed = steep * s.mixed
    return PairNoises(
        product=PairSum(s.value**2, np.where(f > 0, 1.0, 0.0), steep, 1),
        cube=PairSum(cube, f, 3 * mixed, 1),
        square=PairSum(square, f, 4 * mixed, 1),
        fourth=PairSum(2 * cube - 1.5 * square, f / 2, 3 * steep**2 * s.slope_fourth, 2),
    )


def kept(s: Series, lengths: Lengths, gap: Array, slope: Array, at: Around) -> PairNoise:
    """What a Haar matrix keeps from varying: the part along the fixed Gram matrix of the layer below.

    With R = (1, r; r, 1) of that layer and H, G the mean Hessians of what covaries, it is tr(R H R G) / 2. gap: 1 -
    kappa, slope: d kappa / dc, (L + 1,), at the one correlation of z.
    """
    part = lengths.haar * lengths.share**2
    if not lengths.haar.any():
        return PairNoise(part, part, part, part)
    J, r, kappa = lengths.response, 1 - below(gap), 1 - gap
    # K <phi_a'' phi_b> / A, and the same of X - kappa (Y_a + Y_b) / 2
    bend = pair_sum(raised(s.value, 2) * s.value, J - lengths.steep, lengths.jumps).mean(at)
    level = bend - kappa * J
    of_product = J * (bend * (1 + r**2) + 2 * r * slope)
    return PairNoise(
        angle=part * ((level + r * slope) ** 2 + (slope + r * level) ** 2),
        common=part * J * (level * (1 + r**2) + 2 * r * slope),
        across=part * 4 * J**2 * (1 - r**2),
        shift=part * (kappa * J**2 * (3 + r**2) / 2 - of_product),
    )


def by_fourth_cumulants(t: Trajectory, s: Series, own: PairNoises, lengths: Lengths, gap: Array, at: Around) -> Array:
    """What moves the mean of kappa, (L + 1,), where z is not normal given the layer below; gap: 1 - kappa at the one
    correlation of z.

    To first order in the cumulants x_1 of z_a z_a z_a z_a, x_3 of z_a z_a z_a z_b and x_2 of z_a z_a z_b z_b over K^2:
    <phi_a phi_b> moves by (2 x_1 <phi_a^(4) phi_b> + 8 x_3 <phi_a^(3) phi_b^(1)> + 6 x_2 <phi_a^(2) phi_b^(2)>) / 24.
    """
    if not lengths.excess.any():
        return np.zeros(t.depth + 1)
    less_3, less_2 = _unlike(t, own, lengths, gap, at)
    e, (four, three, two) = at.e[0], _fourths(s.value)
    whole = 4 * lengths.curvature  # K^2 <(phi^2)^(4)> / A, for cumulants that are alike
    steady = e < 1
    less = np.where(steady, e - e**2 / 4, 0.0)  # 1 - ((1 + c) / 2)^2
    lacks = pair_sum(_steadied(four + three + two, steady), whole, np.zeros_like(lengths.jumps)).lacks(at)[0]
    alike = whole * gap - (lacks - whole * less) / (1 - less)
    unlike = np.vecdot(_steadied(less_3[:, None] * three + less_2[:, None] * two, steady), at.c.low[0]) / (1 - less)
    return np.asarray((lengths.excess * alike - unlike) / 24)


def fourth_of_square(g: Array) -> Array:
    """The fourth derivative of g^2 with respect to x = z / sqrt(K), on average, (N,); g: coefficients."""
    four, three, two = _fourths(g)
    return np.asarray(_steadied(four + three + two, np.ones(len(g), bool)).sum(axis=1))


def _fourths(v: Array) -> tuple[Array, Array, Array]:
    """Terms of 2 <v_a^(4) v_b>, 8 <v_a^(3) v_b^(1)> and 6 <v_a^(2) v_b^(2)>, up to the order that the first ends at."""
    three, two = 8 * raised(v, 3) * raised(v, 1), 6 * raised(v, 2) ** 2
    for terms in (three, two):
        terms[:, ORDER - 3 :] = 0.0
    return 2 * raised(v, 4) * v, three, two


def _steadied(terms: Array, rows: Array) -> Array:
    """Coefficients of sum_k terms_k c^k, times ((1 + c) / 2)^2 in these rows, up to the order that terms end at.

    At a kink the three averages cancel for c near 1, order against order of alternating sign that falls like k^-1/2;
    so multiplied, they are one average over z_a + z_b, and fall like k^-5/2.
    """
    out = terms.copy()
    out[:, 1:] += 2 * terms[:, :-1]
    out[:, 2:] += terms[:, :-2]
    out[:, ORDER - 3 :] = 0.0
    return np.where(rows[:, None], out / 4, terms)


def _unlike(t: Trajectory, own: PairNoises, lengths: Lengths, gap: Array, at: Around) -> tuple[Array, Array]:
    """x_1 - x_3 and x_1 - x_2, (L + 1,): what sums of h_a^3 h_b and of h_a^2 h_b^2 over the units below lack of that of
    h^4. To a Haar matrix every direction is alike; biases are those of both inputs."""
    less_3, less_2 = (below(ratio(one.lacks(at)[0], one.total)) for one in (own.cube, own.square))
    less_3[1:2], less_2[1:2] = 1 - ratio(np.array([t.start.cubes, t.start.squares]), t.over_batch(t.start.fourth))
    r = 1 - below(gap)
    haar, weights = lengths.haar > 0, lengths.excess - lengths.of_bias
    less_3, less_2 = np.where(haar, 1 - r, less_3), np.where(haar, 2 * (1 - r**2) / 3, less_2)
    return weights * less_3, weights * less_2
