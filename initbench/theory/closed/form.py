"""What a closed form gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]
Averages = Mapping[str, Array]


class ClosedForm(Protocol):
    """Averages by name, as far as they are known; what is absent is left to quadrature."""

    def moments(self, q: Array) -> Averages:
        """Fields of Moments, (N,) each, for 0 < q < inf."""
        ...

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        """Fields of PairMoments, (N,) each, for 0 <= q < inf and 0 <= e <= 2."""
        ...
