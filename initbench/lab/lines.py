"""The rows of layers.csv as text, written where the networks were measured: of a large table that is most of the work.

What every row of a cell starts with is put before it later, by who knows the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Trace
from ..spec import Cell

Array = np.ndarray[Any, Any]


def layer_lines(trace: Trace, cell: Cell) -> bytes:
    """The lines of a trace: seed, layer, fan_in, fan_out and the metrics, as csvtext writes them."""
    layers = enumerate(cell.network.layers, start=1)
    heads = ["0,,", *(f"{place},{layer.fan_in},{layer.fan_out}" for place, layer in layers)]
    comma = "," if trace.metrics else ""
    lines: list[str] = []
    for seed, values, present in zip(trace.seeds, trace.values, trace.present, strict=True):
        numbers = _numbers(values.tolist(), present)
        lines += [f"{seed},{head}{comma}{row}\n" for head, row in zip(heads, numbers, strict=True)]
    return "".join(lines).encode()


def _numbers(rows: list[list[float | None]], present: Array) -> Sequence[str]:
    """The text of every row's numbers, blank where they are absent.

    One call for all: Python's repr of a float is the shortest text that reads back the same, and of a list those of its
    entries.
    """
    for row, column in np.argwhere(~present).tolist():
        rows[row][column] = None
    return repr(rows)[2:-2].replace(", ", ",").replace("None", "").split("],[")
