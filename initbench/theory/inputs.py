"""What the first layer is fed, as theory sees it: mean squares, cosines and how they vary from seed to seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from ..spec import Cell
from ..streams import Purpose, stream
from ..values import frozen
from .groups import GROUPS, grouped_pairs, groups, means, sizes
from .sets import sorted_set

Array = np.ndarray[Any, Any]

ROWS = 1024
"""Up to so many inputs, all pairs are looked at; of more, those of so many evenly spaced ones."""
NEAR = 1e-3
"""1 - cosine under which a difference of unit vectors has more digits than a difference from 1."""


@frozen
class InputState:
    """S groups of inputs and P groups of pairs of different inputs; P = 0 for a single input.

    q: mean square |x|^2 / N of a group's inputs, (S,). weight: its share of the batch, sums to 1, (S,); groups of
    weight 0 are there for the pairs alone.
    fourth: sum x^4 / (sum x^2)^2 of an input, (S,), 0 where x = 0.
    mean: mean entry of a group's inputs, (S,).
    a, b: the groups of a pair's two inputs, (P,). e: 1 - their cosine, (P,). pair_weight: sums to 1, (P,).
    q_spread: relative variance over seeds of one input's mean square, within its group.
    cosine_spread: variance over seeds of one pair's cosine, within its group. cosine_shift: what its mean is moved by,
    from 1 - e. cosine_common: its covariance with the mean of the logarithms of its inputs' mean squares.
    mean_spread: variance over seeds of the mean over all entries of a batch.
    cubes, squares: sum x_a^3 x_b / |x_a|^3 |x_b| and sum x_a^2 x_b^2 / |x_a|^2 |x_b|^2, means over pairs.
    drawn: inputs are drawn anew for every seed, each independently from one of the groups; otherwise every seed has
    all of them.
    measured: the metrics of layer 0 where all seeds share one batch, else empty.
    """

    batch: int
    features: int
    q: Array
    weight: Array
    fourth: Array
    mean: Array
    a: Array
    b: Array
    e: Array
    pair_weight: Array
    q_spread: float
    cosine_spread: float
    drawn: bool
    measured: Mapping[str, float] = field(default_factory=dict)
    cosine_shift: float = 0.0
    cosine_common: float = 0.0
    mean_spread: float = 0.0
    cubes: float = 0.0
    squares: float = 0.0


def input_state(cell: Cell) -> InputState:
    """The inputs of a cell: by their law where every seed draws its own, else the batch that all seeds share.

    The shared batch is the one that is measured: the same stream, rounded to the cell's dtype. Raises ParameterError
    where a data file changed since it was checked.
    """
    batch = cell.batch
    keywords = dict(batch.inputs.params)
    pick, by_law = keywords.pop("pick", ""), _LAWS.get(batch.inputs.name)
    if batch.resample and by_law is not None:
        return by_law(batch.batch_size, batch.features, **keywords)
    if batch.resample and pick == "random":
        assert batch.inputs.record.table is not None
        return of_rows(batch.inputs.record.table(**keywords).astype(cell.dtype), batch.batch_size)
    generator = stream(cell.root_seed, 0, Purpose.SHARED_INPUTS)
    return of_rows(batch.inputs.draw(generator, batch.batch_size, batch.features).astype(cell.dtype))


def of_rows(x: Array, batch: int | None = None) -> InputState:
    """The state of the very rows of x, (B, N), one by one as far as GROUPS go; of `batch` of them that every seed draws
    anew, if that is given.

    In groups, the means of q and of x_a . x_b stay exact; what is curved in them is off by its second derivative times
    half of the variance within a group.
    """
    rows = np.concatenate([_lengths(x[start : start + ROWS]) for start in range(0, len(x), ROWS)], axis=1)
    of_means = float(rows[2].var())
    first, second, e, cubes, squares = _pairs_of(x if batch != 1 else x[:1], rows[0])
    if len(x) <= GROUPS and len(e) <= GROUPS:
        weight, pair_weight = _equal(len(x)), _equal(len(e))
    else:
        alike = groups(rows[0], GROUPS)
        weight, followed = sizes(alike), means(rows, alike)
        pairs = grouped_pairs(np.sqrt(rows[0, first]), np.sqrt(rows[0, second]), e)
        first, second, e, pair_weight, carried = pairs
        mean = np.repeat(rows[1:].mean(axis=1, keepdims=True), len(carried), axis=1)
        first, second = first + len(alike), second + len(alike)
        rows = np.concatenate([followed, np.vstack([carried, mean])], axis=1)
        weight = np.concatenate([weight, np.zeros(len(carried))])
    return InputState(
        batch=batch or len(x),
        features=x.shape[1],
        q=rows[0],
        weight=weight,
        fourth=rows[1],
        mean=rows[2],
        a=first,
        b=second,
        e=e,
        pair_weight=pair_weight,
        q_spread=0.0,
        cosine_spread=0.0,
        drawn=batch is not None,
        measured=_measured(x.astype(np.float64)) if batch is None else {},
        # of rows without replacement, as in any sample of a finite population
        cubes=cubes,
        squares=squares,
        mean_spread=0.0 if batch is None else of_means / batch * (len(x) - batch) / max(len(x) - 1, 1),
    )


def _lengths(x: Array) -> Array:
    """Mean square, sum x^4 / (sum x^2)^2 and mean of every row, (B, N) -> (3, B)."""
    x = x.astype(np.float64)
    squares = np.vecdot(x, x)
    nonzero = np.where(squares > 0, squares, 1.0)
    return np.stack([squares / x.shape[1], np.vecdot(x * x, x * x) / nonzero**2, x.mean(axis=1)])


def _measured(x: Array) -> dict[str, float]:
    """The metrics of layer 0 of the very batch, (B, N), but for the cosine where there is no pair."""
    shift = x.mean()
    metrics = {
        "act_mean": float(shift),
        "act_var": float(np.mean((x - shift) ** 2)),
        "act_q": float(np.mean(x * x)),
        "act_var_batch": float(np.mean((x - x.mean(axis=0)) ** 2)),
    }
    lengths = np.sqrt(np.vecdot(x, x))
    unit = x[lengths > 0] / lengths[lengths > 0, None]
    if len(unit) > 1:
        # sum_{a != b} u_a . u_b = |sum_a u_a|^2 - B
        total = unit.sum(axis=0)
        metrics["cosine"] = float((total @ total - len(unit)) / (len(unit) * (len(unit) - 1)))
    return metrics


def _pairs_of(x: Array, q: Array) -> tuple[Array, Array, Array, float, float]:
    """Rows a < b of every pair and 1 - cosine, relatively accurate where it is small; a row of zeros has cosine 1. Then
    cubes and squares, as in `InputState`."""
    chosen = sorted_set(np.linspace(0, len(x) - 1, min(len(x), ROWS)).astype(int))
    unit = x[chosen] / np.sqrt(np.where(q > 0, q, 1.0)[chosen, None] * x.shape[1])
    a, b = np.triu_indices(len(chosen), 1)
    e = (1 - unit @ unit.T)[a, b]
    near = np.flatnonzero(e < NEAR)
    for start in range(0, len(near), ROWS):
        part = near[start : start + ROWS]
        gap = unit[a[part]] - unit[b[part]]
        # |u - v|^2 / 2 = 1 - u.v
        e[part] = np.vecdot(gap, gap) / 2
    # sum_{a != b} f_a g_b = sum_a f_a sum_b g_b - sum_a f_a g_a
    square, pairs = unit * unit, max(len(unit) * (len(unit) - 1), 1)
    own = np.sum(square * square)
    cubes = float((square * unit).sum(axis=0) @ unit.sum(axis=0) - own) / pairs
    squares = float(np.sum(square.sum(axis=0) ** 2) - own) / pairs
    a, b = chosen[a], chosen[b]
    return a, b, np.clip(np.where((q[a] > 0) & (q[b] > 0), e, 0.0), 0.0, 2.0), cubes, squares


def _equal(number: int) -> Array:
    return np.full(number, 1 / number) if number else np.empty(0)


def _by_law(
    batch: int,
    features: int,
    q: float,
    mean: float,
    e: float,
    kurtosis: float,
    q_spread: float = 0.0,
    cosine_spread: float = 0.0,
    cosine_shift: float = 0.0,
    cosine_common: float = 0.0,
    cubes: float = 0.0,
    squares: float = 0.0,
) -> InputState:
    """One group. kurtosis: E x^4 / q^2 of an entry; for independent entries sum x^4 / (sum x^2)^2 has the mean below
    up to 1 / N^2, exactly so for normal ones and on the sphere."""
    pairs = 1 if batch > 1 else 0
    # E x_ai x_bj is m^2 for entries that are independent of one another, and on average over all i and j where the law
    # is the same in all directions: the mean entries of two inputs covary by (E x_a . x_b / N - m^2) / N
    own, other = q - mean**2, (1 - e) * q - mean**2
    return InputState(
        batch=batch,
        features=features,
        q=np.array([q]),
        weight=np.ones(1),
        fourth=np.array([kurtosis / (features - 1 + kurtosis) if q > 0 else 0.0]),
        mean=np.array([mean]),
        a=np.zeros(pairs, np.intp),
        b=np.zeros(pairs, np.intp),
        e=np.full(pairs, e),
        pair_weight=np.ones(pairs),
        q_spread=q_spread,
        cosine_spread=cosine_spread,
        drawn=True,
        cosine_shift=cosine_shift,
        cosine_common=cosine_common,
        cubes=cubes,
        squares=squares,
        mean_spread=max(own + (batch - 1) * other, 0.0) / (batch * features),
    )


def _independent(batch: int, features: int, mean: float, variance: float, third: float, fourth: float) -> InputState:
    """Entries independent and alike; third, fourth: their central moments."""
    q = variance + mean * mean
    if q == 0:
        return _by_law(batch, features, 0.0, 0.0, 0.0, 3.0)
    # Raw moments over the scale: x / sqrt(q) has m2 = 1.
    m1 = mean / np.sqrt(q)
    m3 = (third + 3 * mean * variance + mean**3) / q**1.5
    m4 = (fourth + 4 * mean * third + 6 * mean**2 * variance + mean**4) / q**2
    c, spread = m1 * m1, max(m4 - 1, 0.0)
    # cos = A / sqrt(B C) with A = mean of x y, B and C those of x^2 and y^2, all near their means c, 1, 1:
    # N Var cos = Var xy + c^2 Var(x^2) / 2 - 2 c Cov(xy, x^2); for c = 0 it is exactly 1, for any symmetric law.
    product = m3 * m1 - c
    cosine_spread = max((1 - c * c) + c * c * spread / 2 - 2 * c * product, 0.0) / features
    # E cos - c = (3 c Var(x^2) / 4 - Cov(xy, x^2)) / N, and Cov(cos, (B + C) / 2) = (Cov(xy, x^2) - c Var(x^2) / 2) / N
    return _by_law(
        batch,
        features,
        q,
        mean,
        variance / q,
        m4,
        q_spread=spread / features,
        cosine_spread=min(cosine_spread, 1.0),
        cosine_shift=(0.75 * c * spread - product) / features,
        cosine_common=(product - c * spread / 2) / features,
        cubes=m3 * m1 / features,
        squares=1 / features,
    )


def _gaussian(batch: int, features: int, *, mean: float, stddev: float) -> InputState:
    return _independent(batch, features, mean, stddev**2, 0.0, 3 * stddev**4)


def _uniform(batch: int, features: int, *, low: float, high: float) -> InputState:
    width = high - low
    return _independent(batch, features, low / 2 + high / 2, width**2 / 12, 0.0, width**4 / 80)


def _constant(batch: int, features: int, *, value: float = 1.0) -> InputState:
    same = 1 / features if value else 0.0
    return _by_law(batch, features, value * value, value, 0.0, 1.0, cubes=same, squares=same)


def _sphere(batch: int, features: int, *, mean_square: float) -> InputState:
    # A uniform direction: E cos = 0 and E cos^2 = 1 / N.
    return _by_law(batch, features, mean_square, 0.0, 1.0, 3.0, 0.0, 1 / features, squares=1 / features)


def _pair(batch: int, features: int, *, cosine: float, mean_square: float) -> InputState:
    # x_b = c x_a + s y, with x_a and y of any two directions at a right angle
    cubes, squares = 3 * cosine / (features + 2), (1 + 2 * cosine**2) / (features + 2)
    return _by_law(batch, features, mean_square, 0.0, 1 - cosine, 3.0, cubes=cubes, squares=squares)


_LAWS: dict[str, Callable[..., InputState]] = {
    "gaussian": _gaussian,
    "uniform": _uniform,
    "sphere": _sphere,
    "ones": _constant,
    "constant": _constant,
    "pair": _pair,
}
