"""What networks learned, held against a baseline as two samples of one law (see chance.py): the losses and accuracies
at the last step.

All networks of a root seed learn one set of examples. How far sets are apart, no spread over networks tells: with
another set, nothing is compared. Nor is it where of several learning rates another one came out best, which is a choice
by these very numbers; the losses of every rate are in training_search.csv.

Networks that diverged have no loss; they are counted. Where all of one side did, and none of the other, that is drift
whatever the chances, of LEAST networks on: else a few that all diverge were none. Under a law by which every second one
does, n networks on either side come out so once in 4^n / 2 cells.

A loss of numbers is what is left of the targets' mean square: it has the rounding of the answers, whose size is that of
the loss at the start. Networks that are as alike as rounding could make different ones, after all steps, tell nothing
of what it does to all of them: there every step has a rounding of its own.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine.training.data import EVALUATED
from ...spec import Training
from ..comparing.ends import ENDS, LOSSES
from ..comparing.measured import Measured
from . import chance
from .chance import LEAST, Apart, Sample
from .drift import distance
from .side import Pair, Side
from .tolerances import allowed, allowed_column

Array = np.ndarray[Any, Any]

CURVES, LAYERED = "training.csv", "training_layers.csv"
DATA = ("training.data", "training.test_examples")
RATES = "training.learning_rate"


def obstacle(here: Side, there: Side, pair: Pair, one_root: bool) -> str:
    """Why what two trained cells learned cannot be compared; empty where it can."""
    mine, its = pair
    if not one_root or (all(mine.settings[key] == its.settings[key] for key in DATA) and _unlike(here, there, pair)):
        return "cells: their networks learn one set of examples, and it is another one"
    rates = [cell.settings[RATES] for cell in pair]
    if rates[0] == rates[1] and mine.row["learning_rate"] != its.row["learning_rate"]:
        return "cells: of the learning rates that were tried, another one came out best"
    return ""


def _unlike(here: Side, there: Side, pair: Pair) -> bool:
    """Whether the inputs that trained networks are measured with differ by more than rounding may do. All networks of a
    cell see the same: one is enough."""
    if not (here.has(LAYERED) and there.has(LAYERED)):
        return False
    rows = [side.rows(LAYERED, cell).iloc[:1] for side, cell in zip((here, there), pair, strict=True)]
    names = tuple(name for name in rows[0].columns[5:] if name in rows[1])
    mine, its = (one[list(names)].to_numpy(np.float64) for one in rows)
    known = ~np.isnan(mine) & ~np.isnan(its)
    return bool((distance(mine, its) > allowed(names, np.abs(its)))[known].any())


def learned(here: Side, there: Side, pair: Pair) -> tuple[tuple[str, ...], list[Apart], int]:
    """What two cells have in common of what they learned, every comparison, and of how many means nothing can be
    told."""
    mine, its = pair
    names = tuple(name for name in mine.trained if name in its.trained)
    a, b = (_sample(cell, names) for cell in pair)
    grain = np.max([_grain(names, side.training(cell)) for side, cell in zip((here, there), pair, strict=True)], axis=0)
    rounding = _rounding(there, its, names, a, b)
    discrete = np.array([name not in LOSSES for name in names])
    *others, lost = chance.of_samples(a, b, discrete, grain, rounding)
    lost = replace(lost, apart=np.where(_wholly_lost(a, b) | _wholly_lost(b, a), np.inf, lost.apart))
    tests = [replace(one, first=-1) for one in (*others, lost)]
    return names, tests, chance.untold(a, b, tests)


def _wholly_lost(one: Sample, other: Sample) -> Array:
    """Where all networks of one sample are without a number, and none of the other, (1, M)."""
    return np.asarray((one.numbers.n == 0) & (other.none == 0) & (np.fmin(one.none, other.numbers.n) >= LEAST))


def _sample(cell: Measured, names: tuple[str, ...]) -> Sample:
    """The networks' own numbers, (1, M) each."""
    assert cell.ends is not None
    return chance.of_networks(np.stack([cell.ends.values[name] for name in names], -1)[:, None])


def _grain(names: tuple[str, ...], training: Training | None) -> Array:
    """What one example is to a share of them, (1, M); 0 for losses."""
    assert training is not None
    examples = {"final_accuracy": training.examples, "test_accuracy": training.test_examples}
    return np.array([[1 / min(EVALUATED, examples[name]) if name in examples else 0.0 for name in names]])


def _rounding(there: Side, cell: Measured, names: tuple[str, ...], mine: Sample, its: Sample) -> Array:
    """What rounding may change, (1, M). cell: the baseline's."""
    training = there.training(cell)
    assert training is not None
    size = np.fmax(np.abs(mine.numbers.mean), np.abs(its.numbers.mean))
    limits = np.stack([allowed_column(name, size[:, place], cell.depth) for place, name in enumerate(names)], -1)
    for place, name in enumerate(names):
        if name in LOSSES:  # (a + e)^2 - a^2, with a^2 the loss and e the rounding of the answers
            error = allowed_column(name, math.sqrt(_start(there, cell, ENDS[name])), cell.depth)
            limits[:, place] += 2 * error * np.sqrt(size[:, place]) + error**2
    with np.errstate(all="ignore"):
        squares = mine.numbers.squares + its.numbers.squares
        spread = np.sqrt(squares / (mine.numbers.n + its.numbers.n - 2))
    grown = limits * (training.steps + 1)
    return np.where(spread <= grown, grown, limits)


def _start(there: Side, cell: Measured, curve: str) -> float:
    """The mean loss before the first step; 0 where there is none."""
    rows = there.rows(CURVES, cell)
    losses = rows.loc[rows["step"] == 0, curve].to_numpy(np.float64)
    return float(losses[np.isfinite(losses)].mean()) if np.isfinite(losses).any() else 0.0
