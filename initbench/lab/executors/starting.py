"""How a worker process comes to be: by fork where that is safe, else by a Python of its own.

A fork is there at once, with all that its parent has loaded; a Python of its own takes a quarter of a second. But a
fork copies its parent in the middle of whatever other threads of it are doing, locks that they hold included: it is
made of a process that has one thread alone, as the system counts them.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TextIO

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that ask a run to stop."""

Serve = Callable[[Connection], None]
"""What a worker does with its end of a connection, until nobody is at the other."""


def start(serve: Serve, theirs: Connection, strangers: Sequence[Connection]) -> BaseProcess:
    """Start a process that serves at its end of a connection. strangers: what a fork must not keep open: the parent's
    ends of all connections, whose closing is how a worker learns that nobody talks to it any more."""
    with _bare_main():
        if can_fork():
            with suppress(OSError):  # where memory is promised to nobody twice, there is none for a copy of a large one
                context = multiprocessing.get_context("fork")
                return _started(context.Process(target=_forked, args=(serve, theirs, strangers)))
        start_tracker()
        return _started(multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,)))


def _started(process: BaseProcess) -> BaseProcess:
    with blocked():
        process.start()
    return process


def can_fork() -> bool:
    """Whether this process has one thread alone, those of compiled code included; what cannot be known is no."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # not on every system
        return False


def _forked(serve: Serve, theirs: Connection, strangers: Sequence[Connection]) -> None:
    """Forget what is the parent's own, as a new Python would not know of it."""
    for connection in strangers:
        connection.close()
    for number in STOPPING:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    sys.stdout, sys.stderr = _written(sys.__stdout__, -1), _written(sys.__stderr__, 1)
    gc.freeze()  # what the parent has loaded stays, and its memory shared: collecting writes to all that it looks at
    serve(theirs)


def _written(parents: TextIO | None, buffering: int) -> TextIO:
    """Where what is printed goes: not into the parent's bar or the buffer of a notebook, nor what it had not written
    yet once more; nowhere where the parent has closed it."""
    try:
        if parents is not None:
            return open(parents.fileno(), "w", buffering, errors="backslashreplace", closefd=False)
    except (OSError, ValueError):  # closed
        pass
    return open(os.devnull, "w")


def start_tracker() -> None:
    """Start Python's tracker of shared resources so that a hangup of the whole group does not end it: it would leave
    with a traceback. It ignores the other signals by itself."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let signals wait: a worker that was started and that nobody knows of could not be ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, types.FrameType | None]] = []
    before = {number: handler for number in STOPPING if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda *one: came.append(one))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in came[:1]:
            before[one[0]](*one)


@contextmanager
def blocked() -> Iterator[None]:
    """Block the signals for whatever is started here, which inherits that: an interrupt of the whole group would
    otherwise find a worker that does not know yet to ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
