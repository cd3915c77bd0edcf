"""What a panel cannot show, in words: numbers that have no place on its axes, lines that lie on one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import crowd
from .curves import Floats

_HIDDEN = 0.006  # share of the axis within which one line lies under another

Line = dict[str, Any]
Panel = dict[str, Any]


def coinciding(panel: Panel) -> list[tuple[str, ...]]:
    """The labels of lines that lie on one another everywhere, as the panel shows them; one of them hides the rest."""
    groups: list[list[Line]] = []
    for one in panel["lines"]:
        if not isinstance(one["style"], int) or all(value is None for value in one["y"]):
            continue  # of a ramp, and of the greyed, nobody looks for a single line
        same = next((group for group in groups if _coincide(group[0], one, panel)), None)
        if same is None:
            groups.append([one])
        else:
            same.append(one)
    return [tuple(one["label"] for one in group) for group in groups if len(group) > 1]


def _coincide(one: Line, other: Line, panel: Panel) -> bool:
    if one["x"] != other["x"]:
        return False
    first, second = _height(one["y"], panel), _height(other["y"], panel)
    seen = ~(np.isnan(first) & np.isnan(second))  # where both have left the axis, their notes and marks tell them apart
    return int(seen.sum()) >= min(2, len(one["x"])) and bool(np.all(np.abs(first - second)[seen] <= _HIDDEN))


def _height(values: Sequence[float | None], panel: Panel) -> Floats:
    """Where on the axis values are drawn, as a share of its length; nan where they are not."""
    found = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    low, high = panel["ylim"]
    if panel["yscale"] == "log":
        found = np.log10(np.where(found > 0, found, math.nan))
        low, high = math.log10(low), math.log10(high)
    share = (found - low) / (high - low)
    return np.where((share < 0) | (share > 1), math.nan, share)


def notes(panel: Panel) -> list[dict[str, Any]]:
    """What the axes cannot show, said once for all lines that it holds of; of a crowd, for those that have names."""
    lines = [one for one in panel["lines"] if isinstance(one["style"], int if "crowd" in panel else int | float)]
    said: dict[tuple[str, str], list[str]] = {}
    for one in lines:
        for kind in ("nonfinite", "zero", "below", "above"):
            if one[kind]:
                drawn = [x for x, y in zip(one["x"], one["y"], strict=True) if y is not None and y > 0]
                present = drawn if kind in ("below", "above") else one["x"]
                where = _where(one[kind], present, panel["backward"], panel.get("unit", "layer"))
                text = _said(one, kind, panel, where)
                said.setdefault((kind, text), []).append(one["label"])
    everyone = None if "crowd" in panel else len(panel["lines"])
    found = [
        {"kind": kind, "text": text, "labels": labels if len(labels) != everyone else []}
        for (kind, text), labels in said.items()
    ]
    crowded = crowd.notes(panel) if "crowd" in panel else []
    alone = {kind for kind, _ in said} & {"below", "above"}  # whoever is named goes as far as any
    return [*(note for note in crowded if note["kind"] not in alone), *found]


def _said(one: Line, kind: str, panel: Panel, where: str) -> str:
    if kind == "zero":
        return f"exactly 0 {where}"
    if kind == "nonfinite":
        broken, seeds = one["nonfinite_seeds"]
        part = f" ({broken} of {seeds} seeds)" if broken < seeds else ""
        broke = panel.get("broken") or ("overflows" if panel["kind"] == "size" else "not finite")
        return f"{broke} {where}{part}"
    values = [y for y in one["y"] if y is not None and y > 0]
    end = f"down to {min(values):.0e}" if kind == "below" else f"up to {max(values):.0e}"
    return f"off the axis {where}, {end}"


def _where(layers: Sequence[int], present: Sequence[int], backward: bool, unit: str) -> str:
    """`from layer 12 on`: the stretch in the direction in which the signal travels, or in which steps are taken."""
    count = len(layers)
    if count == len(present):
        return f"at every {unit}"
    tail, head = list(present[-count:]) == list(layers), list(present[:count]) == list(layers)
    if count == 1:
        return f"at {unit} {layers[0]}"
    if tail:
        return f"at {unit}s {layers[0]}–{layers[-1]}" if backward else f"from {unit} {layers[0]} on"
    if head:
        return f"from {unit} {layers[-1]} down" if backward else f"up to {unit} {layers[-1]}"
    return f"at {count} of {len(present)} {unit}s, the first {layers[0]}"
