"""Where work is done: in this process, in several, or on a Dask cluster. Results do not depend on it.

tasks       what is handed out, and what comes back
serial      this process
processes   worker processes of this machine; workers: one of them; starting: how it comes to be
cluster     the workers of a Dask cluster; the only place that knows Dask
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from .processes import pooled
from .serial import in_turn
from .tasks import Concluded as Concluded
from .tasks import Failure as Failure
from .tasks import Hear as Hear
from .tasks import Meanwhile as Meanwhile
from .tasks import Outcome as Outcome
from .tasks import Task as Task
from .tasks import available_cores as available_cores
from .tasks import bundles
from .tasks import nothing as nothing
from .tasks import portable as portable

Execute = Callable[[Sequence[Task], Hear, Meanwhile], Iterator[tuple[int, Outcome]]]
"""Gives (index of the task, its outcome) as they are done; every task has one outcome. This process does something else
as soon as others have work, or first where it works itself."""


@contextmanager
def opened(jobs: int, scheduler: str | None = None, apart: bool | None = None) -> Iterator[Execute]:
    """What carries tasks out, for as long as this lasts.

    jobs: worker processes; 1 means this one. apart: always in processes of their own (True), or never (False); None
    takes them where there are several jobs, and for plug-ins: what ends its process must not end this one. scheduler: a
    Dask scheduler's address or scheduler file, or `local` for a cluster of `jobs` workers made here, whose tasks are
    not heard of before they are done. Raises BusyError where the cluster cannot be reached or goes away, UsageError
    where its workers have other versions.
    """
    if scheduler is None:
        yield partial(_here, jobs, apart)
        return
    from .cluster import reached  # Dask is an extra

    with reached(scheduler, jobs) as execute:
        yield execute


def _here(
    jobs: int, apart: bool | None, tasks: Sequence[Task], hear: Hear, meanwhile: Meanwhile
) -> Iterator[tuple[int, Outcome]]:
    if apart is None:
        apart = (jobs > 1 and len(tasks) > 1) or any(task.plugins for task in tasks)
    if apart and not multiprocessing.current_process().daemon:  # Python lets daemons, as of a pool, have no children
        work = bundles(tasks, jobs)
        yield from pooled(work, min(jobs, len(work)), hear, meanwhile)
    else:
        yield from in_turn(tasks, hear, meanwhile)
