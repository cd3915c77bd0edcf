"""Two results side by side: the settings in which they differ, and how far apart their measurements are.

Every network of A is held against the network of B with the same seed number: both saw the same inputs, and the same
draws where engine and kind of law agree, so that what the two have in common leaves the difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ...errors import JudgeError, UsageError
from ...values import frozen
from .ends import LOSSES
from .intervals import Interval, correlation, in_common, of_lots, of_mean, of_pairs, of_samples
from .kept import comparison_notes
from .lots import lot
from .matching import match
from .measured import Measured, Opened, Source, open_results
from .quantities import Quantity, Sample, by_network, quantities, sample
from .settings import Differing, differences

PAIRED, UNPAIRED = "paired", "unpaired"


@frozen
class Difference:
    """One quantity in A and in B.

    factor: whether a, b, difference, low and high are log10, so that 10^difference is B / A; else difference is B - A.
    how: paired | unpaired, or empty where nothing can be subtracted. n: pairs, or networks of A and of B.
    a, b: means over the networks that count, -inf for a factor that is 0 in all of them; low, high: 95 %, nan where one
    network cannot tell.
    correlation: of the pairs; narrower: how many times wider the interval would be without pairing; nan where unpaired.
    notes: networks that do not count, and why.
    """

    quantity: str
    factor: bool
    how: str
    n: tuple[int, int]
    a: float
    b: float
    difference: float
    low: float
    high: float
    correlation: float = math.nan
    narrower: float = math.nan
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the interval leaves out that there is no difference."""
        return self.low > 0 or self.high < 0


@frozen
class Pair:
    """A cell of A beside one of B. a, b: their ids; labels: their swept settings; verdicts: of cells.csv.

    unmeasured: quantities that do not exist in both, or are losses of two kinds: `cosine, last layer (only in A)`.
    """

    a: str
    b: str
    labels: tuple[str, str]
    verdicts: tuple[str, str]
    differences: tuple[Difference, ...]
    unmeasured: tuple[str, ...]


@frozen
class Comparison:
    """Two results. names: of A and B; settings: those that differ; matched: how cells were paired, in words.

    left_out: labels of the cells of A, and of B, without a partner. notes: what the intervals rest on.
    """

    names: tuple[str, str]
    settings: tuple[Differing, ...]
    matched: str
    pairs: tuple[Pair, ...]
    left_out: tuple[tuple[str, ...], tuple[str, ...]]
    notes: tuple[str, ...]


def compare(a: Source, b: Source, metrics: Iterable[str] = (), layer: int | str | None = None) -> Comparison:
    """A and B side by side: results folders, or results of runs.

    metrics: only these (metrics, `forward drift`, `backward drift`, or of trained networks `final_loss`,
    `final_accuracy`, `test_loss`, `test_accuracy`); layer: a number, "first" or "last", instead of where each metric's
    way ends. Of a folder that keeps only some tables, what these have is compared.
    Raises StorageError for a missing or damaged folder, UsageError for what is not there to choose, JudgeError where
    nothing can be compared.
    """
    if isinstance(layer, str) and layer not in ("first", "last"):
        raise UsageError(f"layer {layer!r}: a layer is its number, first or last")
    one, other = open_results(a, partial=True), open_results(b, partial=True)
    if one.is_also(other):
        raise UsageError(f"{one.where}: the same results twice; `initbench compare DIR` ranks the cells of one folder")
    matching = match(one, other)
    wanted = tuple(metrics)
    pairs = tuple(_pair(x, y, quantities((x, y), wanted, layer)) for x, y in matching.pairs)
    if not any(math.isfinite(row.a) or math.isfinite(row.b) for pair in pairs for row in pair.differences):
        why = "; ".join(dict.fromkeys(what for pair in pairs for what in pair.unmeasured)) if wanted else ""
        what = "they have no number in common that could be compared"
        raise JudgeError(f"{one.title}, {other.title}: {what}{f': {why}' if why else ''}")
    return Comparison(
        (one.title, other.title),
        differences((one, other)),
        matching.how,
        pairs,
        (_labels(one, matching.left_a), _labels(other, matching.left_b)),
        (*comparison_notes(one, other), *_notes(one, other, pairs)),
    )


def _labels(result: Opened, cells: Sequence[Measured]) -> tuple[str, ...]:
    return (*(cell.label for cell in cells), *(f"{label} (failed)" for label in result.failed))


def _pair(a: Measured, b: Measured, chosen: Sequence[Quantity]) -> Pair:
    rows, unmeasured = [], []
    for quantity in chosen:
        row = _paired if by_network(quantity, a) and by_network(quantity, b) else _lots
        found = _unlike(quantity, a, b) or row(quantity, a, b)
        if isinstance(found, Difference):
            rows.append(found)
        else:
            unmeasured.append(f"{quantity.name} ({found})")
    verdicts = (str(a.row["verdict"]), str(b.row["verdict"]))
    return Pair(a.id, b.id, (a.label, b.label), verdicts, tuple(rows), tuple(unmeasured))


