"""Where the rows of the tables go as they are made: kept, or streamed to files that appear when all of them are
there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import BinaryIO, Protocol

from . import store
from .csvtext import Table, Value, encode_header, encoded

Row = tuple[Value, ...]

LARGE = 1 << 20
"""Bytes that are written and summed up at the same time: of fewer, that takes longer than one after the other."""


class Sink(Protocol):
    """Takes the rows of tables by file name, in any turn. A table without rows does not exist unless it was opened."""

    def asks(self, name: str) -> bool:
        """Whether the values of a table's rows are needed, and not their text alone."""

    def open(self, name: str, columns: tuple[str, ...]) -> None:
        """Begin a table."""

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """More rows of a table that was begun."""


class Kept:
    """A sink in memory: what runs that write nothing use."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, list[Row]] = {}

    def asks(self, name: str) -> bool:
        return True

    def open(self, name: str, columns: tuple[str, ...]) -> None:
        self._columns[name], self._rows[name] = columns, []

    def add(self, name: str, rows: Iterable[Row]) -> None:
        self._rows[name].extend(rows)

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables by file name."""
        return {name: Table(columns, self._rows[name]) for name, columns in self._columns.items()}


class Streamed:
    """A sink in a folder, a context: the tables appear under their names as it is left, or none of them does.

    Raises StorageError.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._stack = ExitStack()
        self._files: dict[str, BinaryIO] = {}
        self._hashes: dict[str, hashlib._Hash] = {}

    def __enter__(self) -> Streamed:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def asks(self, name: str) -> bool:
        return False

    def open(self, name: str, columns: tuple[str, ...]) -> None:
        self._files[name] = self._stack.enter_context(store.publishing(self._out / name))
        self._hashes[name] = hashlib.sha256()
        self._write(name, encode_header(columns))

    def add(self, name: str, rows: Iterable[Row]) -> None:
        for piece in encoded(rows):
            self._write(name, piece)

    def _write(self, name: str, data: bytes) -> None:
        if len(data) < LARGE:
            self._files[name].write(data)
            self._hashes[name].update(data)
            return
        digest = Thread(target=self._hashes[name].update, args=(data,))
        digest.start()
        try:
            self._files[name].write(data)
        finally:
            digest.join()

    @property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of every table so far, by file name."""
        return {name: digest.hexdigest() for name, digest in self._hashes.items()}
