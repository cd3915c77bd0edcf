"""How the correlation of two inputs varies: between the pairs of a batch, and from seed to seed.

What two inputs have in common is felt through averages over pairs such as <phi_a^2 phi_b^2>, which near c = 0 go like
c^2: there the spread of c counts as much as its mean. The cosine kappa of activations has a local noise of order 1 / n
and is carried on by the slope of its map (delta method); averages over pairs are then taken one standard deviation on
either side of the mean. The mean moves, too. Where averages multiply the two inputs' mean squares it is the one over
networks weighted with these: a large <phi^2> goes with a large c.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .bands import below, ratio, upwards
from .chaos import ORDER, Powers, Series, pair_average, powers, series
from .kernel import Trajectory

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Correlations:
    """Pairs of different inputs, over a batch and over seeds; (L + 1,) unless said, 0 everywhere for a single input.

    around: the correlation of z one standard deviation below and above its mean, (2, L + 1), with its powers.
    weighted: the same with the mean over networks weighted with the squares of both inputs.
    square: mean square cosine of activations, so weighted.
    slope: of the map from the correlation of z to the cosine of activations.
    shift, variance: of one pair's cosine of activations over seeds. pulled: the shift of its mean so weighted.
    series: the activations' Hermite coefficients at every layer's mean q, (L + 1, ...).
    """

    around: Powers
    weighted: Powers
    square: Array
    slope: Array
    shift: Array
    pulled: Array
    variance: Array
    series: Series


def correlations(t: Trajectory, share: Array, response: Array, haar: Array) -> Correlations:
    """Of a trajectory's pairs. share: cw <phi^2>_below / q, response: d ln <phi^2> / d ln q, haar: see fluctuations;
    (L + 1,) each."""
    found = layer_series(t)
    if t.start.batch == 1:
        none, both = np.zeros(t.depth + 1), powers(np.zeros((2, t.depth + 1)))
        return Correlations(both, both, none, none, none, none, none, found)
    c, between = _mean_and_variance(t, 1 - t.e)
    a, b = t.moments.square[:, t.start.a], t.moments.square[:, t.start.b]
    kappa, between_kappa = _mean_and_variance(t, ratio(t.pairs.product, np.sqrt(a) * np.sqrt(b)))
    around = weighted = powers(np.clip(c[None], -1.0, 1.0))
    with np.errstate(invalid="ignore", over="ignore"):
        slope = _slope(t, found, around)[0]
        fixed = haar * share**2 * _fixed(found, c, ratio(c - 1 + share, share), kappa, slope, response)
        for _ in range(2):  # the noise at the mean, then around it
            noise, free, pulled = (values.sum(axis=0) / len(values) / t.width for values in _noise(found, weighted))
            variance = upwards((slope * share) ** 2, np.maximum(noise - fixed / t.width, 0.0), t.start.cosine_spread)
            spread = share**2 * below(variance)
            bend = _bend(t, found, around)
            moved = [upwards(slope * share, own + bend * spread / 2, 0.0) for own in (free, pulled)]
            sd = np.sqrt(spread + between)
            around, weighted = (_both_sides(c + share * below(shift), sd) for shift in moved)
        square = np.clip((kappa + moved[1]) ** 2 + variance + between_kappa, 0.0, 1.0)
    return Correlations(around, weighted, square, slope, moved[0], moved[1], variance, found)


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


def _both_sides(centre: Array, sd: Array) -> Powers:
    return powers(np.clip(np.stack([centre - sd, centre + sd]), -1.0, 1.0))


def _mean_and_variance(t: Trajectory, values: Array) -> tuple[Array, Array]:
    """Over pairs, (L + 1, P) -> (L + 1,) each."""
    mean = t.over_pairs(values)
    return mean, t.over_pairs((values - mean[:, None]) ** 2)


def _slope(t: Trajectory, s: Series, at: Powers) -> Array:
    """d kappa / dc, (..., L + 1): K <phi'_a phi'_b> / <phi^2>, and where phi jumps by its own series."""
    m = t.moments
    steep = t.over_batch(ratio(m.slope_square * m.q, m.square))
    slope = steep * pair_average(s.slope, s.slope, 1.0, at)
    k = np.arange(1, ORDER + 1)
    for activation, rows in t.by_activation():
        if activation.formula.jumps:
            slope[..., rows] = (k * s.value[rows, 1:] ** 2 * at.low[..., rows, :-1]).sum(axis=-1)
    return np.asarray(slope)


def _bend(t: Trajectory, s: Series, around: Powers) -> Array:
    """d2 kappa / dc2, (L + 1,), from the slope on both sides; 0 where there is but one."""
    if len(around.c) == 1:
        return np.zeros(t.depth + 1)
    low, high = _slope(t, s, around)
    return ratio(high - low, around.c[1] - around.c[0])


def _noise(s: Series, at: Powers) -> tuple[Array, Array, Array]:
    """n times the variance of a layer's own noise in kappa, what it moves its mean by, and what it moves the mean by
    over networks of weight Y_a Y_b, at correlations of z, (..., L + 1). X = mean phi_a phi_b / A, Y = mean phi^2 / A,
    kappa = X / sqrt(Y_a Y_b)."""
    kappa = pair_average(s.value, s.value, 1.0, at)
    both = pair_average(s.square, s.square, s.fourth, at)
    mixed = pair_average(s.cube, s.value, s.fourth, at)
    # Var (X - kappa (Y_a + Y_b) / 2)
    variance = both - 2 * kappa * mixed + kappa**2 * (s.fourth + both) / 2
    # E X / sqrt(Y_a Y_b) - kappa,   E X sqrt(Y_a Y_b) - kappa E Y_a Y_b
    free = kappa - mixed + kappa * (3 * (s.fourth - 1) + both - 1) / 4
    weighted = mixed - kappa - kappa * (s.fourth - 1 + 3 * (both - 1)) / 4
    return variance, free, weighted


def _fixed(s: Series, c: Array, c_below: Array, kappa: Array, slope: Array, response: Array) -> Array:
    """The part of that noise which a square Haar matrix keeps from varying: its component along the fixed Gram matrix
    of the inputs. With H the mean Hessian of phi_a phi_b - kappa (phi_a^2 + phi_b^2) / 2 and R = (1, c; c, 1), it is
    tr(R H R H) / 2."""
    k = np.arange(ORDER - 1)
    bend = (np.sqrt((k + 1) * (k + 2)) * s.value[:, 2:] * s.value[:, :-2] * c[:, None] ** k).sum(axis=1)
    diagonal = bend - kappa * response
    return np.asarray((diagonal + c_below * slope) ** 2 + (slope + c_below * diagonal) ** 2)
