"""A stored table made into a DataFrame, row by row, and everything that can be wrong with its text.

pandas' own reader is not used: it fills up short rows without a word, and a cut table would pass for whole.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from ..errors import StorageError
from .columns import TEXT, WHOLE
from .stored import REMEDY

_ROWS = 2_000  # rows converted at a time: a large table never stands in memory as text


def parsed(
    path: Path, file: BinaryIO, axes: Sequence[str], columns: Sequence[str], more: bool, kept: Sequence[str] = ()
) -> pd.DataFrame:
    """A table with the columns `cell`, the axes and `columns`; with `more`, columns of numbers may follow.

    kept: those that are converted; all where there is none.
    """
    if not file.seek(0, io.SEEK_END):
        raise StorageError(f"{path}: empty; {REMEDY}")
    file.seek(-1, io.SEEK_END)
    if file.read() != b"\n":
        raise StorageError(f"{path}: its last line is cut; {REMEDY}")
    file.seek(0)
    with io.TextIOWrapper(file, "utf-8", newline="") as text:
        return _read(path, csv.reader(text, strict=True), axes, columns, more, frozenset(kept))


def _read(
    path: Path, rows: Any, axes: Sequence[str], columns: Sequence[str], more: bool, kept: frozenset[str]
) -> pd.DataFrame:
    """See parsed; rows: a csv.reader, at the header."""
    try:
        header = next(rows)
        expected = ["cell", *axes, *columns]
        found = header[: len(expected)] if more else header
        if found != expected or len(set(header)) < len(header) or "" in header:
            raise StorageError(f"{path}: its header is {','.join(header)!r}, expected {','.join(expected)!r}; {REMEDY}")
        texts = frozenset(axes) | TEXT
        return _frame(path, {name: name in texts for name in header}, rows, kept)
    except csv.Error as error:
        raise StorageError(f"{path}: line {rows.line_num}: {error}; {REMEDY}") from error


def _frame(path: Path, texts: Mapping[str, bool], rows: Iterator[list[str]], kept: frozenset[str]) -> pd.DataFrame:
    """texts: of every column, whether it holds text."""
    names = [name for name in texts if name in kept or not kept]
    # Arrays that grow in place: pieces that are joined in the end would be in memory twice.
    found = {name: array("i" if texts[name] else "q" if name in WHOLE else "d") for name in names}
    known: dict[str, dict[str, int]] = {name: {} for name in names if texts[name]}  # equal texts are kept once
    start = 2  # the header is row 1
    while chunk := list(islice(rows, _ROWS)):
        _same_length(path, chunk, len(texts), start)
        for name, column in zip(texts, zip(*chunk, strict=True), strict=True):
            if name in known:
                found[name].extend(_coded(column, known[name]))
            elif name in found:
                found[name] = _joined(found[name], _numbers(path, name, column, start))
        start += len(chunk)
    columns = {}
    for name in names:
        values: Any = np.frombuffer(found[name], found[name].typecode) if found[name] else np.empty(0)
        columns[name] = _texts(values, list(known[name]), bool(kept)) if name in known else pd.Series(values)
    return pd.DataFrame(columns, copy=False)


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


def _joined(first: array[Any], second: array[Any]) -> array[Any]:
    if first.typecode != second.typecode:
        return array("d", [*first, *second])
    first.extend(second)
    return first


def _texts(codes: np.ndarray[Any, Any], known: list[str], categories: bool) -> pd.Series[Any]:
    if categories:
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(known, dtype="str")))
    return pd.Series(np.array(known, dtype=object)[codes.astype(np.int32)], dtype="str")


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
    try:
        return array("q", numbers)
    except OverflowError:  # a seed may be any whole number
        return array("d", numbers)


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
