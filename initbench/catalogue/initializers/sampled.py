"""A law that is known by its samples: what a plug-in's initializer usually is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...values import frozen
from .laws import Array

Sample = Callable[[np.random.Generator, tuple[int, ...], np.dtype[Any]], Array]
"""(rng, shape, dtype) -> an array of that shape and dtype, drawn from rng alone."""


@frozen
class Sampled:
    """The law of what `sample` draws, for one pair of fans.

    sample: (rng, shape, dtype) -> array of float32 or float64. The shape is (fan_in, fan_out); for biases, which are
    drawn from elementwise laws alone, it is (fan_out,).
    mean, variance: of the entries; theory and tables take them from here. The other fields are as in Law: what is left
    out claims nothing.
    """

    sample: Sample
    mean: float
    variance: float
    elementwise: bool = False
    random: bool = True
    bounds: tuple[float, float] = (-math.inf, math.inf)
    kurtosis: float = math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw in the shape and the dtype of `out`."""
        out[...] = self.sample(rng, out.shape, out.dtype)
