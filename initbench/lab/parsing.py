"""A stored table made into a DataFrame, row by row, and everything that can be wrong with its text.

pandas' own reader is not used: it fills up short rows without a word, and a cut table would pass for whole.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from ..errors import StorageError
from .columns import TEXT, WHOLE
from .stored import REMEDY

_ROWS = 2_000  # rows converted at a time: a large table never stands in memory as text
_BYTES = 1 << 20  # looked through for ends of lines at a time


def parsed(
    path: Path, file: BinaryIO, axes: Sequence[str], columns: Sequence[str], more: bool, kept: Sequence[str] = ()
) -> pd.DataFrame:
    """A table with the columns `cell`, the axes and `columns`; with `more`, columns of numbers may follow.

    kept: those that are converted, to the smallest types that hold them; all where there is none.
    """
    if not file.seek(0, io.SEEK_END):
        raise StorageError(f"{path}: empty; {REMEDY}")
    file.seek(-1, io.SEEK_END)
    if file.read() != b"\n":
        raise StorageError(f"{path}: its last line is cut; {REMEDY}")
    file.seek(0)
    most = sum(part.count(b"\n") + part.count(b"\r") for part in iter(partial(file.read, _BYTES), b""))
    file.seek(0)
    with io.TextIOWrapper(file, "utf-8", newline="") as text:
        return _read(path, csv.reader(text, strict=True), axes, columns, more, frozenset(kept), most)


def _read(
    path: Path, rows: Any, axes: Sequence[str], columns: Sequence[str], more: bool, kept: frozenset[str], most: int
) -> pd.DataFrame:
    """See parsed; rows: a csv.reader, at the header; most: how many there are at most."""
    try:
        header = next(rows)
        expected = ["cell", *axes, *columns]
        found = header[: len(expected)] if more else header
        if found != expected or len(set(header)) < len(header) or "" in header:
            raise StorageError(f"{path}: its header is {','.join(header)!r}, expected {','.join(expected)!r}; {REMEDY}")
        texts = frozenset(axes) | TEXT
        return _frame(path, {name: name in texts for name in header}, rows, kept, most)
    except csv.Error as error:
        raise StorageError(f"{path}: line {rows.line_num}: {error}; {REMEDY}") from error


def _frame(
    path: Path, texts: Mapping[str, bool], rows: Iterator[list[str]], kept: frozenset[str], most: int
) -> pd.DataFrame:
    """texts: of every column, whether it holds text; most: how many rows there are at most."""
    # As long as they will be: what grows, or is joined in the end, is in memory twice.
    found = {name: np.empty(most, _first_type(name, texts[name], bool(kept))) for name in kept or texts}
    known: dict[str, dict[str, int]] = {name: {} for name in found if texts[name]}  # equal texts are kept once
    done = 0
    while chunk := list(islice(rows, _ROWS)):
        start = done + 2  # the header is row 1
        _same_length(path, chunk, len(texts), start)
        for name, column in zip(texts, zip(*chunk, strict=True), strict=True):
            if name in known:
                found[name][done : done + len(chunk)] = list(_coded(column, known[name]))
            elif name in found:
                found[name] = _put(found[name], done, _numbers(path, name, column, start))
        done += len(chunk)
    series = {name: _series(found.pop(name)[:done], known.get(name), bool(kept)) for name in texts if name in found}
    return pd.DataFrame(series, copy=False)


def _first_type(name: str, is_text: bool, small: bool) -> type[np.generic]:
    """What a column is read into, as long as it holds all numbers: texts are numbered."""
    return np.float64 if not is_text and name not in WHOLE else np.int32 if is_text or small else np.int64


def _put(column: np.ndarray[Any, Any], start: int, values: array[Any]) -> np.ndarray[Any, Any]:
    """A column with values from a row on; of another type where its own would not hold them."""
    new = np.frombuffer(values, values.typecode)
    column = column.astype(np.result_type(column.dtype, new.dtype), copy=False)
    column[start : start + len(new)] = new
    return column


def _same_length(path: Path, chunk: Sequence[list[str]], fields: int, start: int) -> None:
    """Raises StorageError unless every row has as many fields as the header; start: the number of the first row."""
    if set(map(len, chunk)) == {fields}:
        return
    row, short = next((row, len(found)) for row, found in enumerate(chunk, start) if len(found) != fields)
    raise StorageError(f"{path}: row {row} has {short} fields, the header has {fields}; {REMEDY}")


def _coded(column: Sequence[str], known: dict[str, int]) -> Iterator[int]:
    """The place of each text among those that are known; new ones are added."""
    for text in dict.fromkeys(column):
        known.setdefault(text, len(known))
    return map(known.__getitem__, column)


def _series(values: np.ndarray[Any, Any], known: dict[str, int] | None, categories: bool) -> pd.Series[Any]:
    """A column; known: the texts that its numbers stand for, if it is one of text. Numbers are not copied."""
    if known is None:
        return pd.Series(values, copy=False)
    if categories:
        return pd.Series(pd.Categorical.from_codes(values, pd.Index(list(known), dtype="str")))
    return pd.Series(np.array(list(known), dtype=object)[values], dtype="str")


def _numbers(path: Path, name: str, fields: Sequence[str], start: int) -> array[Any]:
    whole = name in WHOLE
    try:
        if not whole:
            return _floats(fields)
        numbers = list(map(int, fields))
    except ValueError:
        row = next(row for row, field in enumerate(fields, start) if not _is_number(field, whole))
        what = "a whole number" if whole else "a number"
        raise StorageError(
            f"{path}: row {row}, column {name}: {fields[row - start]!r} is not {what}; {REMEDY}"
        ) from None
    for kind in "iq":
        with suppress(OverflowError):
            return array(kind, numbers)
    return array("d", numbers)  # a seed may be any whole number


def _floats(fields: Sequence[str]) -> array[Any]:
    """Blanks are nan. Raises ValueError where something else is no number."""
    if not all(fields):
        fields = [field or "nan" for field in fields]
    return array("d", map(float, fields))


def _is_number(field: str, whole: bool) -> bool:
    try:
        (int if whole else float)(field)
    except ValueError:
        return not (field or whole)
    return True
