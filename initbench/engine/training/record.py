"""What training gives back: losses on the way, the layers at some steps, and what the networks say in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...values import frozen

Array = np.ndarray[Any, Any]

CURVES = ("loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm")
"""What is recorded of a whole network, in this order."""


@frozen
class Trained:
    """S networks, each trained with R learning rates.

    curves: (S, R, K, 5) float64 at the K recorded steps, nan where there is nothing: no labels, no test, or divergence
    before. layers: (S, R, T, L + 1, M) float64 at the T measured steps, present as in Trace. diverged_at: (S, R) int64,
    the step at which a network diverged, -1 where it did not. answers: (S, R, E) int64 labels that the networks give
    to E test examples, or (S, R, E, outputs) float64 of no more than float32's digits.
    """

    curves: Array
    layers: Array
    present: Array
    diverged_at: Array
    answers: Array

    def of(self, rows: Sequence[int]) -> Trained:
        """Those of some networks, in that order."""
        order = list(rows)
        return replace(self, **{name: array[order] for name, array in vars(self).items()})


def join(parts: Sequence[Trained]) -> Trained | None:
    """Several chunks of networks as one, in the given order; None where nothing was trained."""
    if not parts:
        return None
    names = vars(parts[0])
    return Trained(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
