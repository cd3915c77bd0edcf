"""The data of the figures that show quantities across layers: panels and lines, in plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from initbench.lab.tables import Tables

from . import crowd, heatmap_series, histograms, trainability_series, training_layers_series, training_series
from .curves import Curve, Curves, curves, widths
from .grouping import Facet, Grouping, Member, group
from .panels import Quantity, line, panel, scale, spread
from .plans import CUSTOM, PLANS, Group, Plan, custom_plan
from .remarks import Panel, coinciding

STEMS = ("heatmap", "variance", "gradients", "histograms", "health", "cosine")
TRAINED = ("training", "training_layers", "trainability")
"""Figures that only tables with trained networks have."""
EVERY = (*STEMS, *TRAINED, CUSTOM)
"""Every figure that there can be, in order."""

OTHERS: dict[str, Any] = {
    "heatmap": heatmap_series,
    "histograms": histograms,
    "training": training_series,
    "training_layers": training_layers_series,
    "trainability": trainability_series,
}
"""Figures that do not show quantities across layers; each module says whether it is drawable, and computes it."""

_COINCIDENCES = 3  # footnotes about lines that lie on one another

Series = dict[str, Any]


def available(tables: Tables, found: Curves | None = None) -> tuple[str, ...]:
    """The figures that these tables have data for, in the order of EVERY.

    found: their `quantities`, for whoever asks more than once.
    """
    found = quantities(tables) if found is None else found
    return tuple(
        stem
        for stem in EVERY
        if (OTHERS[stem].drawable(tables) if stem in OTHERS else _present(_plan(stem, found), found))
    )


def compute(tables: Tables, stem: str, found: Curves | None = None) -> Series:
    """What the figure shows, as data that JSON can hold; found as in `available`."""
    if stem in OTHERS:
        others: Series = OTHERS[stem].compute(tables)
        return others
    found = quantities(tables) if found is None else found
    plan = _plan(stem, found)
    groups = _present(plan, found)
    shown = [
        cell
        for cell in tables.cells["cell"]
        if any(cell in found[quantity.metric] for one in groups for quantity in one.quantities)
    ]
    size = _size(found[groups[0].quantities[-1].metric], plan.backward)
    grouping = group(tables, shown, size)
    alone = len(shown) == 1
    panels, columns, entries = _single(groups, found, grouping, plan) if alone else _grid(groups, found, grouping, plan)
    if plan.shared:
        scale(panels, spread(panels))
    else:
        _scale_by_quantity(panels)
    return {
        "stem": stem,
        "question": plan.question,
        "run": histograms.run_line(tables),
        "columns": columns,
        "legend": {"title": "" if alone else grouping.legend_title, "entries": entries},
        "key": _key(tables, shown, panels),
        "footnotes": _footnotes(tables, shown, grouping, panels),
        "panels": panels,
    }


def _plan(stem: str, found: Curves) -> Plan:
    return custom_plan(found) if stem == CUSTOM else PLANS[stem]


def quantities(tables: Tables) -> Curves:
    """The measured metrics, and those that follow from them."""
    found = curves(tables)
    units = widths(tables)
    if "distinct_units" in found:
        if units is None:  # without the raw rows nobody knows how many units there are
            found["distinct_count"] = found["distinct_units"]
        else:
            found["distinct_share"] = {
                cell: curve.over(units.get(cell, {})) for cell, curve in found["distinct_units"].items()
            }
    if "act_var" in found and "act_var_batch" in found:
        total, within = found["act_var"], found["act_var_batch"]
        shares = {cell: _ratio(within[cell], total[cell]) for cell in within if cell in total}
        found["batch_share"] = {cell: share for cell, share in shares.items() if share.layer.size}
        if not found["batch_share"]:
            del found["batch_share"]
    return found


def _ratio(part: Curve, whole: Curve) -> Curve:
    """The ratio of the means over the seeds, and of theory's within its range, where there is one; a ratio of means has
    no quantiles."""
    known = np.where(whole.outside | ~(whole.theory > 0), math.nan, whole.theory)
    over, theory = (
        np.array([by.get(layer, math.nan) for layer in part.layer.tolist()])
        for by in (dict(zip(whole.layer.tolist(), of.tolist(), strict=True)) for of in (whole.mean, known))
    )
    keep = (over > 0) & np.isfinite(over) & np.isfinite(part.mean)
    theory[part.outside] = math.nan
    blank = np.full(int(keep.sum()), math.nan)
    return Curve(
        layer=part.layer[keep],
        n=part.n[keep],
        nonfinite=np.zeros(int(keep.sum()), dtype=np.int64),
        mean=part.mean[keep] / over[keep],
        median=blank,
        q05=blank,
        q95=blank,
        theory=part.theory[keep] / theory[keep],
        theory_sd=blank,
        outside=np.zeros(len(blank), dtype=bool),
    )


def _present(plan: Plan, found: Curves) -> list[Group]:
    groups = (
        replace(one, quantities=tuple(quantity for quantity in one.quantities if quantity.metric in found))
        for one in plan.groups
    )
    return [one for one in groups if one.quantities]


def _size(found: Mapping[str, Curve], backward: bool) -> dict[str, float]:
    """Where each cell's signal ends: at the last layer, backward at the first. Overflow ranks highest."""
    ends = {}
    for cell, curve in found.items():
        end = 0 if backward else -1
        ends[cell] = float(curve.mean[end]) if math.isfinite(curve.mean[end]) else math.inf
    return ends


