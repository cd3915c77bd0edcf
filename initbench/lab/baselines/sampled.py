"""Two results as samples of one law: which numbers of which cells are compared, and which cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...values import frozen
from ..comparing.measured import Measured
from . import chance
from .chance import Apart, Sample
from .drift import distance, runs
from .exact import laid_out
from .learned import learned, obstacle
from .light import RATIOS, ratios
from .side import Pair, Side
from .tolerances import allowed

Array = np.ndarray[Any, Any]
UNTOLD = "means or ratios: of networks that are too few, or spread too far"
OTHER_INPUTS = "cells: their networks share one batch of inputs, and it is another one"


@frozen
class Compared:
    """tests: (label of a cell, names, a comparison). only_here, only_there: what cells have that their counterparts do
    not have; left_out: why something is not compared, as often as that happens, or with a number before it."""

    tests: tuple[tuple[str, tuple[str, ...], Apart], ...] = ()
    only_here: tuple[str, ...] = ()
    only_there: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def compared(here: Side, there: Side, pairs: Sequence[Pair]) -> Compared:
    """Every comparison that two results allow, cell by cell."""
    one_root = len({one.results.experiment.cells[0].cell.root_seed for one in (here, there)}) == 1
    raw = here.results.raw and there.results.raw
    parts = [part for pair in pairs for part in (_measured(pair, raw, one_root), _learned(here, there, pair, one_root))]
    silent = Counter(why for part in parts for why in part.left_out)
    return Compared(
        tuple(test for part in parts for test in part.tests),
        tuple(name for part in parts for name in part.only_here),
        tuple(name for part in parts for name in part.only_there),
        tuple(f"{number} {why}" for why, number in silent.items()),
    )


def _measured(pair: Pair, raw: bool, one_root: bool) -> Compared:
    """What two cells have of their networks as they start."""
    mine, its = pair
    if _other_inputs(mine, its, one_root):
        return Compared(left_out=(OTHER_INPUTS,))
    names, tests, untold = _tests(mine, its, raw) if len(mine.rows) and len(its.rows) else _ratios(mine, its)
    found = tuple((mine.label, names, one) for one in tests)
    return Compared(found, tuple(_unmatched(mine, its)), tuple(_unmatched(its, mine)), (UNTOLD,) * untold)


def _learned(here: Side, there: Side, pair: Pair, one_root: bool) -> Compared:
    """What two cells have of their networks as training left them."""
    mine, its = pair
    only_here, only_there = (
        tuple(_named(name, one) for name in one.trained if name not in other.trained)
        for one, other in (pair, pair[::-1])
    )
    if mine.ends is None or its.ends is None:
        return Compared((), only_here, only_there)
    if why := obstacle(here, there, pair, one_root):
        return Compared((), only_here, only_there, (why,))
    names, tests, untold = learned(here, there, pair)
    return Compared(tuple((mine.label, names, one) for one in tests), only_here, only_there, (UNTOLD,) * untold)


def _other_inputs(here: Measured, there: Measured, one_root: bool) -> bool:
    """Whether two cells were fed two batches, each the only one of all its networks: how far batches are apart, no
    spread over networks tells."""
    if all(cell.settings["input.resample"] == "true" for cell in (here, there)):
        return False
    metrics = tuple(dict.fromkeys(here.rows["metric"]))
    mine, its = (laid_out(cell, ("mean",), metrics)[0] for cell in (here, there))
    known = ~np.isnan(mine[0]) & ~np.isnan(its[0])
    return not one_root or bool((distance(mine[0], its[0]) > allowed(metrics, np.abs(its))[0])[known].any())


def _ratios(here: Measured, there: Measured) -> tuple[tuple[str, ...], list[Apart], int]:
    """What _tests gives, where a summary is missing."""
    tests = list(ratios(here, there))
    return tuple(RATIOS), tests, sum(int((np.isnan(one.apart) & (one.here > 0)).sum()) for one in tests)


def _tests(here: Measured, there: Measured, raw: bool) -> tuple[tuple[str, ...], list[Apart], int]:
    """The metrics that two cells have in common, every comparison, and of how many means nothing can be told."""
    rows = min(here.depth, there.depth) + 1
    known = set(there.rows["metric"])
    metrics = tuple(metric for metric in dict.fromkeys(here.rows["metric"]) if metric in known)
    mine, its = (_sample(cell, metrics, rows, raw) for cell in (here, there))
    with np.errstate(all="ignore"):
        size = np.fmax(np.abs(its.numbers.mean), np.sqrt(its.numbers.squares / (its.numbers.n - 1)))
    tests = list(chance.comparisons(mine, its, metrics, here.fans[: rows - 1], allowed(metrics, size)))
    return metrics, tests, chance.untold(mine, its, tests)


def _sample(cell: Measured, metrics: tuple[str, ...], rows: int, raw: bool) -> Sample:
    if raw and cell.values is not None:
        return chance.of_networks(cell.values[:, :rows, [cell.metrics.index(metric) for metric in metrics]])
    n, mean, sd, low = laid_out(cell, ("n", "mean", "sd", "q05"), metrics)[:, :rows]
    return chance.of_summary(int(cell.row["n_seeds"]), n, mean, sd, low)


def _unmatched(one: Measured, other: Measured) -> Iterator[str]:
    """Metrics and layers of a cell that its counterpart does not have; of one without a summary, nothing is said."""
    if not len(other.rows):
        return
    for metric in sorted(set(one.rows["metric"]) - set(other.rows["metric"])):
        yield _named(metric, one)
    if one.depth > other.depth:
        yield _named(f"layers {runs(range(other.depth + 1, one.depth + 1))}", one)


def _named(name: str, cell: Measured) -> str:
    return f"{name} of cell {cell.label}" if cell.label else name
