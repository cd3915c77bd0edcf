"""Quantities of a cell whose networks were not kept one by one: what summary.csv and cells.csv say of all together."""

from __future__ import annotations

import math

from ...values import frozen
from .ends import DIVERGED
from .measured import Measured
from .quantities import RATIOS, Quantity, moments


@frozen
class Lot:
    """A mean over networks with its standard error, nan where that is not known; log10 for factors, -inf for 0.

    n: finite networks; blank: whether the quantity does not exist in this cell. notes: networks that do not count.
    """

    n: int
    mean: float
    stderr: float
    blank: bool = False
    notes: tuple[str, ...] = ()


def lot(quantity: Quantity, cell: Measured) -> Lot:
    """A quantity in all networks of a cell. Of a factor it is the mean that counts, not the mean of the logarithms; its
    standard error is the first-order one, stderr / (mean ln 10)."""
    if quantity.trained:
        return _end(quantity.metric, cell)
    found = moments(quantity.metric, quantity.place(cell.depth), cell)
    of = found.n + found.nonfinite
    lost = (f"not finite in {found.nonfinite} of {of}",) if found.nonfinite else ()
    if quantity.start:
        return _drift(quantity, cell, found.n if len(cell.rows) else int(cell.row["n_seeds"]), lost)
    if not of or not quantity.factor:
        return Lot(found.n, found.mean, found.sd / math.sqrt(found.n) if found.n else math.nan, not of, lost)
    if found.mean == 0:
        return Lot(found.n, -math.inf, math.nan, notes=(*lost, f"exactly 0 in {found.n} of {of}"))
    if not found.n:
        return Lot(0, math.nan, math.nan, notes=lost)
    stderr = found.sd / found.mean / math.sqrt(found.n) / math.log(10)
    return Lot(found.n, math.log10(found.mean), stderr, notes=lost)


def _drift(quantity: Quantity, cell: Measured, n: int, lost: tuple[str, ...]) -> Lot:
    if cell.depth == 1:
        return Lot(n, math.nan, math.nan, blank=True)  # one layer has no drift
    ratio = float(cell.row[RATIOS[quantity.metric]])
    if math.isnan(ratio):
        return Lot(n, math.nan, math.nan, not lost, lost)
    if ratio == 0:
        return Lot(n, -math.inf, math.nan, notes=(*lost, "exactly 0 in the end"))
    if math.isinf(ratio):
        return Lot(n, math.nan, math.nan, notes=(*lost, "beyond all numbers"))
    return Lot(n, math.log10(ratio) / quantity.steps(cell.depth), math.nan, notes=lost)


def _end(name: str, cell: Measured) -> Lot:
    """The mean that cells.csv has of trained networks: a loss is inf where one of them diverged."""
    if name not in cell.trained:
        return Lot(0, math.nan, math.nan, blank=True)
    n, mean = int(cell.row["n_seeds"]), float(cell.row[name])
    diverged = round(n * float(cell.row[DIVERGED]))
    notes = (f"diverged in {diverged} of {n}",) if diverged else ()
    return Lot(n, mean if math.isfinite(mean) else math.nan, math.nan, notes=notes)
