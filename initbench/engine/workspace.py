"""Memory used again from one chunk of seeds to the next: fresh pages cost as much as filling them with numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Workspace:
    """Named arrays, each allocated once and handed out again; their content is whatever was left there."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, int], Array] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any, slot: int = 0) -> Array:
        """An uninitialised C-contiguous array; the same name and slot share memory."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        buffer = self._buffers.get((name, slot))
        if buffer is None or buffer.nbytes < size:
            buffer = np.empty(size, np.uint8)
            self._buffers[name, slot] = buffer
        array: Array = buffer[:size].view(dtype).reshape(shape)
        return array
