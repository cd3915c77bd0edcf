"""Worker processes of this machine. A worker that dies costs time, never an innocent task."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait

from ... import blas
from .tasks import KILLED, TRIES, Bundle, Failure, Hear, Meanwhile, Outcome, nothing, paired
from .workers import Died, UnderWay, Worker, hire

AHEAD = 2
"""Bundles that a worker has: one under work, and one so that it need not wait for the next."""


def pooled(
    work: Sequence[Bundle], jobs: int, hear: Hear, meanwhile: Meanwhile = nothing
) -> Iterator[tuple[int, Outcome]]:
    """(index of the task, its outcome) as they are done by `jobs` workers. meanwhile: called once they have work.

    What a worker had under work when it died is run alone at the end, so that a task that kills its workers is found,
    and only it; the rest of what it had goes to the others.
    """
    waiting = deque(work)
    suspects: list[Bundle] = []
    with blas.one_thread():
        yield from _shared_out(waiting, jobs, suspects, hear, meanwhile)
        with _crew() as crew:
            for index, task in (entry for bundle in suspects for entry in bundle):
                yield index, _alone(crew, ((index, task),), hear)


def _shared_out(
    waiting: deque[Bundle], jobs: int, suspects: list[Bundle], hear: Hear, meanwhile: Meanwhile
) -> Iterator[tuple[int, Outcome]]:
    """Hand out what is waiting until all of it is done, or suspect."""
    with _crew() as crew:
        _hand_out(crew, waiting, jobs)
        meanwhile()
        while waiting or crew:
            _hand_out(crew, waiting, jobs)
            ready = wait([worker.connection for worker in crew])
            for worker in [worker for worker in crew if worker.connection in ready]:
                try:
                    found = worker.answer()
                except Died:
                    crew.remove(worker)
                    worker.kill()
                    suspects.append(worker.given.popleft())
                    waiting.extendleft(reversed(worker.given))
                    continue
                if isinstance(found, UnderWay):
                    hear(found.index, found.step)
                    continue
                bundle, outcomes = found
                _feed([worker], waiting)
                if not worker.given:
                    crew.remove(worker)
                    worker.dismiss()
                yield from paired(bundle, outcomes)


def _hand_out(crew: list[Worker], waiting: deque[Bundle], jobs: int) -> None:
    while waiting and len(crew) < jobs:
        hire(crew).give(waiting.popleft())
    _feed(crew, waiting)


def _feed(crew: Sequence[Worker], waiting: deque[Bundle]) -> None:
    """Give every worker as much as it should have, while there is something to give."""
    for worker in crew:
        while waiting and len(worker.given) < AHEAD:
            worker.give(waiting.popleft())


def _alone(crew: list[Worker], bundle: Bundle, hear: Hear) -> Outcome:
    """The outcome of one task beside which nothing is under work. A worker that outlives it has the next one, too: a
    bundle may have hundreds, and each start costs half a second."""
    for _ in range(TRIES):
        worker = crew[0] if crew else hire(crew)
        worker.give(bundle)
        try:
            while isinstance(found := worker.answer(), UnderWay):
                hear(found.index, found.step)
            return found[1][0]
        except Died:
            crew.remove(worker)
            worker.kill()
    return Failure(KILLED)


@contextmanager
def _crew() -> Iterator[list[Worker]]:
    """Workers that end with this, whatever ends it."""
    crew: list[Worker] = []
    try:
        yield crew
    finally:
        for worker in crew:
            worker.kill()
