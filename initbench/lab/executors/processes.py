"""Worker processes of this machine. A worker that dies costs time, never an innocent task."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import types
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from . import tasks as tasks_
from .tasks import KILLED, TRIES, Bundle, Failure, Outcome, paired

BLAS_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def pooled(work: Sequence[Bundle], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """(index of the task, its outcome) as they are done by `jobs` workers.

    A dead worker breaks its pool. What was in flight is then run alone, so that a task that kills its workers is
    found, and only it; the rest gets a new pool.
    """
    waiting = deque(work)
    with _one_blas_thread():
        while waiting:
            suspects: list[Bundle] = []
            with _pool(jobs) as pool:
                yield from _drain(pool, waiting, jobs, suspects)
            for index, task in (entry for bundle in suspects for entry in bundle):
                yield index, _alone(((index, task),))


def _drain(
    pool: ProcessPoolExecutor, waiting: deque[Bundle], jobs: int, suspects: list[Bundle]
) -> Iterator[tuple[int, Outcome]]:
    """Hand out bundles, a few ahead of the workers, and give back what is done, until none is left or the pool
    breaks; what was in flight then is under suspicion or, where it cannot have begun, waits again."""
    running: dict[Future[list[Outcome]], Bundle] = {}
    lost: list[Bundle] = []
    while waiting or running:
        while not lost and waiting and len(running) < 3 * jobs:
            try:
                running[_submit(pool, waiting[0])] = waiting[0]
            except BrokenProcessPool:
                break
            waiting.popleft()
        if not running:
            break
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in [future for future in running if future in done]:
            bundle = running.pop(future)
            try:
                outcomes = future.result()
            except BrokenProcessPool:
                lost.append(bundle)
            else:
                yield from paired(bundle, outcomes)
    # Bundles are taken in order: no more than one a worker, and one on its way, can have begun.
    suspects += lost[: jobs + 1]
    waiting.extendleft(reversed(lost[jobs + 1 :]))


def _alone(bundle: Bundle) -> Outcome:
    """The outcome of one task with a worker of its own."""
    for _ in range(TRIES):
        with _pool(1) as pool:
            try:
                return _submit(pool, bundle).result()[0]
            except BrokenProcessPool:
                continue
    return Failure(KILLED)


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Workers that end with this, whatever ends it; on their own, while we go on, where nothing went wrong."""
    context = multiprocessing.get_context("spawn")
    _start_tracker()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        _kill(pool)
        raise
    pool.shutdown(wait=False)


def _start_tracker() -> None:
    """Start Python's tracker of shared resources so that a hangup of the whole group does not end it: it would leave
    with a traceback. It ignores the other signals by itself."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, before)


def _submit(pool: ProcessPoolExecutor, bundle: Bundle) -> Future[list[Outcome]]:
    with _bare_main(), _undisturbed():
        return pool.submit(tasks_.work_all, bundle)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait. A worker that was started and that its pool does not know of yet could not be ended, and
    Python's exit would wait for it for ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, types.FrameType | None]] = []
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda *one: came.append(one))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in came[:1]:
            before[one[0]](*one)


def _start_worker() -> None:
    # Ctrl-C reaches the whole process group: the parent alone decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks_.settle()
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """A worker whose parent was killed would otherwise wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Workers read these when they load NumPy, before anything else can tell them."""
    before = {name: os.environ.get(name) for name in BLAS_VARIABLES}
    os.environ.update(dict.fromkeys(BLAS_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _bare_main() -> Iterator[None]:
    """Keep the caller's own script out of the workers.

    A spawned worker runs the main script again, which in a script without a __main__ guard would start the run anew.
    Tasks are found by their module, so the workers need no main script at all.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _kill(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: a pool left to itself finishes what it was given."""
    workers = list((pool._processes or {}).values())  # the pool has no public way to stop running work
    manager: Any = pool._executor_manager_thread
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()
    if manager is not None:
        manager.join(2)  # Python's exit wakes it, and fails with a traceback where it is just about to end
