"""Stored results held against a baseline: other results of the same config, that somebody has looked at and kept.

Two ways. `exact`, where config, seeds, numerics version, NumPy, BLAS and the processor's kind agree: see exact.py and
rows.py. `statistical` otherwise, or where asked for: see chance.py and learned.py. Cells belong together by the values
of what is swept; in exact mode they must be the same cells, too. What has no counterpart is drift: results that are
gone no longer hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ...errors import StorageError
from ...values import frozen
from ..check import Stored, stored_results
from ..comparing.measured import Measured, Opened
from ..comparing.settings import differences, seeds_text
from . import chance
from .accept import refuse_itself
from .drift import EXACT, STATISTICAL, Drift, Held, tally
from .exact import by_number
from .learned import CURVES
from .rows import COUNTED, by_row
from .sampled import compared
from .side import KEYS, Pair, Side, side

FACTS = {"numerics": "numerics version", "numpy": "NumPy", "blas": "BLAS", "platform": "platform"}
"""Of the manifest: what numbers depend on besides the config and the seed."""
NAMED = 4
"""Settings that differ, and cells without a counterpart, that are named."""


@frozen
class Matching:
    """The cells of two results, pair by pair, and the names of those that are on one side only."""

    pairs: tuple[Pair, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]


def drift(folder: Path, baseline: Path, statistical: bool = False) -> Drift:
    """The results in a folder beside those of a baseline; of both, some tables may be missing.

    Raises StorageError where a folder or a file is missing or damaged, UsageError where both are one folder.
    """
    refuse_itself(folder, baseline)
    return drift_of(stored_results(folder), baseline, statistical)


def drift_of(stored: Stored, baseline: Path, statistical: bool = False) -> Drift:
    """As `drift`, of a folder that was read."""
    refuse_itself(stored.folder, baseline)
    here = side(stored)
    if not baseline.is_dir():
        command = f"initbench check {stored.folder} --baseline {baseline} --update"
        raise StorageError(f"{baseline}: no such baseline; `{command}` makes it of {stored.folder}")
    return held_against(here, side(stored_results(baseline)), statistical)


def held_against(here: Side, there: Side, statistical: bool = False) -> Drift:
    """Results beside their baseline."""
    mine, its = here.results, there.results
    pairs, identical = _match(mine, its, same=False), _match(mine, its, same=True)
    if statistical:
        return _statistical(here, there, pairs, "as was asked for")
    if why := _differences(mine, its, bool(identical.pairs)):
        return _statistical(here, there, pairs, why)
    return _exact(here, there, identical)


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


def _exact(here: Side, there: Side, matching: Matching) -> Drift:
    facts = ", ".join(f"{name} {_spelled(here.results.manifest[key])}" for key, name in FACTS.items())
    why = f"config, seeds and software are the baseline's ({facts})"
    lost = [name for name in ("summary.csv", *KEYS) if here.lost(name) or there.lost(name)]
    names = [name for name in KEYS if name not in lost and (here.has(name) or there.has(name))]
    tables = [name for name in ("summary.csv", "cells.csv", *names) if name not in lost]
    rule = f"numbers of {_listed(tables)} may differ by what rounding may do, words not at all"
    by_pair = ((by_number(*pair), by_row(here, there, pair, names)) for pair in matching.pairs)
    held = chain.from_iterable(chain.from_iterable(by_pair))
    return _told(EXACT, why, rule, matching, held, _not_kept(here, there, lost))


def _not_kept(here: Side, there: Side, names: Sequence[str]) -> list[str]:
    """Who does not keep a table."""
    sides = ((here, "this result"), (there, "the baseline"))
    return [f"{name}: {who} does not keep it" for name in names for one, who in sides if one.lost(name)]


def _statistical(here: Side, there: Side, matching: Matching, why: str) -> Drift:
    found = compared(here, there, matching.pairs)
    count = sum(one.count for _, _, one in found.tests)
    level = chance.level_of(count)
    held = [one.held(label, names, level) for label, names, one in found.tests]
    silent = ["words", "what theory says"]
    silent += ["training but for its last losses and accuracies"] if here.has(CURVES) or there.has(CURVES) else []
    silent += ["histograms"] if here.has(COUNTED) or there.has(COUNTED) else []
    rule = (
        f"one check in {1 / chance.FALSE_ALARM:.0f} may find a drift where there is none: "
        f"of {count} comparisons, each at {level:.2g}; {_listed(silent)} are not compared"
    )
    left = [*_not_kept(here, there, ("summary.csv", CURVES)), *found.left_out]
    only_here, only_there = (*matching.only_here, *found.only_here), (*matching.only_there, *found.only_there)
    return _told(STATISTICAL, why, rule, Matching(matching.pairs, only_here, only_there), held, left)


def _listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _told(mode: str, why: str, rule: str, matching: Matching, held: Iterable[Held], left_out: Sequence[str]) -> Drift:
    """Everything that was held against one another, counted."""
    found = tally(held)
    counts = (found.cells, found.layers, found.metrics, found.comparisons, found.off)
    return Drift(mode, why, rule, *counts, found.worst, matching.only_here, matching.only_there, tuple(left_out))
