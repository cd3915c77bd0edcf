"""The least and the greatest over seeds, of rows that come one by one and are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..spec import Expectation
from .csvtext import Row, Value

OVER: dict[str, Callable[[float, float], float]] = {"min": min, "max": max}
"""What an expectation may ask for."""

Place = tuple[Value, Value]  # cell, layer


class Extremes:
    """What expectations ask for of layers.csv, whose rows may be more than memory holds: one number of a cell and a
    layer, however many seeds there are.

    Blanks are left out. Of numbers that are not finite nothing is promised: summary.csv counts them.
    """

    def __init__(self, expectations: Iterable[Expectation]) -> None:
        asked = {(one.metric, one.over) for one in expectations if one.over in OVER}
        self._found: dict[tuple[str, str], dict[Place, float]] = {key: {} for key in sorted(asked)}

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self._found)

    def add(self, columns: Sequence[str], rows: Iterable[Row]) -> Extremes:
        """More rows of layers.csv."""
        cell, layer = columns.index("cell"), columns.index("layer")
        asked = [
            (columns.index(metric), OVER[over], found)
            for (metric, over), found in self._found.items()
            if metric in columns
        ]
        for row in rows if asked else ():
            place = row[cell], row[layer]
            for column, further, found in asked:
                value = row[column]
                if isinstance(value, int | float):
                    found[place] = further(found.get(place, value), float(value))
        return self

    def get(self, metric: str, over: str, place: Place) -> float | None:
        """None where nothing was measured; over: a key of OVER."""
        return self._found[metric, over].get(place)
