"""Where a network's own numbers end: float32 overflows at 3e38 and loses digits below 1e-38."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernel import Trajectory

Array = np.ndarray[Any, Any]

LIMITS = {"float32": (1e-74, 1e75), "float64": (1e-300, 1e305)}
"""Mean squares between which nearly all entries keep their digits: float32 is squared and summed in float64, while the
squares of float64 have no wider type. Six standard deviations are left above."""


def out_of_range(t: Trajectory, dtype: str) -> tuple[Array, Array]:
    """The layers whose numbers the dtype cannot hold, or that depend on such layers, (L + 1,) bool: forward, and
    backward."""
    low, high = LIMITS[dtype]
    weights = t.cw / np.concatenate([[np.nan], t.width[:-1]])
    squares = [t.over_batch(t.q), t.over_batch(t.moments.square), weights, t.cb]
    # what is 0 is 0 in every dtype; a mean square that is not even a float64 any more is none
    forward = np.logical_or.reduce([((s < low) & (s != 0)) | (s > high) for s in squares])
    forward = np.logical_or.accumulate(forward | _vanished(t))
    grad = t.over_batch(t.grad)
    out = ((grad < low) & (grad != 0)) | (grad > high) | forward.any()
    return np.asarray(forward), np.asarray(np.logical_or.accumulate(out[::-1])[::-1])


def _vanished(t: Trajectory) -> Array:
    """Where a signal that weights and activations would pass on has underflowed to 0 in float64."""
    q = t.over_batch(t.q)
    below = np.concatenate([[0.0], t.over_batch(t.moments.square)[:-1]])
    return np.asarray((q == 0) & (below > 0) & (t.cw > 0))
