"""The data of the heat maps: what becomes of signal and gradient over two swept keys, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import pandas as pd

from initbench.lab.tables import Tables

from ..values import frozen
from .histograms import run_line

STEM = "heatmap"
LEAST = 6
"""Cells from which a map says more than lines."""
MOST_FACETS = 4
KINDS = (
    ("act_q_ratio", "Forward: last layer / layer 1", "mean square of h, last layer / layer 1", "act_q"),
    ("grad_q_ratio", "Backward: layer 1 / last layer", "mean square of ∂L/∂z, layer 1 / last layer", "grad_q"),
)
WRITTEN = 14
"""Rows and columns up to which numbers stand in the cells."""
_WHY = {"failed": "a cell that failed", "overflow": "an overflow"}
"""Why a cell has no value, by its verdict."""
VERDICTS = ("stable", "vanishing", "exploding", "saturated", "dead", "symmetric", "overflow", "failed")

Panel = dict[str, Any]


@frozen
class Axes:
    """x, y: the swept keys of the map; rest: those that tell the facets apart."""

    x: str
    y: str
    rest: tuple[str, ...]


def drawable(tables: Tables) -> bool:
    """Whether two keys are swept over enough cells."""
    return len(tables.cells) >= LEAST and axes_of(tables) is not None


def compute(tables: Tables) -> dict[str, Any]:
    """Panels in rows, one row for every setting of the other keys."""
    axes = axes_of(tables)
    assert axes is not None
    facets = facets_of(tables.cells, axes)
    theory = _theory(tables)
    panels: list[Panel] = []
    for title, cells in facets[:MOST_FACETS]:
        panels += _row(cells, axes, title, theory)
    hidden = len(facets) - MOST_FACETS
    notes = [f"{hidden} more settings of {', '.join(map(short, axes.rest))} are not shown."] if hidden > 0 else []
    if any(crossing(panel) for panel in panels):
        notes.append(
            "Dashed: where theory (infinite width) has a ratio of 1, the boundary between vanishing and exploding."
        )
    columns = [column for column, *_ in KINDS if tables.cells[column].notna().any()]
    notes += blanks([cells for _, cells in facets[:MOST_FACETS]], axes, columns, "0/0")
    return {
        "stem": STEM,
        "question": "Which settings keep signal and gradient alive?",
        "run": run_line(tables),
        "columns": len(panels) // min(len(facets), MOST_FACETS),
        "footnotes": notes,
        "panels": panels,
    }


def crossing(panel: Panel) -> bool:
    """Whether theory's ratios go through 1 on a map: only then there is a line to draw."""
    powers = [math.log10(value) for row in panel["theory"] or () for value in row if value is not None]
    return min(len(panel["x"]), len(panel["y"])) > 1 and bool(powers) and min(powers) < 0 < max(powers)


def blanks(facets: Sequence[pd.DataFrame], axes: Axes, columns: Sequence[str], otherwise: str) -> list[str]:
    """What stands where there is no value, as a footnote, if there is such a place. otherwise: in cells whose
    verdict does not say."""
    marks: dict[str, dict[str, None]] = {}
    for cells in facets:
        x, y = ordered(cells[axes.x]), ordered(cells[axes.y])
        places = {(row[axes.y], row[axes.x]): row for row in cells.to_dict("records")}
        mark = "·" if max(len(x), len(y)) <= WRITTEN else "White"
        for row in (places.get(place) for place in product(y, x)):
            if row is None:
                marks.setdefault(mark, {})["settings that are not in the grid"] = None
            elif any(number(row[column]) is None for column in columns):
                marks.setdefault(mark, {})[_WHY.get(row["verdict"], otherwise)] = None
    return [f"{mark} stands for: {'; '.join(reasons)}." for mark, reasons in marks.items()]


def short(key: str) -> str:
    """`network.initializer.gain` -> `initializer.gain`, `network.depth` -> `depth`."""
    return key.split(".", 1)[-1]


