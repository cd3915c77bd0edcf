"""What expectations ask of the steps of training, of rows that come one by one: only the numbers asked for are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..spec import Expectation
from .columns import TRAINING
from .csvtext import Row, Value

TABLES = ("training.csv", "training_layers.csv")
_LAYER = "layer"

Asked = tuple[str, int | str]  # metric, step
Found = dict[Value, dict[Value, dict[Value, Value]]]  # cell -> layer (None for the whole network) -> seed -> number


class Steps:
    """The numbers of every seed at the steps that expectations speak of."""

    def __init__(self, expectations: Iterable[Expectation]) -> None:
        asked = {(one.metric, one.step) for one in expectations if one.step is not None}
        self._found: dict[Asked, Found] = {key: {} for key in sorted(asked, key=str)}

    def wanted(self, name: str) -> bool:
        """Whether anything of a table is asked for."""
        return any(name == table_of(metric) for metric, _ in self._found)

    def add(self, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """More rows of one of the two tables, a seed's in order of its steps."""
        cell, seed, step = (columns.index(column) for column in ("cell", "seed", "step"))
        layer = columns.index(_LAYER) if _LAYER in columns else None
        asked = [
            (columns.index(metric), when, found)
            for (metric, when), found in self._found.items()
            if name == table_of(metric) and metric in columns
        ]
        for row in rows if asked else ():
            for column, when, found in asked:
                if when not in ("first", "last", row[step]):
                    continue
                values = found.setdefault(row[cell], {}).setdefault(None if layer is None else row[layer], {})
                if when != "first" or row[seed] not in values:
                    values[row[seed]] = row[column]

    def find(self, cell: Value, expectation: Expectation) -> Iterator[tuple[Value, list[Value]]]:
        """(layer, the value of every seed) for the layers of a cell that the expectation chooses."""
        found = self._found.get((expectation.metric, expectation.step or 0), {}).get(cell, {})
        layers: list[Value] = [layer for layer in found if layer]  # not the input, nor the whole network
        chosen = {"first": layers[:1], "last": layers[-1:], "all": layers}.get(str(expectation.layer))
        if None in found:
            chosen = [None]
        for layer in [expectation.layer] if chosen is None else chosen:
            if layer in found:
                yield layer, list(found[layer].values())


def statistic(values: Sequence[Value], over: str) -> tuple[float | None, float]:
    """A statistic over seeds, and the standard error of a mean (nan where there is none).

    None where every value is blank; nan where some networks have none, or nan, since they diverged.
    """
    if all(value is None for value in values):
        return None, math.nan
    array = np.array([math.nan if value is None else float(value) for value in values])
    if not np.isfinite(array).all():
        return math.nan, math.nan
    spread = float(np.std(array, ddof=1)) if len(array) > 1 else math.nan
    if over == "sd":
        return (None if math.isnan(spread) else spread), math.nan
    if over == "mean":
        return float(array.mean()), spread / math.sqrt(len(array))
    return float(np.quantile(array, {"min": 0.0, "median": 0.5, "max": 1.0}[over])), math.nan


def table_of(metric: str) -> str:
    """The table that has a metric step by step."""
    return TABLES[0] if metric in TRAINING and metric != "distinct_units" else TABLES[1]
