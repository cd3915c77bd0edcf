"""What training came to: the learning rate that is kept, the end of every cell, and the rows of its tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine import CURVES, Trace, Trained
from ..spec import Cell, Training
from ..values import frozen
from .csvtext import Value
from .summary import value

Array = np.ndarray[Any, Any]
Row = tuple[Value, ...]


@frozen
class Ending:
    """The end of a cell's training with the learning rate that is kept.

    Losses and accuracies are means over the seeds at the last step, nan where there are none; a network that diverged
    counts with a loss of inf, and gives no right answer. diverged: share of the seeds. disagreement: as the function of
    that name says. kept: the place of the learning rate among those tried.
    """

    kept: int
    learning_rate: float
    final_loss: float
    final_accuracy: float
    test_loss: float
    test_accuracy: float
    diverged: float
    disagreement: float

    @property
    def row(self) -> Row:
        """The columns that cells.csv has of it."""
        numbers = (self.learning_rate, self.final_loss, self.final_accuracy, self.test_loss, self.test_accuracy)
        return tuple(value(number) for number in (*numbers, self.diverged, self.disagreement))


def ending(training: Training, trained: Trained) -> Ending:
    """The end of a cell. The learning rate with the smallest mean of final losses is kept; of those that diverge, the
    one that did so least often; of equals the first.
    """
    fell = trained.diverged_at >= 0
    losses = np.where(fell, math.inf, trained.curves[:, :, -1, 0]).mean(axis=0)
    kept = min(range(len(losses)), key=lambda rate: (losses[rate], fell[:, rate].mean(), rate))
    last, gone = trained.curves[:, kept, -1], fell[:, kept]
    tested = training.test_examples > 0
    return Ending(
        kept=kept,
        learning_rate=training.learning_rates[kept],
        final_loss=float(losses[kept]),
        final_accuracy=float(np.where(gone, 0.0, last[:, 1]).mean()) if training.labels else math.nan,
        test_loss=float(np.where(gone, math.inf, last[:, 2]).mean()) if tested else math.nan,
        test_accuracy=float(np.where(gone, 0.0, last[:, 3]).mean()) if tested and training.labels else math.nan,
        diverged=float(gone.mean()),
        disagreement=disagreement(trained.answers[~gone, kept]),
    )


def disagreement(answers: Array) -> float:
    """How different the functions of S networks are: nan for fewer than two networks, or no examples.

    Of labels, (S, E): the mean over pairs of networks of the share of examples that they label differently. Of numbers,
    (S, E, K): the root mean square over pairs of their difference, over the root mean square of the answers.
    """
    networks = len(answers)
    if networks < 2 or answers.shape[1] == 0:
        return math.nan
    if answers.ndim == 2:
        counts = np.stack([(answers == label).sum(axis=0) for label in np.unique(answers)])
        alike = (counts * (counts - 1)).sum(axis=0) / (networks * (networks - 1))
        return float(1 - alike.mean())
    # E (a - b)^2 = 2 Var a over pairs of different networks, ddof 1
    size = math.sqrt(np.mean(answers**2))
    return math.sqrt(2 * float(np.var(answers, axis=0, ddof=1).mean())) / size if size else 0.0


def recorded_curves(training: Training) -> tuple[str, ...]:
    """Which of the curves exist; where they do, nan is what divergence leaves."""
    tested = training.test_examples > 0
    exists = {"accuracy": training.labels, "test_loss": tested, "test_accuracy": tested and training.labels}
    return tuple(name for name in CURVES if exists.get(name, True))


def curve_rows(trace: Trace, cell: Cell, end: Ending, prefix: Row) -> Iterator[Row]:
    """Rows of training.csv, of the learning rate that is kept."""
    training, trained = _both(cell, trace)
    here = [name in recorded_curves(training) for name in CURVES]
    distinct = _distinct_units(trace, training, end.kept)
    for place, seed in enumerate(trace.seeds):
        for row, step in enumerate(training.recorded):
            numbers = trained.curves[place, end.kept, row].tolist()
            said = [number if exists else None for number, exists in zip(numbers, here, strict=True)]
            units = distinct[place, training.measure_at.index(step)] if step in training.measure_at else math.nan
            yield (*prefix, seed, end.learning_rate, step, *said, value(float(units)))


def step_rows(trace: Trace, cell: Cell, end: Ending, prefix: Row) -> Iterator[Row]:
    """Rows of training_layers.csv, of the learning rate that is kept."""
    training, trained = _both(cell, trace)
    fans: list[tuple[int | None, int | None]] = [(None, None)]
    fans += [(layer.fan_in, layer.fan_out) for layer in cell.network.layers]
    for place, seed in enumerate(trace.seeds):
        values, present = trained.layers[place, end.kept].tolist(), trained.present[place, end.kept].tolist()
        for step, layers, exists in zip(training.measure_at, values, present, strict=True):
            for layer, (numbers, there) in enumerate(zip(layers, exists, strict=True)):
                said = [number if one else None for number, one in zip(numbers, there, strict=True)]
                yield (*prefix, seed, step, layer, *fans[layer], *said)


def search_rows(trace: Trace, cell: Cell, end: Ending, prefix: Row) -> Iterator[Row]:
    """Rows of training_search.csv, where several learning rates were tried or a network diverged."""
    training, trained = _both(cell, trace)
    if len(training.learning_rates) < 2 and (trained.diverged_at < 0).all():
        return
    for place, seed in enumerate(trace.seeds):
        for rate, learning_rate in enumerate(training.learning_rates):
            loss, accuracy = trained.curves[place, rate, -1, :2].tolist()
            fell = int(trained.diverged_at[place, rate])
            yield (
                *(*prefix, seed, learning_rate, loss, accuracy if training.labels else None),
                *(fell if fell >= 0 else None, int(rate == end.kept)),
            )


def _both(cell: Cell, trace: Trace) -> tuple[Training, Trained]:
    assert cell.training is not None
    assert trace.training is not None
    return cell.training, trace.training


def _distinct_units(trace: Trace, training: Training, kept: int) -> Array:
    """The fewest distinct units of any layer, (S, T); nan where they were not measured."""
    assert trace.training is not None
    names = [name for name in trace.metrics if name != "histograms"]
    if "distinct_units" not in names:
        return np.full((len(trace.seeds), len(training.measure_at)), math.nan)
    column = names.index("distinct_units")
    return np.asarray(trace.training.layers[:, kept, :, 1:, column].min(axis=2))
