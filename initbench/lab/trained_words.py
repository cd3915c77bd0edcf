"""What training came to, in sentences for the console."""

from __future__ import annotations

import math

from ..spec import Cell
from .trained import Ending


def trained_sentences(cell: Cell, end: Ending | None) -> tuple[str, ...]:
    """How a cell's networks ended; nothing for cells that do not train."""
    training = cell.training
    if training is None or end is None:
        return ()
    tried = len(training.learning_rates)
    rate = f", the best of {tried}" if tried > 1 else ""
    how = f"{training.data.name}, {training.optimizer.label}, learning rate {end.learning_rate:g}{rate}"
    if end.diverged == 1:
        return (f"trained ({how}): every network diverged",)
    after = f"after {training.steps} step{'s' if training.steps > 1 else ''}"
    numbers = [("loss", end.final_loss), ("accuracy", end.final_accuracy)]
    numbers.append(("test accuracy", end.test_accuracy) if training.labels else ("test loss", end.test_loss))
    said = ", ".join(f"{name} {number:.3g}" for name, number in numbers if not math.isnan(number))
    sentences = [f"trained ({how}): {after}, {said}"]
    if end.diverged:
        sentences.append(f"{end.diverged:.0%} of the networks diverged: their loss counts as inf, their accuracy as 0")
    if not math.isnan(end.disagreement):
        sentences.append(_different(end.disagreement, training.labels))
    return tuple(sentences)


def _different(disagreement: float, labels: bool) -> str:
    if labels:
        return f"two networks of different seeds label {disagreement:.2%} of the test examples differently"
    return f"the answers of two networks of different seeds differ by {disagreement:.2%} of their size"
