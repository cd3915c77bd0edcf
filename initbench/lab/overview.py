"""Every setting in a row: the ratios both ways, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from .csvtext import Table, Value

RATIOS = (
    ("act_q_ratio", "forward"),
    ("forward_rate", "a layer"),
    ("grad_q_ratio", "backward"),
    ("backward_rate", "a layer"),
)


def overview(cells: Table, axes: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A header and a row of texts for every row of cells.csv: the swept values, the ratios to four digits (blank where
    there is none), the verdict with the flags that it does not say."""
    header = (*(key.rpartition(".")[2] for key in axes), *(name for _, name in RATIOS), "verdict")
    return header, [_row(cell, axes) for cell in cells.records()]


def _row(cell: dict[str, Value], axes: Sequence[str]) -> tuple[str, ...]:
    numbers = (cell[column] for column, _ in RATIOS)
    verdict = str(cell["verdict"] or "")
    others = [flag for flag in str(cell["flags"] or "").split() if flag != verdict]
    return (
        *(str(cell[key]) for key in axes),
        *("" if number is None else f"{number:.4g}" for number in numbers),
        verdict + (f" ({', '.join(others)})" if others else ""),
    )
