"""How the mean squares of one network of finite width depart from those of the infinitely wide one.

Given the layers below, preactivations are exactly normal with the empirical kernel
    Khat_ab = (cw / n) sum_i phi(z_ia) phi(z_ib) + cb,
so that Khat is a Markov chain: a local noise of order 1 / n, carried on by the derivative of the length map. Here r
stands for relative variances (of an input) and covariances (of two), of K and of A = <phi^2>, and v = ln(1 + r) for
the variances of their logarithms, were they lognormal as a product of many factors is:
    noise       N_aa = (<phi^4> / A^2 - 1) / n,   N_ab = (<phi_a^2 phi_b^2> / A^2 - 1) / n
    carried on  v_A = ln(1 + N) + J^2 v_K,  J = d ln A / d ln K;            v_K = s^2 v_A below,  s = cw A / K
    mean        m_A = J m_K + K^2 A'' / (2 A) (v_K + x / 3),                m_K = s m_A below
with m the relative shift of the mean and x the excess kurtosis of z given the layer below. To first order in 1 / n this
is the delta method; for linear and relu networks it is exact. Where the map stretches lengths, J s > 1, their logarithm
does not stay normal, since no map does so at every length: there 1 + r_A = (1 + N) (1 + J^2 r_K), which is less. What
the second order adds to the variances is in `bending`.

A Haar-orthogonal matrix keeps sum u_a u_b of u = h W fixed, to the share rho = min(1, n_out / n_in): what is linear in
u_a u_b drops out of the noise, N_ab -= 2 rho (s c_u J)^2 / n. With N the larger side, dividing the rest by 1 + 2 / N is
exact for linear and relu layers: (3 / n) / (1 + 2 / n) for a square one and relu. Of a layer that is nearly linear next
to nothing is left, and terms of order 1 / n^2 rule: `validity` says where.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import frozen
from .bands import below, carried, elasticity, logarithmic, ratio, tailedness, upwards
from .bending import LengthMap, Noise, bent
from .chaos import Series, mean_average
from .correlations import Correlations, correlations, layer_series
from .kernel import Trajectory
from .lengths_and_angles import Lengths
from .maps import homogeneous

Array = np.ndarray[Any, Any]


@frozen
class Fluctuations:
    """For every group of inputs, (L + 1, S), and of two different inputs, (L + 1,). Row 0 is
    the input, where only square, pair_square and shift_square are not nan.

    share: s = d ln q_l / d ln <phi^2>_{l-1}, what the weights have of q. response: J = d ln <phi^2> / d ln q.
    q, pair_q, square, pair_square: variances and covariances v of ln q and of ln <phi^2>; noise, pair_noise: the
    layer's own contribution to the latter. doubt: the part of square or of pair_square, the larger, that third order
    may be, and skew: the third cumulant of ln q, (L + 1,). shift_q, shift_square: what the means are moved by,
    relatively.
    haar: rho of the layer's weights, 0 where they are no Haar matrix; damping: 1 + 2 / N, 1 elsewhere; (L + 1,).
    excess, pair_excess: the fourth cumulants of z_a, z_a, z_a, z_a and of z_a, z_a, z_b, z_b over q^2, for weights that
    are neither normal nor a Haar matrix, (L + 1,).
    kept, pair_kept: what a Haar matrix has taken from noise and pair_noise, (L + 1, S) and (L + 1,); 0 of layers whose
    phi^2 goes like z^2, of which exactly nothing is left.
    """

    share: Array
    response: Array
    noise: Array
    pair_noise: Array
    q: Array
    pair_q: Array
    square: Array
    pair_square: Array
    doubt: Array
    skew: Array
    shift_q: Array
    shift_square: Array
    haar: Array
    damping: Array
    excess: Array
    pair_excess: Array
    kept: Array
    pair_kept: Array
    pairs: Correlations


def fluctuations(t: Trajectory) -> Fluctuations:
    """Of the networks of a trajectory."""
    with np.errstate(invalid="ignore", over="ignore"):
        own, start = _map(t), float(np.log1p(t.start.q_spread))
        found = layer_series(t)
        excess = np.where(own.haar > 0, 0.0, t.normality.excess)
        noise = logarithmic(_noise(t, own, found, excess))
        square = carried((own.response * own.share) ** 2, noise, start)
        q = own.share**2 * below(square)
        curved = own.curvature / 2 * (q + t.normality.excess[:, None] / 3)
        shift = upwards(own.response * own.share, curved, 0.0)
        pairs = correlations(t, found, _lengths(t, own, square, shift))
        pair_excess = _pair_excess(t, own, pairs)
        pair_noise = logarithmic(_pair_noise(t, own, pairs, excess, pair_excess))
        shift_q = own.share * below(shift)
        second = bent(t, own, Noise(noise, pair_noise, start), shift_q, shift)
        pair_square = second.pair.composed
        square_like = _square_like(t)
        return Fluctuations(
            share=own.share,
            response=own.response,
            noise=noise,
            pair_noise=pair_noise,
            q=q * (1 + second.one.q[:, None]),
            pair_q=t.over_batch(own.share) ** 2 * below(pair_square) * (1 + second.two.q),
            square=square * (1 + second.one.square[:, None]),
            pair_square=pair_square * (1 + second.two.square),
            doubt=np.maximum(second.one.doubt, second.two.doubt),
            skew=second.one.skew,
            shift_q=shift_q,
            shift_square=shift,
            haar=own.haar,
            damping=own.damping,
            excess=excess,
            pair_excess=pair_excess,
            kept=np.where(square_like[:, None], 0.0, _kept(t, own)),
            pair_kept=np.where(square_like, 0.0, _pair_kept(t, own, pairs)),
            pairs=pairs,
        )


def common_part(c: Array, share: Array) -> Array:
    """The squared covariance of the weights' parts of two z of correlation c, over q^2: (c - 1 + share)^2."""
    return np.asarray((c - 1 + share) ** 2)


