"""From summary.csv to curves over the layers, one per cell and metric, and how many cells share a panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from initbench.lab.tables import Tables

from .style import MAX_LINES

MAX_FACETS = 6
_SHADES = 5  # how many lines stand out where the others are grey

Floats = NDArray[np.float64]
Style = int | float | None  # see style.colour


@dataclass(frozen=True)
class Curve:
    """One metric of one cell across the layers where it was measured.

    n: the finite seeds. outside: where theory's numbers are beyond the range in which they are claimed to hold.
    """

    layer: NDArray[np.int64]
    n: NDArray[np.int64]
    nonfinite: NDArray[np.int64]
    mean: Floats
    median: Floats
    q05: Floats
    q95: Floats
    theory: Floats
    theory_sd: Floats
    outside: NDArray[np.bool_]

    def over(self, divisor: dict[int, float]) -> Curve:
        """The same curve as a share of a number that each layer has."""
        by = np.array([divisor.get(int(layer), math.nan) for layer in self.layer])
        columns = ("mean", "median", "q05", "q95", "theory", "theory_sd")
        return replace(self, **{name: getattr(self, name) / by for name in columns})


Curves = dict[str, dict[str, Curve]]  # metric -> cell -> curve


def curves(tables: Tables) -> Curves:
    """Every metric and cell with something measured: finite or not, but not blank."""
    summary = tables.summary.sort_values("layer", kind="stable")
    measured = ((summary["n"] > 0) | (summary["nonfinite"] > 0)).to_numpy()
    kept = measured | summary["theory"].notna().to_numpy()
    summary = summary.assign(outside=_outside(tables, summary))
    columns = {field.name: summary[field.name].to_numpy() for field in fields(Curve)}
    found: Curves = {}
    groups: Any = summary.reset_index(drop=True).groupby(["metric", "cell"], sort=False).indices
    for (metric, cell), rows in groups.items():
        if measured[rows].any():
            rows = rows[kept[rows]]
            curve = Curve(**{name: column[rows] for name, column in columns.items()})
            found.setdefault(str(metric), {})[str(cell)] = curve
    return found


def _outside(tables: Tables, summary: pd.DataFrame) -> NDArray[np.bool_]:
    """Of every row of the summary, whether theory.csv says that theory is out of its range there."""
    if tables.theory is None:
        return np.zeros(len(summary), dtype=bool)
    place = ["cell", "layer", "metric"]
    beyond = tables.theory.loc[tables.theory["within"] == "no", place]
    return pd.MultiIndex.from_frame(summary[place]).isin(pd.MultiIndex.from_frame(beyond))


def widths(tables: Tables) -> dict[str, dict[int, float]] | None:
    """cell -> layer -> how many units it has; None where the results were kept without their raw rows."""
    if tables.layers is None:
        return None
    rows = tables.layers[["cell", "layer", "fan_out"]].drop_duplicates()
    found: dict[str, dict[int, float]] = {}
    for cell, layer, units in zip(rows["cell"], rows["layer"], rows["fan_out"], strict=True):
        found.setdefault(str(cell), {})[int(layer)] = float(units)
    return found


@dataclass(frozen=True)
class Member:
    """One cell in one panel."""

    cell: str
    label: str
    style: Style


@dataclass(frozen=True)
class Facet:
    """The cells of one row of panels; `title` is empty where there is a single row."""

    title: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Grouping:
    """How the grid is spread over panels. entries: (label, style) of the legend."""

    facets: tuple[Facet, ...]
    legend_title: str
    entries: tuple[tuple[str, Style], ...]
    bands: bool = True
    note: str = ""


def short(axis: str, axes: Sequence[str]) -> str:
    """`initializer` for `network.initializer`, unless another axis ends the same."""
    tail = axis.rpartition(".")[2]
    return tail if sum(other.rpartition(".")[2] == tail for other in axes) == 1 else axis


def group(tables: Tables, shown: Sequence[str], size: dict[str, float]) -> Grouping:
    """Few cells share a panel; more are split by an axis, shaded along a numeric one, or greyed but for some.

    shown: the cells to be drawn, in grid order. size: what they are ranked by where only some can stand out.
    """
    rows = tables.cells[tables.cells["cell"].isin(set(shown))]
    values = {axis: dict(zip(rows["cell"], rows[axis], strict=True)) for axis in tables.axes}
    axes = [axis for axis in tables.axes if len(set(values[axis].values())) > 1]

    def label(cell: str, by: Sequence[str]) -> str:
        return ", ".join(str(values[axis][cell]) for axis in by)

    def title(by: Sequence[str]) -> str:
        return ", ".join(short(axis, axes) for axis in by)

    styles = _styles(shown, axes, values)
    if styles is not None:
        members = tuple(Member(cell, label(cell, axes), styles[cell]) for cell in shown)
        return Grouping((Facet("", members),), title(axes), _entries(members), len(shown) <= MAX_LINES)
    for axis in axes:
        rest = [other for other in axes if other != axis]
        levels = list(dict.fromkeys(values[axis][cell] for cell in shown))
        settings = list(dict.fromkeys(label(cell, rest) for cell in shown))
        first = {label(cell, rest): cell for cell in reversed(shown)}
        styles = _styles([first[setting] for setting in settings], rest, values)
        if len(levels) > MAX_FACETS or styles is None:
            continue
        facets = tuple(
            Facet(
                f"{short(axis, axes)} = {level}",
                tuple(
                    Member(cell, label(cell, rest), styles[first[label(cell, rest)]])
                    for cell in shown
                    if values[axis][cell] == level
                ),
            )
            for level in levels
        )
        members = tuple(Member(first[setting], setting, styles[first[setting]]) for setting in settings)
        return Grouping(facets, title(rest), _entries(members), len(settings) <= MAX_LINES)
    return _greyed(shown, axes, title(axes), label, size)


def _styles(cells: Sequence[str], axes: Sequence[str], values: dict[str, dict[str, str]]) -> dict[str, Style] | None:
    """The palette for a few, the ramp for many along one numeric axis, None where neither will do."""
    if len(cells) <= MAX_LINES:
        return {cell: index for index, cell in enumerate(cells)}
    if len(axes) != 1:
        return None
    texts = [values[axes[0]][cell] for cell in cells]
    if not all(map(is_number, texts)) or len(set(map(float, texts))) < len(cells):
        return None
    numbers = map(float, texts)
    order = sorted(cells, key=dict(zip(cells, numbers, strict=True)).__getitem__)
    return {cell: order.index(cell) / (len(order) - 1) for cell in cells}


def is_number(text: str) -> bool:
    """Whether a swept value is a finite number: `nan` and `inf` may be names."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _entries(members: Sequence[Member]) -> tuple[tuple[str, Style], ...]:
    """All of a palette; of a ramp the two ends and a few between."""
    if len(members) <= MAX_LINES:
        return tuple((member.label, member.style) for member in members)
    ordered = sorted(members, key=lambda member: member.style or 0.0)
    return tuple((ordered[k].label, ordered[k].style) for k in evenly(len(ordered), 7))


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0 .. count-1, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


def _greyed(shown: Sequence[str], axes: Sequence[str], title: str, label: object, size: dict[str, float]) -> Grouping:
    assert callable(label)
    ranked = sorted(shown, key=lambda cell: size.get(cell, -math.inf), reverse=True)
    chosen = {ranked[k]: index for index, k in enumerate(evenly(len(ranked), _SHADES))}
    members = tuple(Member(cell, label(cell, axes), chosen.get(cell)) for cell in shown)
    entries: list[tuple[str, Style]] = [(label(cell, axes), style) for cell, style in chosen.items()]
    if len(shown) > len(chosen):
        entries.append((f"{len(shown) - len(chosen)} others", None))
    return Grouping(
        (Facet("", members),),
        title,
        tuple(entries),
        bands=False,
        note=f"{len(shown)} settings; the highest, the lowest and some between are named, by where they end.",
    )
