"""A metric with its spread over seeds, and how those of single inputs and of pairs make that of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np

from ..values import frozen
from .inputs import InputState

Array = np.ndarray[Any, Any]

_LARGEST = 1e150  # average whose fourth powers float64 still holds
_STEEP = 700.0  # of a logarithm: beyond, float64 has not its exponential


@frozen
class Band:
    """What networks of finite width show in one metric; all arrays are (L + 1,), row 0 is the input, nan is blank.

    mean: the mean over seeds; nan where it is not derived and infinite width's value stands for it.
    sd: the spread over seeds of one network's value.
    within: whether both are inside the range in which they are claimed to hold.
    reason: why the spread is blank; empty where it is not.
    why: layer -> why it is not within, where that is neither its size nor a mean that is not derived.
    """

    mean: Array
    sd: Array
    within: Array
    reason: str = ""
    why: Mapping[int, str] = field(default_factory=dict)


def pooled(start: InputState, mean: Array, single: Array, pair: Array) -> tuple[Array, Array]:
    """Mean and sd over seeds of the mean over a batch, (L + 1,) each, of a quantity that every input has.

    mean: of each group of inputs, (L + 1, S). single: its relative variance, (L + 1, S). pair: relative covariance of
    two different inputs, (L + 1,). With x_a of input a,
        Var (1/B) sum_a x_a = (1/B) <Var x_a> + (1 - 1/B) <Cov x_a x_b>,
    where inputs that are drawn anew for every seed add the variance between their groups to Var x_a.
    """
    weight, used = start.weight, start.weight > 0
    if len(weight) > 1:
        weight, mean, single = weight[used], mean[:, used], single[:, used]
    unit = scale(np.abs(mean).max(axis=1))
    mean = mean / unit[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        centre = mean @ weight
        variance = (mean**2 * single) @ weight
        if start.drawn:
            variance = variance + (mean - centre[:, None]) ** 2 @ weight
        total = over_batch(start.batch, variance, centre**2 * pair)
        return unit * centre, unit * root(total)


def scale(sizes: Array) -> Array:
    """Powers of 4 near the sizes, and 1 for what has none: in these units squares stay within float64, and no digit
    changes."""
    exponents = np.frexp(np.where(np.isfinite(sizes), sizes, 1.0))[1]
    return np.asarray(np.ldexp(1.0, exponents // 2 * 2 - 2))


def root(variance: Array) -> Array:
    """Its square root; what rounding has made negative is 0."""
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def over_batch(batch: int, single: Array, pair: Array) -> Array:
    """What is single between an input and itself and pair between two, averaged over a batch's ordered pairs."""
    return single if batch == 1 else np.asarray(single / batch + (1 - 1 / batch) * pair)


def logarithmic(relative: Array) -> Array:
    """ln(1 + r): what a factor of relative variance r adds to the variance of the logarithm of a lognormal product."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log1p(relative))


def relative(logarithm: Array) -> Array:
    """exp(v) - 1: the relative variance of a product whose logarithm varies by v."""
    with np.errstate(over="ignore"):
        return np.asarray(np.expm1(logarithm))


def stretched(gain: Array, logarithm: Array) -> Array:
    """The variance of ln f for a factor f that goes like x^sqrt(gain), where ln x varies by `logarithm`.

    gain times it; and where the gain is above 1, as if relative variances were multiplied, which is less: no quantity
    grows like such a power at every x.
    """
    with np.errstate(invalid="ignore"):
        return np.where(gain > 1, logarithmic(gain * relative(logarithm)), gain * logarithm)


def ratio(a: Array, b: Array) -> Array:
    """a / b; 0 where b is 0: what is not there does not vary."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found, there = np.divide(a, b), b != 0
    return found if there.all() else np.where(there, found, 0.0)


def elasticity(derivative: Array, q: Array, f: Array, order: int = 1) -> Array:
    """q^order f^(order) / f, d ln f / d ln q for order 1; 0 where q is 0 and nothing can vary."""
    with np.errstate(over="ignore", invalid="ignore"):
        grown = derivative * q**order
        if order > 1 and (lost := beyond(q)).any():
            grown = np.where(lost, derivative * q * q, grown)
        return ratio(np.where(q == 0, 0.0, grown), f)


def beyond(average: Array) -> Array:
    """Where the square of an average is none that float64 can hold to all digits."""
    return np.asarray((average > _LARGEST) | ((average < 1 / _LARGEST) & (average > 0)))


def tailedness(fourth: Array, square: Array, typical: Array) -> Array:
    """<f^4> / <f^2>^2, (L + 1, S), 0 where f is; that of its Hermite series, (L + 1,), where <f^2> is `beyond`."""
    with np.errstate(over="ignore"):
        found = ratio(fourth, square**2)
    lost = beyond(square)
    return np.where(lost, typical[:, None], found) if lost.any() else found


def below(rows: Array) -> Array:
    """Every row's neighbour below, (L + 1, ...); nan for row 0."""
    return np.concatenate([np.full_like(rows[:1], np.nan), rows[:-1]])


def above(rows: Array) -> Array:
    """Every row's neighbour above, (L + 1, ...); 0 for row L."""
    return np.concatenate([rows[1:], np.zeros_like(rows[:1])])


def upwards(factor: Array, source: Array, first: Array | float) -> Array:
    """x_l = factor_l x_{l-1} + source_l from x_0 = first, (L + 1, ...); row 0 of factor and source is not used."""
    x = np.empty(source.shape)
    x[0] = first
    if x[0].size == 1:  # Python's own numbers are faster one by one
        now, rows = float(x.flat[0]), []
        for f, s in zip(factor.ravel()[1:].tolist(), source.ravel()[1:].tolist(), strict=True):
            now = f * now + s
            rows.append(now)
        x.reshape(-1)[1:] = rows
        return x
    for k in range(1, len(x)):
        x[k] = factor[k] * x[k - 1] + source[k]
    return x


def carried(gain: Array, noise: Array, first: float) -> Array:
    """v_l = noise_l + gain_l v_{l-1} from v_0 = first, (L + 1, ...), `stretched` where the gain is above 1."""
    if not (gain[1:] > 1 + 1e-9).any():
        return upwards(gain, noise, first)
    v = np.empty(noise.shape)
    v[0] = first
    if v[0].size == 1:
        rows = []
        for g, more in zip(gain.ravel()[1:].tolist(), noise.ravel()[1:].tolist(), strict=True):
            first = more + _stretched(g, first)
            rows.append(first)
        v.reshape(-1)[1:] = rows
        return v
    for k in range(1, len(v)):
        v[k] = noise[k] + stretched(gain[k], v[k - 1])
    return v


def _stretched(gain: float, logarithm: float) -> float:
    """`stretched` of one number."""
    if not gain > 1:
        return gain * logarithm
    if logarithm < _STEEP:
        grown = gain * math.expm1(logarithm)
        return math.log1p(grown) if grown > -1 else math.nan
    return logarithm + math.log(gain)  # ln(1 + g (e^v - 1)), to all digits


def downwards(factor: Array, source: Array) -> Array:
    """x_l = source_l + factor_l x_{l+1} from x_{L+1} = 0, (L + 1, ...)."""
    factor, source = (np.concatenate([rows[-1:], rows[::-1]]) for rows in (factor, source))
    return upwards(factor, source, 0.0)[:0:-1]
