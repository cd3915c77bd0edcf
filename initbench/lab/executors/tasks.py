"""What is handed to a worker, and what comes back."""

from __future__ import annotations

import os
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from ... import engine
from ...engine import Trace, Workspace, join
from ...errors import PluginError
from ...spec import Cell, plugins_of
from ...values import frozen
from ..blocks import blocks
from ..csvtext import Value
from ..lines import layer_lines

BUNDLE_SECONDS = 0.1
"""Small tasks are handed out together until they take this long: what handing out costs is shared."""

TELL_SECONDS = 0.5
"""Between two words about a task that is under way."""

TRIES = 3
"""How often a task may end its worker, alone, before it is the one to blame."""

KILLED = f"ended its worker process {TRIES} times (killed, or out of memory)"


@frozen
class Task:
    """A block of seeds of one cell. position: the cell's place in the plan; budget: bytes for weights kept; seconds:
    what it takes, roughly; plugins: the cell's plug-ins and their packages' versions, where it was planned; start: what
    the lines of layers.csv start with, where they are to be written, too.

    conclude: what makes of all blocks of the cell what is to be said of it, where this task has the last of them; then
    `seeds` may be empty, and `stored` reads the blocks that are there already, where there are any.
    """

    position: int
    cell: Cell
    seeds: tuple[int, ...]
    budget: int
    seconds: float = BUNDLE_SECONDS
    plugins: tuple[tuple[str, str], ...] = ()
    start: tuple[Value, ...] | None = None
    stored: Callable[[], Sequence[Trace]] | None = None
    conclude: Callable[[Sequence[Trace]], Any] | None = None


@frozen
class Concluded:
    """A cell that is done. trace: what was measured of it now, if anything was; said: what came of it all."""

    trace: Trace | None
    said: Any


@frozen
class Failure:
    """Why a task gave no trace."""

    reason: str


Outcome = Trace | Concluded | Failure
Bundle = tuple[tuple[int, Task], ...]
"""Tasks that are handed out together, with their indices."""

Hear = Callable[[int, int], None]
"""Called with the index of a task that is under way and how many steps of training it has done, now and then."""

Meanwhile = Callable[[], None]
"""Something else to do while others work."""


def nothing() -> None:
    """There is nothing else to do."""


def available_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def bundles(tasks: Sequence[Task], workers: int) -> list[Bundle]:
    """The tasks in order, small ones together, but never so that a worker goes without."""
    most = max(1, len(tasks) // (4 * workers))
    found: list[Bundle] = []
    open_bundle: list[tuple[int, Task]] = []
    for entry in enumerate(tasks):
        open_bundle.append(entry)
        if len(open_bundle) >= most or sum(task.seconds for _, task in open_bundle) >= BUNDLE_SECONDS:
            found.append(tuple(open_bundle))
            open_bundle = []
    return [*found, tuple(open_bundle)] if open_bundle else found


def measure(task: Task, workspace: Workspace, tell: Callable[[int], None] | None = None) -> Outcome:
    """Carry a task out. An error of our own code is raised; everything else that can go wrong is an outcome.

    tell: hears now and then how many steps of training are done.
    """
    try:
        if other := other_plugins(task):
            return Failure(other)
        fresh = [_measured(task, workspace, tell)] if task.seeds else []
        if task.conclude is None:
            return fresh[0]
        return Concluded(next(iter(fresh), None), task.conclude([*(task.stored() if task.stored else ()), *fresh]))
    except MemoryError:
        return Failure("out of memory: fewer or smaller layers, a smaller batch, or fewer jobs (-j)")
    except PluginError as error:  # somebody else's code
        return Failure(str(error))


def _measured(task: Task, workspace: Workspace, tell: Callable[[int], None] | None) -> Trace:
    chunks = blocks(task.seeds, engine.chunk_size(task.cell))
    trace = join([engine.propagate(task.cell, chunk, workspace, task.budget) for chunk in chunks])
    if task.cell.training is not None:
        trace = replace(trace, training=engine.train(task.cell, task.seeds, workspace, tell and seldom(tell)))
    return trace if task.start is None else replace(trace, written=(layer_lines(trace, task.cell, task.start),))


def packed(bundle: Bundle) -> Bundle:
    """A bundle as it is sent to another process: with the stored blocks themselves, which may be out of its reach."""
    return tuple(
        (index, replace(task, stored=partial(tuple, task.stored())) if task.stored else task) for index, task in bundle
    )


def seldom(tell: Callable[[int], None]) -> Callable[[int], None]:
    """`tell`, but not before TELL_SECONDS have passed, nor before they have again."""
    last = time.monotonic()

    def told(step: int) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= TELL_SECONDS:
            last = now
            tell(step)

    return told


def other_plugins(task: Task) -> str:
    """Which plug-ins are here in another version than where the task was planned: its numbers would not be the cell's.

    Raises PluginError for one that is not here at all and is needed to say so.
    """
    here = plugins_of(task.cell) if task.plugins else {}
    other = [f"{name} is of {here[name]}, not of {ours}" for name, ours in task.plugins if here.get(name, ours) != ours]
    return f"on its worker, {'; '.join(other)}: install the same versions there" if other else ""


_workspace: Workspace | None = None


def work(task: Task, tell: Callable[[int], None] | None = None) -> Outcome:
    """Carry a task out in a worker, whose memory is used again and again."""
    global _workspace
    _workspace = _workspace or Workspace()
    return measure(task, _workspace, tell)


def work_all(bundle: Bundle, hear: Hear) -> list[Outcome]:
    """Carry a bundle out in a worker."""
    return [work(task, partial(hear, index)) for index, task in bundle]


Raised = TypeVar("Raised", bound=BaseException)


def portable(error: Raised) -> Raised | RuntimeError:
    """The error as it can be sent to another process: where it was raised is a note, as no frame can come along; in
    another class where its own cannot travel."""
    where = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
        sent: Raised | RuntimeError = error.with_traceback(None)
    except Exception:  # somebody else's class
        sent = RuntimeError("".join(traceback.format_exception_only(error)).strip())
    sent.add_note(where)
    return sent


def settle() -> None:
    """Make a process ready to measure.

    More BLAS threads than one would change the last bits with the machine's load, and make small products slower.
    """
    threadpool_limits(1, user_api="blas")
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Free one large block, so that glibc stops handing every temporary of 128 kB back to the system: twice as fast."""
    np.empty(24_000_000, np.uint8)


def paired(bundle: Bundle, outcomes: Sequence[Outcome]) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of a bundle with the indices of its tasks."""
    for (index, _), outcome in zip(bundle, outcomes, strict=True):
        yield index, outcome
