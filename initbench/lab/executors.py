"""Where work is done: in this process, or in several. Results do not depend on it."""

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
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from .. import engine
from ..engine import Trace, Workspace, join
from ..errors import PluginError
from ..spec import Cell
from .blocks import blocks

BLAS_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class Task:
    """A block of seeds of one cell. position: the cell's place in the plan; budget: bytes for weights kept."""

    position: int
    cell: Cell
    seeds: tuple[int, ...]
    budget: int


@dataclass(frozen=True)
class Failure:
    """Why a task gave no trace."""

    reason: str


Outcome = Trace | Failure


def available_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def execute(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """(index of the task, its outcome) as they are done, on `jobs` processes; 1 means this one."""
    if jobs == 1 or len(tasks) == 1:
        yield from _serial(tasks)
    else:
        yield from _pooled(tasks, min(jobs, len(tasks)))


def _keep_freed_memory() -> None:
    """Free one large block, so that glibc stops handing every temporary of 128 kB back to the system: twice as fast."""
    np.empty(24_000_000, np.uint8)


def _serial(tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
    workspace = Workspace()
    _keep_freed_memory()
    # More BLAS threads than one would change the last bits with the machine's load, and make small products slower.
    with threadpool_limits(1, user_api="blas"):
        for index, task in enumerate(tasks):
            yield index, _measure(task, workspace)


def _measure(task: Task, workspace: Workspace) -> Outcome:
    try:
        size = engine.chunk_size(task.cell)
        chunks = blocks(task.seeds, size)
        return join([engine.propagate(task.cell, chunk, workspace, task.budget) for chunk in chunks])
    except MemoryError:
        return Failure("out of memory: fewer or smaller layers, a smaller batch, or fewer jobs (-j)")
    except PluginError as error:  # somebody else's code; an error of our own ends the run
        return Failure(str(error))


_workspace: Workspace | None = None


def _work(task: Task) -> Outcome:
    global _workspace
    _workspace = _workspace or Workspace()
    return _measure(task, _workspace)


def _start_worker() -> None:
    # Ctrl-C reaches the whole process group: the parent alone decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1, user_api="blas")
    _keep_freed_memory()
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


def _pooled(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Run tasks in worker processes. A dead worker breaks its pool: what was in flight fails, the rest gets a new
    one."""
    context = multiprocessing.get_context("spawn")
    waiting = deque(enumerate(tasks))
    with _one_blas_thread():
        while waiting:
            pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
            try:
                yield from _drain(pool, waiting, jobs)
            except BaseException:
                _kill(pool)
                raise
            pool.shutdown()


def _drain(pool: ProcessPoolExecutor, waiting: deque[tuple[int, Task]], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Hand out tasks, a few ahead of the workers, and give back what is done, until none is left or the pool breaks."""
    running: dict[Future[Outcome], int] = {}
    whole = True
    while True:
        while whole and waiting and len(running) < 3 * jobs:
            try:
                with _bare_main():
                    running[pool.submit(_work, waiting[0][1])] = waiting[0][0]
            except BrokenProcessPool:
                whole = False
            else:
                waiting.popleft()
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), _outcome(future)


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return Failure("its worker process died (killed, or out of memory)")


def _kill(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: a pool left to itself finishes what it was given."""
    workers = list((pool._processes or {}).values())  # the pool has no public way to stop running work
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()
