"""The infinitely wide network: mean squares, correlations and their averages, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .gaussian import Moments
from .inputs import InputState
from .layers import LayerLaw
from .pairs import PairMoments

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Trajectory:
    """The infinite-width network of a cell. Row l of every array is layer l, row 0 the input; L layers.

    laws: laws[l - 1] is layer l's. start: the S groups of inputs and P groups of pairs that are followed.
    known: the last layer that theory reaches, L where nothing stands in its way; rows above it are nan.
    reason: why it goes no further; empty where known = L.
    q: mean square of z_l, (L + 1, S); row 0: of x.
    e: 1 - correlation of z_l between the inputs of a pair, (L + 1, P); row 0: 1 - cosine of x.
    moments: averages over z_l, every field (L + 1, S); row 0 is nan except `square`, which is q of x.
    pairs: averages over pairs of z_l, every field (L + 1, P); row 0 is nan.
    grad: E (dL/dz_l)^2 with dL/dh_L of mean square 1, (L + 1, S); row 0 is nan; all nan where known < L.
    excess: excess kurtosis of one unit's z_l over the draws of W and b, given the layer below, (L + 1, S); row 0 nan.
    """

    laws: tuple[LayerLaw, ...]
    start: InputState
    known: int
    reason: str
    q: Array
    e: Array
    moments: Moments
    pairs: PairMoments
    grad: Array
    excess: Array

    @property
    def depth(self) -> int:
        return len(self.laws)

    @property
    def width(self) -> Array:
        """Units of every layer, (L + 1,): width[l - 1] is the fan_in of layer l."""
        return np.array([self.laws[0].fan_in, *(law.fan_out for law in self.laws)], np.float64)

    @property
    def cw(self) -> Array:
        """fan_in Var W of layer l, (L + 1,); row 0 is nan."""
        return np.array([np.nan, *(law.cw for law in self.laws)])

    @property
    def cb(self) -> Array:
        """Var b of layer l, (L + 1,); row 0 is nan."""
        return np.array([np.nan, *(law.cb for law in self.laws)])