def _map(t: Trajectory) -> LengthMap:
    m = t.moments
    return LengthMap(
        share=ratio(m.q - t.cb[:, None], m.q),
        response=elasticity(m.d_square, m.q, m.square),
        curvature=elasticity(m.d2_square, m.q, m.square, 2),
        haar=np.append(0.0, t.of_laws(lambda law: min(1.0, law.fan_out / law.fan_in) if law.haar else 0.0)),
        damping=np.append(1.0, t.of_laws(lambda law: 1 + 2 / max(law.fan_in, law.fan_out) if law.haar else 1.0)),
    )


def _lengths(t: Trajectory, own: LengthMap, square: Array, shift: Array) -> Lengths:
    """What pairs need to know of single inputs; shift: of the mean of A, relatively."""
    m, jumps = t.moments, np.zeros(t.depth + 1, bool)
    for activation, rows in t.by_activation():
        jumps[rows] = bool(activation.formula.jumps)
    of_bias = np.append(0.0, t.of_laws(lambda law: law.bias_kurtosis - 3))
    steep = ratio(m.q * m.slope_square, m.square)
    # <(K d phi / dK)^2> = K <x^2 phi'^2> / 4, and <x^2 f> = <f> + 2 d <f> / d ln K
    turned = steep * (1 + 2 * elasticity(m.d_slope_square, m.q, m.slope_square))
    q, shift_q = own.share**2 * below(square), own.share * below(shift)
    share = t.over_batch(own.share)
    return Lengths(
        share=share,
        response=t.over_batch(own.response),
        curvature=t.over_batch(own.curvature),
        steep=t.over_batch(steep),
        swing=t.over_batch(turned - own.response**2) / 4,
        jumps=jumps,
        spread=t.over_batch(square),
        shift=t.over_batch(shift - square / 2),
        spread_q=t.over_batch(q),
        shift_q=t.over_batch(shift_q - q / 2),
        excess=t.normality.excess,
        of_bias=of_bias * (1 - share) ** 2,
        haar=own.haar,
    )


