"""What is trained on: one set of examples for all networks of a root seed, and every network's own minibatches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...spec import Training
from ...streams import Purpose, stream

Array = np.ndarray[Any, Any]

EVALUATED = 1000
"""Training examples, and test examples, that losses are taken of: the first ones, where there are more."""
PROBED = 64
"""Training examples that layers are measured with: the first ones."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Examples split in two. inputs: (n, features); targets: (n,) int64 labels, or (n, outputs) in the inputs' dtype.
    The test set may be empty.
    """

    inputs: Array
    targets: Array
    test_inputs: Array
    test_targets: Array


@lru_cache(maxsize=4)
def sets(training: Training, root_seed: int, dtype: str) -> Sets:
    """The examples of a root seed: the same for every cell and every network that learns them.

    They come in random order: the first are the test set. Labels become vectors with a 1 for a loss of numbers.
    """
    rng = stream(root_seed, 0, Purpose.EXAMPLES)
    examples = training.data.draw(rng)
    order = rng.permutation(len(examples.inputs))
    inputs, targets = examples.inputs[order].astype(dtype), examples.targets[order]
    if not training.loss.record.classes:
        outputs = training.data.shape.outputs
        targets = (np.eye(outputs)[targets] if targets.ndim == 1 else targets).astype(dtype)
    test, train = slice(0, training.test_examples), slice(training.test_examples, None)
    return Sets(inputs[train], targets[train], inputs[test], targets[test])


class Minibatches:
    """The minibatches of S networks, each network's from its own stream: examples in random order, epoch by epoch.

    What does not fill a batch at the end of an epoch is left out.
    """

    def __init__(self, training: Training, root_seed: int, seeds: Sequence[int]) -> None:
        self._streams = [stream(root_seed, seed, Purpose.MINIBATCHES) for seed in seeds]
        self._size, self._examples = training.batch_size, training.examples
        self._batches = training.examples // training.batch_size
        self._order = np.empty((len(seeds), self._batches * self._size), np.int64)
        self._next = self._batches

    def draw(self) -> Array:
        """Which examples come next, (S, B)."""
        if self._next == self._batches:
            for row, rng in zip(self._order, self._streams, strict=True):
                row[:] = rng.permutation(self._examples)[: len(row)]
            self._next = 0
        start = self._next * self._size
        self._next += 1
        return self._order[:, start : start + self._size]
