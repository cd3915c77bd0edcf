"""The stored tables, read back as they were written: text as text, blanks as NaN, damage as an error.

pandas' own reader is not used: it fills up short rows without a word, and a cut table would pass for whole.
"""

from __future__ import annotations

import csv
import io
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from initbench.errors import StorageError

from .columns import CELLS, HISTOGRAMS, LAYERS, SUMMARY, TABLES, TEXT, THEORY, WHOLE
from .store import LOCK
from .stored import REMEDY, changed, other, read_manifest, text_of

_ROWS = 2_000  # rows converted at a time: a large table never stands in memory as text

_PICTURED: Mapping[str, tuple[str, ...]] = {
    "layers.csv": ("cell", "layer", "fan_out"),
    "summary.csv": (
        *("cell", "layer", "metric", "n", "mean", "median", "q05", "q95", "nonfinite"),
        *("theory", "theory_sd"),
    ),
    "theory.csv": ("cell", "layer", "metric", "infinite_width", "within"),
}
"""What pictures need of the tables that may have millions of rows."""


@dataclass(frozen=True)
class Tables:
    """One results folder, its rows in grid order.

    Whole-number columns are int64, other numbers float64 (blank: NaN), the rest str, swept keys too.
    axes: the swept keys, each a column of every table.
    """

    layers: pd.DataFrame | None
    summary: pd.DataFrame
    cells: pd.DataFrame
    theory: pd.DataFrame | None
    histograms: pd.DataFrame | None
    manifest: dict[str, Any]
    axes: tuple[str, ...]


def read_tables(folder: str | Path, pictured: bool = False) -> Tables:
    """The tables of a results folder; StorageError names the file that is missing or damaged.

    pictured: only the columns that pictures need, texts of the large tables as categories; for many cells a fifth of
    the memory.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StorageError(f"{folder}: no such results folder; `initbench run CONFIG` makes one")
    manifest = _sound(folder)
    axes = tuple(manifest["axes"])
    cells = _table(folder / "cells.csv", axes, CELLS)
    tables = Tables(
        layers=_optional(folder / "layers.csv", axes, LAYERS, more=True, pictured=pictured),
        summary=_table(folder / "summary.csv", axes, SUMMARY, pictured=pictured),
        cells=cells,
        theory=_optional(folder / "theory.csv", axes, THEORY, pictured=pictured),
        histograms=_optional(folder / "histograms.csv", axes, HISTOGRAMS),
        manifest=manifest,
        axes=axes,
    )
    _agree(folder, tables)
    return tables


def tables_from(files: Mapping[str, bytes], manifest: dict[str, Any]) -> Tables:
    """The tables of files that were never written: what read_tables would give for a folder with them."""
    axes = tuple(manifest["axes"])

    def table(name: str, columns: Sequence[str], more: bool = False) -> pd.DataFrame:
        return _parse(Path(name), io.BytesIO(files[name]), axes, columns, more)

    return Tables(
        layers=table("layers.csv", LAYERS, more=True) if "layers.csv" in files else None,
        summary=table("summary.csv", SUMMARY),
        cells=table("cells.csv", CELLS),
        theory=table("theory.csv", THEORY) if "theory.csv" in files else None,
        histograms=table("histograms.csv", HISTOGRAMS) if "histograms.csv" in files else None,
        manifest=manifest,
        axes=axes,
    )


def _sound(folder: Path) -> dict[str, Any]:
    """The manifest, once the files that it speaks of are those that it was written with.

    A run that ends just now publishes its tables one after the other, the manifest last: that is waited for.
    """
    for wait in (0.1, 0.4, 1.5, None):
        manifest = read_manifest(folder / "manifest.json")
        others = list(changed(folder, manifest, TABLES))
        if not others:
            return manifest
        if wait is None or not (folder / LOCK).exists():
            break
        time.sleep(wait)
    raise other(folder / others[0])


def _optional(
    path: Path, axes: Sequence[str], columns: Sequence[str], more: bool = False, pictured: bool = False
) -> pd.DataFrame | None:
    return _table(path, axes, columns, more, pictured) if path.exists() else None


def _table(
    path: Path, axes: Sequence[str], columns: Sequence[str], more: bool = False, pictured: bool = False
) -> pd.DataFrame:
    try:
        with path.open("rb") as file:
            return _parse(path, file, axes, columns, more, _PICTURED[path.name] if pictured else ())
    except (OSError, UnicodeDecodeError):
        text_of(path)  # says what is wrong, and at which byte
        raise


def _parse(
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
    """See _parse; rows: a csv.reader, at the header."""
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


def _agree(folder: Path, tables: Tables) -> None:
    """Files cut at the end of a line look whole; that cells are missing from them tells."""
    cells = tables.cells
    for name, table in (("cells.csv", cells), ("theory.csv", tables.theory), ("histograms.csv", tables.histograms)):
        if table is not None and table.empty:
            raise StorageError(f"{folder / name}: has no rows; {REMEDY}")
    if not cells["cell"].is_unique:
        raise StorageError(f"{folder / 'cells.csv'}: a cell stands in it twice; {REMEDY}")
    known = set(cells["cell"])
    measured = set(cells.loc[cells["status"] != "failed", "cell"])
    for name, frame in (
        ("summary.csv", tables.summary),
        ("layers.csv", tables.layers),
        ("theory.csv", tables.theory),
        ("histograms.csv", tables.histograms),
    ):
        if frame is None:
            continue
        present = set(frame["cell"].unique())
        if strange := sorted(present - known):
            raise StorageError(f"{folder / name}: cell {strange[0]!r} is not in cells.csv; {REMEDY}")
        if (missing := sorted(measured - present)) and not _may_be_empty(name, tables):
            raise StorageError(f"{folder / name}: rows of cell {missing[0]!r} are missing; {REMEDY}")
    if tables.layers is not None:
        _whole_seeds(folder / "layers.csv", tables.layers, cells)


def _may_be_empty(name: str, tables: Tables) -> bool:
    """Whether a table may leave cells out: summary.csv does where `histograms` is the only metric."""
    if name == "summary.csv":
        unmeasured = tables.layers is None or tables.layers.columns[-1] == LAYERS[-1]
        return tables.histograms is not None and tables.summary.empty and unmeasured
    return name == "histograms.csv"


def _whole_seeds(path: Path, layers: pd.DataFrame, cells: pd.DataFrame) -> None:
    rows = layers["cell"].value_counts()
    for cell, seeds, status in zip(cells["cell"], cells["n_seeds"], cells["status"], strict=True):
        if status != "failed" and (seeds < 1 or rows[cell] % seeds):
            raise StorageError(f"{path}: {rows[cell]} rows of cell {cell!r} do not divide by {seeds} seeds; {REMEDY}")
