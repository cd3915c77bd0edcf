"""The metrics of plug-ins: one network at a time, on copies, so that no network can disturb another."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..catalogue.metrics import METRICS, Measure
from .measure import Part

Array = np.ndarray[Any, Any]


class CustomMetrics:
    """Those of a cell's metrics that plug-ins measure, by what they need.

    Raises PluginError where one cannot be loaded, and whenever one raises or gives no number.
    """

    def __init__(self, names: Collection[str]) -> None:
        records = [METRICS.find(name) for name in names]
        self._measures: dict[str, dict[str, Measure]] = {}
        for record in records:
            if record.measure is not None:
                self._measures.setdefault(record.needs, {})[record.name] = record.measure

    def need(self, what: str) -> bool:
        """Whether any of them needs `activation`, `preactivation` or `gradient`."""
        return what in self._measures

    def measure(self, needs: str, *arrays: Array) -> Part:
        """Those that need this, from their arrays, (S, B, N) each: `name` (S,), and `name?` where it exists.

        Networks with an entry that is not finite are nan without being measured.
        """
        measures = self._measures.get(needs)
        if not measures:
            return {}
        whole = np.logical_and.reduce([np.isfinite(array).all(axis=(1, 2)) for array in arrays])
        part: Part = {}
        for name, measure in measures.items():
            values, exists = np.full(len(whole), np.nan), np.ones(len(whole))
            for s in np.flatnonzero(whole):
                found = measure(*(array[s].copy() for array in arrays))
                values[s], exists[s] = (np.nan, 0.0) if found is None else (found, 1.0)
            part |= {name: values, f"{name}?": exists}
        return part
