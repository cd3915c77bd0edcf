"""Training: networks of many seeds and learning rates together, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from ...spec import Cell
from ..workspace import Workspace
from . import record
from .costs import AHEAD, seeds_together
from .data import EVALUATED, PROBED, Minibatches, Sets, sets
from .losses import LOSSES, right
from .network import Stack
from .optimizers import rule
from .probe import Probe
from .record import Trained

Array = np.ndarray[Any, Any]

DIVERGED = 1000.0
"""A network has diverged when a loss is not finite, or so many times the larger of its first loss and of the loss of a
network that always answers 0."""


def train(
    cell: Cell, seeds: Sequence[int], workspace: Workspace | None = None, tell: Callable[[int], None] | None = None
) -> Trained:
    """Train the networks of `seeds` with every learning rate of the cell.

    tell: called after every step with the number of steps that are done, of all networks on average. Divergence,
    overflow and nan are results: nothing is raised or warned. Raises PluginError where a plug-in does.
    """
    workspace = workspace or Workspace()
    size = seeds_together(cell)
    chunks = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    steps = count(1)

    def stepped() -> None:
        if tell is not None:
            tell(next(steps) // len(chunks))

    with np.errstate(all="ignore"):
        trained = record.join([_Run(cell, chunk, workspace).run(stepped) for chunk in chunks])
    assert trained is not None
    return trained


class _Run:
    """One chunk of seeds while it is trained: a leaf, used once. Networks are in order of (seed, learning rate)."""

    def __init__(self, cell: Cell, seeds: Sequence[int], workspace: Workspace) -> None:
        assert cell.training is not None
        self.cell, self.training = cell, cell.training
        self.rates = len(self.training.learning_rates)
        self.seeds = len(seeds)
        self.sets: Sets = sets(self.training, cell.root_seed, cell.dtype)
        self.loss = LOSSES[self.training.loss.name]
        self.stack = Stack(cell, np.repeat(seeds, self.rates).tolist(), workspace)
        rates = np.tile(self.training.learning_rates, self.seeds)
        self.rule = rule(self.training.optimizer, rates, self.stack.parameters)
        self.batches = Minibatches(self.training, cell.root_seed, seeds)
        self.probe = Probe(cell, *self._first(PROBED), self.loss)
        networks, layers = len(rates), cell.network.depth + 1
        self.curves = np.full((networks, len(self.training.recorded), len(record.CURVES)), np.nan)
        shape = (networks, len(self.training.measure_at), layers, len(self.probe.metrics))
        self.layers, self.present = np.full(shape, np.nan), np.zeros(shape, bool)
        self.diverged_at = np.full(networks, -1, np.int64)
        self.limit = np.full(networks, np.inf)

    def run(self, stepped: Callable[[], None]) -> Trained:
        """Train to the end, or until all have diverged. stepped: called after every step."""
        rows = {step: row for row, step in enumerate(self.training.recorded)}
        moments = {step: place for place, step in enumerate(self.training.measure_at)}
        for step in range(self.training.steps + 1):
            if step in moments:
                self._measure(moments[step])
            losses = self._differentiate()
            if step in rows:
                losses = self._record(step, rows[step], losses)
            self._judge(step, losses)
            if step == self.training.steps or (self.diverged_at >= 0).all():
                break
            self.rule.step(self.stack.parameters, self.stack.gradients)
            stepped()
        return self._result()

    def _differentiate(self) -> Array:
        """The next minibatch of every network: its loss, (S,), and its gradients in the stack."""
        chosen = self.batches.draw()
        x, y = self.sets.inputs[chosen], self.sets.targets[chosen]
        if self.rates > 1:
            x, y = np.repeat(x, self.rates, axis=0), np.repeat(y, self.rates, axis=0)
        passed = self.stack.forward(x)
        losses = self.loss(passed.outputs, y)
        self.stack.backward(passed, passed.outputs)
        return losses

    def _record(self, step: int, row: int, losses: Array) -> Array:
        """A row of the curves, for networks that have not diverged; the losses that are to be judged."""
        alive = self.diverged_at < 0
        gradients = self.stack.gradients
        found = np.full((len(alive), len(record.CURVES)), np.nan)
        found[:, :2] = self._evaluate(self.sets.inputs, self.sets.targets)
        if self.training.test_examples:
            found[:, 2:4] = self._evaluate(self.sets.test_inputs, self.sets.test_targets)
        found[:, 4] = [np.sqrt(np.dot(wide, wide)) for wide in (row.astype(np.float64) for row in gradients)]
        self.curves[alive, row] = found[alive]
        if step == 0:
            self.limit = DIVERGED * np.maximum(found[:, 0], self._of_nothing())
        return np.where(np.isfinite(found[:, 0]), np.fmax(losses, found[:, 0]), np.nan)

    def _evaluate(self, inputs: Array, targets: Array) -> Array:
        """(loss, accuracy) over the first examples, (S, 2); accuracy is nan where there are no labels."""
        total = np.zeros((len(self.diverged_at), 2))
        count = min(EVALUATED, len(inputs))
        for start in range(0, count, AHEAD):
            some = slice(start, min(start + AHEAD, count))
            outputs = self.stack.evaluate(inputs[None, some])
            total[:, 1] += right(outputs, targets[some]) if self.training.labels else np.nan
            total[:, 0] += (some.stop - start) * self.loss(outputs, targets[None, some])
        total /= count
        total[~np.isfinite(total[:, 0]), 1] = np.nan
        return total

    def _of_nothing(self) -> float:
        """The loss of outputs that are 0, on the examples that are evaluated."""
        inputs, targets = self._first(EVALUATED)
        nothing = np.zeros((1, inputs.shape[1], self.training.data.shape.outputs))
        return float(self.loss(nothing, targets)[0])

    def _first(self, most: int) -> tuple[Array, Array]:
        """The first training examples as a batch for all networks: (1, B, F) and targets."""
        return self.sets.inputs[None, :most], self.sets.targets[None, :most]

    def _measure(self, place: int) -> None:
        alive = self.diverged_at < 0
        values, present = np.full(self.layers[:, place].shape, np.nan), np.zeros(self.present[:, place].shape, bool)
        self.probe.measure(self.stack, values, present)
        self.layers[alive, place] = values[alive]
        self.present[:, place] = present

    def _judge(self, step: int, losses: Array) -> None:
        fell = (self.diverged_at < 0) & ~(losses <= self.limit)
        self.diverged_at[fell] = step

    def _answers(self) -> Array:
        """What the networks say to the test examples; -1 or nan where they diverged."""
        inputs = self.sets.test_inputs[None, :EVALUATED]
        outputs = self.stack.evaluate(inputs) if inputs.shape[1] else np.empty((len(self.curves), 0, 1))
        fell = self.diverged_at >= 0
        if self.training.labels:
            labels = outputs.argmax(axis=2) if inputs.shape[1] else np.empty((len(self.curves), 0), np.int64)
            labels[fell] = -1
            return labels
        answers = outputs.astype(np.float32).astype(np.float64)  # what is stored of them
        answers[fell] = np.nan
        return answers

    def _result(self) -> Trained:
        parts = (self.curves, self.layers, self.present, self.diverged_at, self._answers())
        return Trained(*(part.reshape(self.seeds, self.rates, *part.shape[1:]) for part in parts))
