"""Tables of the report: what the CSV files hold, shortened so that it can be read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from initbench.catalogue.metrics import METRICS

from .content import EXPLAINED, Content
from .markup import Children, Markup, element, join

ROWS = 200
"""Rows of a table; the rest stand in its file."""
SIGNS = ("–", "∞")
"""What stands in a column of numbers where there is none."""
FEW = 5
"""Layers of which the summary is shown."""


def glance(content: Content) -> Markup:
    """Every setting in a row: the ratios both ways, and the verdict."""
    header, rows = content.overview
    shown = [[*(text or "–" for text in row[:-1]), judged(row[-1])] for row in rows[:ROWS]]
    caption = (
        "Mean squares over the depth, as ratios: of the activations, last layer over layer 1; of the gradients, "
        "layer 1 over the last layer. Beside them, the factor of one layer."
    )
    return sheet("glance", caption, header, shown, len(content.tables.axes), _cut(len(rows), "cells.csv"))


def cells(content: Content) -> Markup:
    """cells.csv."""
    table = content.tables.cells
    names = [str(name) for name in table.columns]
    text = [pd.api.types.is_numeric_dtype(table[name]) is False for name in names]
    rows = [
        [str(row[name]) if is_text else number(row[name]) for name, is_text in zip(names, text, strict=True)]
        for row in _records(table.head(ROWS))
    ]
    caption = "cells.csv: one row per setting, numbers to four digits."
    return sheet(
        "cells-csv", caption, names, rows, left=1 + len(content.tables.axes), cut=_cut(len(table), "cells.csv")
    )


def layers(content: Content) -> Iterator[tuple[str, Markup]]:
    """Of each of the first settings: its label, and its means at a handful of layers with theory's under them."""
    summary = content.tables.summary
    for index, (cell, label) in enumerate(
        zip(content.tables.cells["cell"].head(EXPLAINED), content.labels, strict=False)
    ):
        rows = summary[summary["cell"] == cell]
        if len(rows):
            chosen = handful(sorted(set(rows["layer"])))
            yield label or content.experiment.name, _at_layers(f"summary-{index + 1}", label, rows, chosen)


def handful(numbers: Sequence[int]) -> list[int]:
    """A few, evenly spread, the first layer and the last among them; of the input row only where there is no more."""
    inner = [number for number in numbers if number > 0] or list(numbers)
    if len(inner) <= FEW:
        return inner
    return [inner[round(step * (len(inner) - 1) / (FEW - 1))] for step in range(FEW)]


def _at_layers(name: str, label: str, rows: pd.DataFrame, chosen: Sequence[int]) -> Markup:
    found = {(row["metric"], row["layer"]): row for row in _records(rows)}
    metrics = METRICS.ordered(tuple(dict.fromkeys(rows["metric"])))
    body: list[list[Children]] = [
        [metric, *(_measured(found.get((metric, layer))) for layer in chosen)] for metric in metrics
    ]
    caption = f"Means over the seeds{f' of {label}' if label else ''}; below them, in brackets, what theory predicts."
    return sheet(name, caption, ["metric", *(f"layer {layer}" for layer in chosen)], body, left=1)


def _measured(row: dict[str, Any] | None) -> Children:
    if row is None:
        return ""
    mean = number(row["mean"])
    broken = f" ({row['nonfinite']} not finite)" if row["nonfinite"] else ""
    theory = number(row["theory"])
    return [f"{mean}{broken}".strip() or "–", element("span", f"({theory})", class_="theory") if theory else None]


def sheet(
    name: str,
    caption: str,
    header: Sequence[str | Markup],
    rows: Sequence[Sequence[Children]],
    left: int,
    cut: str = "",
) -> Markup:
    """A table that scrolls inside its own frame where it is wide.

    left: how many columns name the row, the last of which is its header; the columns after them are numbers where all
    their cells are. cut: a sentence about rows that are left out.
    """
    numeric = [
        k >= left and bool(rows) and all(isinstance(row[k], str) and _is_number(str(row[k])) for row in rows)
        for k in range(len(header))
    ]
    titles = [breakable(text) if isinstance(text, str) else text for text in header]
    names = [_cell(title, "col", n) for title, n in zip(titles, numeric, strict=True)]
    lines = [
        [_cell(content, "row" if k == left - 1 else None, numeric[k]) for k, content in enumerate(row)] for row in rows
    ]
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", names)),
        element("tbody", [element("tr", line) for line in lines]),
    )
    return join(
        [
            element("div", table, class_="scroll", tabindex=0, role="region", aria_label=f"Table: {caption}", id=name),
            element("p", cut, class_="cut") if cut else None,
        ]
    )


def _cell(content: Children, scope: str | None, numeric: bool) -> Markup:
    return element("th" if scope else "td", content, scope=scope, class_="n" if numeric else None)


def badge(verdict: str) -> Markup | None:
    """A verdict as a coloured word."""
    return element("span", verdict, class_=f"badge {verdict}") if verdict else None


def judged(text: str) -> list[Children]:
    """A verdict and what follows it: `vanishing (saturated)`."""
    verdict, space, rest = text.partition(" ")
    return [badge(verdict), space + rest]


def number(value: Any) -> str:
    """Four digits; a blank for what does not exist."""
    return "" if value is None or math.isnan(value) else f"{value:.4g}"


def breakable(text: str) -> list[Children]:
    """A name that may be broken after its underscores, dots, brackets and equals signs."""
    parts: list[Children] = []
    for char in text:
        parts.append(char)
        if char in "_.(=":
            parts.append(element("wbr"))
    return parts


def _cut(rows: int, file: str) -> str:
    return f"The first {ROWS} of {rows} rows; all of them stand in {file}." if rows > ROWS else ""


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _is_number(text: str) -> bool:
    try:
        float("nan" if text in ("", *SIGNS) else text)
    except ValueError:
        return False
    return True
