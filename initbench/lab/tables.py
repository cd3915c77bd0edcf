"""The stored tables, read back as they were written: text as text, blanks as NaN, damage as an error."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from initbench.errors import StorageError

from ..values import frozen
from .columns import (
    CELLS,
    HISTOGRAMS,
    LAYERS,
    SUMMARY,
    TABLES,
    THEORY,
    TRAINING,
    TRAINING_LAYERS,
    TRAINING_SEARCH,
)
from .parsing import parsed
from .store import LOCK
from .stored import REMEDY, changed, other, read_manifest, text_of

_PICTURED: Mapping[str, tuple[str, ...]] = {
    "layers.csv": ("cell", "layer", "fan_out"),
    "summary.csv": (
        *("cell", "layer", "metric", "n", "mean", "median", "q05", "q95", "nonfinite"),
        *("theory", "theory_sd"),
    ),
    "theory.csv": ("cell", "layer", "metric", "infinite_width", "within"),
}
"""What pictures need of the tables that may have millions of rows."""


@frozen
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
    training: pd.DataFrame | None = None
    training_layers: pd.DataFrame | None = None
    training_search: pd.DataFrame | None = None


def read_tables(folder: str | Path, pictured: bool = False) -> Tables:
    """The tables of a results folder; StorageError names the file that is missing or damaged.

    pictured: only the columns that pictures need, of the large tables texts as categories and whole numbers as int32
    where that holds them; for many cells a fifth of the memory.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StorageError(f"{folder}: no such results folder; `initbench run CONFIG` makes one")
    before = _versions(folder)
    try:
        tables = _read(folder, pictured)
    except StorageError:
        if _versions(folder) == before:
            raise
    else:
        if _versions(folder) == before:
            return tables
    return read_tables(folder, pictured)  # a run has just published: some of what was read was older than the rest


def _versions(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What tells a file from another one that has taken its name, of every file that there is."""
    found = {}
    for name in ("manifest.json", *TABLES):
        with suppress(OSError):  # there is none, or it cannot be read, which is told where it is
            stat = (folder / name).stat()
            found[name] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


def _read(folder: Path, pictured: bool) -> Tables:
    manifest = _sound(folder)
    axes = tuple(manifest["axes"])
    cells = _table(folder / "cells.csv", axes, CELLS, more=True)
    tables = Tables(
        layers=_optional(folder / "layers.csv", axes, LAYERS, more=True, pictured=pictured),
        summary=_table(folder / "summary.csv", axes, SUMMARY, pictured=pictured),
        cells=cells,
        theory=_optional(folder / "theory.csv", axes, THEORY, pictured=pictured),
        histograms=_optional(folder / "histograms.csv", axes, HISTOGRAMS),
        manifest=manifest,
        axes=axes,
        training=_optional(folder / "training.csv", axes, TRAINING),
        training_layers=_optional(folder / "training_layers.csv", axes, TRAINING_LAYERS, more=True),
        training_search=_optional(folder / "training_search.csv", axes, TRAINING_SEARCH),
    )
    _agree(folder, tables)
    return tables


def tables_from(files: Mapping[str, bytes], manifest: dict[str, Any]) -> Tables:
    """The tables of files that were never written: what read_tables would give for a folder with them."""
    axes = tuple(manifest["axes"])

    def table(name: str, columns: Sequence[str], more: bool = False) -> pd.DataFrame:
        return parsed(Path(name), io.BytesIO(files[name]), axes, columns, more)

    def optional(name: str, columns: Sequence[str], more: bool = False) -> pd.DataFrame | None:
        return table(name, columns, more) if name in files else None

    return Tables(
        layers=optional("layers.csv", LAYERS, more=True),
        summary=table("summary.csv", SUMMARY),
        cells=table("cells.csv", CELLS, more=True),
        theory=optional("theory.csv", THEORY),
        histograms=optional("histograms.csv", HISTOGRAMS),
        manifest=manifest,
        axes=axes,
        training=optional("training.csv", TRAINING),
        training_layers=optional("training_layers.csv", TRAINING_LAYERS, more=True),
        training_search=optional("training_search.csv", TRAINING_SEARCH),
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
            return parsed(path, file, axes, columns, more, _PICTURED[path.name] if pictured else ())
    except (OSError, UnicodeDecodeError):
        text_of(path)  # says what is wrong, and at which byte
        raise


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
        ("training.csv", tables.training),
        ("training_layers.csv", tables.training_layers),
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
