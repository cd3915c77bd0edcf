"""Carries an experiment out, from validated config to results on disk."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import engine
from ..engine import Trace
from ..spec import Cell, Experiment, plugins_of
from ..values import frozen
from . import executors, manifest, store
from .columns import PARQUET, TABLES
from .conclude import Conclude, Said
from .executors import Concluded, Execute, Failure, Outcome, Task
from .expectations import Evidence
from .keepers import Forgetful, Keeper, OnDisk, on_disk
from .parquet import Parquet
from .pending import Work, pending
from .plan import CONCLUDING, plan, seconds
from .result import CellResult, Result
from .sinks import Kept, Sink, Streamed
from .tabling import Tabulate, wanted_of
from .tally import Progress, Tally
from .unchanged import MADE_FROM, code, made_from, told

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


@frozen
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
    every = [*sinks, evidence]
    tables = Tabulate(experiment, every)
    forgetful = isinstance(keeper, Forgetful)
    wanted = wanted_of(experiment, not forgetful, [name for name in TABLES if any(sink.asks(name) for sink in every)])
    conclude = Conclude(experiment.seeds, experiment.verdict, wanted, whole=forgetful)
    results = []
    for each, said in zip(work, _measure(conclude, work, keeper, means, progress), strict=True):
        tables.add(said.tables)
        results.append(said.result(each.planned))
    outcomes = evidence.outcomes()
    failed = sum(result.failure is not None for result in results)
    record = manifest.manifest(
        experiment, [each.planned for each in work], failed, means.jobs, time.monotonic() - started
    )
    damaged = tuple(damage for each in work for damage in each.damaged)
    return Result(experiment, tuple(results), evidence.cells, outcomes, record, tables.absent, damaged)


def _jobs(work: Sequence[Work]) -> int:
    todo = sum(seconds(each.planned.cell, each.networks) + CONCLUDING for each in work)
    return executors.available_cores() if todo > WORTH_PROCESSES else 1


def _measure(
    conclude: Conclude,
    work: Sequence[Work],
    keeper: Keeper,
    means: _Means,
    progress: Progress | None,
) -> Iterator[Said]:
    """What comes of the cells, in grid order, of each as soon as it and those before it are done."""
    tasks = list(_tasks(conclude, work, keeper, means.jobs))
    tally = Tally(tasks, len(work) * len(conclude.seeds), progress)
    cells = _Cells(conclude, work, keeper)
    tally.tell()
    first = next((each.planned.cell for each in work if len(each.blocks) > 1), None)  # the first to be concluded here
    for index, outcome in means.execute(tasks, tally.stepped, partial(_meanwhile, conclude, keeper, first)):
        cells.add(tasks[index].position, outcome)
        tally.ended(index)
        yield from cells.ready()


def _meanwhile(conclude: Conclude, keeper: Keeper, first: Cell | None) -> None:
    """What the end needs and nothing measured goes into, while others measure."""
    if isinstance(keeper, OnDisk):
        code()
    manifest.environment()
    if first and not plugins_of(first):  # theory asks plug-ins for values: not before workers found that this is safe
        conclude.theory.expect(first)


def _tasks(conclude: Conclude, work: Sequence[Work], keeper: Keeper, jobs: int) -> Iterator[Task]:
    """The blocks that must run, in grid order. A cell of which no more than one must is concluded there and then: of
    cells that take no time, that is most of the work."""
    budget = engine.BUDGET // jobs
    for place, each in enumerate(work):
        cell = each.planned.cell
        plugins = tuple(plugins_of(cell).items())
        if len(each.blocks) > 1:
            start = each.planned.prefix if conclude.wanted.layers and conclude.wanted.text else None
            for seeds in each.blocks:
                yield Task(place, cell, seeds, budget, seconds(cell, len(seeds)), plugins, start)
            continue
        stored = partial(_stored, keeper, each, conclude.seeds) if each.stored else None
        takes = seconds(cell, each.networks) + CONCLUDING
        seeds = each.blocks[0] if each.blocks else ()
        yield Task(
            *(place, cell, seeds, budget, takes, plugins), stored=stored, conclude=partial(conclude, each.planned)
        )


def _stored(keeper: Keeper, work: Work, seeds: tuple[int, ...]) -> Sequence[Trace]:
    """The blocks of a cell from earlier runs. Those that this one has put beside them are left out: taken from there
    as well, their histograms would count twice."""
    fresh = {seed for block in work.blocks for seed in block}
    return [part for part in keeper.find(work.planned.id, seeds)[0] if fresh.isdisjoint(part.seeds)]


class _Cells:
    """Gathers what comes of cells, joins those of several blocks, and lets them go in grid order: a leaf."""

    def __init__(self, conclude: Conclude, work: Sequence[Work], keeper: Keeper) -> None:
        self._conclude, self._work, self._keeper = conclude, work, keeper
        self._found: list[list[Trace | Said | Failure]] = [[] for _ in work]
        self._next = 0

    def add(self, place: int, outcome: Outcome) -> None:
        """What came of a task of this cell. What was measured is kept."""
        trace = outcome.trace if isinstance(outcome, Concluded) else outcome
        if isinstance(trace, Trace):
            self._keeper.keep(self._work[place].planned.id, trace)
        self._found[place].append(outcome.said if isinstance(outcome, Concluded) else outcome)

    def ready(self) -> Iterator[Said]:
        """The next cells, as far as all of each is there."""
        while self._next < len(self._work):
            work, found = self._work[self._next], self._found[self._next]
            if len(found) < max(1, len(work.blocks)):
                return
            yield self._said(work, found)
            found.clear()
            self._next += 1

    def _said(self, work: Work, found: Sequence[Trace | Said | Failure]) -> Said:
        """One failed block fails the cell, with its reason."""
        for part in found:
            if isinstance(part, Failure):
                return self._conclude.said(CellResult(work.planned, None, None, None, None, part, ()))
            if isinstance(part, Said):
                return part
        fresh = [part for part in found if isinstance(part, Trace)]
        stored = _stored(self._keeper, work, self._conclude.seeds) if work.stored else ()
        return self._conclude(work.planned, [*stored, *fresh])
