"""The prediction of one cell: every scalar metric, layer by layer, for the network as it is configured."""

from __future__ import annotations

import numpy as np

from ..catalogue.metrics import METRICS
from ..spec import Cell
from .curves import forward_lines
from .dead import dead_fraction
from .gradients import backward_lines
from .kernel import trajectory
from .prediction import Curve, Prediction


def predict_cell(cell: Cell) -> Prediction:
    """What the networks of a cell should show. Raises ParameterError where a data file changed since it was read."""
    t = trajectory(cell)
    dead = dead_fraction(t)
    lines = forward_lines(t, cell.dtype, dead) | backward_lines(t, dead)
    curves = {}
    for record in METRICS:
        if record.scalar and record.name in cell.metrics:
            found = lines[record.name]
            curves[record.name] = Curve(
                found.values, found.values, np.full(t.depth + 1, np.nan), np.ones(t.depth + 1, bool), found.reasons
            )
    return Prediction(curves, ())