def _unlike(quantity: Quantity, a: Measured, b: Measured) -> str:
    """In what two losses differ that are not one measure; empty where there is nothing to say."""
    names = [cell.settings.get("training.loss", "") for cell in (a, b)]
    unlike = quantity.metric in LOSSES and all(names) and names[0] != names[1]
    return f"{names[0]} in A, {names[1]} in B" if unlike else ""


def _paired(quantity: Quantity, a: Measured, b: Measured) -> Difference | str:
    """Network by network, by seed where they have seeds in common; where the quantity does not exist, in which."""
    one, other = sample(quantity, a), sample(quantity, b)
    if absent := _absent(one.blank == len(one.seeds), other.blank == len(other.seeds)):
        return absent
    notes = (*_lost("A", one), *_lost("B", other))
    x, y = in_common(one.seeds, one.values, other.seeds, other.values)
    if len(x) < 2 and min(one.n, other.n) > 1:
        x, y = one.values[np.isfinite(one.values)], other.values[np.isfinite(other.values)]
        apart = of_samples(x, y)
        return _difference(quantity, UNPAIRED, (len(x), len(y)), (float(x.mean()), float(y.mean())), apart, notes)
    if not len(x):
        return _nothing(quantity, (_mean(one), _mean(other)), notes)
    apart, unpaired = of_pairs(x, y), of_samples(x, y)
    few = ("one pair has no interval",) if len(x) == 1 else ()
    means = (of_mean(x).mean, of_mean(y).mean)
    found = (correlation(x, y), unpaired.half / apart.half if apart.half > 0 else math.nan)
    return _difference(quantity, PAIRED, (len(x), len(x)), means, apart, (*notes, *few), *found)


def _absent(from_a: bool, from_b: bool) -> str:
    return "in neither" if from_a and from_b else "only in B" if from_a else "only in A" if from_b else ""


def _lots(quantity: Quantity, a: Measured, b: Measured) -> Difference | str:
    """From summary.csv and cells.csv: networks that cannot be told apart cannot be paired."""
    one, other = lot(quantity, a), lot(quantity, b)
    if absent := _absent(one.blank, other.blank):
        return absent
    notes = (*(f"A: {what}" for what in one.notes), *(f"B: {what}" for what in other.notes))
    if not (math.isfinite(one.mean) and math.isfinite(other.mean)):
        return _nothing(quantity, (one.mean, other.mean), notes)
    apart = of_lots((one.n, other.n), (one.mean, other.mean), (one.stderr, other.stderr))
    return _difference(quantity, UNPAIRED, (one.n, other.n), (one.mean, other.mean), apart, notes)


def _difference(
    quantity: Quantity,
    how: str,
    n: tuple[int, int],
    means: tuple[float, float],
    apart: Interval,
    notes: tuple[str, ...],
    r: float = math.nan,
    narrower: float = math.nan,
) -> Difference:
    numbers = (*means, apart.mean, apart.low, apart.high)
    return Difference(quantity.name, quantity.factor, how, n, *numbers, r, narrower, notes)


def _nothing(quantity: Quantity, means: tuple[float, float], notes: tuple[str, ...]) -> Difference:
    return Difference(quantity.name, quantity.factor, "", (0, 0), *means, math.nan, math.nan, math.nan, notes=notes)


def _mean(one: Sample) -> float:
    """The mean of what there is; -inf, the log10 of 0, where all networks are exactly 0."""
    if one.zero == len(one.seeds):
        return -math.inf
    return of_mean(one.values[np.isfinite(one.values)]).mean


def _lost(name: str, one: Sample) -> list[str]:
    """Networks that do not count, by reason."""
    of = len(one.seeds)
    counts = ((one.nonfinite, "not finite"), (one.zero, "exactly 0"), (one.blank, "blank"), (one.diverged, "diverged"))
    return [f"{name}: {what} in {count} of {of}" for count, what in counts if count > 0]


def _notes(a: Opened, b: Opened, pairs: Sequence[Pair]) -> list[str]:
    """What the intervals rest on, and what they leave open."""
    notes = []
    told = a.by_network and b.by_network
    seeds = [set(one.experiment.seeds) for one in (a, b)]
    common = len(seeds[0] & seeds[1])
    if told and seeds[0] != seeds[1]:
        plural = "" if common == 1 else "s"
        notes.append(f"{common} seed{plural} in common, of {len(seeds[0])} in A and {len(seeds[1])} in B")
    roots = [one.experiment.cells[0].cell.root_seed for one in (a, b)]
    if roots[0] != roots[1] and common and told:
        notes.append(
            "the root seeds differ: networks of the same seed number share no draws, and pairing gains nothing"
        )
    if any(cell["input.resample"] == "false" for one in (a, b) for cell in one.settings):
        notes.append("input.resample is false: the intervals hold for that one batch of inputs, not for others like it")
    if told and (same := sum(pair.a == pair.b for pair in pairs)):
        notes.append(f"{same} of {len(pairs)} pairs are the same cell twice: the same networks, to the last digit")
    return notes