def _single(
    groups: Sequence[Group], found: Curves, grouping: Grouping, plan: Plan
) -> tuple[list[Panel], int, list[dict[str, Any]]]:
    """One cell: a panel per group, a line per quantity."""
    cell = grouping.facets[0].members[0].cell
    names = list(dict.fromkeys(quantity.name for one in groups for quantity in one.quantities))
    panels = []
    for one in groups:
        lines = [
            line(
                found[quantity.metric][cell],
                quantity,
                Member(cell, quantity.name, names.index(quantity.name)),
                True,
            )
            for quantity in one.quantities
        ]
        several = len(one.quantities) > 1
        title, ylabel = (one.title, one.ylabel) if several else (one.quantities[0].title, one.quantities[0].ylabel)
        panels.append(panel(title, ylabel, one.quantities, lines, plan.backward))
    several = any(len(one.quantities) > 1 for one in groups)
    entries = [{"label": name, "style": style} for style, name in enumerate(names)] if several else []
    return panels, min(len(panels), 2), entries


def _grid(
    groups: Sequence[Group], found: Curves, grouping: Grouping, plan: Plan
) -> tuple[list[Panel], int, list[dict[str, Any]]]:
    """Several cells: a panel per quantity, a line per cell; a row of panels per facet."""
    entries = [{"label": label, "style": style} for label, style in grouping.entries]
    faceted = len(grouping.facets) > 1
    tallest = max(len(one.quantities) for one in groups)
    if faceted or len(groups) == 1 or tallest == 1:
        order = [quantity for one in groups for quantity in one.quantities]
        columns = len(order) if faceted or len(order) < 4 else 2
    else:  # a column per group, a row per quantity
        ragged = len({len(one.quantities) for one in groups}) > 1
        order = [one.quantities[row] for row in range(tallest) for one in groups if row < len(one.quantities)]
        columns = 2 if ragged else len(groups)
    panels = [
        panel(
            facet.title or quantity.title,
            quantity.ylabel,
            [quantity],
            _lines(found[quantity.metric], quantity, facet, grouping.bands),
            plan.backward,
        )
        | crowded(found[quantity.metric], quantity, facet)
        for facet in grouping.facets
        for quantity in order
    ]
    return panels, columns, entries


