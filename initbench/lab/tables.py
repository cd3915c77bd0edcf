"""The stored tables, read back as they were written: text as text, blanks as NaN, damage as an error.

pandas' own reader is not used: it fills up short rows without a word, and a cut table would pass for whole.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from initbench.errors import StorageError

from .columns import CELLS, HISTOGRAMS, LAYERS, SUMMARY, TABLES, TEXT, THEORY, WHOLE
from .store import LOCK
from .stored import REMEDY, changed, other, read_manifest, text_of

_ROWS = 20_000  # rows converted at a time: a large layers.csv never stands in memory as text


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


def read_tables(folder: str | Path) -> Tables:
    """The tables of a results folder; StorageError names the file that is missing or damaged."""
    folder = Path(folder)
    if not folder.is_dir():
        raise StorageError(f"{folder}: no such results folder; `initbench run CONFIG` makes one")
    manifest = _sound(folder)
    axes = tuple(manifest["axes"])
    cells = _table(folder / "cells.csv", axes, CELLS)
    tables = Tables(
        layers=_optional(folder / "layers.csv", axes, LAYERS, more=True),
        summary=_table(folder / "summary.csv", axes, SUMMARY),
        cells=cells,
        theory=_optional(folder / "theory.csv", axes, THEORY),
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
        return _parse(Path(name), files[name].decode(), axes, columns, more)

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


def _optional(path: Path, axes: Sequence[str], columns: Sequence[str], more: bool = False) -> pd.DataFrame | None:
    return _table(path, axes, columns, more) if path.exists() else None


def _table(path: Path, axes: Sequence[str], columns: Sequence[str], more: bool = False) -> pd.DataFrame:
    return _parse(path, text_of(path), axes, columns, more)


def _parse(path: Path, text: str, axes: Sequence[str], columns: Sequence[str], more: bool = False) -> pd.DataFrame:
    """A table with the columns `cell`, the axes and `columns`; with `more`, columns of numbers may follow."""
    if not text:
        raise StorageError(f"{path}: empty; {REMEDY}")
    if not text.endswith("\n"):
        raise StorageError(f"{path}: its last line is cut; {REMEDY}")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows)
        expected = ["cell", *axes, *columns]
        found = header[: len(expected)] if more else header
        if found != expected or len(set(header)) < len(header) or "" in header:
            raise StorageError(f"{path}: its header is {','.join(header)!r}, expected {','.join(expected)!r}; {REMEDY}")
        frame = _frame(path, header, frozenset(axes), rows)
    except csv.Error as error:
        raise StorageError(f"{path}: line {rows.line_num}: {error}; {REMEDY}") from error
    return frame


def _frame(path: Path, header: list[str], axes: frozenset[str], rows: Iterator[list[str]]) -> pd.DataFrame:
    parts: list[list[np.ndarray[Any, Any]]] = [[] for _ in header]
    same: dict[str, str] = {}  # equal texts share one object, or every row would hold its own copy
    start = 2  # the header is row 1
    while chunk := list(islice(rows, _ROWS)):
        for row, fields in enumerate(chunk, start):
            if len(fields) != len(header):
                raise StorageError(
                    f"{path}: row {row} has {len(fields)} fields, the header has {len(header)}; {REMEDY}"
                )
        for name, part, column in zip(header, parts, zip(*chunk, strict=True), strict=True):
            if name in axes or name in TEXT:
                part.append(np.array([same.setdefault(field, field) for field in column], dtype=object))
            else:
                part.append(_numbers(path, name, column, start))
        start += len(chunk)
    columns = {}
    for name, part in zip(header, parts, strict=True):
        values = np.concatenate(part) if part else np.empty(0)
        columns[name] = pd.Series(values, dtype="str" if name in axes or name in TEXT else values.dtype)
    return pd.DataFrame(columns)


def _numbers(path: Path, name: str, fields: Sequence[str], start: int) -> np.ndarray[Any, Any]:
    whole = name in WHOLE
    try:
        if not whole:
            return np.array([float(field) if field else np.nan for field in fields])
        numbers = [int(field) for field in fields]
    except ValueError:
        row = next(row for row, field in enumerate(fields, start) if not _is_number(field, whole))
        what = "a whole number" if whole else "a number"
        raise StorageError(
            f"{path}: row {row}, column {name}: {fields[row - start]!r} is not {what}; {REMEDY}"
        ) from None
    try:
        return np.array(numbers, dtype=np.int64)
    except OverflowError:  # a seed may be any whole number
        return np.array(numbers, dtype=np.float64)


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
