"""Carries an experiment out, from validated config to results on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from .. import engine
from ..engine import Trace, join
from ..spec import Experiment
from . import executors, manifest, store
from .executors import Failure, Task
from .expectations import evaluate
from .plan import Planned, plan, seconds
from .predicted import Theory
from .result import CellResult, Result, build_tables
from .summary import summarise
from .theory_words import theory_sentences
from .verdict import judge
from .words import sentences

WORTH_PROCESSES = 1.0
"""Seconds of work under which starting worker processes costs more than it saves."""

OPTIONAL_FILES = ("layers.csv", "histograms.csv", "theory.csv", "failures.csv")

Progress = Callable[[int, int], None]
"""Called with (networks done, networks in all)."""


def run(
    experiment: Experiment, out: Path | None = None, jobs: int | None = None, progress: Progress | None = None
) -> Result:
    """Measure every cell of an experiment, judge it, and publish the tables in `out` where one is given.

    jobs: processes; None takes all cores where the work is worth them. No byte of the tables depends on it.
    Raises StorageError where `out` cannot be written, BusyError where another run writes to it.
    """
    with nullcontext() if out is None else store.claimed(out):
        result = _carry_out(experiment, jobs, progress)
        if out is not None:
            publish(result, out)
    return result


def _carry_out(experiment: Experiment, jobs: int | None, progress: Progress | None) -> Result:
    started = time.monotonic()
    cells = plan(experiment)
    jobs = jobs or _jobs(cells, len(experiment.seeds))
    results = tuple(_measure(experiment, cells, jobs, progress))
    tables = build_tables(experiment, results)
    outcomes = evaluate(experiment.expect, tables)
    failed = sum(result.failure is not None for result in results)
    record = manifest.manifest(experiment, cells, failed, jobs, time.monotonic() - started)
    return Result(experiment, results, tables, outcomes, record)


def publish(result: Result, out: Path) -> None:
    """Write a result's folder: the config as read and as resolved, the tables, the manifest last.

    Raises StorageError.
    """
    files = {
        "config.yaml": result.experiment.source.encode(),
        "resolved.yaml": result.experiment.resolved.encode(),
        **{name: table.encode() for name, table in result.tables.items()},
        store.MARK: manifest.encode(result.manifest),
    }
    store.publish_all(out, files)
    store.remove(out, tuple(name for name in OPTIONAL_FILES if name not in files))


def _jobs(cells: Sequence[Planned], seeds: int) -> int:
    work = sum(seconds(cell.cell, seeds) for cell in cells)
    return executors.available_cores() if work > WORTH_PROCESSES else 1


def _measure(
    experiment: Experiment, cells: Sequence[Planned], jobs: int, progress: Progress | None
) -> Iterator[CellResult]:
    """The results of all cells, in grid order."""
    tasks = list(_tasks(cells, experiment.seeds, jobs))
    parts: list[dict[int, Trace | Failure]] = [{} for _ in cells]
    done, total = 0, len(cells) * len(experiment.seeds)
    for index, outcome in executors.execute(tasks, jobs):
        parts[tasks[index].position][index] = outcome
        done += len(tasks[index].seeds)
        if progress is not None:
            progress(done, total)
    theory = Theory()
    for planned, found in zip(cells, parts, strict=True):
        yield _conclude(experiment, planned, [found[index] for index in sorted(found)], theory)


def _tasks(cells: Sequence[Planned], seeds: tuple[int, ...], jobs: int) -> Iterator[Task]:
    """Chunks of seeds, small enough for every worker to get some."""
    for position, planned in enumerate(cells):
        size = min(engine.chunk_size(planned.cell), -(-len(seeds) // jobs))
        for start in range(0, len(seeds), size):
            yield Task(position, planned.cell, seeds[start : start + size], engine.BUDGET // jobs)


def _conclude(experiment: Experiment, planned: Planned, parts: Sequence[Trace | Failure], theory: Theory) -> CellResult:
    """Join a cell's chunks, judge it and put theory beside it; one failed chunk fails the cell, with its reason."""
    failures = [part for part in parts if isinstance(part, Failure)]
    if failures:
        return CellResult(planned, None, None, None, None, failures[0], ())
    trace = join([part for part in parts if isinstance(part, Trace)])
    summary = summarise(trace)
    verdict = judge(planned.cell, trace, summary, experiment.verdict)
    beside = theory.beside(planned.cell, summary)
    said = sentences(planned.cell, verdict, summary, experiment.verdict)
    return CellResult(planned, trace, summary, verdict, beside, None, (*said, *theory_sentences(beside)))
