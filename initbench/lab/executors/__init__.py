"""Where work is done: in this process, in several, or on a Dask cluster. Results do not depend on it.

tasks       what is handed out, and what comes back
serial      this process
processes   worker processes of this machine
cluster     the workers of a Dask cluster; the only place that knows Dask
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .processes import pooled
from .serial import in_turn
from .tasks import Failure as Failure
from .tasks import Hear as Hear
from .tasks import Outcome as Outcome
from .tasks import Task as Task
from .tasks import available_cores as available_cores
from .tasks import bundles


def execute(
    tasks: Sequence[Task], jobs: int, scheduler: str | None = None, hear: Hear = lambda index, step: None
) -> Iterator[tuple[int, Outcome]]:
    """(index of the task, its outcome) as they are done; every task has one outcome.

    jobs: worker processes; 1 means this one. scheduler: a Dask scheduler's address or scheduler file, or `local` for a
    cluster of `jobs` workers made here, whose tasks are not heard of before they are done. Raises BusyError where the
    cluster cannot be reached, UsageError where its workers have other versions.
    """
    if scheduler is not None and tasks:
        from .cluster import clustered  # Dask is an extra

        yield from clustered(tasks, scheduler, jobs)
    elif jobs == 1 or len(tasks) < 2:
        yield from in_turn(tasks, hear)
    else:
        work = bundles(tasks, jobs)
        yield from pooled(work, min(jobs, len(work)), hear)
