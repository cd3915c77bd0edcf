"""The data of the training curves: loss, accuracy, gradient norm and distinct units over the steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from initbench.lab.tables import Tables

from .curves import Curve, Floats
from .grouping import Facet, Grouping, group
from .histograms import run_line
from .panels import Quantity, line, panel, scale, spread
from .remarks import Panel

STEM = "training"
QUANTITIES = (
    Quantity("loss", "training loss", "training loss", "loss"),
    Quantity("test_accuracy", "accuracy", "accuracy on test examples", "share of test examples", "share"),
    Quantity("test_loss", "test loss", "loss on test examples", "loss"),
    Quantity("gradient_norm", "gradient norm", "gradient of all weights", "norm of the gradient"),
    Quantity(
        "distinct_units", "distinct units", "fewest distinct units of a hidden layer", "fewest distinct units", "count"
    ),
)
BROKEN = "diverged"
"""What is said of networks without a number: training stops them at a limit, long before they overflow."""
AT_MEASURED_STEPS = ("distinct_units",)
"""Columns that are blank at the steps at which layers are not measured."""


def drawable(tables: Tables) -> bool:
    """Whether anything was trained."""
    return tables.training is not None and not tables.training.empty


def compute(tables: Tables) -> dict[str, Any]:
    """A panel for each quantity, a line for each cell; rows of panels where there are too many lines for one."""
    frame = tables.training
    assert frame is not None
    shown = _shown(frame)
    found = {one.metric: _curves(frame, one.metric) for one in shown}
    cells = [cell for cell in tables.cells["cell"] if cell in found["loss"]]
    # Ranked by what is left of the loss: of many settings the best, the worst and some between are named.
    ends = {cell: -_end(found["loss"][cell].mean) for cell in cells}
    grouping = group(tables, cells, ends)
    panels = [_panel(one, facet, found[one.metric], grouping) for facet in grouping.facets for one in shown]
    for one in shown:
        alike = [each for each in panels if each["ylabel"] == one.ylabel]
        scale(alike, one.kind == "size" and spread(alike))
    return {
        "stem": STEM,
        "question": "Does it learn? Loss, accuracy and gradient over the steps of training",
        "run": run_line(tables),
        "columns": len(shown) if len(grouping.facets) > 1 else min(2, len(shown)),
        "legend": {
            "title": "" if len(cells) == 1 else grouping.legend_title,
            "entries": [{"label": label, "style": style} for label, style in grouping.entries if len(cells) > 1],
        },
        "key": _key(tables, panels),
        "footnotes": [grouping.note] if grouping.note else [],
        "panels": panels,
    }


def _shown(frame: pd.DataFrame) -> list[Quantity]:
    """The test's accuracy where examples have labels, else its loss; units where some networks have few that differ."""
    without = ["test_loss" if frame["test_accuracy"].notna().any() else "test_accuracy"]
    if not symmetric(frame):
        without.append("distinct_units")
    return [one for one in QUANTITIES if one.metric not in without and frame[one.metric].notna().any()]


def symmetric(frame: pd.DataFrame) -> bool:
    """Whether some networks have, at some step, few units that differ."""
    units = frame["distinct_units"]
    return bool(units.min() <= units.max() / 2)


def _curves(frame: pd.DataFrame, column: str) -> dict[str, Curve]:
    """cell -> the curve over its steps. A seed that has no number there, once others have, has diverged."""
    found = {}
    for cell, rows in frame.groupby("cell", sort=False):
        values = rows.pivot(index="step", columns="seed", values=column)
        measured = np.isfinite(values.to_numpy(np.float64)).any(axis=1)
        found[str(cell)] = over_seeds(values, measured | (column not in AT_MEASURED_STEPS))
    return found


def over_seeds(values: pd.DataFrame, kept: NDArray[np.bool_]) -> Curve:
    """The curve of a quantity over what the rows stand for, from one column for each seed, NaN where it has no number.

    kept: (rows,), those that the curve has.
    """
    array, steps = values.to_numpy(np.float64)[kept], values.index.to_numpy(np.int64)[kept]
    finite = np.isfinite(array)
    n = finite.sum(axis=1)
    blank = np.full(len(steps), math.nan)
    mean, median, q05, q95 = blank.copy(), blank.copy(), blank.copy(), blank.copy()
    for row in np.flatnonzero(n):
        found = array[row, finite[row]]
        mean[row], median[row] = found.mean(), np.median(found)
        q05[row], q95[row] = np.quantile(found, (0.05, 0.95))
    return Curve(
        layer=steps,
        n=n,
        nonfinite=array.shape[1] - n,
        mean=mean,
        median=median,
        q05=q05,
        q95=q95,
        theory=blank,
        theory_sd=blank,
        outside=np.zeros(len(steps), dtype=bool),
    )


def _end(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size and math.isfinite(values[-1]) else math.inf


def _panel(quantity: Quantity, facet: Facet, found: dict[str, Curve], grouping: Grouping) -> Panel:
    lines = [line(found[one.cell], quantity, one, grouping.bands) for one in facet.members if one.cell in found]
    made = panel(facet.title or quantity.title, quantity.ylabel, [quantity], lines, backward=False)
    return {**made, "xlabel": "step", "unit": "step", "broken": BROKEN}


def _key(tables: Tables, panels: list[Panel]) -> list[dict[str, str]]:
    lines = [one for each in panels for one in each["lines"]]
    counts = sorted(set(tables.cells["n_seeds"].tolist()))
    seeds = f"{counts[0]} seeds" if len(counts) == 1 else "all seeds"
    entries = [{"kind": "mean", "label": "one seed" if counts == [1] else f"mean over {seeds}"}]
    if any(one["low"] for one in lines):
        entries.append({"kind": "low", "label": "5 % to 95 % of the seeds"})
    if any(one["median"] for one in lines):
        entries.append({"kind": "median", "label": "median over seeds, where it departs"})
    if any(one["nonfinite"] for one in lines):
        entries.append({"kind": "nonfinite", "label": "seeds that diverged"})
    return entries
