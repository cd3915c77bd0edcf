"""Where the data of a picture are not those of the tables: which panel, which line, and where along it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..values import frozen
from . import crowd

RELATIVE = 1e-10
"""How far two numbers may be apart that count as the same, as a share of the larger.

A series is a pure function of the tables; only the last digits of exp, log and powers differ between processors: a few
units of 2^-53 in an exponent of at most 1500, which is 10^-12 of the number.
"""

_QUANTILES = ("low", "q05", "q25", "q75", "q95", "high")
_ALONG = ("y", "n", "median", "theory", "theory_low", "theory_high", *_QUANTILES)
"""What of a line, or of a crowd, has a number at every x."""
_MAPPED = ("x", "y", "values", "words", "theory")
"""What of a map is data."""
_MEASURED = frozenset({"x", "y", "n", *_QUANTILES, "values", "words"})
"""What is the same whether there is a theory or not."""
_SAID = {
    "y": "",
    "values": "",
    "words": "",
    "low": "lower end of its band",
    "high": "upper end of its band",
    "theory_low": "lower end of theory's band",
    "theory_high": "upper end of theory's band",
}
_LONG = 60  # letters of a value that are shown

Step = str | int
Leaf = tuple[tuple[Step, ...], Any, Any]
"""A path into the data, what is drawn there, and what the tables have."""


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()
"""Stands for what only the other side has."""


@frozen
class Difference:
    """The first place in which a series differs.

    panel, line: as they are named in the picture, empty where the difference is not in them. what: what differs, and
    at: where along it. drawn, tables: as JSON has them, or NOTHING. more: further numbers of this series that differ.
    """

    panel: str
    line: str
    what: str
    at: str
    drawn: Any
    tables: Any
    more: int = 0

    def __str__(self) -> str:
        name = ": ".join(part for part in (self.panel, self.line) if part)
        where = ", ".join(part for part in (self.what, self.at) if part)
        place = ", ".join(part for part in (name, where) if part)
        if self.tables is NOTHING:
            return f"{place}: drawn, and not in the tables"
        if self.drawn is NOTHING:
            return f"{place}: in the tables, and not drawn"
        drawn, tables = _told_apart(self.drawn, self.tables)
        more = f"; {self.more} more in this series" if self.more else ""
        return f"{place}: {drawn} drawn, {tables} in the tables{more}"


def differences(drawn: Any, tables: dict[str, Any], theory: bool = True) -> tuple[Difference, ...]:
    """One for every line or map that differs; what is around them counts where all of those are the same.

    drawn: a picture's data, as they were read; tables: those that the tables give now. theory: whether theory.csv is
    there; without it, only what was measured is compared.
    Raises ValueError where `drawn` is not the data of a picture.
    """
    found = [one for panel in _pairs(_list(drawn, "panels"), tables["panels"]) for one in _panel(*panel, theory)]
    if found or not theory:
        return tuple(found)
    return tuple(_around(drawn, tables))


def _panel(name: str, drawn: Any, now: Any, theory: bool) -> Iterator[Difference]:
    if drawn is NOTHING or now is NOTHING:
        yield Difference(name, "", "", "", _brief(drawn), _brief(now))
        return
    if "lines" in now:
        for label, one, other in _pairs(_lines(drawn), _lines(now)):
            if one is NOTHING or other is NOTHING:
                yield Difference(name, label, "", "", _brief(one), _brief(other))
            else:
                yield from _series(name, label, one, other, now, theory)
    else:
        first, second = ({key: of.get(key) for key in _MAPPED} for of in (drawn, now))
        yield from _series(name, "", first, second, now, theory)


def _lines(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a panel, the last of them the crowd behind them, if there is one."""
    behind = panel.get("crowd")
    label = crowd.BANDS["crowd"].label
    return [*_list(panel, "lines"), *([{"label": label, **behind}] if isinstance(behind, dict) else [])]


