"""From the traces of a cell to its rows in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalogue.metrics import METRICS
from ..engine import Trace
from ..spec import Cell
from ..values import frozen
from .csvtext import Value

if TYPE_CHECKING:
    from ..theory.prediction import Prediction

Array = np.ndarray[Any, Any]

TOGETHER = 1 << 15
"""Numbers that are looked at together: they stay in cache from one statistic to the next."""


@frozen
class Summary:
    """Statistics over seeds, each (L + 1, M): nan where there is nothing to say.

    n: finite seeds; nonfinite: seeds with inf or nan; sd has ddof 1; quantiles are linear.
    """

    metrics: tuple[str, ...]
    n: Array
    nonfinite: Array
    mean: Array
    sd: Array
    median: Array
    q05: Array
    q95: Array

    @property
    def stderr(self) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.sd / np.sqrt(self.n))

    def of(self, statistic: str, metric: str) -> Array:
        """One statistic of one metric over the layers, (L + 1,). nan throughout if the metric was not measured."""
        if metric not in self.metrics:
            return np.full(len(self.n), np.nan)
        return np.asarray(getattr(self, statistic))[:, self.metrics.index(metric)]


def summarise(trace: Trace) -> Summary:
    """The statistics of a cell over its seeds."""
    seeds, *shape = trace.values.shape
    values, present = trace.values.reshape(seeds, -1), trace.present.reshape(seeds, -1)
    together = max(1, TOGETHER // seeds)
    parts = [
        _statistics(*(np.ascontiguousarray(part[:, first : first + together].T) for part in (values, present)))
        for first in range(0, max(1, values.shape[1]), together)
    ]
    rows = np.concatenate(parts, axis=1)
    n, nonfinite, *others = rows.reshape(len(rows), *shape)
    return Summary(trace.metrics, n.astype(np.intp), nonfinite.astype(np.intp), *others)


def _statistics(values: Array, present: Array) -> Array:
    """Of a metric at a layer a row, (rows, S): the statistics of Summary in their order, (7, rows) float64."""
    finite = present & np.isfinite(values)
    values = np.where(finite, values, np.nan)
    n = finite.sum(axis=1)
    with np.errstate(all="ignore"):
        # Summed as differences to one of the values: seeds that agree have exactly that mean, and a deviation of
        # exactly 0.
        first = np.take_along_axis(values, finite.argmax(axis=1)[:, None], axis=1)
        mean = first[:, 0] + np.where(finite, values - first, 0.0).sum(axis=1) / np.where(n > 0, n, np.nan)
        deviations = np.where(finite, values - mean[:, None], 0.0)
        # Scaled before they are squared: a spread of 1e200 has a standard deviation, though its variance overflows.
        largest = np.abs(deviations).max(axis=1)
        scale = np.where(largest > 0, largest, 1.0)
        squares = ((deviations / scale[:, None]) ** 2).sum(axis=1)
        sd = scale * np.sqrt(squares / np.where(n > 1, n - 1, np.nan))
    return np.stack([n, present.sum(axis=1) - n, mean, sd, *_quantiles(values, n)])


def _quantiles(values: Array, n: Array) -> Array:
    """50 %, 5 % and 95 % of the finite ones of every row, (3, rows)."""
    rows = np.arange(len(n))
    last = np.maximum(n - 1, 0)
    ordered = np.sort(np.ascontiguousarray(values), axis=1)  # nan last
    result = np.empty((3, len(n)))
    with np.errstate(all="ignore"):
        for place, level in enumerate((0.5, 0.05, 0.95)):
            # numpy.quantile's linear way, to the last bit; it sorts nothing that is sorted, and loads numpy.ma.
            below = np.floor(level * last).astype(np.intp)
            part = level * last - below
            low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
            result[place] = np.where(part < 0.5, low + part * (high - low), high - (1 - part) * (high - low))
    return result


def summary_rows(
    summary: Summary, prediction: Prediction, cell: Cell, prefix: tuple[Value, ...]
) -> Iterator[tuple[Value, ...]]:
    """Rows of summary.csv: (cell, axes...) + layer, metric, statistics, theory. The input row has the metrics that an
    input has."""
    if not summary.metrics:
        return
    of_input = [METRICS.find(metric).needs == "activation" for metric in summary.metrics]
    statistics = values(summary.mean, summary.sd, summary.stderr, summary.median, summary.q05, summary.q95)
    curves = [prediction.curves[metric] for metric in summary.metrics]
    theory = values(*(np.stack(lines, -1) for lines in zip(*((curve.mean, curve.sd) for curve in curves), strict=True)))
    counts = zip(summary.n.tolist(), summary.nonfinite.tolist(), statistics, theory, strict=True)
    for layer, of_layer in enumerate(counts):
        for metric, there, n, nonfinite, said, predicted in zip(summary.metrics, of_input, *of_layer, strict=True):
            if layer or there:
                yield (*prefix, layer, metric, n, *said, nonfinite, *predicted)


def layer_rows(trace: Trace, cell: Cell, prefix: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
    """Rows of layers.csv: (cell, axes...) + seed, layer, fan_in, fan_out, metrics."""
    fans: list[tuple[int | None, int | None]] = [(None, None)]
    fans += [(layer.fan_in, layer.fan_out) for layer in cell.network.layers]
    values, present = trace.values.tolist(), trace.present.tolist()
    for seed, seed_values, seed_present in zip(trace.seeds, values, present, strict=True):
        for layer, (numbers, there) in enumerate(zip(seed_values, seed_present, strict=True)):
            cells = [number if exists else None for number, exists in zip(numbers, there, strict=True)]
            yield (*prefix, seed, layer, *fans[layer], *cells)


@frozen
class LayerRows:
    """The rows of layers.csv, made as they are asked for: of many networks they are large."""

    trace: Trace
    cell: Cell
    prefix: tuple[Value, ...]

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return layer_rows(self.trace, self.cell, self.prefix)


def values(*arrays: Array) -> list[Any]:
    """Numbers for a table, as nested lists: those of all arrays together in the innermost."""
    stacked = np.stack(arrays, -1)
    cells = stacked.astype(object)
    cells[np.isnan(stacked)] = None
    return list(cells.tolist())


def value(number: float) -> float | None:
    """A number for a table: nan means absent in a summary, where n and nonfinite tell why."""
    return None if np.isnan(number) else float(number)
