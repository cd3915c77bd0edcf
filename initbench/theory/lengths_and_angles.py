"""How the lengths of two inputs and the angle between them move one another: the maps of one layer to second order.

Two inputs are told by x_+, the mean of ln K_a and ln K_b, by x_- = ln K_a - ln K_b and by the correlation c of z;
their activations by y_+ and y_-, the same of A = <phi^2>, and by their cosine kappa. By symmetry, x_- moves nothing to
first order. With v_k(K) the Hermite coefficients of phi / sqrt(A), and s the weights' share of K,
    kappa = sum_k v_k(K_a) v_k(K_b) c^k,     d v_k / d ln K = (sqrt((k + 1) (k + 2)) v_{k+2} + (k - J) v_k) / 2,
    c = 1 - s (1 - kappa),                   d s / d y_+ = s (1 - s),     d2 c / d y_-^2 = -c s (1 - s) / 4.
All of it is 0 where phi is a power of z and there are no biases.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..values import frozen
from .bands import below, ratio
from .chaos import ORDER, Series
from .pair_sums import Around, PairSum, mean, pair_sum

Array = np.ndarray[Any, Any]

_ORDERS = np.arange(ORDER + 1)


@frozen
class Lengths:
    """What single inputs do, means over the batch, (L + 1,) each; row 0 is the input, whose map is nan.

    share: s. response: J = d ln A / d ln K. curvature: K^2 A'' / A. steep: K <phi'^2> / A. swing: sum_k
    (d v_k / d ln K)^2. jumps: whether phi does, which the latter two do not see.
    spread, shift: the variance of ln A over networks, and what its mean is moved by; spread_q, shift_q: those of ln K.
    excess: fourth cumulant of z over K^2. of_bias: what biases have of it. haar: rho, see `fluctuations`.
    """

    share: Array
    response: Array
    curvature: Array
    steep: Array
    swing: Array
    jumps: Array
    spread: Array
    shift: Array
    spread_q: Array
    shift_q: Array
    excess: Array
    of_bias: Array
    haar: Array


@frozen
class Joint:
    """Over networks, (L + 1,) each: variance of an angle (angle), its covariance with the mean of the two logarithms
    (common), and the variances of that mean (along) and of their difference (across)."""

    angle: Array
    common: Array
    along: Array
    across: Array

    def below(self) -> Joint:
        """Of every row's neighbour below; nan for row 0."""
        return Joint(below(self.angle), below(self.common), below(self.along), below(self.across))


@frozen
class Bends:
    """Derivatives of an angle with respect to the mean of the two logarithms (length) and, of second order, to the
    angle below (angle), to both (mixed), to the former (along) and to their difference (across), (L + 1,) each."""

    length: Array
    angle: Array
    mixed: Array
    along: Array
    across: Array

    def parts(self, length: Array, joint: Joint) -> tuple[Array, Array, Array]:
        """What moves the angle's mean beside that of the angle below: lengths, whose mean logarithm is moved by
        `length`, lengths and the angle together, and what is square."""
        squares = self.angle * joint.angle + self.along * joint.along + self.across * joint.across
        return self.length * length, self.mixed * joint.common, squares / 2


@frozen
class CosineMap:
    """kappa as a function of c, x_+ and x_-: its derivatives with respect to c (slope), to x_+ (length) and, twice, to
    x_+ (along) and x_- (across), as series in c."""

    slope: PairSum
    length: PairSum
    along: PairSum
    across: PairSum

    def bends(self, where: Around) -> Bends:
        """Means over the correlations of z; differences of the last and the first, 0 where they are one."""
        slope, length = self.slope.value(where), self.length.value(where)
        apart = where.c.c[-1] - where.c.c[0]
        return Bends(
            length=mean(length),
            angle=ratio(slope[-1] - slope[0], apart),
            mixed=ratio(length[-1] - length[0], apart),
            along=self.along.mean(where),
            across=self.across.mean(where),
        )


def cosine_map(s: Series, lengths: Lengths) -> CosineMap:
    """Of every layer, from its series. At c = 1, kappa is 1 whatever K: what is left there is -sum_k (d v_k)^2 of
    lengths that differ."""
    J, k, v = lengths.response[:, None], _ORDERS, s.value
    turn = (lengths.curvature + lengths.response - lengths.response**2)[:, None]
    first = (raised(v, 2) + (k - J) * v) / 2
    first[:, -2:] = 0.0
    second = (raised(first, 2) + (k - J) * first - turn * v) / 2
    second[:, -4:] = 0.0
    squares, bent = first**2, v * second
    squares[:, -4:] = 0.0
    slope, jumps = lengths.steep[:, None] * s.slope**2, lengths.jumps
    slope[jumps] = raised(v[jumps], 1) ** 2
    return CosineMap(
        slope=pair_sum(slope, lengths.steep, jumps),
        length=pair_sum(2 * v * first, 0.0, jumps),
        along=pair_sum(2 * (squares + bent), 0.0, jumps),
        across=pair_sum((bent - squares) / 2, -lengths.swing, jumps),
    )


def of_correlations(lengths: Lengths, gap: Array) -> Bends:
    """Of c with respect to y_+, kappa and y_-; gap: 1 - kappa below, (L + 1,)."""
    s = lengths.share
    slope = s * (1 - s)
    return Bends(
        length=-slope * gap,
        angle=np.zeros_like(s),
        mixed=slope,
        along=-slope * (1 - 2 * s) * gap,
        across=-slope * (1 - s * gap) / 4,
    )


def raised(v: Array, by: int) -> Array:
    """Coefficients of the derivative of that order with respect to x = z / sqrt(K), sqrt((k + by)! / k!) v_{k+by},
    (N, ORDER + 1); 0 for the last ones."""
    out = np.zeros_like(v)
    np.multiply(_factors(by), v[:, by:], out=out[:, : ORDER + 1 - by])
    return out


@lru_cache
def _factors(by: int) -> Array:
    return np.asarray(np.sqrt(np.prod([_ORDERS[by:] - j for j in range(by)], axis=0)))
