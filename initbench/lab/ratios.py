"""What theory says of the ratios in cells.csv: they follow from its means at the first and the last layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from .csvtext import Value

_FORWARD, _BACKWARD = ("act_q_ratio", "forward_rate"), ("grad_q_ratio", "backward_rate")
_RATES = (_FORWARD[1], _BACKWARD[1])
_SOURCE = {**dict.fromkeys(_FORWARD, "act_q"), **dict.fromkeys(_BACKWARD, "grad_q")}


def with_sources(metrics: Iterable[str]) -> set[str]:
    """These metrics and columns, and the metrics that the ratios among them are of."""
    named = set(metrics)
    return named | {_SOURCE[metric] for metric in named & _SOURCE.keys()}


def theory_of(column: str, rows_of: Callable[[str], Sequence[Mapping[str, Value]]]) -> float:
    """Theory's value of a column of a cell; nan where it has none.

    rows_of: the cell's rows of summary.csv for a metric, in the order of layers.
    """
    rows = [row for row in rows_of(_SOURCE[column]) if row["layer"] != 0] if column in _SOURCE else []
    if len(rows) < 2:
        return math.nan
    begin, end = (rows[0], rows[-1]) if column in _FORWARD else (rows[-1], rows[0])
    first, last = (math.nan if row["theory"] is None else float(row["theory"]) for row in (begin, end))
    if not 0 < first < math.inf or not last >= 0:
        return math.nan
    return (last / first) ** (1 / (len(rows) - 1)) if column in _RATES else last / first
