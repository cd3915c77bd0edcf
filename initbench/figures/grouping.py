"""How the cells of a grid share panels: which of them have lines, of which colours, and what the legend says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from initbench.lab.tables import Tables
from initbench.spec import short

from ..values import frozen
from .style import MAX_LINES

MAX_FACETS = 6
MOST = 200
"""Up to so many cells of a panel have a line each; of more, some have, and bands stand for all."""
_RAMP = 41  # lines of more than MOST along a number
_CLEAR = 21  # lines along a number up to which each has its theory; of more, those that the legend names
_NAMED = 7
_SHADES = 5  # how many lines stand out where the others are grey

Style = int | float | None  # see style.colour


@frozen
class Member:
    """One cell in one panel. theory: whether its theory is drawn beside it."""

    cell: str
    label: str
    style: Style
    theory: bool = True


@frozen
class Facet:
    """The cells of one row of panels; `title` is empty where there is a single row.

    crowd: all of its cells, where only some are members and have lines.
    """

    title: str
    members: tuple[Member, ...]
    crowd: tuple[str, ...] = ()


@frozen
class Grouping:
    """How the grid is spread over panels. entries: (label, style) of the legend."""

    facets: tuple[Facet, ...]
    legend_title: str
    entries: tuple[tuple[str, Style], ...]
    bands: bool = True
    note: str = ""


def group(tables: Tables, shown: Sequence[str], size: dict[str, float]) -> Grouping:
    """Few cells share a panel; more are split by an axis, shaded along a numeric one, or greyed but for some; of very
    many only some are drawn.

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
        facet = _facet("", members)
        return Grouping((facet,), title(axes), _entries(facet.members), len(shown) <= MAX_LINES, _thinned([facet]))
    for axis in axes:
        rest = [other for other in axes if other != axis]
        levels = list(dict.fromkeys(values[axis][cell] for cell in shown))
        settings = list(dict.fromkeys(label(cell, rest) for cell in shown))
        first = {label(cell, rest): cell for cell in reversed(shown)}
        styles = _styles([first[setting] for setting in settings], rest, values)
        if len(levels) > MAX_FACETS or styles is None:
            continue
        facets = tuple(
            _facet(
                f"{short(axis, axes)} = {level}",
                tuple(
                    Member(cell, label(cell, rest), styles[first[label(cell, rest)]])
                    for cell in shown
                    if values[axis][cell] == level
                ),
            )
            for level in levels
        )
        every = _facet("", tuple(Member(first[setting], setting, styles[first[setting]]) for setting in settings))
        return Grouping(facets, title(rest), _entries(every.members), len(settings) <= MAX_LINES, _thinned(facets))
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
    return {cell: place / (len(order) - 1) for place, cell in enumerate(order)}


def _facet(title: str, members: tuple[Member, ...]) -> Facet:
    """Of too many along a number, lines for some that are evenly spread, and theory for even fewer."""
    if len(members) <= _CLEAR:
        return Facet(title, members)
    ordered = sorted(members, key=lambda member: member.style or 0.0)
    if crowd := len(members) > MOST:
        ordered = [ordered[k] for k in evenly(len(ordered), _RAMP)]
    named = {member.label for member in _named(ordered)}
    drawn = {member.cell: replace(member, theory=member.label in named) for member in ordered}
    few = tuple(drawn[member.cell] for member in members if member.cell in drawn)
    return Facet(title, few, tuple(member.cell for member in members) if crowd else ())


def _named(members: Sequence[Member]) -> list[Member]:
    """Of a ramp, the two ends and a few between."""
    ordered = sorted(members, key=lambda member: member.style or 0.0)
    return [ordered[k] for k in evenly(len(ordered), _NAMED)]


def _thinned(facets: Sequence[Facet]) -> str:
    """What is said where not every setting has a line."""
    counts = {(len(facet.members), len(facet.crowd)) for facet in facets if facet.crowd}
    if len(counts) != 1:
        return "Lines are those of some settings, evenly chosen; grey bands hold all of them." if counts else ""
    ((few, all_of_them),) = counts
    return f"{few} of {all_of_them} settings have lines, evenly chosen; the grey bands hold all of them."


def is_number(text: str) -> bool:
    """Whether a swept value is a finite number: `nan` and `inf` may be names."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _entries(members: Sequence[Member]) -> tuple[tuple[str, Style], ...]:
    named = members if len(members) <= MAX_LINES else _named(members)
    return tuple((member.label, member.style) for member in named)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0 .. count-1, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


def _greyed(shown: Sequence[str], axes: Sequence[str], title: str, label: object, size: dict[str, float]) -> Grouping:
    assert callable(label)
    ranked = sorted(shown, key=lambda cell: size.get(cell, -math.inf), reverse=True)
    chosen = {ranked[k]: index for index, k in enumerate(evenly(len(ranked), _SHADES))}
    crowd = tuple(shown) if len(shown) > MOST else ()
    members = tuple(Member(cell, label(cell, axes), chosen.get(cell)) for cell in (chosen if crowd else shown))
    entries: list[tuple[str, Style]] = [(label(cell, axes), style) for cell, style in chosen.items()]
    if len(shown) > len(chosen) and not crowd:
        entries.append((f"{len(shown) - len(chosen)} others", None))
    held = "; the grey bands hold all of them" if crowd else ""
    return Grouping(
        (Facet("", members, crowd),),
        title,
        tuple(entries),
        bands=False,
        note=f"{len(shown)} settings; the highest, the lowest and some between are named, by where they end{held}.",
    )
