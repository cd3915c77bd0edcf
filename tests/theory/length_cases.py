"""What single inputs do in layers of one activation, for the tests of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from initbench.catalogue.activations import activation
from initbench.theory import moments
from initbench.theory.bands import elasticity
from initbench.theory.lengths_and_angles import Lengths

Array = np.ndarray[Any, Any]


def lengths_at(name: str, q: Array, share: Array) -> Lengths:
    """At mean squares q of z, of networks that do not vary, (N,) each."""
    m, none = moments(activation(name), q), np.zeros(q.shape)
    steep, response = m.slope_square * q / m.square, elasticity(m.d_square, q, m.square)
    turned = steep * (1 + 2 * elasticity(m.d_slope_square, q, m.slope_square))
    return Lengths(
        share=share,
        response=response,
        curvature=elasticity(m.d2_square, q, m.square, 2),
        steep=steep,
        swing=(turned - response**2) / 4,
        jumps=np.full(q.shape, bool(activation(name).formula.jumps)),
        **dict.fromkeys(("spread", "shift", "spread_q", "shift_q", "excess", "of_bias", "haar"), none),
    )