def _pair_excess(t: Trajectory, own: LengthMap, pairs: Correlations) -> Array:
    """The fourth cumulant of z_a, z_a, z_b, z_b over q^2, (L + 1,); Haar matrices have terms of their own."""
    kurtosis = np.append(0.0, t.of_laws(lambda law: 0.0 if law.haar else law.kurtosis - 3))
    of_bias = np.append(0.0, t.of_laws(lambda law: law.bias_kurtosis - 3))
    share = t.over_batch(own.share)
    # fan_in sum h_a^2 h_b^2 / (sum h^2)^2
    common = mean_average(pairs.series.square, pairs.series.square, pairs.series.fourth, pairs.weighted)
    common[0] = t.width[0] * t.start.squares
    return np.asarray(kurtosis * share**2 * below(common / t.width) + of_bias * (1 - share) ** 2)


def _noise(t: Trajectory, own: LengthMap, series: Series, excess: Array) -> Array:
    """Of a layer in one input's <phi^2>, (L + 1, S)."""
    m = t.moments
    fourth = tailedness(m.fourth, m.square, series.fourth) * (1 + _extra(excess[:, None], own))
    noise = (fourth - 1) / (t.width * own.damping)[:, None] - _kept(t, own)
    return np.where(m.square > 0, noise, 0.0)


def _kept(t: Trajectory, own: LengthMap) -> Array:
    """What a Haar matrix keeps of it from varying, (L + 1, S)."""
    return np.asarray(2 * (own.share * own.response) ** 2 * (own.haar / (t.width * own.damping))[:, None])


def _square_like(t: Trajectory) -> Array:
    """Layers whose phi^2 goes like z^2, (L + 1,) bool."""
    alike = np.zeros(t.depth + 1, bool)
    for activation, rows in t.by_activation():
        slopes = homogeneous(activation)
        alike[rows] = slopes is not None and abs(slopes[0]) == abs(slopes[1])
    return alike


def _extra(excess: Array, own: LengthMap) -> Array:
    """What an excess kurtosis moves <phi^4> / <phi^2>^2 by, relatively: x K^2 (<phi^4>'' / <phi^4> - 2 <phi^2>'' /
    <phi^2>) / 6, with <phi^4> taken to go like a power of K as <phi^2>^2 does; exact for relu."""
    return np.asarray(excess * (2 * own.response * (2 * own.response - 1) - 2 * own.curvature) / 6)


def _pair_noise(t: Trajectory, own: LengthMap, pairs: Correlations, excess: Array, pair_excess: Array) -> Array:
    """Of a layer in the <phi^2> of two inputs, (L + 1,)."""
    share, response = t.over_batch(own.share), t.over_batch(own.response)
    if t.start.batch == 1:
        return np.where(np.isnan(share), np.nan, 0.0)
    s = pairs.series
    noise = mean_average(s.square, s.square, s.fourth, pairs.weighted) - 1
    # the fourth cumulants: (d<phi^2> / dK)^2 between strangers, those of one input between twins
    alike = (pairs.weighted.c**2).mean(axis=0)
    extra = t.over_batch(_extra(excess[:, None], own))
    noise = noise + (1 - alike) * pair_excess * response**2 + alike * s.fourth * extra
    return np.where(s.fourth > 0, noise / (t.width * own.damping) - _pair_kept(t, own, pairs), 0.0)


def _pair_kept(t: Trajectory, own: LengthMap, pairs: Correlations) -> Array:
    """What a Haar matrix keeps of it from varying, (L + 1,)."""
    common = common_part(pairs.weighted.c, t.over_batch(own.share)).mean(axis=0)
    return np.asarray(2 * t.over_batch(own.response) ** 2 * common * own.haar / (t.width * own.damping))
