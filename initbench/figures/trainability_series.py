"""The data of the trainability map: what training ends at over two swept keys, with theory's depth of 6 xi_c."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from initbench.lab.tables import Tables

from .heatmap_series import (
    LEAST,
    MOST_FACETS,
    Axes,
    Panel,
    axes_of,
    blanks,
    empty_panel,
    facets_of,
    number,
    numeric,
    ordered,
)
from .histograms import run_line

STEM = "trainability"
DEPTH = "network.depth"
DEPTHS_OF_MEMORY = 6.0
"""Beyond so many xi_c two inputs are one: networks do not train (Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017)."""


def drawable(tables: Tables) -> bool:
    """Whether training was swept over two keys, in enough cells."""
    return _column(tables) is not None and len(tables.cells) >= LEAST and _axes(tables) is not None


def compute(tables: Tables) -> dict[str, Any]:
    """A map for every setting of the other keys."""
    axes, column = _axes(tables), _column(tables)
    assert axes is not None
    assert column is not None
    facets = facets_of(tables.cells, axes)
    panels = [_map(cells, axes, title, column) for title, cells in facets[:MOST_FACETS]]
    notes = []
    if any(one["curve"] for one in panels):
        notes.append("Dashed: a depth of 6 xi_c by theory, beyond which no difference between two inputs is left.")
    if len(facets) > MOST_FACETS:
        notes.append(f"{len(facets) - MOST_FACETS} more settings are not shown.")
    notes += blanks([cells for _, cells in facets[:MOST_FACETS]], axes, [column], "no value after training")
    return {
        "stem": STEM,
        "question": "Which networks can be trained?",
        "run": run_line(tables),
        "columns": min(2, len(panels)),
        "footnotes": notes,
        "panels": panels,
    }


def _column(tables: Tables) -> str | None:
    """What the map shows: the accuracy, or where there are no labels the loss."""
    return next(
        (name for name in ("final_accuracy", "final_loss") if tables.cells.get(name, _NONE).notna().any()), None
    )


_NONE = pd.Series([], dtype=float)


def _axes(tables: Tables) -> Axes | None:
    """Depth stands upright where it is one of the two keys: memory reaches so many layers up."""
    axes = axes_of(tables)
    return Axes(axes.y, axes.x, axes.rest) if axes is not None and axes.x == DEPTH else axes


def _map(cells: pd.DataFrame, axes: Axes, title: str, column: str) -> Panel:
    x, y = ordered(cells[axes.x]), ordered(cells[axes.y])
    places = {(row[axes.y], row[axes.x]): row for row in cells.to_dict("records")}
    values = [[number(places.get((down, across), {}).get(column)) for across in x] for down in y]
    accuracy = column == "final_accuracy"
    return empty_panel("Accuracy after training" if accuracy else "Loss after training", title, axes, x, y) | {
        "kind": "share" if accuracy else "size",
        "label": "share of training examples" if accuracy else "training loss",
        "values": values,
        "curve": _memory(cells, axes, x, y) if "xi_c" in cells and axes.y == DEPTH and numeric(x) else None,
    }


def _memory(cells: pd.DataFrame, axes: Axes, x: list[str], y: list[str]) -> list[list[float]] | None:
    """Where depth = 6 xi_c runs through the map: [place along x, place along y] in cells, between the depths that are
    there; nothing where theory has no xi_c."""
    depths = np.array([float(text) for text in y])
    curve = []
    for place, across in enumerate(x):
        scales = cells.loc[cells[axes.x] == across, "xi_c"].dropna()
        if scales.empty or scales.iloc[0] <= 0:
            continue
        depth = DEPTHS_OF_MEMORY * float(scales.iloc[0])
        if depth <= depths[0] or depth >= depths[-1] or not math.isfinite(depth):
            inside = -0.5 if depth <= depths[0] else len(y) - 0.5
        else:
            inside = float(np.interp(math.log(depth), np.log(depths), np.arange(len(y))))
        curve.append([float(place), inside])
    return curve or None
