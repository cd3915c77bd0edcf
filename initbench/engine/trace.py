"""What the engine gives back: every metric of every layer of every network of a chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

import numpy as np

from ..values import frozen
from .training.record import Trained
from .training.record import join as join_trained

Array = np.ndarray[Any, Any]


@frozen
class Trace:
    """Measurements of S networks of L layers; row 0 of the layers is the input.

    values: (S, L + 1, M) float64, inf and nan kept. present: (S, L + 1, M) bool, False where a metric does not exist
    (absent is neither 0 nor nan). metrics: the M names. histograms: quantity -> (L + 1, bins) counts summed over the
    networks. training: what became of them, where they were trained. written: what others have written of these
    networks, in their order and in pieces; nothing here reads it.
    """

    seeds: tuple[int, ...]
    metrics: tuple[str, ...]
    values: Array
    present: Array
    histograms: dict[str, Array] = field(default_factory=dict)
    training: Trained | None = None
    written: tuple[bytes, ...] = ()

    def select(self, rows: Sequence[int]) -> Trace:
        """Some of the networks, in that order. Histograms are what they were: sums cannot be taken apart."""
        order = list(rows)
        return Trace(
            seeds=tuple(self.seeds[row] for row in order),
            metrics=self.metrics,
            values=self.values[order],
            present=self.present[order],
            histograms=self.histograms,
            training=self.training and self.training.of(order),
        )

    def of(self, metric: str) -> Array:
        """The values of one metric, (S, L + 1), nan where absent. Raises ValueError if it was not measured."""
        column = self.metrics.index(metric)
        return np.where(self.present[:, :, column], self.values[:, :, column], np.nan)


def empty(seeds: Sequence[int], depth: int, metrics: tuple[str, ...]) -> Trace:
    """A trace in which nothing is present yet."""
    shape = (len(seeds), depth + 1, len(metrics))
    return Trace(tuple(seeds), metrics, np.full(shape, np.nan), np.zeros(shape, bool))


def join(traces: Sequence[Trace]) -> Trace:
    """The traces of several chunks of one cell as one, in the given order."""
    first = traces[0]
    return Trace(
        seeds=tuple(seed for trace in traces for seed in trace.seeds),
        metrics=first.metrics,
        values=np.concatenate([trace.values for trace in traces]),
        present=np.concatenate([trace.present for trace in traces]),
        histograms={name: np.sum([trace.histograms[name] for trace in traces], axis=0) for name in first.histograms},
        training=join_trained([trace.training for trace in traces if trace.training is not None]),
        written=tuple(piece for trace in traces for piece in trace.written) if all(t.written for t in traces) else (),
    )
