"""Files of a results folder as they are read back: the manifest, and whether a file is the one it was written with.

Without pandas, which a run that has nothing to do need not load.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import StorageError
from .columns import TEXT, WHOLE
from .csvtext import Value

REMEDY = "run the experiment again"
RESOLVED = "resolved.yaml"
"""The config of a folder, every default spelled out."""


def text_of(path: Path) -> str:
    """A file's text. Raises StorageError."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise StorageError(f"{path}: missing; {REMEDY}") from error
    except UnicodeDecodeError as error:
        raise StorageError(f"{path}: not UTF-8 (byte {error.start}); {REMEDY}") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error


def read_manifest(path: Path) -> dict[str, Any]:
    """The content of manifest.json, with the swept keys in `axes`. Raises StorageError."""
    try:
        manifest = json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path}: not valid JSON ({error}); {REMEDY}") from error
    if not isinstance(manifest, dict):
        raise StorageError(f"{path}: must hold a JSON object; {REMEDY}")
    axes = manifest.get("axes")
    if not isinstance(axes, list) or not all(isinstance(axis, str) for axis in axes):
        raise StorageError(f"{path}: `axes` must list the swept keys; {REMEDY}")
    return manifest


def verify(folder: Path, manifest: dict[str, Any], name: str) -> None:
    """Raises StorageError unless a file is the one that the manifest was written with."""
    for found in changed(folder, manifest, (name,)):
        raise other(folder / found)


def other(path: Path) -> StorageError:
    """What is said of a file that is not the manifest's, or not there."""
    if not path.exists():
        return StorageError(f"{path}: missing; {REMEDY}")
    if path.name == RESOLVED:  # a run writes it first, and the manifest last
        return StorageError(
            f"{path}: is not what the tables were made with: edited, or of a run that did not finish; {REMEDY}"
        )
    return StorageError(f"{path}: is not the file that manifest.json was written with; {REMEDY}")


def changed(folder: Path, manifest: dict[str, Any], names: Sequence[str]) -> Iterator[str]:
    """Which of these files are not those that the manifest was written with. Raises StorageError."""
    for name, expected in manifest.get("files", {}).items():
        if name in names and checksum(folder / name) != expected:
            yield name


def checksum(path: Path) -> str:
    """SHA-256 of a file; empty where there is none. Raises StorageError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_failures(folder: Path) -> dict[str, str]:
    """The reasons of the cells that failed, by cell. Raises StorageError where the file is damaged."""
    path = folder / "failures.csv"
    if not path.exists():
        return {}
    rows = csv.DictReader(io.StringIO(text_of(path), newline=""), strict=True)
    try:
        return {row["cell"]: row["reason"] for row in rows}
    except (csv.Error, KeyError) as error:
        raise StorageError(f"{path}: damaged ({error}); {REMEDY}") from error


def header(path: Path) -> tuple[str, ...]:
    """The columns of a sound table."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(next(csv.reader(file)))


def stream(path: Path, wanted: frozenset[str] | None = None) -> Iterator[tuple[Value, ...]]:
    """The rows of a sound table as they were before they were written, but for the swept keys, which stay text.

    wanted: only rows with these metrics. One row at a time: a table may be larger than memory.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = next(rows)
        metric = columns.index("metric") if wanted is not None else 0
        for fields in rows:
            if wanted is None or fields[metric] in wanted:
                yield tuple(_value(name, field) for name, field in zip(columns, fields, strict=True))


def _value(name: str, field: str) -> Value:
    if name in TEXT or not field:
        return field or None
    if name in WHOLE:
        return int(field)
    try:
        return float(field)
    except ValueError:  # a swept key
        return field
