"""How far a run is: a live bar on a terminal, sparse lines elsewhere; on stderr."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .console import note

if TYPE_CHECKING:
    from ..lab.tally import HowFar, Progress

EVERY = 10.0
"""Seconds between two lines where no terminal is."""
BLINK = 0.1
"""Seconds between two pictures of the bar."""


@contextmanager
def progress(label: str, quiet: bool) -> Iterator[Progress | None]:
    """A live bar with rate and time left on a terminal, a line every ten seconds elsewhere, nothing when quiet."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        yield from _bar(label)
    else:
        yield _sparse(label)


def _bar(label: str) -> Iterator[Progress]:
    from rich import progress as rich
    from rich.console import Console

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.TextColumn("{task.fields[said]}"))
    # drawn when there is something new, not by a thread: a process with threads cannot be forked
    with rich.Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(label, total=None, said="")
        pace, drawn = Pace(time.monotonic), -math.inf

        def update(far: HowFar) -> None:
            nonlocal drawn
            said = f"{far.done}/{far.networks} {_detail(far, pace)}"
            bar.update(task, completed=far.done + far.part, total=far.networks, said=said)
            if (now := time.monotonic()) - drawn >= BLINK:
                drawn = now
                bar.refresh()

        yield update


def _sparse(label: str) -> Progress:
    pace = Pace(time.monotonic)
    last = time.monotonic()

    def update(far: HowFar) -> None:
        nonlocal last
        said = _detail(far, pace)
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            note(f"{label}: {far.done} of {far.networks} networks" + (f", {said}" if said else ""))

    return update


def _detail(far: HowFar, pace: Pace) -> str:
    """`step 1200 of 10000, 12.3 a second, 1:05 left`, of what is known."""
    step = "step {} of {}".format(*far.step) if far.step else ""
    return ", ".join(text for text in (step, pace.said(far)) if text)


class Pace:
    """How fast networks are done, those in training in part, and how long the rest of the work takes at that rate. What
    was stored before counts as done, but not as fast."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start: tuple[float, float] | None = None

    def said(self, far: HowFar) -> str:
        """`12.3 a second, 1:05 left`; empty at the start, when nobody knows."""
        done = far.done + far.part
        if self._start is None:
            self._start = self._clock(), done
        began, before = self._start
        seconds, made = self._clock() - began, done - before
        if seconds <= 0 or made <= 0 or far.work <= 0:
            return ""
        return f"{_three_digits(made / seconds)} a second, {_clock_time((1 - far.work) / far.work * seconds)} left"


def _three_digits(number: float) -> str:
    """`0.04`, `12.3`, `1250`: three digits that count, and no power of ten where they are more."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _clock_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
