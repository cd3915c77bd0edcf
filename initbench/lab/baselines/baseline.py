"""Stored results held against a baseline: other results of the same config, that somebody has looked at and kept.

Two ways. `exact`, where config, seeds, numerics version, NumPy, BLAS and the processor's kind agree: see exact.py.
`statistical` otherwise, or where asked for: see chance.py. Cells belong together by the values of what is swept; in
exact mode they must be the same cells, too. What has no counterpart is drift: results that are gone no longer hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StorageError
from ..check import stored_experiment
from ..comparing.measured import Measured, Opened, open_results, opened
from ..comparing.settings import differences, seeds_text
from ..partial import kept_tables
from ..stored import verify
from . import chance
from .accept import refuse_itself
from .chance import Apart, Sample
from .drift import EXACT, STATISTICAL, Drift, Held, distance, runs, worst
from .exact import by_number, laid_out
from .light import RATIOS, ratios
from .tolerances import allowed

Array = np.ndarray[Any, Any]
Pair = tuple[Measured, Measured]

FACTS = {"numerics": "numerics version", "numpy": "NumPy", "blas": "BLAS", "platform": "platform"}
"""Of the manifest: what numbers depend on besides the config and the seed."""
NAMED = 4
"""Settings that differ, and cells without a counterpart, that are named."""


@dataclass(frozen=True)
class Matching:
    """The cells of two results, pair by pair, and the names of those that are on one side only."""

    pairs: tuple[Pair, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]


def drift(folder: Path, baseline: Path, statistical: bool = False) -> Drift:
    """The results in a folder beside those of a baseline, of which some tables may be missing.

    Raises StorageError where a folder or a file is missing or damaged, UsageError where both are one folder.
    """
    refuse_itself(folder, baseline)
    here = open_results(folder)
    if not baseline.is_dir():
        command = f"initbench check {folder} --baseline {baseline} --update"
        raise StorageError(f"{baseline}: no such baseline; `{command}` makes it of {folder}")
    tables, absent = kept_tables(baseline, pictured=False)
    verify(baseline, tables.manifest, "resolved.yaml")
    there = opened(stored_experiment(baseline), tables, str(baseline))
    left = [f"{name}: the baseline does not keep it" for name in sorted(absent & {"summary.csv"})]
    return held_against(here, there, statistical, left)


def held_against(here: Opened, there: Opened, statistical: bool = False, left_out: Sequence[str] = ()) -> Drift:
    """Results beside their baseline. left_out: what is not compared anyway."""
    pairs, identical = _match(here, there, same=False), _match(here, there, same=True)
    if statistical:
        return _statistical(here, there, pairs, "as was asked for", left_out)
    if why := _differences(here, there, bool(identical.pairs)):
        return _statistical(here, there, pairs, why, left_out)
    return _exact(here, identical, left_out)


def _differences(here: Opened, there: Opened, same_cells: bool) -> str:
    """Why the numbers cannot be the same; empty where they must."""
    found = []
    for key, name in FACTS.items():
        mine, its = here.manifest.get(key), there.manifest.get(key)
        if mine in (None, []) or its in (None, []):
            found.append(f"{'this result' if mine in (None, []) else 'the baseline'} does not say its {name}")
        elif not _agree(mine, its):
            found.append(f"{name} {_spelled(mine)} here, {_spelled(its)} in the baseline")
    if here.experiment.seeds != there.experiment.seeds:
        mine, its = (seeds_text(one.experiment.seeds) for one in (here, there))
        found.append(f"{mine} seeds here, {its} in the baseline")
    if not same_cells:
        known = {"seeds", "verdict", "output.layers", "cells"}
        others = [one for one in differences([here, there]) if one.key not in known and "(" not in one.key]
        found += [f"{one.key} {one.values[0]} here, {one.values[1]} in the baseline" for one in others[:NAMED]]
        found += [] if others else ["no cell is the same as in the baseline"]
    return "; ".join(found)


def _agree(mine: Any, its: Any) -> bool:
    """Whether a fact is the same. Of libraries, a process has those that it happened to need: SciPy brings a BLAS of
    its own."""
    if not isinstance(mine, list) or not isinstance(its, list):
        return bool(mine == its)
    fewer, more = sorted((mine, its), key=len)
    return all(library in more for library in fewer)


def _spelled(fact: Any) -> str:
    if isinstance(fact, list):
        return " and ".join(_spelled(each) for each in fact) or "unknown"
    if isinstance(fact, Mapping):
        return " ".join(str(part) for key, part in fact.items() if key != "threads")
    return str(fact)


def _match(here: Opened, there: Opened, same: bool) -> Matching:
    """Cells with equal swept values; with `same`, only those that are the same cell, too."""
    mine, its = _by_key(here, same), _by_key(there, same)
    pairs = tuple((cell, its[key]) for key, cell in mine.items() if key in its)
    only_here = tuple(_name(cell, here, there) for key, cell in mine.items() if key not in its)
    only_there = tuple(_name(cell, there, here) for key, cell in its.items() if key not in mine)
    return Matching(pairs, only_here, only_there)


def _by_key(results: Opened, same: bool) -> dict[tuple[Any, ...], Measured]:
    axes = sorted(results.manifest["axes"])
    return {(*((axis, cell.row[axis]) for axis in axes), cell.id if same else ""): cell for cell in results.cells}


def _name(cell: Measured, its: Opened, other: Opened) -> str:
    failed = "; failed on the other side" if cell.label in other.failed else ""
    return f"cell {cell.label or its.name} ({cell.id}{failed})"


def _exact(here: Opened, matching: Matching, left_out: Sequence[str]) -> Drift:
    held = [one for pair in matching.pairs for one in by_number(*pair)]
    facts = ", ".join(f"{name} {_spelled(here.manifest[key])}" for key, name in FACTS.items())
    why = f"config, seeds and software are the baseline's ({facts})"
    rule = "numbers may differ by what rounding may do, words not at all"
    return _told(EXACT, why, rule, matching, held, left_out)


def _statistical(here: Opened, there: Opened, matching: Matching, why: str, left_out: Sequence[str]) -> Drift:
    raw = here.raw and there.raw
    tested: list[tuple[str, tuple[str, ...], Apart]] = []
    untold, odd_here, odd_there = 0, list(matching.only_here), list(matching.only_there)
    one_root = len({one.experiment.cells[0].cell.root_seed for one in (here, there)}) == 1
    pairs = [pair for pair in matching.pairs if not _other_inputs(*pair, one_root)]
    for mine, its in pairs:
        odd_here += _unmatched(mine, its)
        odd_there += _unmatched(its, mine)
        names, tests, silent = _tests(mine, its, raw) if len(its.rows) else _ratios(mine, its)
        tested += [(mine.label, names, one) for one in tests]
        untold += silent
    count = sum(one.count for _, _, one in tested)
    level = chance.level_of(count)
    held = [one.held(label, metrics, level) for label, metrics, one in tested]
    silent_about = {
        "means or ratios: of networks that are too few, or spread too far": untold,
        "cells: their networks share one batch of inputs, and it is another one": len(matching.pairs) - len(pairs),
    }
    left = [*left_out, *(f"{number} {what}" for what, number in silent_about.items() if number)]
    rule = (
        f"one check in {1 / chance.FALSE_ALARM:.0f} may find a drift where there is none: "
        f"of {count} comparisons, each at {level:.2g}; words, and what theory says, are not compared"
    )
    whole = Matching(matching.pairs, tuple(odd_here), tuple(odd_there))
    return _told(STATISTICAL, why, rule, whole, held, left)


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
    """What _tests gives, for a baseline without a summary."""
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
    compared = np.any([~np.isnan(one.apart) for one in tests], axis=0)
    return metrics, tests, int(((mine.numbers.n > 0) & (its.numbers.n > 0) & ~compared).sum())


def _sample(cell: Measured, metrics: tuple[str, ...], rows: int, raw: bool) -> Sample:
    if raw and cell.values is not None:
        return chance.of_networks(cell.values[:, :rows, [cell.metrics.index(metric) for metric in metrics]])
    n, mean, sd, low = laid_out(cell, ("n", "mean", "sd", "q05"), metrics)[:, :rows]
    return chance.of_summary(int(cell.row["n_seeds"]), n, mean, sd, low)


def _unmatched(one: Measured, other: Measured) -> Iterator[str]:
    """Metrics and layers of a cell that its counterpart does not have; of one without a summary, nothing is said."""
    if not len(other.rows):
        return
    where = f" of cell {one.label}" if one.label else ""
    for metric in sorted(set(one.rows["metric"]) - set(other.rows["metric"])):
        yield f"{metric}{where}"
    if one.depth > other.depth:
        yield f"layers {runs(range(other.depth + 1, one.depth + 1))}{where}"


def _told(mode: str, why: str, rule: str, matching: Matching, held: Sequence[Held], left_out: Sequence[str]) -> Drift:
    """Everything that was held against one another, counted."""
    off, offences = worst(held)
    compared = [one for one in held if one.compared.any()]
    layered = [one for one in compared if one.first >= 0]
    return Drift(
        *(mode, why, rule, len({one.label for one in compared})),
        max((len(one.apart) for one in layered), default=0),
        len({one.names[column] for one in layered for column in np.nonzero(one.compared)[1]}),
        sum(int(one.compared.sum()) for one in held),
        *(off, offences),
        *(matching.only_here, matching.only_there, tuple(left_out)),
    )
