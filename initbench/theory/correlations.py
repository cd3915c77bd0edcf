"""How the correlation of two inputs varies: between the pairs of a batch, and from seed to seed.

What two inputs have in common is felt through averages over pairs such as <phi_a^2 phi_b^2>, which near c = 0 go like
c^2: there the spread of c counts as much as its mean. The cosine kappa of activations has a noise of order 1 / n in
every layer (`pair_noise`), and the lengths of both inputs move it (`lengths_and_angles`). All of it is carried on by
the slopes of the maps, and moves the mean by their second derivatives (delta method); averages over pairs are then
taken one standard deviation on either side of the mean. Where averages multiply the two inputs' mean squares it is the
mean over networks weighted with these: a large <phi^2> goes with a large c.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from ..values import frozen
from .bands import below, carried, ratio, upwards
from .chaos import Powers, Series, powers, series
from .kernel import Trajectory
from .lengths_and_angles import CosineMap, Joint, Lengths, cosine_map, of_correlations
from .pair_noise import PairNoise, PairNoises, by_fourth_cumulants, kept, pair_noises
from .pair_sums import Around, around

Array = np.ndarray[Any, Any]

OPPOSITE = 1e-12
"""1 + cosine under which two activations are each other's opposite."""


@frozen
class Correlations:
    """Pairs of different inputs, over a batch and over seeds; (L + 1,) unless said, 0 everywhere for a single input.

    around: the correlation of z one standard deviation below and above its mean, (2, L + 1), with its powers.
    weighted: the same with the mean over networks weighted with the squares of both inputs.
    square: mean square cosine of activations, so weighted.
    slope: of the map from the correlation of z to the cosine of activations.
    gap: 1 - the cosine of activations, at infinite width. shift: what its mean over seeds is moved by, pulled: the same
    of the mean so weighted. variance: of one pair's cosine over seeds.
    either_way: what shift would be if all that it is made of, here and below, were of one sign. abnormal: what the
    fourth cumulants of this layer's z have of shift.
    across: variance over seeds of the difference of two ln <phi^2>.
    kept: what a Haar matrix has taken from the layer's own contribution to variance.
    series: the activations' Hermite coefficients at every layer's mean q, (L + 1, ...).
    """

    around: Powers
    weighted: Powers
    square: Array
    slope: Array
    gap: Array
    shift: Array
    pulled: Array
    variance: Array
    either_way: Array
    abnormal: Array
    across: Array
    kept: Array
    series: Series


@frozen
class _Pair:
    """What no spread changes: series in c, and (L + 1,) each of gap: 1 - kappa, still: two inputs that are one, or each
    other's opposite, and stay so, slope: d kappa / dc, kept: see `pair_noise`, abnormal: what moves the mean of kappa
    where z is not normal."""

    map: CosineMap
    noises: PairNoises
    gap: Array
    still: Array
    slope: Array
    kept: PairNoise
    abnormal: Array


@frozen
class _Angles:
    """Of a pair over seeds: of_kappa of its activations, of_z of its preactivations; shift, shift_z: what moves the
    means of kappa and of c, (L + 1,) each; either_way: see `Correlations`."""

    of_kappa: Joint
    of_z: Joint
    shift: Array
    shift_z: Array
    either_way: Array


def correlations(t: Trajectory, s: Series, lengths: Lengths) -> Correlations:
    """Of a trajectory's pairs. s: its `layer_series`."""
    if t.start.batch == 1:
        none, both = np.zeros(t.depth + 1), powers(np.zeros((2, t.depth + 1)))
        return Correlations(both, both, *(none,) * 10, s)
    e, between = _mean_and_variance(t, t.e)
    gap, between_kappa = _mean_and_variance(t, _gaps(t))
    own = weighted = around(np.clip(e[None], 0.0, 2.0))
    with np.errstate(invalid="ignore", over="ignore"):
        pair = _pair(t, s, lengths, gap, own)
        for _ in range(2):  # the noise at the mean, then around it
            found = _angles(t, pair, lengths, own, weighted)
            sd = np.sqrt(np.maximum(found.of_z.angle, 0.0) + between)
            pull = 2 * lengths.response * found.of_z.common
            own, weighted = (_both_sides(e - found.shift_z - more, sd) for more in (0.0, pull))
        pulled, variance = found.shift + 2 * found.of_kappa.common, found.of_kappa.angle
    return Correlations(
        around=own.c,
        weighted=weighted.c,
        square=np.clip((1 - gap + pulled) ** 2 + variance + between_kappa, 0.0, 1.0),
        slope=pair.slope,
        gap=gap,
        shift=found.shift,
        pulled=pulled,
        variance=variance,
        either_way=found.either_way,
        abnormal=pair.abnormal,
        across=found.of_kappa.across,
        kept=pair.kept.angle / t.width,
        series=s,
    )


