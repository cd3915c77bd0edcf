"""The data of the histograms: a ridge per layer, a panel per cell and quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from initbench.lab.tables import Tables
from initbench.spec import short

from .curves import Floats
from .grouping import evenly, is_number

MAX_LAYERS = 8
MAX_CELLS = 6
_COVERED = 0.999  # of each layer's counts that the x axis must reach
_SPIKE = 3.0  # a bin so many times higher than all others is cut, or it would flatten the rest

_QUESTION = "What do the layers hold? Distributions layer by layer"
_QUANTITIES = {
    "act": ("activations", "activation h"),
    "grad": ("gradients", "log₁₀ |∂L/∂z|"),
}


def drawable(tables: Tables) -> bool:
    """Whether anything was counted."""
    counts = tables.histograms
    return counts is not None and bool((counts["quantity"].isin(list(_QUANTITIES)) & (counts["count"] > 0)).any())


def compute(tables: Tables) -> dict[str, Any]:
    """See series.compute. Each ridge is scaled to its own highest bin."""
    assert tables.histograms is not None
    counts = tables.histograms
    counts = counts[counts["quantity"].isin(list(_QUANTITIES)) & counts["cell"].isin(list(tables.cells["cell"]))]
    present = set(counts["cell"])
    cells = [cell for cell in tables.cells["cell"] if cell in present]
    chosen = [cells[k] for k in evenly(len(cells), MAX_CELLS)]
    parts = dict(iter(counts[counts["cell"].isin(chosen)].groupby(["cell", "quantity"], sort=False)))
    quantities = [
        quantity
        for quantity in _QUANTITIES
        if any(parts[cell, quantity]["count"].sum() > 0 for cell in chosen if (cell, quantity) in parts)
    ]
    panels = [
        _panel(tables, cell, quantity, parts.get((cell, quantity), counts.iloc[:0]))
        for cell in chosen
        for quantity in quantities
    ]
    for quantity in range(len(quantities)):
        _share_limits(panels[quantity :: len(quantities)])
    return {
        "stem": "histograms",
        "question": _QUESTION,
        "run": run_line(tables),
        "columns": 2 if len(panels) > 1 else 1,
        "legend": {"title": "", "entries": []},
        "key": [],
        "footnotes": _footnotes(panels, len(cells), len(chosen)),
        "panels": panels,
    }


def run_line(tables: Tables) -> str:
    """What was run, in the runner's words."""
    manifest = tables.manifest
    return next((str(manifest[key]) for key in ("title", "description", "name") if manifest.get(key)), "")


def _footnotes(panels: Sequence[dict[str, Any]], cells: int, chosen: int) -> list[str]:
    lines = [line for one in panels for line in one["lines"]]
    notes = ["Counts over all seeds, inputs and units; every layer is scaled to its own highest bin."]
    if any(line["spike"] for line in lines):
        notes.append("Cut: a bin far above all others, drawn lower; the share of all counts that it holds is written.")
    if any(line["above"] for line in lines):
        notes.append("What is above the last bin is written; what is not a number is counted there.")
    if cells > chosen:
        notes.append(f"{chosen} of {cells} settings are shown, evenly chosen in the order of the grid.")
    return notes


def _panel(tables: Tables, cell: str, quantity: str, part: pd.DataFrame) -> dict[str, Any]:
    title, xlabel = _QUANTITIES[quantity]
    layers = sorted(int(layer) for layer in part["layer"].unique())
    by_layer = dict(iter(part.groupby("layer", sort=False)))
    lines = [_ridge(cell, quantity, layers[k], by_layer[layers[k]]) for k in evenly(len(layers), MAX_LAYERS)]
    label = _label(tables, cell)
    return {
        "title": f"{label}: {title}" if label else title,
        "xlabel": xlabel,
        "ylabel": "layer",
        "kind": "ridges",
        "lines": lines,
        "notes": [],
    }


def _label(tables: Tables, cell: str) -> str:
    """The swept values; a number alone says little, so its key stands with it."""
    row = tables.cells[tables.cells["cell"] == cell].iloc[0]
    axes = [axis for axis in tables.axes if tables.cells[axis].nunique() > 1]
    return ", ".join(f"{short(axis, axes)} {row[axis]}" if is_number(row[axis]) else str(row[axis]) for axis in axes)


def _ridge(cell: str, quantity: str, layer: int, part: pd.DataFrame) -> dict[str, Any]:
    """One layer: x are edges of bins, y the density between; below, above are the shares beyond all bins."""
    part = part.sort_values("low", kind="stable")
    low, high = part["low"].to_numpy(np.float64), part["high"].to_numpy(np.float64)
    count = part["count"].to_numpy(np.float64)
    total = float(count.sum())
    below, inside, above = np.isneginf(low), np.isfinite(low) & np.isfinite(high), np.isposinf(high)
    ridge: dict[str, Any] = {
        "label": f"layer {layer}",
        "cell": cell,
        "metric": quantity,
        "layer": layer,
        "total": total,
        "x": [],
        "y": [],
        "top": None,
        "spike": None,
        "below": float(count[below].sum() / total) if total else None,
        "above": float(count[above].sum() / total) if total else None,
        "range": [float(low[inside].min()), float(high[inside].max())] if inside.any() else None,
        "covered": None,
    }
    edges, held = np.append(low[inside], high[inside][-1:]), count[inside]
    full = np.flatnonzero(held)
    if full.size:
        first, last = int(full[0]), int(full[-1]) + 1
        density = held / (total * np.diff(edges))
        ridge["x"], ridge["y"] = edges[first : last + 1].tolist(), density[first:last].tolist()
        ridge["top"], ridge["spike"] = _top(edges, density, held / total)
        ridge["covered"] = _covered(edges, held)
    return ridge


def _top(edges: Floats, density: Floats, share: Floats) -> tuple[float, dict[str, float] | None]:
    """The density that the ridge's height stands for. A lone spike (ReLU's zeros) is cut there."""
    peak = int(density.argmax())
    others = np.delete(density, peak)
    second = float(others.max(initial=0.0))
    if second > 0 and density[peak] > _SPIKE * second:
        spike = {"low": float(edges[peak]), "high": float(edges[peak + 1]), "share": float(share[peak])}
        return 1.4 * second, spike
    return float(density[peak]), None


def _covered(edges: Floats, held: Floats) -> list[float]:
    """From the first to the last edge of all but the rarest counts."""
    summed = np.cumsum(held) / held.sum()
    first = int(np.searchsorted(summed, (1 - _COVERED) / 2, side="right"))
    last = int(np.searchsorted(summed, 1 - (1 - _COVERED) / 2, side="left"))
    return [float(edges[first]), float(edges[min(last, len(held) - 1) + 1])]


def _share_limits(panels: Sequence[dict[str, Any]]) -> None:
    """One x axis for all cells, as wide as what was counted."""
    lines = [line for one in panels for line in one["lines"]]
    spans = [line["covered"] for line in lines if line["covered"]]
    spans = spans or [line["range"] for line in lines if line["range"]]
    low = min((span[0] for span in spans), default=0.0)
    high = max((span[1] for span in spans), default=1.0)
    pad = 0.03 * (high - low) if math.isfinite(high - low) else 0.0
    for one in panels:
        one["xlim"], one["yscale"] = [low - pad, high + pad], "linear"
        one["ylim"] = [len(one["lines"]) - 0.35, -0.9]  # the first layer on top
