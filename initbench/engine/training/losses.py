"""Losses of a batch, and their gradients by the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

Differentiate = Callable[[Array, Array], Array]
"""(outputs, targets) -> losses. outputs: (S, B, K), which become the gradient of each network's loss, dL/df; targets:
(S or 1, B) labels, or (S or 1, B, K). losses: (S,) float64, nan or inf where the outputs are."""


def cross_entropy(outputs: Array, labels: Array) -> Array:
    """Mean over the batch of ln sum_k exp f_k - f_y; the gradient is (softmax(f) - 1_y) / B."""
    networks, batch, classes = outputs.shape
    entries = outputs.reshape(-1)
    place = np.arange(0, entries.size, classes).reshape(networks, batch) + labels
    outputs -= outputs.max(axis=2, keepdims=True)
    said = entries[place]
    np.exp(outputs, out=outputs)
    total = outputs.sum(axis=2, keepdims=True)
    losses = (np.log(total[:, :, 0]) - said).mean(axis=1, dtype=np.float64)
    total *= outputs.dtype.type(batch)
    outputs /= total
    entries[place] -= outputs.dtype.type(1 / batch)
    return np.asarray(losses)


def mean_squared_error(outputs: Array, targets: Array) -> Array:
    """Mean over the batch and the outputs of (f - y)^2; the gradient is 2 (f - y) / (B K)."""
    outputs -= targets
    size = outputs.shape[1] * outputs.shape[2]
    losses = np.square(outputs, dtype=np.float64).sum(axis=(1, 2)) / size
    outputs *= outputs.dtype.type(2 / size)
    return np.asarray(losses)


LOSSES: dict[str, Differentiate] = {"cross_entropy": cross_entropy, "mean_squared_error": mean_squared_error}
"""By the names of the catalogue."""


def right(outputs: Array, targets: Array) -> Array:
    """How many of the batch have their largest output at the label, (S,): for outputs (S, B, K), targets (B,) labels,
    or (B, K) vectors with a 1 there."""
    labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
    return np.asarray((outputs.argmax(axis=2) == labels).sum(axis=1))
