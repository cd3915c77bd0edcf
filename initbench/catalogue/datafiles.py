"""Data that inputs are rows of: a CSV, a .npy file, scikit-learn's digits. Everything is checked before it is
believed."""

from __future__ import annotations

import math
import os
import stat
from functools import lru_cache
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ..errors import ParameterError

Array = np.ndarray[Any, Any]
LARGEST = 1 << 30  # bytes; a file beyond it is a mistake, not an input batch


def read_csv(*, path: str, header: bool, delimiter: str) -> Array:
    """The rows of a CSV file, (rows, N) float64. Raises ParameterError naming the line that does not hold."""
    if len(delimiter) != 1:
        raise ParameterError("delimiter", f"{delimiter!r} is not allowed: delimiter must be one character")
    return _cached_csv(path, _stamp(path), header, delimiter)


def read_npy(*, path: str) -> Array:
    """The rows of a .npy file, (rows, N) float64. Raises ParameterError; pickled objects are never loaded."""
    return _cached_npy(path, _stamp(path))


def digits() -> Array:
    """scikit-learn's 8x8 digits, (1797, 64) float64, pixels 0 to 16. Raises ParameterError where it is not
    installed, or broken."""
    return _checked("digits", np.asarray(_load_digits().data, dtype=np.float64))


def digit_labels() -> Array:
    """Which digit each of those rows is, (1797,) int64. Raises ParameterError as digits() does."""
    return np.asarray(_load_digits().target, dtype=np.int64)


def _load_digits() -> Any:
    try:
        from sklearn.datasets import load_digits

        return load_digits()
    except ImportError:
        why = "needs scikit-learn: pip install 'initbench[digits]'"
    except Exception as error:  # another NumPy than it was built for, or its data is missing or cut short
        said = next(iter(str(error).splitlines()), type(error).__name__)
        why = f"cannot be had from scikit-learn ({said}): install scikit-learn again"
    raise ParameterError("distribution", f"'digits' {why}") from None


def _stamp(path: str) -> tuple[int, int]:
    """Size and time of a regular file: what tells a cached table from a newer one."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise ParameterError("path", f"{path!r} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a null character
        raise ParameterError("path", f"{path!r} cannot be read: {error}") from None
    if not stat.S_ISREG(status.st_mode):
        raise ParameterError("path", f"{path!r} is not a regular file")
    if status.st_size > LARGEST:
        raise ParameterError("path", f"{path!r} has {status.st_size} bytes; the largest allowed is {LARGEST}")
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=4)
def _cached_csv(path: str, _stamp: tuple[int, int], header: bool, delimiter: str) -> Array:
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise ParameterError("path", f"{path!r} cannot be read as UTF-8 text: {error}") from None
    rows = [
        (number, line.split(delimiter))
        for number, line in enumerate(lines, 1)
        if line.strip() and not (header and number == 1)
    ]
    if not rows:
        raise ParameterError("path", f"{path!r} holds no rows of numbers")
    width = len(rows[0][1])
    return _checked(path, np.array([_numbers(path, number, cells, width) for number, cells in rows]))


def _numbers(path: str, line: int, cells: list[str], width: int) -> list[float]:
    if len(cells) != width:
        raise ParameterError("path", f"{path}:{line}: {len(cells)} columns where the first row has {width}")
    try:
        values = [float(cell) for cell in cells]
    except ValueError as error:
        hint = " (write `header: true` if the first line names the columns)" if line == 1 else ""
        raise ParameterError("path", f"{path}:{line}: {error}{hint}") from None
    if not all(map(math.isfinite, values)):
        raise ParameterError("path", f"{path}:{line}: every number must be finite")
    return values


@lru_cache(maxsize=4)
def _cached_npy(path: str, _stamp: tuple[int, int]) -> Array:
    try:
        with open(path, "rb") as file:  # numpy leaves a file of its own open where it fails
            table = np.load(file, allow_pickle=False)
    except (OSError, MemoryError) as error:
        raise ParameterError("path", f"{path!r} cannot be read: {error}") from None
    except (ValueError, EOFError, SyntaxError, TokenError, BadZipFile):
        raise ParameterError(
            "path",
            f"{path!r} is not a .npy file of numbers: write one with numpy.save, of an array without objects",
        ) from None
    if not isinstance(table, np.ndarray):
        raise ParameterError("path", f"{path!r} is an archive of arrays: save one array with numpy.save")
    if table.dtype.kind not in "iufb":
        raise ParameterError("path", f"{path!r} holds {table.dtype}, not real numbers")
    with np.errstate(over="ignore"):  # what no double holds is not finite, and refused as such
        return _checked(path, table.astype(np.float64))


def _checked(path: str, table: Array) -> Array:
    """The table, read-only, once its shape and its numbers hold."""
    if table.ndim != 2 or 0 in table.shape:
        raise ParameterError("path", f"{path!r} has shape {table.shape}: (rows, features) is needed")
    if not np.isfinite(table).all():
        row = int(np.argmin(np.isfinite(table).all(axis=1)))
        raise ParameterError("path", f"{path!r}: row {row} holds a number that is not finite")
    table.flags.writeable = False
    return table
