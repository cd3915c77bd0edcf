"""The ends of curves over the layers: all that many expectations speak of, and of many layers next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from ..spec import Expectation
from .csvtext import Row
from .ratios import with_sources

_ENDS = ("first", "last")


def asked_at_ends(expectations: Sequence[Expectation]) -> frozenset[str]:
    """The metrics of which no layer but the first or the last is asked for, nor a ratio of theirs."""
    inner = [with_sources([one.metric]) - ({one.metric} if one.layer in _ENDS else set()) for one in expectations]
    return frozenset({one.metric for one in expectations}.difference(*inner))


def asked(
    rows: Iterable[Row], columns: Sequence[str], metrics: frozenset[str], at_ends: frozenset[str]
) -> Iterator[Row]:
    """The rows of these metrics; of those `at_ends` no more than the first layer's and the last one's.

    rows: of summary.csv or theory.csv, cell by cell, each cell's in the order of layers.
    """
    layer, metric = columns.index("layer"), columns.index("metric")
    for _, of_cell in groupby(rows, itemgetter(0)):
        first, last = set(), {}
        for row in of_cell:
            name = row[metric]
            if name not in metrics or (name in at_ends and row[layer] == 0):
                continue
            if name in at_ends and name in first:
                last[name] = row
            else:
                first.add(name)
                yield row
        yield from last.values()
