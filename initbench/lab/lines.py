"""The rows of layers.csv as text, written where the networks were measured: of a large table that is most of the work.

What every row of a cell starts with is put before it later, by who knows the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from ..engine import Trace
from ..spec import Cell
from .csvtext import Value, encode_start, number

Array = np.ndarray[Any, Any]


def started(start: Sequence[Value], pieces: Sequence[bytes]) -> bytes:
    """Pieces of whole lines without line breaks in them, with what all lines start with."""
    text, head = b"".join(pieces), encode_start(start).encode()
    return head + text[:-1].replace(b"\n", b"\n" + head) + b"\n" if text else b""


def layer_lines(trace: Trace, cell: Cell) -> bytes:
    """The lines of a trace: seed, layer, fan_in, fan_out and the metrics, as csvtext writes them."""
    layers = enumerate(cell.network.layers, start=1)
    heads = ["0,,", *(f"{place},{layer.fan_in},{layer.fan_out}" for place, layer in layers)]
    comma = "," if trace.metrics else ""
    lines: list[str] = []
    for seed, values, present in zip(trace.seeds, trace.values, trace.present, strict=True):
        lines += [f"{seed},{head}{comma}{row}\n" for head, row in zip(heads, _numbers(values, present), strict=True)]
    return "".join(lines).encode()


def _numbers(values: Array, present: Array) -> Sequence[str]:
    """The text of every row's numbers, (rows, columns), blank where they are absent.

    One call for all where JSON can tell them: csvtext takes a number's text from there, too.
    """
    if np.isfinite(values[present]).all():
        told = np.ascontiguousarray(np.where(present, values, np.nan))  # null in JSON
        return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY).decode()[2:-2].replace("null", "").split("],[")
    rows = zip(values.tolist(), present.tolist(), strict=True)
    return [",".join(number(one) if there else "" for one, there in zip(*row, strict=True)) for row in rows]
