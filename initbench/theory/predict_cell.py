"""The prediction of one cell: every scalar metric, layer by layer, for the network as it is configured."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..blas import alone
from ..catalogue.metrics import METRICS
from ..spec import Cell
from .backward import backward_spread
from .bands import Band
from .curves import Line, forward_lines
from .dead import dead_fraction
from .forward import forward_spread
from .gradients import backward_lines
from .jacobian import jacobian_lines
from .kernel import Trajectory, trajectory
from .notes import notes
from .precision import out_of_range
from .prediction import Curve, Prediction
from .unspread import NO_SPREAD, unspread_bands

Array = np.ndarray[Any, Any]

SHARED = "all seeds share these inputs"
OUTSIDE = "outside the range in which theory's numbers of finite networks hold"
BEYOND = "beyond the numbers of the network's dtype"
UNDERIVED = "the mean at this width is not derived; infinite width's value stands here"

SQUARES = ("act_q", "act_var", "act_var_batch")
"""Metrics of a shared batch that are measured to all digits: sums of squares, in which nothing cancels."""


with alone():  # NumPy's libraries are looked for as this is loaded, not at the first prediction
    pass


@alone()
def predict_cell(cell: Cell) -> Prediction:
    """What the networks of a cell should show. Overflow to inf is a prediction as well.

    Raises ParameterError where a data file changed since it was read.
    """
    with np.errstate(all="ignore"):
        t = trajectory(cell)
        dead = dead_fraction(t, cell.dtype)
        lines = forward_lines(t, cell.dtype, dead) | backward_lines(t, dead) | jacobian_lines(t, cell.metrics)
        bands = _bands(t, {name: one for name, one in lines.items() if name in cell.metrics}, cell.dtype)
        far = out_of_range(t, cell.dtype)
        records = [record for record in METRICS if record.name in lines and record.name in cell.metrics]
        curves = {
            record.name: _curve(t, record.name, lines[record.name], bands[record.name], far[record.needs == "gradient"])
            for record in records
        }
        return Prediction(curves, notes(t, curves))


def _bands(t: Trajectory, lines: dict[str, Line], dtype: str) -> dict[str, Band]:
    """Of every line."""
    forward = forward_spread(t)
    spread = {**forward.bands, **backward_spread(t, forward).bands}
    rest = {name: line for name, line in lines.items() if name not in spread}
    return {**unspread_bands(t, forward, rest, dtype), **spread}


def _curve(t: Trajectory, name: str, line: Line, band: Band, far: Array) -> Curve:
    """A metric with its band; far: where the cell's dtype cannot hold the numbers, (L + 1,) bool."""
    blank = np.isnan(line.values)
    derived = ~np.isnan(band.mean)
    mean = np.where(blank | ~derived, line.values, band.mean)
    sd, within = np.where(blank, np.nan, band.sd), band.within & ~far & ~blank
    if t.start.measured and name in SQUARES:
        sd[0] = 0.0
    reasons = np.array(line.reasons, object)
    unspread = ~blank & np.isnan(sd)
    reasons[unspread] = band.reason or NO_SPREAD
    if t.start.measured and unspread[0]:
        reasons[0] = SHARED
    outside = ~blank & ~within
    reasons[outside & derived], reasons[outside & ~derived] = OUTSIDE, UNDERIVED
    for row, why in band.why.items():
        if outside[row]:
            reasons[row] = why
    reasons[~blank & far] = BEYOND
    return Curve(line.values, mean, sd, within, tuple(reasons.tolist()))