def _lines(found: Mapping[str, Curve], quantity: Quantity, facet: Facet, bands: bool) -> list[dict[str, Any]]:
    return [line(found[member.cell], quantity, member, bands) for member in facet.members if member.cell in found]


def crowded(found: Mapping[str, Curve], quantity: Quantity, facet: Facet) -> dict[str, Any]:
    """What stands for all cells of a panel, where only some have lines."""
    there = [found[cell] for cell in facet.crowd if cell in found]
    return {"crowd": crowd.summary(there, quantity.kind == "size")} if there else {}


def _scale_by_quantity(panels: list[Panel]) -> None:
    """Panels of the same quantity have the same axes, so that facets compare; all sizes are drawn alike."""
    rows: dict[str, list[Panel]] = {}
    for one in panels:
        rows.setdefault(one["ylabel"], []).append(one)
    log = {kind: any(spread(row) for row in rows.values() if row[0]["kind"] == kind) for kind in ("size", "ratio")}
    for row in rows.values():
        scale(row, log.get(row[0]["kind"], False))


def _key(tables: Tables, shown: Sequence[str], panels: Sequence[Panel]) -> list[dict[str, str]]:
    """The legend of the styles: only of those that the figure has."""
    lines = [one for each in panels for one in each["lines"]]
    counts = {int(n) for n in tables.cells.loc[tables.cells["cell"].isin(set(shown)), "n_seeds"]}
    seeds = f"{min(counts)} seeds" if len(counts) == 1 else "all seeds"
    entries = [{"kind": "mean", "label": "one seed" if counts == {1} else f"mean over {seeds}"}]
    for kind, label in (
        ("low", "5 % to 95 % of the seeds"),
        ("median", "median over seeds, where it departs"),
        ("theory", "theory: mean over networks"),
        ("theory_low", "theory: 68 % of networks"),
        ("theory_outside", "theory beyond the range it is stated for: hatched, pale"),
    ):
        if any(one[kind] for one in lines):
            entries.append({"kind": kind, "label": label})
    if any("crowd" in one for one in panels):
        entries += [{"kind": kind, "label": band.label} for kind, band in crowd.BANDS.items()]
    if any(one["nonfinite"] for one in lines):
        entries.append({"kind": "nonfinite", "label": "no finite number"})
    if any(one["zero"] and each["yscale"] == "log" for each in panels for one in each["lines"]):
        entries.append({"kind": "zero", "label": "exactly 0"})
    return entries


def _footnotes(tables: Tables, shown: Sequence[str], grouping: Grouping, panels: Sequence[Panel]) -> list[str]:
    notes = [grouping.note] if grouping.note else []
    theory = any(line["theory"] for one in panels for line in one["lines"])
    if theory and not all(member.theory for facet in grouping.facets for member in facet.members):
        notes.append("Theory is drawn for the settings that the legend names.")
    notes += _hidden(panels, len(grouping.facets) > 1)
    missing = len(tables.cells) - len(shown)
    if missing:
        notes.append(f"{missing} of {len(tables.cells)} settings have nothing to show here.")
    return notes


def _hidden(panels: Sequence[Panel], faceted: bool) -> list[str]:
    """Which lines lie on one another, so that no line is missed that another hides; panels alike are named together."""
    where: dict[tuple[str, ...], list[str]] = {}
    for one in panels:
        for labels in coinciding(one):
            place = f"{one['title']}, {one['ylabel']}" if faceted else one["title"]
            where.setdefault(labels, []).append(place)
    notes = []
    for labels, places in where.items():
        few = "; ".join(places[:2]) + (f"; and {len(places) - 2} more" if len(places) > 2 else "")
        names = f"{', '.join(labels[:-1])} and {labels[-1]}"
        notes.append(f"{names} coincide ({few}).")
    rest = len(notes) - _COINCIDENCES
    return notes if rest <= 0 else [*notes[:_COINCIDENCES], f"{rest} more groups of lines coincide."]
