"""Every setting in a row: the ratios both ways, what training came to, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from ..spec import short
from .csvtext import Table, Value

RATIOS = (
    ("act_q_ratio", "forward"),
    ("forward_rate", "a layer"),
    ("grad_q_ratio", "backward"),
    ("backward_rate", "a layer"),
)


TRAINED = (
    ("final_loss", "loss"),
    ("final_accuracy", "accuracy"),
    ("test_loss", "test loss"),
    ("test_accuracy", "accuracy"),
    ("diverged", "diverged"),
)
"""Shown where networks are trained, but for those that no row has."""


def overview(cells: Table, axes: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A header and a row of texts for every row of cells.csv: the swept values, the ratios to four digits (blank where
    there is none), the same for training, the verdict with the flags that it does not say."""
    rows = list(cells.records())
    trained = [pair for pair in TRAINED if any(row.get(pair[0]) is not None for row in rows)]
    shown = (*RATIOS, *trained)
    header = (*(short(key, axes) for key in axes), *(name for _, name in shown), "verdict")
    return header, [_row(row, axes, [column for column, _ in shown]) for row in rows]


def _row(cell: dict[str, Value], axes: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    numbers = (cell[column] for column in columns)
    verdict = str(cell["verdict"] or "")
    others = [flag for flag in str(cell["flags"] or "").split() if flag != verdict]
    return (
        *(str(cell[key]) for key in axes),
        *("" if number is None else f"{number:.4g}" for number in numbers),
        verdict + (f" ({', '.join(others)})" if others else ""),
    )
