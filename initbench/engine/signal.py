"""A signal on its way: the rows that a layer sees, and their Gram matrix, computed once for all who need it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .statistics import gram

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Signal:
    """rows: activations or gradients of S networks, (S, B, N)."""

    rows: Array

    @cached_property
    def gram(self) -> Array:
        """rows rows^T, (S, B, B) float64."""
        return gram(self.rows)
