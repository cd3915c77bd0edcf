"""Numbers of several lists as one."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def sorted_set(*parts: Any) -> Array:
    """The different numbers of all parts, sorted. numpy.unique would load numpy.ma, which takes as long as many a
    prediction."""
    numbers = np.sort(np.concatenate([np.ravel(part) for part in parts]))
    differs = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=differs[1:])
    return np.asarray(numbers[differs])