def axes_of(tables: Tables) -> Axes | None:
    """The two keys with the most values; the longer labels read better along y. A key that goes with others, such as
    one zipped with them, tells nothing apart."""
    cells = tables.cells
    counts = {key: cells[key].nunique() for key in tables.axes}
    several = sorted((key for key in counts if counts[key] > 1), key=lambda key: -counts[key])
    chosen = several[:1]
    for key in several[1:]:
        if (cells.groupby(chosen, sort=False)[key].nunique() > 1).any():
            chosen.append(key)
    if len(chosen) < 2:
        return None
    first, second = sorted(chosen[:2], key=tables.axes.index)
    longest = {key: max(map(len, cells[key].map(str))) for key in (first, second)}
    y, x = (first, second) if longest[first] >= longest[second] else (second, first)
    return Axes(x, y, tuple(key for key in tables.axes if key in chosen[2:]))


def facets_of(cells: pd.DataFrame, axes: Axes) -> list[tuple[str, pd.DataFrame]]:
    """A title and the cells of every setting of the other keys, in the order of the file."""
    if not axes.rest:
        return [("", cells)]
    values = [list(dict.fromkeys(cells[key])) for key in axes.rest]
    found = []
    for point in product(*values):
        chosen = cells
        for key, value in zip(axes.rest, point, strict=True):
            chosen = chosen[chosen[key] == value]
        if len(chosen):
            found.append(
                (", ".join(f"{short(key)} {value}" for key, value in zip(axes.rest, point, strict=True)), chosen)
            )
    return found


def _row(cells: pd.DataFrame, axes: Axes, title: str, theory: dict[tuple[str, str], float]) -> list[Panel]:
    x, y = ordered(cells[axes.x]), ordered(cells[axes.y])
    places = {(row[axes.y], row[axes.x]): row for row in cells.to_dict("records")}
    panels = []
    for column, name, label, metric in KINDS:
        if not cells[column].notna().any():
            continue
        values = [[number(places.get((down, across), {}).get(column)) for across in x] for down in y]
        lines = [[theory.get((places.get((down, across), {}).get("cell", ""), metric)) for across in x] for down in y]
        panels.append(empty_panel(name, title, axes, x, y) | {"kind": "ratio", "label": label, "values": values})
        panels[-1]["theory"] = lines if numeric(x) and numeric(y) and any(map(any, lines)) else None
    words = [[places.get((down, across), {}).get("verdict", "") for across in x] for down in y]
    panels.append(empty_panel("Verdict", title, axes, x, y) | {"kind": "verdict", "words": words, "theory": None})
    return panels


def empty_panel(name: str, title: str, axes: Axes, x: Sequence[str], y: Sequence[str]) -> Panel:
    """A map without its values."""
    return {
        "title": f"{name} ({title})" if title else name,
        "xlabel": short(axes.x),
        "ylabel": short(axes.y),
        "x": list(x),
        "y": list(y),
        "upward": numeric(y),  # numbers grow upwards, names are read downwards
    }


def ordered(column: pd.Series[Any]) -> list[str]:
    """The values in the order of the file, numbers by size."""
    values = [str(value) for value in dict.fromkeys(column)]
    return sorted(values, key=float) if numeric(values) else values


def numeric(values: Sequence[str]) -> bool:
    """Whether all are finite numbers."""
    try:
        return all(math.isfinite(float(value)) for value in values)
    except ValueError:
        return False


def number(value: Any) -> float | str | None:
    """As JSON has them: `inf` is a word, what is absent is null."""
    if value is None or math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else "inf"


def _theory(tables: Tables) -> dict[tuple[str, str], float]:
    """(cell, metric) -> the ratio at infinite width, forward last / first layer, backward first / last."""
    if tables.theory is None:
        return {}
    frame = tables.theory[tables.theory["metric"].isin([kind[3] for kind in KINDS]) & (tables.theory["layer"] > 0)]
    found = {}
    for group, rows in frame.groupby(["cell", "metric"], sort=False):
        cell, metric = map(str, group)
        ends = rows.sort_values("layer")["infinite_width"].to_numpy()
        top, bottom = (ends[0], ends[-1]) if metric == "grad_q" else (ends[-1], ends[0])
        if math.isfinite(top) and math.isfinite(bottom) and bottom > 0 and top > 0:
            found[cell, metric] = float(top / bottom)
    return found