def _series(
    panel: str, line: str, drawn: dict[str, Any], now: dict[str, Any], around: dict[str, Any], theory: bool
) -> Iterator[Difference]:
    """The first number that differs, and how many more do."""
    leaves = [leaf for leaf in _leaves(drawn, now) if theory or leaf[0][0] in _MEASURED]
    if leaves:
        path, one, other = min(leaves, key=lambda leaf: leaf[0][0] == "cell")  # numbers say more than an id
        what = _SAID.get(str(path[0]), str(path[0]).replace("_", " "))
        at = _place(path, now, around)
        yield Difference(panel, line, what, at, one, other, len(leaves) - 1)


def _around(drawn: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
    """Titles, legends, axes and notes: the first difference of each."""
    said = set()
    for path, one, other in _leaves(drawn, now):
        panel = now["panels"][path[1]] if path[0] == "panels" and len(path) > 2 else None
        what = str(path[2] if panel else path[0])
        name = _name(panel) if panel else ""
        if (name, what) not in said:
            said.add((name, what))
            yield Difference(name, "", what, "", one, other)


def _leaves(drawn: Any, now: Any, path: tuple[Step, ...] = ()) -> Iterator[Leaf]:
    """Every place that differs, in the order of `now`. Lists of other lengths differ as a whole."""
    if isinstance(drawn, dict) and isinstance(now, dict):
        for key in (*now, *(key for key in drawn if key not in now)):
            yield from _leaves(drawn.get(key, NOTHING), now.get(key, NOTHING), (*path, key))
    elif isinstance(drawn, list) and isinstance(now, list) and len(drawn) == len(now):
        for index, (one, other) in enumerate(zip(drawn, now, strict=True)):
            yield from _leaves(one, other, (*path, index))
    elif not _same(drawn, now):
        yield path, drawn, now


def _same(drawn: Any, now: Any) -> bool:
    if isinstance(drawn, int | float) and isinstance(now, int | float):
        return math.isclose(drawn, now, rel_tol=RELATIVE, abs_tol=0)
    return type(drawn) is type(now) and bool(drawn == now)


def _place(path: tuple[Step, ...], line: dict[str, Any], panel: dict[str, Any]) -> str:
    """`at layer 7`; of a map, `at initializer.gain 1.35, bias.stddev 0.275`."""
    if len(path) == 2 and isinstance(path[1], int) and path[0] in _ALONG:
        axis = "layer " if str(panel["xlabel"]).startswith("layer") else ""
        return f"at {axis}{line['x'][path[1]]}"
    if len(path) == 3 and isinstance(path[1], int) and isinstance(path[2], int):
        return f"at {panel['xlabel']} {panel['x'][path[2]]}, {panel['ylabel']} {panel['y'][path[1]]}"
    return ""


def _pairs(drawn: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """Panels or lines of one name, those of `now` first; NOTHING where one side has none of that name."""
    ours, theirs = _named(now), _named(drawn)
    for key in (*ours, *(key for key in theirs if key not in ours)):
        yield key[0], theirs.get(key, NOTHING), ours.get(key, NOTHING)


def _named(items: Sequence[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """By name; those that share one are numbered."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for item in items:
        number = 0
        while (_name(item), number) in found:
            number += 1
        found[_name(item), number] = item
    return found


def _name(item: dict[str, Any]) -> str:
    """Of a line its label, of a panel its title with what its axis shows, unless the title says it."""
    if "title" not in item:
        return str(item.get("label", ""))
    title, axis = str(item["title"]), str(item.get("ylabel", ""))
    return title if not axis or "values" in item or "words" in item else f"{title} ({axis})"


def _list(holder: Any, key: str) -> list[dict[str, Any]]:
    found = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ValueError(f"has no {key}")
    return found


def _brief(item: Any) -> Any:
    return item if item is NOTHING else _name(item)


def _told_apart(drawn: Any, tables: Any) -> tuple[str, str]:
    """Both as texts, numbers with as few digits as tell them apart."""
    if isinstance(drawn, float) and isinstance(tables, float):
        for digits in (4, 7, 10, 13):
            if f"{drawn:.{digits}g}" != f"{tables:.{digits}g}":
                return f"{drawn:.{digits}g}", f"{tables:.{digits}g}"
    return _text(drawn), _text(tables)


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) > 4 and not any(isinstance(item, str | list | dict) for item in value):
        return f"{len(value)} numbers"
    text = "no number" if value is None else repr(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."