def _pair(t: Trajectory, s: Series, lengths: Lengths, gap: Array, at: Around) -> _Pair:
    """gap: 1 - kappa, (L + 1,), at the one correlation of z."""
    map_, noises = cosine_map(s, lengths), pair_noises(s, lengths)
    slope, still = map_.slope.mean(at), (gap == 0) | (2 - gap < OPPOSITE)
    abnormal = by_fourth_cumulants(t, s, noises, lengths, gap, at)
    return _Pair(map_, noises, gap, still, slope, kept(s, lengths, gap, slope, at), abnormal)


def _angles(t: Trajectory, pair: _Pair, lengths: Lengths, own: Around, weighted: Around) -> _Angles:
    """From averages around correlations of z: of the noise, which lengths are factors of, around weighted ones."""
    noise, to_kappa = pair.noises.at(weighted).less(pair.kept), pair.map.bends(own)
    to_z = of_correlations(lengths, below(pair.gap))
    # d kappa / d kappa below and d kappa / d y_+ below
    alone, turn = pair.slope * lengths.share, pair.slope * to_z.length + to_kappa.length * lengths.share
    turn, added_angle, added_common = (np.where(pair.still, 0.0, x) for x in (turn, noise.angle, noise.common))
    stretch = lengths.response * lengths.share
    across = carried(stretch**2, noise.across / t.width, float(2 * np.log1p(t.start.q_spread)))
    along = np.maximum(lengths.spread - across / 4, 0.0)
    source = added_common / t.width + turn * stretch * below(along)
    common = upwards(alone * stretch, source, t.start.cosine_common)
    source = added_angle / t.width + 2 * alone * turn * below(common) + turn**2 * below(along)
    of_kappa = Joint(np.maximum(upwards(alone**2, source, t.start.cosine_spread), 0.0), common, along, across)
    beneath = of_kappa.below()
    of_z = _of_z(lengths, to_z.length, beneath)
    lower, upper = to_z.parts(below(lengths.shift), beneath), to_kappa.parts(lengths.shift_q, of_z)
    moved = sum(lower)
    source = noise.shift / t.width + pair.abnormal + pair.slope * moved + sum(upper)
    shift = upwards(alone, np.where(pair.still, 0.0, source), t.start.cosine_shift)
    sizes = np.abs(noise.shift) / t.width + np.abs(pair.abnormal)
    sizes = sizes + np.abs(pair.slope) * sum(map(np.abs, lower)) + sum(map(np.abs, upper))
    either_way = upwards(np.abs(alone), np.where(pair.still, 0.0, sizes), abs(t.start.cosine_shift))
    return _Angles(of_kappa, of_z, shift, lengths.share * below(shift) + moved, either_way)


def _of_z(lengths: Lengths, turn: Array, beneath: Joint) -> Joint:
    """Of preactivations, from the activations below; turn: d c / d y_+."""
    s, across = lengths.share, lengths.share**2 * beneath.across
    return Joint(
        angle=s**2 * beneath.angle + 2 * s * turn * beneath.common + turn**2 * beneath.along,
        common=s * (s * beneath.common + turn * beneath.along),
        along=np.maximum(lengths.spread_q - across / 4, 0.0),
        across=across,
    )


def layer_series(t: Trajectory) -> Series:
    """Series at every layer's q, averaged over the batch; row 0 is nan."""
    q, kinds = t.over_batch(t.q), t.by_activation()
    q[0] = np.nan
    if len(kinds) == 1:
        return series(kinds[0][0], q)
    rows = series(t.laws[0].activation, np.full(t.depth + 1, np.nan))
    for activation, layers in kinds:
        found = series(activation, q[layers])
        for field in fields(Series):
            getattr(rows, field.name)[layers] = getattr(found, field.name)
    return rows


def _both_sides(e: Array, sd: Array) -> Around:
    return around(np.clip(np.stack([e + sd, e - sd]), 0.0, 2.0))


def _mean_and_variance(t: Trajectory, values: Array) -> tuple[Array, Array]:
    """Over pairs, (L + 1, P) -> (L + 1,) each."""
    mean = t.over_pairs(values)
    return mean, t.over_pairs((values - mean[:, None]) ** 2)


def _gaps(t: Trajectory) -> Array:
    """1 - kappa, (L + 1, P); 1 where there is no signal."""
    a, b = np.sqrt(t.moments.square[:, t.start.a]), np.sqrt(t.moments.square[:, t.start.b])
    return np.where(a * b == 0, 1.0, ratio(t.pairs.gap - (a - b) ** 2 / 2, a * b))
