"""Pictures in words, from the data that they plot: for those who hear a page, and for those who want the numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

Panel = dict[str, Any]
Series = dict[str, Any]

MOST = 8
"""Lines of a panel that are told; of more, how many there are."""


def in_words(series: Series) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every panel's title with what is seen in it."""
    told = []
    for panel in series["panels"]:
        if "lines" not in panel:
            sentences = _map(panel)
        elif panel["kind"] == "ridges":
            sentences = _ridges(panel)
        else:
            sentences = _lines(panel)
        told.append((_title(panel), tuple(sentences)))
    return tuple(told)


def _title(panel: Panel) -> str:
    return " – ".join(dict.fromkeys(filter(None, (panel["title"], panel.get("label") or panel["ylabel"]))))


def _lines(panel: Panel) -> Iterator[str]:
    lines = [line for line in panel["lines"] if line["style"] is not None]
    for line in lines[:MOST]:
        yield f"{line['label']}{': ' * bool(line['label'])}{_ends(line, panel)}"
    hidden = len(lines) - MOST
    grey = len(panel["lines"]) - len(lines)
    if hidden > 0:
        yield f"and {_counted(hidden, 'line')} more"
    if grey:
        yield f"and {_counted(grey, 'greyed line')}"
    if "crowd" in panel:
        yield from _crowd(panel)
    for note in panel["notes"]:
        labels = f" ({', '.join(note['labels'])})" if note["labels"] else ""
        yield f"{note['text']}{labels}"


def _ends(line: dict[str, Any], panel: Panel) -> str:
    """A line from where its signal starts to where it ends, with theory's number there."""
    unit = panel.get("unit", "layer")
    known = [(x, y, k) for k, (x, y) in enumerate(zip(line["x"], line["y"], strict=True)) if y is not None]
    if not known:
        return "no finite number"
    if panel["backward"]:
        known.reverse()
    (x0, y0, _), (x1, y1, place) = known[0], known[-1]
    ends = f"{number(y0)} at {unit} {x0}" + (f", {number(y1)} at {unit} {x1}" if x1 != x0 else "")
    theory = line["theory"][place] if line["theory"] else None
    return ends + (f" (theory {number(theory)})" if theory is not None else "")


def _crowd(panel: Panel) -> Iterator[str]:
    """Where the signals of many settings end."""
    crowd, place = panel["crowd"], 0 if panel["backward"] else -1
    low, quarter, rest, high = (crowd[name][place] for name in ("low", "q25", "q75", "high"))
    if low is not None:
        where = f"{panel.get('unit', 'layer')} {crowd['x'][place]}"
        half = f"half of them from {number(quarter)} to {number(rest)}"
        yield f"all {crowd['count']} settings at {where}: from {number(low)} to {number(high)}, {half}"


def _ridges(panel: Panel) -> Iterator[str]:
    lines = panel["lines"]
    shown = lines if len(lines) <= 2 else (lines[0], lines[-1])
    for line in shown:
        low, high = line["covered"] or line["range"]
        yield f"{line['label']}: from {number(low)} to {number(high)}, the highest bin holds {line['top']:.0%}"
    for note in panel["notes"]:
        yield str(note["text"])


def _map(panel: Panel) -> Iterator[str]:
    if "words" in panel:
        counts = Counter(word for row in panel["words"] for word in row if word)
        yield ", ".join(f"{count} {word}" for word, count in counts.most_common())
        return
    places = [
        (_size(value), f"{panel['xlabel']}={x}, {panel['ylabel']}={y}")
        for y, row in zip(panel["y"], panel["values"], strict=True)
        for x, value in zip(panel["x"], row, strict=True)
        if value is not None
    ]
    if not places:
        yield "nothing to compare"
        return
    if panel["kind"] == "ratio":
        kept = sum(0.01 <= value <= 100 for value, _ in places)
        yield f"{kept} of {len(places)} settings have a ratio between 0.01 and 100"
    yield from (f"{word}: {number(value)} at {where}" for word, (value, where) in _extremes(places))


def _extremes(places: Sequence[tuple[float, str]]) -> Iterator[tuple[str, tuple[float, str]]]:
    yield "smallest", min(places)
    yield "largest", max(places)


def _size(value: float | str) -> float:
    return math.inf if value == "inf" else float(value)


def number(value: float) -> str:
    """Three digits."""
    return "overflow" if math.isinf(value) else f"{value:.3g}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"
