"""Where the numbers of finite networks are claimed to hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fluctuations import Fluctuations
from .kernel import Trajectory
from .sensitivity import Sensitivity

Array = np.ndarray[Any, Any]


def forward_range(t: Trajectory, f: Fluctuations) -> Array:
    """(L + 1,) bool."""
    return np.ones(t.depth + 1, bool)


def backward_range(t: Trajectory, f: Fluctuations, r: Sensitivity) -> Array:
    """(L + 1,) bool."""
    return np.ones(t.depth + 1, bool)
