"""Carries an experiment out, from validated config to results on disk."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from .. import engine
from ..engine import Trace
from ..spec import Experiment, plugins_of
from . import executors, manifest, store
from .columns import PARQUET
from .conclude import conclude
from .executors import Execute, Failure, Task
from .expectations import Evidence
from .keepers import Forgetful, Keeper, OnDisk, on_disk
from .parquet import Parquet
from .pending import Work, pending
from .plan import plan, seconds
from .predicted import Theory
from .result import CellResult, Result
from .sinks import Kept, Sink, Streamed
from .tabling import Tabulate
from .tally import Progress, Tally
from .unchanged import MADE_FROM, made_from, told

WORTH_PROCESSES = 0.5
"""Seconds of work under which starting worker processes costs more than it saves."""


def run(
    experiment: Experiment,
    out: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
    scheduler: str | None = None,
    parquet: bool = False,
    apart: bool | None = None,
) -> Result:
    """Measure every cell of an experiment, judge it, and publish the tables in `out` where one is given.

    What `out` holds already is not computed again, unless `force` says so. jobs: processes; None takes all cores where
    the work is worth them. scheduler: a Dask scheduler instead; apart: whether in processes of their own; see
    lab.executors. parquet: the large tables so too. No byte of the tables depends on any of these, nor on what was
    interrupted before.
    Raises StorageError where `out` cannot be written, BusyError where another run writes to it, or no cluster is there.
    """
    if out is None:
        kept = Kept()
        work = pending(plan(experiment), experiment.seeds, Forgetful())
        with _opened(work, jobs, scheduler, apart) as means:
            result = _carry_out(experiment, work, Forgetful(), [kept], means, progress)
        return replace(result, tables=kept.tables)
    with store.claimed(out), on_disk(out, force) as keeper:
        work = pending(plan(experiment), experiment.seeds, keeper)
        with _opened(work, jobs, scheduler, apart) as means:  # where there is no cluster, nothing is touched
            return _published(experiment, work, out, keeper, means, progress, parquet)


@dataclass(frozen=True)
class _Means:
    """What a run is carried out with."""

    jobs: int
    execute: Execute


@contextmanager
def _opened(work: Sequence[Work], jobs: int | None, scheduler: str | None, apart: bool | None) -> Iterator[_Means]:
    jobs = jobs or _jobs(work)
    needed = any(each.blocks for each in work)
    with executors.opened(jobs, scheduler if needed else None, apart) as execute:
        yield _Means(jobs, execute)


def _published(
    experiment: Experiment,
    work: Sequence[Work],
    out: Path,
    keeper: OnDisk,
    means: _Means,
    progress: Progress | None,
    parquet: bool,
) -> Result:
    # First, so that `status` knows what a run that is killed was about.
    configs = {"config.yaml": experiment.source.encode(), "resolved.yaml": experiment.resolved.encode()}
    store.publish_all(out, configs)
    more = [Parquet(out, experiment.axes)] if parquet else []
    result = told(experiment, work, out, keeper, parquet) or _built(
        experiment, work, out, keeper, more, means, progress
    )
    store.remove(out, result.absent)
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in configs.items()}
    record = {**result.manifest, "files": dict(sorted({**result.manifest["files"], **checksums}.items()))}
    store.publish(out / store.MARK, manifest.encode(record))
    return replace(result, out=out, manifest=record)


def _built(
    experiment: Experiment,
    work: Sequence[Work],
    out: Path,
    keeper: OnDisk,
    more: Sequence[Parquet],
    means: _Means,
    progress: Progress | None,
) -> Result:
    """Compute what is missing, and make every table anew."""
    with Streamed(out) as tables, ExitStack() as others:
        sinks: list[Sink] = [tables, *(others.enter_context(one) for one in more)]
        result = _carry_out(experiment, work, keeper, sinks, means, progress)
        keeper.finish()  # no table tells of a block that is not safe
    files = tables.checksums
    for other in more:
        files |= other.checksums
    record = {**result.manifest, "files": files}
    if not result.failed and not result.theory_errors:  # what went wrong is said each time
        record[MADE_FROM] = made_from(experiment, [each.planned for each in work], keeper.checksums)
    absent = (*result.absent, *(name for name in PARQUET.values() if name not in files))
    return replace(result, manifest=record, absent=absent)


def _carry_out(
    experiment: Experiment,
    work: Sequence[Work],
    keeper: Keeper,
    sinks: Sequence[Sink],
    means: _Means,
    progress: Progress | None,
) -> Result:
    started = time.monotonic()
    keeper.prepare([each.planned.id for each in work if each.blocks])
    evidence = Evidence(experiment.expect)
    tables = Tabulate(experiment, [*sinks, evidence])
    results = []
    for result in _measure(experiment, work, keeper, means, progress):
        tables.add(result)
        results.append(result if isinstance(keeper, Forgetful) else result.told)
    outcomes = evidence.outcomes()
    failed = sum(result.failure is not None for result in results)
    record = manifest.manifest(
        experiment, [each.planned for each in work], failed, means.jobs, time.monotonic() - started
    )
    damaged = tuple(damage for each in work for damage in each.damaged)
    return Result(experiment, tuple(results), evidence.tables, outcomes, record, tables.absent, damaged)


def _jobs(work: Sequence[Work]) -> int:
    todo = sum(seconds(each.planned.cell, each.networks) for each in work)
    return executors.available_cores() if todo > WORTH_PROCESSES else 1


def _measure(
    experiment: Experiment,
    work: Sequence[Work],
    keeper: Keeper,
    means: _Means,
    progress: Progress | None,
) -> Iterator[CellResult]:
    """The results of all cells in grid order, each as soon as it and those before it are done."""
    lines = experiment.keep_layers and not isinstance(keeper, Forgetful)
    tasks = list(_tasks(work, means.jobs, lines))
    fresh: list[list[Trace | Failure]] = [[] for _ in work]
    tally = Tally(tasks, len(work) * len(experiment.seeds), progress)
    conclude = _Conclusions(experiment, work, keeper, fresh)
    tally.tell()
    yield from conclude.ready()
    for index, outcome in means.execute(tasks, tally.stepped):
        place = tasks[index].position
        fresh[place].append(outcome)
        if isinstance(outcome, Trace):
            keeper.keep(work[place].planned.id, outcome)
        tally.ended(index)
        yield from conclude.ready()


def _tasks(work: Sequence[Work], jobs: int, lines: bool) -> Iterator[Task]:
    """The blocks that must run, in grid order."""
    budget = engine.BUDGET // jobs
    for place, each in enumerate(work):
        cell = each.planned.cell
        plugins = tuple(plugins_of(cell).items())
        for seeds in each.blocks:
            yield Task(place, cell, seeds, budget, seconds(cell, len(seeds)), plugins, lines)


class _Conclusions:
    """Joins, judges and lets go of the cells whose blocks are all there: a leaf."""

    def __init__(
        self, experiment: Experiment, work: Sequence[Work], keeper: Keeper, fresh: list[list[Trace | Failure]]
    ) -> None:
        self._experiment, self._work, self._keeper, self._fresh = experiment, work, keeper, fresh
        self._next = 0
        self._theory = Theory()

    def ready(self) -> Iterator[CellResult]:
        while self._next < len(self._work):
            work, found = self._work[self._next], self._fresh[self._next]
            if len(found) < len(work.blocks):
                return
            yield self._conclude(work, found)
            found.clear()
            self._next += 1

    def _conclude(self, work: Work, found: Sequence[Trace | Failure]) -> CellResult:
        """Judge a cell and put theory beside it; one failed block fails the cell, with its reason."""
        failures = [part for part in found if isinstance(part, Failure)]
        if failures:
            return CellResult(work.planned, None, None, None, None, failures[0], ())
        fresh = [part for part in found if isinstance(part, Trace)]
        here = {seed for part in fresh for seed in part.seeds}
        stored = self._keeper.find(work.planned.id, self._experiment.seeds)[0] if work.stored else ()
        # Fresh blocks may be in the store by now: taken from there as well, their histograms would count twice.
        parts = [*(part for part in stored if here.isdisjoint(part.seeds)), *fresh]
        return conclude(self._experiment, work.planned, parts, self._theory)
