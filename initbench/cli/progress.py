"""How far a run is: a live bar on a terminal, sparse lines elsewhere; on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .console import note

EVERY = 10.0
"""Seconds between two lines where no terminal is."""

Update = Callable[[int, int], None]
"""Called with (networks done, networks in all); first with what was stored already."""


@contextmanager
def progress(label: str, quiet: bool) -> Iterator[Update | None]:
    """A live bar with rate and time left on a terminal, a line every ten seconds elsewhere, nothing when quiet."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        yield from _bar(label)
    else:
        yield _sparse(label)


def _bar(label: str) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, pace="")
        pace = Pace(time.monotonic)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, pace=pace.said(done, total))

        yield update


def _sparse(label: str) -> Update:
    pace = Pace(time.monotonic)
    last = time.monotonic()

    def update(done: int, total: int) -> None:
        nonlocal last
        said = pace.said(done, total)
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            note(f"{label}: {done} of {total} networks" + (f", {said}" if said else ""))

    return update


class Pace:
    """How fast networks are done, and how long the rest takes at that rate. What was stored before counts as done,
    but not as fast."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start: tuple[float, int] | None = None

    def said(self, done: int, total: int) -> str:
        """`12.3 a second, 1:05 left`; empty at the start, when nobody knows."""
        if self._start is None:
            self._start = self._clock(), done
        began, before = self._start
        seconds, made = self._clock() - began, done - before
        if seconds <= 0 or made <= 0:
            return ""
        return f"{made / seconds:.3g} a second, {_clock_time((total - done) * seconds / made)} left"


def _clock_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
