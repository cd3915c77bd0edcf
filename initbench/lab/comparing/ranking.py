"""Which initializer for this network: settings in order, with ties where the networks cannot tell them apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ...errors import JudgeError, UsageError
from ...values import frozen
from .criteria import ALIKE, ALIKE_AT, CRITERIA, DEAD, DRIFT, LOST, Numbers, numbers, same, wholly_lost
from .ends import DIVERGED, ENDS, FELL
from .intervals import Interval
from .kept import ranking_notes
from .measured import Measured, Opened, Source, open_results
from .quantities import BACKWARD, FORWARD
from .settings import Differing, differences

TIES = (
    "Two settings tie in a criterion where the 95 % interval of their difference, paired by seed, holds 0; "
    "each is held against the best one left. The next criterion decides between them; "
    "those that tie in all of them share a place. One such comparison takes equals for different in 5 % of cases."
)


@frozen
class Standing:
    """The place of one setting, from 1; tied: whether it shares it. cell: its id.

    scores: by criterion, and for `forward drift` and `backward drift`: mean over the networks, with its 95 % interval
    (nan for one network). Drifts are log10, with their sign in the two directions and positive in `drift`. Of networks
    that were trained `final_loss`, `final_accuracy`, `test_loss`, `test_accuracy` and `diverged` are there too, and
    decide nothing.
    decided: the criterion that put it behind the place before; empty for the first.
    """

    place: int
    tied: bool
    label: str
    cell: str
    verdict: str
    scores: Mapping[str, Interval]
    decided: str


@frozen
class Ranking:
    """Settings, best first. names: the results; criteria, rules: names and words, the most important first.

    depth: of the shallowest network: correlation depths are counted up to it, `depth` + 1 is never. a_layer: drifts are
    those of one layer, since depths differ. unranked: settings of which nothing was measured. settings: in which the
    results differ.
    """

    names: tuple[str, ...]
    criteria: tuple[str, ...]
    rules: tuple[str, ...]
    standings: tuple[Standing, ...]
    unranked: tuple[str, ...]
    settings: tuple[Differing, ...]
    depth: int
    a_layer: bool
    notes: tuple[str, ...]


@frozen
class _Candidate:
    label: str
    cell: Measured
    numbers: Mapping[str, Numbers]


def rank(*sources: Source) -> Ranking:
    """The cells of one or more results, in order.

    Raises StorageError for a missing or damaged folder, UsageError for one that is given twice, JudgeError where there
    are fewer than two cells or no criterion that all of them have.
    """
    results = [open_results(source, partial=True) for source in sources]
    for place, one in enumerate(results):
        if any(one.is_also(other) for other in results[:place]):
            raise UsageError(f"{one.where}: the same results twice")
    labelled = [(_label(result, cell.label, len(results) > 1), cell) for result in results for cell in result.cells]
    if len(labelled) < 2:
        one_cell = f"{results[0].title}: it has one cell" if labelled else f"{results[0].title}: nothing was measured"
        raise JudgeError(f"{one_cell}; name other results to compare it with: `initbench compare A B`")
    cells = [cell for _, cell in labelled]
    found = numbers(cells)
    criteria = tuple(name for name in CRITERIA if all(name in one for one in found))
    if not set(criteria) - {LOST}:
        raise JudgeError("no criterion was measured in all settings (act_q, grad_q, dead_fraction, cosine)")
    candidates = [_Candidate(label, cell, one) for (label, cell), one in zip(labelled, found, strict=True)]
    depths = {cell.depth for cell in cells}
    return Ranking(
        tuple(result.title for result in results),
        criteria,
        tuple(_rule(name, len(depths) > 1, min(depths)) for name in criteria),
        tuple(_standings(candidates, criteria)),
        tuple(_label(result, label, len(results) > 1) for result in results for label in result.failed),
        differences(results),
        min(depths),
        len(depths) > 1,
        tuple(_notes(results, found)),
    )


def _label(result: Opened, label: str, several: bool) -> str:
    return (f"{result.title}: {label}" if label else result.title) if several else label


def _standings(candidates: Sequence[_Candidate], criteria: Sequence[str]) -> Iterator[Standing]:
    place = 1
    for group, decided in _split(candidates, criteria, 0, ""):
        for one in sorted(group, key=lambda one: tuple(_mean(one, name) for name in criteria)):
            scores = {name: _turned(name, numbers.interval) for name, numbers in one.numbers.items()}
            verdict = str(one.cell.row["verdict"])
            yield Standing(place, len(group) > 1, one.label, one.cell.id, verdict, scores, decided)
        place += len(group)


def _split(
    group: Sequence[_Candidate], criteria: Sequence[str], level: int, decided: str
) -> Iterator[tuple[Sequence[_Candidate], str]]:
    """The group in parts that cannot be told apart, best first, with the criterion that put each behind the one before.

    The best of a criterion gathers all that it cannot be told from; the best of the rest does the same; within each
    part the next criterion decides.
    """
    if level == len(criteria) or len(group) == 1 or all(wholly_lost(one.numbers) for one in group):
        yield group, decided
        return
    name = criteria[level]
    rest = sorted(group, key=lambda one: _mean(one, name))
    part: list[_Candidate] = []
    for one in rest:
        if part and not same(part[0].numbers[name], one.numbers[name]):
            yield from _split(part, criteria, level + 1, decided)
            part, decided = [], name
        part.append(one)
    yield from _split(part, criteria, level + 1, decided)


def _mean(one: _Candidate, name: str) -> float:
    mean = one.numbers[name].interval.mean
    return math.inf if math.isnan(mean) else mean


def _turned(name: str, interval: Interval) -> Interval:
    """Correlation depths were turned round, so that the smaller is the better."""
    if name != ALIKE_AT:
        return interval
    return Interval(interval.n, -interval.mean, -interval.high, -interval.low, interval.df)


def _rule(name: str, a_layer: bool, depth: int) -> str:
    share = ", as a share of one layer" if a_layer else ""
    return {
        LOST: "lost: fewest networks that overflow, whose signal is exactly 0 at the end of either way, or whose "
        "units are all alike; where all are lost, nothing else counts",
        DRIFT: f"drift: least change in the worse direction, log10 of the mean square from first to last layer "
        f"(forward: activations; backward: gradients), mean over networks{share}",
        DEAD: "dead: smallest share of dead units in the whole network",
        ALIKE_AT: "correlation depth: the latest layer at which inputs first look alike "
        f"(mean cosine {ALIKE} or more); a network where they never do counts as {depth + 1}",
    }[name]


def _notes(results: Sequence[Opened], found: Sequence[Mapping[str, Numbers]]) -> list[str]:
    notes = [
        f"{name}: not measured in every setting, so that it does not count"
        for name in (FORWARD, BACKWARD, *CRITERIA)
        if any(name in one for one in found) and not all(name in one for one in found)
    ]
    if any(ENDS.keys() & one for one in found):
        notes.append(
            "networks are ranked as they start, before training; what it came to (loss and accuracy at the last step, "
            "means over networks) stands beside and does not count"
        )
    if any(one[DIVERGED].interval.mean > 0 for one in found if DIVERGED in one):
        notes.append(FELL)
    if len({cell.settings["training.loss"] for one in results for cell in one.cells if cell.trained}) > 1:
        notes.append("training.loss differs: losses of two kinds are not one measure")
    notes += ranking_notes(results)
    if all(one.raw for one in results) and any(len(cell.seeds) == 1 for one in results for cell in one.cells):
        notes.append("one network has no interval: such settings are ranked by their numbers alone; raise `seeds`")
    return notes
