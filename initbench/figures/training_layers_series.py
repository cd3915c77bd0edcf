"""The data of the layers over training: signal and gradient across layers, at the steps at which they were measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from initbench.lab.tables import Tables
from initbench.spec import short

from .curves import Curve
from .grouping import Member, Style, evenly
from .histograms import run_line
from .panels import Quantity, line, panel, scale, spread
from .remarks import Panel
from .training_series import BROKEN, over_seeds, symmetric

STEM = "training_layers"
QUANTITIES = (
    Quantity("act_q", "activations", "activations", "mean square of h"),
    Quantity("grad_q", "gradients", "gradients", "mean square of ∂L/∂z"),
    Quantity("distinct_units", "distinct units", "distinct units", "distinct units", "count"),
)
MOST_CELLS, MOST_STEPS = 4, 6


def drawable(tables: Tables) -> bool:
    """Whether layers were measured at several steps."""
    frame = tables.training_layers
    return frame is not None and frame["step"].nunique() > 1 and bool(_shown(frame))


def compute(tables: Tables) -> dict[str, Any]:
    """A row of panels for each cell, a line for each step."""
    frame = tables.training_layers
    assert frame is not None
    there = [cell for cell in tables.cells["cell"] if cell in set(frame["cell"])]
    cells = [there[k] for k in evenly(len(there), MOST_CELLS)]
    steps = sorted(set(frame["step"].tolist()))
    steps = [steps[k] for k in evenly(len(steps), MOST_STEPS)]
    styles: dict[int, Style] = {step: k / (len(steps) - 1) for k, step in enumerate(steps)}
    shown = _shown(frame)
    frame = frame[frame["cell"].isin(cells) & frame["step"].isin(steps)]
    rows = {cell: dict(iter(part.groupby("step"))) for cell, part in frame.groupby("cell", sort=False)}
    panels = [_panel(tables, cell, rows[cell], one, styles, len(cells) > 1) for cell in cells for one in shown]
    for one in shown:
        alike = [each for each in panels if each["ylabel"] == one.ylabel]
        scale(alike, one.kind == "size" and spread(alike))
    several = _several(tables)
    notes = [f"Settings: {', '.join(short(axis, several) for axis in several)}."] if len(cells) > 1 else []
    if len(cells) < len(there):
        notes.append(f"{len(cells)} of {len(there)} are shown, evenly chosen.")
    return {
        "stem": STEM,
        "question": "What does training change? Signal and gradient across layers, step by step",
        "run": run_line(tables),
        "columns": len(shown),
        "legend": {"title": "step", "entries": [{"label": str(step), "style": styles[step]} for step in steps]},
        "key": [{"kind": "mean", "label": "mean over seeds, on training examples"}],
        "footnotes": notes,
        "panels": panels,
    }


def _shown(frame: pd.DataFrame) -> list[Quantity]:
    there = [one for one in QUANTITIES if one.metric in frame and frame[one.metric].notna().any()]
    return [one for one in there if one.metric != "distinct_units" or symmetric(frame)]


def _panel(
    tables: Tables,
    cell: str,
    steps: dict[Any, pd.DataFrame],
    quantity: Quantity,
    styles: dict[int, Style],
    named: bool,
) -> Panel:
    lines = [
        line(curve, quantity, Member(cell, f"step {step}", styles[step]), band=False)
        for step, part in steps.items()
        if len((curve := _curve(part, quantity.metric)).layer)
    ]
    title = _title(tables, cell) if named else quantity.title
    made = panel(title, quantity.ylabel, [quantity], lines, backward=quantity.metric == "grad_q")
    return {**made, "broken": BROKEN}


def _title(tables: Tables, cell: str) -> str:
    row = tables.cells[tables.cells["cell"] == cell].iloc[0]
    return ", ".join(str(row[axis]) for axis in _several(tables))


def _several(tables: Tables) -> list[str]:
    return [axis for axis in tables.axes if tables.cells[axis].nunique() > 1]


def _curve(part: pd.DataFrame, metric: str) -> Curve:
    """Of one cell at one step: a network that diverged before has no number."""
    values = part.pivot(index="layer", columns="seed", values=metric)
    return over_seeds(values, np.isfinite(values.to_numpy(np.float64)).any(axis=1))
