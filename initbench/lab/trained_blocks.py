"""The training part of a block: the arrays of a Trained, in its order, after all that blocks without it have.

The header names every array's shape and dtype: float64 little-endian, int64 for steps, int32 for labels, float32 for
what networks answer in numbers, one bit for what is present.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from ..engine import Trained

Array = np.ndarray[Any, Any]
BITS = "bits"


def header(trained: Trained) -> dict[str, Any]:
    """(dtype, shape) of every array."""
    return {name: [_stored(name, array), list(array.shape)] for name, array in vars(trained).items()}


def encode(trained: Trained) -> Iterator[bytes]:
    """The bytes of every array."""
    for name, array in vars(trained).items():
        kind = _stored(name, array)
        yield np.packbits(array).tobytes() if kind == BITS else np.ascontiguousarray(array, kind).tobytes()


def decode(said: dict[str, Any], take: Callable[[int], bytes]) -> Trained:
    """The arrays that a header names, from their bytes. Raises ValueError, KeyError or TypeError where it names
    others."""
    arrays = {}
    for field in fields(Trained):
        kind, shape = said[field.name]
        arrays[field.name] = _array(kind, shape, take)
    return Trained(**arrays)


def _stored(name: str, array: Array) -> str:
    if name == "answers":
        return "<i4" if array.dtype.kind == "i" else "<f4"
    return {"present": BITS, "diverged_at": "<i8"}.get(name, "<f8")


def _array(kind: str, shape: list[int], take: Callable[[int], bytes]) -> Array:
    if kind not in (BITS, "<i4", "<i8", "<f4", "<f8"):
        raise ValueError(f"an array of {kind}")
    entries = math.prod(shape)
    if kind == BITS:
        bits = np.frombuffer(take(-(-entries // 8)), np.uint8)
        return np.unpackbits(bits, count=entries).astype(bool).reshape(shape)
    stored = np.frombuffer(take(entries * np.dtype(kind).itemsize), kind).reshape(shape)
    return stored.astype({"i": np.int64, "f": np.float64}[stored.dtype.kind])
