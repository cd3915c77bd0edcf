"""The large tables once more as Parquet, for whoever reads millions of rows. An extra: initbench[parquet].

The same rows in the same order; blanks are null. Written group by group: nothing is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..errors import UsageError
from . import store
from .columns import PARQUET, TEXT, WHOLE
from .csvtext import Value
from .sinks import Row
from .stored import checksum

GROUP = 50_000
"""Rows that are written together."""


class Parquet:
    """A sink in a folder, a context: as sinks.Streamed, for the tables that columns.PARQUET names.

    Raises StorageError; UsageError where pyarrow is not installed.
    """

    def __init__(self, out: Path, axes: tuple[str, ...]) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise UsageError('--parquet needs pyarrow: pip install "initbench[parquet]"') from None
        self._arrow: Any = pyarrow
        self._out, self._axes = out, frozenset(axes)
        self._stack = ExitStack()
        self._writers: dict[str, Any] = {}
        self._rows: dict[str, list[Row]] = {}

    def __enter__(self) -> Parquet:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                for name in self._writers:
                    self._write(name)
        except BaseException as wrong:
            self._stack.__exit__(type(wrong), wrong, wrong.__traceback__)
            raise
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def asks(self, name: str) -> bool:
        return name in PARQUET

    def open(self, name: str, columns: tuple[str, ...]) -> None:
        """Begin a table; those that have no Parquet are left out."""
        if name not in PARQUET:
            return
        schema = self._arrow.schema([(column, self._type(column)) for column in columns])
        file = self._stack.enter_context(store.publishing(self._out / PARQUET[name]))
        self._writers[name] = self._stack.enter_context(self._arrow.parquet.ParquetWriter(file, schema))
        self._rows[name] = []

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """More rows of a table."""
        if name in self._writers:
            self._rows[name].extend(rows)
            if len(self._rows[name]) >= GROUP:
                self._write(name)

    def _type(self, column: str) -> Any:
        if column == "cell" or column in TEXT or column in self._axes:
            return self._arrow.string()
        return self._arrow.int64() if column in WHOLE or column in ("fan_in", "fan_out") else self._arrow.float64()

    def _write(self, name: str) -> None:
        if rows := self._rows[name]:
            schema = self._writers[name].schema
            columns = [
                self._column(field.type, values) for field, values in zip(schema, zip(*rows, strict=True), strict=True)
            ]
            self._writers[name].write_table(self._arrow.table(columns, schema=schema))
            self._rows[name] = []

    def _column(self, kind: Any, values: Iterable[Value]) -> Any:
        try:
            return self._arrow.array(values, kind)
        except OverflowError as error:  # a seed may be any whole number
            raise UsageError("--parquet holds whole numbers below 2^63: choose smaller seeds") from error

    @property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of every table, by file name, once they are there."""
        return {PARQUET[name]: checksum(self._out / PARQUET[name]) for name in self._writers}
