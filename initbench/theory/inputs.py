"""What the first layer is fed, as theory sees it: mean squares, cosines and how they vary from seed to seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class InputState:
    """S groups of inputs and P groups of pairs of different inputs; P = 0 for a single input.

    q: mean square |x|^2 / N of a group's inputs, (S,). weight: its share of the batch, sums to 1, (S,); groups of
    weight 0 are there for the pairs alone.
    fourth: sum x^4 / (sum x^2)^2 of an input, (S,), 0 where x = 0.
    a, b: the groups of a pair's two inputs, (P,). e: 1 - their cosine, (P,). pair_weight: sums to 1, (P,).
    q_spread: relative variance over seeds of one input's mean square, within its group.
    cosine_spread: variance over seeds of one pair's cosine, within its group.
    drawn: inputs are drawn anew for every seed, each independently from one of the groups; otherwise every seed has
    all of them.
    """

    batch: int
    features: int
    q: Array
    weight: Array
    fourth: Array
    a: Array
    b: Array
    e: Array
    pair_weight: Array
    q_spread: float
    cosine_spread: float
    drawn: bool
