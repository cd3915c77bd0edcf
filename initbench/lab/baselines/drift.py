"""What is said of stored results beside their baseline: how much was compared, what is off, and the worst of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from ...values import frozen
from ..csvtext import Value

Array = np.ndarray[Any, Any]

EXACT, STATISTICAL = "exact", "statistical"
SHOWN = 10
"""Offences that are spelled out."""
ALL = 17
"""Digits that tell any two numbers apart."""

ROUNDING, ERRORS, CHANCE, WORD = "rounding", "standard errors", "chance", "word"
"""What `apart` is counted in: the number's own unit; standard errors; powers of ten of improbability; nothing."""


@frozen
class Offence:
    """A number, or word, beside that of the baseline.

    place: what it is and where. apart, allowed: in `unit`; it is off where `apart` is larger.
    """

    place: str
    here: Value
    there: Value
    apart: float
    allowed: float
    unit: str

    @property
    def share(self) -> float:
        """How many times what is allowed."""
        return float(_share(self.apart, self.allowed))

    @property
    def message(self) -> str:
        """Both numbers, and how far they are apart."""
        digits = ALL if self.unit == ROUNDING else 6
        numbers = f"{_shown(self.here, digits)} here, {_shown(self.there, digits)} in the baseline"
        if self.unit == WORD or math.isinf(self.apart):
            return f"{self.place}: {numbers}"
        if self.unit == CHANCE:
            odds = f"by chance once in {_odds(self.apart)}, alarm from once in {_odds(self.allowed)}"
            return f"{self.place}: {numbers} ({odds})"
        unit = f" {self.unit}" if self.unit == ERRORS else ""
        return f"{self.place}: {numbers} ({self.apart:.3g}{unit} apart, {self.allowed:.3g} allowed)"


@frozen
class Held:
    """What one cell has of one kind, held against the baseline.

    label: of the cell; what: of what they are, with {} for the name; names: (M,). here, there: the numbers or words;
    apart, allowed: see Offence, `apart` nan where nothing was compared; all (rows, M). first: the layer of the first
    row, -1 where rows are no layers; keys: what tells them apart then, (rows,) each.
    """

    label: str
    what: str
    names: tuple[str, ...]
    here: Array
    there: Array
    apart: Array
    allowed: Array
    unit: str
    first: int = 0
    keys: Mapping[str, Array] = field(default_factory=dict)

    @property
    def compared(self) -> Array:
        """Where there was something to compare, (rows, M)."""
        return ~np.isnan(self.apart)

    @property
    def shares(self) -> Array:
        """How many times what is allowed, (rows, M); -1 where nothing was compared."""
        return np.where(self.compared, _share(self.apart, self.allowed), -1.0)

    def offence(self, row: int, column: int) -> Offence:
        """One of them."""
        what = self.what.format(self.names[column])
        layer = f"layer {self.first + row}" if self.first >= 0 else ""
        place = (
            what,
            layer,
            *(f"{name} {_shown(_plain(values[row]), 6)}" for name, values in self.keys.items()),
            self.label,
        )
        here, there = (_plain(array[row, column]) for array in (self.here, self.there))
        apart, allowed = float(self.apart[row, column]), float(self.allowed[row, column])
        return Offence(", ".join(filter(None, place)), here, there, apart, allowed, self.unit)


@frozen
class Tally:
    """What was held against one another, counted: see Drift."""

    cells: int
    layers: int
    metrics: int
    comparisons: int
    off: int
    worst: tuple[Offence, ...]


@frozen
class Drift:
    """Stored results beside their baseline.

    mode: exact | statistical; why: that mode; rule: what counts as drift. cells, layers, metrics, comparisons: how many
    were compared. off: how many of the comparisons are beyond what is allowed; worst: the first SHOWN of those, worst
    first, or the nearest to it where there is none, empty where all are equal. only_here, only_there: what has no
    counterpart, which is drift too. left_out: what was not compared, and why.
    """

    mode: str
    why: str
    rule: str
    cells: int
    layers: int
    metrics: int
    comparisons: int
    off: int
    worst: tuple[Offence, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def drifted(self) -> bool:
        """Whether these are other results than the baseline's."""
        return bool(self.off or self.only_here or self.only_there)


def tally(held: Iterable[Held]) -> Tally:
    """Counts, with the worst of those that are off; where none is, the one that is nearest to it, unless all are equal.

    One after the other, none of them kept: tables may have many rows.
    """
    cells, metrics, layers, comparisons, off = set(), set(), 0, 0, 0
    found: list[tuple[float, int, int, int, Offence]] = []
    for k, one in enumerate(held):
        compared = one.compared
        if not compared.any():
            continue
        cells.add(one.label)
        if one.first >= 0:
            metrics |= {one.names[column] for column in np.flatnonzero(compared.any(axis=0))}
            layers = max(layers, len(compared))
        comparisons += int(compared.sum())
        shares = one.shares
        off += int((shares > 1).sum())
        for share, row, column in _largest(shares):
            if len(found) < SHOWN or -share < found[-1][0]:
                found = sorted([*found, (-share, k, row, column, one.offence(row, column))], key=_order)[:SHOWN]
    shown = tuple(offence for *_, offence in found[: max(1, off)])
    return Tally(len(cells), layers, len(metrics), comparisons, off, shown)


def _order(found: tuple[float, int, int, int, Offence]) -> tuple[float, int, int, int]:
    """The worst first; equals as they come."""
    return found[:4]


def _largest(shares: Array) -> Iterator[tuple[float, int, int]]:
    """The SHOWN largest shares of a cell, with their places; those that are equal in order."""
    for place in np.argsort(-shares, axis=None, kind="stable")[:SHOWN]:
        row, column = divmod(int(place), shares.shape[1])
        if shares[row, column] > 0:
            yield float(shares[row, column]), row, column


def distance(here: Array, there: Array) -> Array:
    """|here - there|; 0 for equals, blank or infinite ones too; inf where one is blank, or infinite, alone."""
    same = (here == there) | (np.isnan(here) & np.isnan(there))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(here - there)
    return np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))


def runs(numbers: Iterable[int]) -> str:
    """`1 to 4, 7`."""
    ends: list[list[int]] = []
    for number in sorted(numbers):
        if ends and number == ends[-1][1] + 1:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in ends)


def _share(apart: Array | float, allowed: Array | float) -> Array:
    with np.errstate(all="ignore"):
        share = np.divide(apart, allowed)
    return np.where(np.equal(apart, 0), 0.0, np.where(np.greater(allowed, 0) & np.isfinite(apart), share, np.inf))


def _odds(power: float) -> str:
    return f"{10**power:.3g}" if power < 300 else "1e300"


def _shown(value: Value, digits: int) -> str:
    if value is None or value == "" or value != value:
        return "nothing"
    if isinstance(value, float):
        return repr(value) if digits == ALL else f"{value:.{digits}g}"
    return str(value)


def _plain(value: Any) -> Value:
    """A number of an array as Python has it."""
    found: Value = value.item() if isinstance(value, np.generic) else value
    return found
