"""CSV as the contract has it: UTF-8, \\n, shortest round-trip numbers, `nan` and `inf` spelled so, absent blank,
text as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import orjson

from ..values import frozen

Value = float | int | str | None
Row = tuple[Value, ...]


@frozen
class Table:
    """A header and its rows. None is absent; numbers are int or float, the rest is text."""

    columns: tuple[str, ...]
    rows: Sequence[Row]

    def records(self) -> Iterator[dict[str, Value]]:
        """The rows as dictionaries."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))

    def encode(self) -> bytes:
        """The file's bytes."""
        return encode_header(self.columns) + encode_rows(self.rows)


@frozen
class Lines:
    """Rows of a table that were made where their cell was measured: the lines of a file, the values, or both.

    text: in pieces, which may be large. Either is None where nobody asked for it.
    """

    text: tuple[bytes, ...] | None = None
    values: Iterable[Row] | None = None

    def __iter__(self) -> Iterator[Row]:
        if self.values is None:
            raise LookupError("the values of these rows were not asked for")
        return iter(self.values)


def encode_header(columns: Sequence[str]) -> bytes:
    """The first line of a file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(columns)
    return out.getvalue().encode()


def encoded(rows: Iterable[Row]) -> tuple[bytes, ...]:
    """Lines of a file, in pieces: as they were made, or now."""
    return rows.text if isinstance(rows, Lines) and rows.text is not None else (encode_rows(rows),)


def encode_rows(rows: Iterable[Row]) -> bytes:
    """Lines of a file, made of values."""
    spell = _SPELLINGS.get
    lines = [",".join([spell(type(cell), spelled)(cell) for cell in row]) for row in rows]
    return ("\n".join(lines) + "\n").encode() if lines else b""


def encode_start(start: Sequence[Value]) -> str:
    """The cells that a line starts with, and a comma after each."""
    return "".join(spelled(cell) + "," for cell in start)


def number(value: float) -> str:
    """The shortest text that reads back as the same number: orjson finds it sooner than Python's repr."""
    text = orjson.dumps(float(value)).decode()
    return text if text != "null" else float.__repr__(value)  # nan, inf and -inf, which JSON does not have


def spelled(value: Value) -> str:
    """The text of a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return str(value)
    return _quoted(value)


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    if text.lstrip()[:1] in ("=", "+", "@") or (text[:1] == "-" and not _is_number(text)):
        text = "'" + text  # a spreadsheet would take it for a formula
    if any(mark in text for mark in ',"\n\r') or text == "":
        return '"' + text.replace('"', '""') + '"'
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_SPELLINGS: dict[type, Callable[[Any], str]] = {
    float: number,
    int: int.__repr__,
    str: _quoted,
    type(None): lambda _: "",
}
"""Most of a large table is of these exact types."""
