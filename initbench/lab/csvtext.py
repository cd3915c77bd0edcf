"""CSV as the contract has it: UTF-8, \\n, shortest round-trip numbers, `nan` and `inf` spelled so, absent blank, text as text."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import StorageError

Value = float | int | str | None


@dataclass(frozen=True)
class Table:
    """A header and its rows. None is absent; numbers are int or float, the rest is text."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]

    def records(self) -> Iterator[dict[str, Value]]:
        """The rows as dictionaries."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))

    def encode(self) -> bytes:
        """The file's bytes."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(self.columns)
        simple = [",".join(map(_text, row)) for row in self.rows]
        out.write("\n".join(simple))
        return (out.getvalue() + "\n" if simple else out.getvalue()).encode()


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    return _quoted(value)


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


def read_table(path: Path, text_columns: Iterable[str]) -> Table:
    """A CSV file as it was written; every column not named in `text_columns` holds numbers.

    Raises StorageError, naming the file and the line, where it is missing or damaged.
    """
    try:
        content = path.read_bytes().decode()
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise StorageError(f"{path}: is damaged (not UTF-8); run the config again") from None
    if not content.endswith("\n"):
        raise StorageError(f"{path}: is {'cut' if content else 'empty'}; run the config again")
    lines = list(csv.reader(io.StringIO(content)))
    columns, text = tuple(lines[0]), set(text_columns)
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if len(cells) != len(columns):
            raise StorageError(
                f"{path}:{number}: has {len(cells)} columns, not {len(columns)}: it is damaged; run the config again"
            )
        rows.append(tuple(_parse(path, number, column in text, cell) for column, cell in zip(columns, cells, strict=True)))
    return Table(columns, rows)


def _parse(path: Path, line: int, is_text: bool, cell: str) -> Value:
    if is_text:
        return cell
    if cell == "":
        return None
    try:
        return float(cell)
    except ValueError:
        raise StorageError(f"{path}:{line}: {cell!r} is not a number: it is damaged; run the config again") from None


def finite(value: Value) -> bool:
    """Whether a value is there and is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)
