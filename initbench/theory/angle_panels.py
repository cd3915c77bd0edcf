"""The angles of pairs at which averages are found, for polynomials in the angle's logarithm."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .chebyshev import points

Array = np.ndarray[Any, Any]

CLOSEST, WIDEST = 1e-6, 1.8
"""The angles between which averages are found."""
PANELS, NODES = 18, 16
"""Of polynomials in ln t, and their coefficients."""
WIDTH = math.log(WIDEST / CLOSEST) / PANELS
"""Of a panel, in ln t."""
TOGETHER = 9
"""Panels of a part."""


@lru_cache
def angles(nodes: int = NODES) -> Array:
    """So many in every panel, in the order of `points`, (PANELS * nodes,)."""
    return np.asarray(CLOSEST * np.exp(WIDTH * (np.arange(PANELS)[:, None] + (1 + points(nodes)) / 2))).ravel()


def some_angles(part: int) -> Array:
    """Those in a part of the panels, (TOGETHER * NODES,)."""
    return angles()[part * TOGETHER * NODES : (part + 1) * TOGETHER * NODES]
