"""The seam: what a layer's weights can be asked, however they are represented."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .signal import Signal

Array = np.ndarray[Any, Any]


class Weights(Protocol):
    """The weight matrices W of one layer in S networks, each (N_in, N_out).

    `apply` is called once, then `apply_transpose` at most once: that is what a forward and a backward pass ask.
    """

    def apply(self, h: Signal, out: Array) -> Array:
        """h W: (S, B, N_in) -> (S, B, N_out), written into `out`."""
        ...

    def apply_transpose(self, d: Signal, out: Array) -> Array:
        """d W^T: (S, B, N_out) -> (S, B, N_in), written into `out`."""
        ...

    def as_array(self) -> Array:
        """W itself, (S, N_in, N_out), agreeing with every answer given."""
        ...
