"""A block of seeds of one cell as bytes: what the store keeps, checksum inside.

    initbench block 1           what this is, and the version of the format
    <sha256 of all that follows>
    <one line of JSON>          cell, seeds, metrics, shape, histograms
    values                      (S, L + 1, M) little-endian float64
    present                     the same shape, one bit each
    histograms                  (L + 1, bins) little-endian int64, in the header's order
    training                    where there is any: see trained_blocks

The same trace gives the same bytes. Nothing in a block is ever executed, and nothing is believed before its checksum.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine import Trace
from . import trained_blocks

MAGIC = b"initbench block 1\n"
_DIGEST = 64  # hex digits
_START = len(MAGIC) + _DIGEST + 1

FLOAT, COUNT = np.dtype("<f8"), np.dtype("<i8")


class DamagedBlockError(ValueError):
    """Bytes that are not a whole block; the message says what is wrong with them."""


def encode(cell: str, trace: Trace) -> bytes:
    """The bytes of a trace of the cell with that identity."""
    header = {
        "cell": cell,
        "seeds": list(trace.seeds),
        "metrics": list(trace.metrics),
        "layers": trace.values.shape[1],
        "histograms": {name: list(counts.shape) for name, counts in trace.histograms.items()},
        **({"training": trained_blocks.header(trace.training)} if trace.training else {}),
    }
    parts = [
        json.dumps(header, separators=(",", ":")).encode() + b"\n",
        np.ascontiguousarray(trace.values, FLOAT).tobytes(),
        np.packbits(trace.present).tobytes(),
        *(np.ascontiguousarray(counts, COUNT).tobytes() for counts in trace.histograms.values()),
        *(trained_blocks.encode(trace.training) if trace.training else ()),
    ]
    body = b"".join(parts)
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def checked(data: bytes) -> memoryview:
    """What follows the checksum. Raises DamagedBlockError unless it is whole."""
    if not data:
        raise DamagedBlockError("is empty")
    if not data.startswith(MAGIC):
        raise DamagedBlockError("is not a block of this version")
    body = memoryview(data)[_START:]
    if data[len(MAGIC) : _START] != hashlib.sha256(body).hexdigest().encode() + b"\n":
        raise DamagedBlockError("is damaged: its checksum does not hold")
    return body


def checksum(data: bytes) -> str:
    """The checksum in a block: what stands for its content."""
    return data[len(MAGIC) : _START - 1].decode()


def decode(data: bytes, cell: str) -> Trace:
    """The trace in a block. Raises DamagedBlockError where the bytes are damaged, or another cell's."""
    body = checked(data)
    try:
        head, _, payload = bytes(body).partition(b"\n")
        header = json.loads(head)
        if header["cell"] != cell:
            raise DamagedBlockError(f"belongs to cell {header['cell']}")
        return _trace(header, payload)
    except DamagedBlockError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedBlockError(f"does not hold a trace ({error})") from error


def _trace(header: dict[str, Any], payload: bytes) -> Trace:
    seeds, metrics = tuple(header["seeds"]), tuple(header["metrics"])
    shape = (len(seeds), header["layers"], len(metrics))
    entries = math.prod(shape)
    pieces = _Pieces(payload)
    values = np.frombuffer(pieces.take(entries * FLOAT.itemsize), FLOAT).reshape(shape)
    bits = np.frombuffer(pieces.take(-(-entries // 8)), np.uint8)
    present = np.unpackbits(bits, count=entries).astype(bool).reshape(shape)
    histograms = {
        name: np.frombuffer(pieces.take(math.prod(size) * COUNT.itemsize), COUNT).reshape(size)
        for name, size in header["histograms"].items()
    }
    training = trained_blocks.decode(header["training"], pieces.take) if "training" in header else None
    if pieces.left:
        raise DamagedBlockError("is longer than its header says")
    return Trace(seeds, metrics, values, present, histograms, training)


class _Pieces:
    """Bytes handed out from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise DamagedBlockError("is shorter than its header says")
        self._at += size
        return self._data[self._at - size : self._at]


def blocks(seeds: tuple[int, ...], size: int) -> Iterator[tuple[int, ...]]:
    """The seeds of a cell in blocks of `size`: always the same for the same seeds, whatever ran before."""
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]


def name(seeds: tuple[int, ...]) -> str:
    """The name of the file of these seeds: `0-31.block`, with a hash where seeds between the two are missing."""
    first, last = seeds[0], seeds[-1]
    if len(seeds) == last - first + 1 and seeds == tuple(range(first, last + 1)):
        return f"{first}-{last}.block"
    return f"{first}-{last}-{hashlib.sha256(repr(seeds).encode()).hexdigest()[:12]}.block"
