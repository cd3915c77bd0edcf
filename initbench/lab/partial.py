"""Folders that keep a part of what their run wrote: in a repository, tables of many megabytes are often left out."""

from __future__ import annotations

from pathlib import Path

from ..errors import StorageError
from .columns import SUMMARY, TABLES
from .csvtext import encode_header
from .store import MARK
from .stored import changed, other, read_manifest
from .tables import Tables, read_tables, tables_from

_NEEDED = "cells.csv"


def kept_tables(folder: Path, pictured: bool = True) -> tuple[Tables, frozenset[str]]:
    """The tables that a folder keeps, and the names of those that its run wrote and that are not there.

    A summary that is not there is one without rows. pictured: as in read_tables. Raises StorageError where cells.csv or
    the manifest is missing, or a table that is there is damaged.
    """
    manifest = read_manifest(folder / MARK) if (folder / MARK).exists() else {}
    absent = frozenset(name for name in manifest.get("files", ()) if name in TABLES and not (folder / name).exists())
    if not absent or _NEEDED in absent:
        return read_tables(folder, pictured), frozenset()  # says what is missing, too
    names = [name for name in TABLES if (folder / name).exists()]
    for name in changed(folder, manifest, names):
        raise other(folder / name)
    files = {"summary.csv": encode_header(("cell", *manifest["axes"], *SUMMARY))}
    try:
        files |= {name: (folder / name).read_bytes() for name in names}
    except OSError as error:
        raise StorageError(f"{folder}: cannot be read: {error.strerror or error}") from error
    return tables_from(files, manifest), absent
