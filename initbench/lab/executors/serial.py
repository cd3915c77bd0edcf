"""This process, one task after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from threadpoolctl import threadpool_limits

from ...engine import Workspace
from . import tasks as tasks_
from .tasks import Hear, Meanwhile, Outcome, Task


def in_turn(tasks: Sequence[Task], hear: Hear, meanwhile: Meanwhile) -> Iterator[tuple[int, Outcome]]:
    """(index of the task, its outcome), each as it is asked for. The caller's BLAS threads are given back at the
    end. meanwhile: called first."""
    workspace = Workspace()
    tasks_.keep_freed_memory()
    with threadpool_limits(1, user_api="blas"):
        meanwhile()
        for index, task in enumerate(tasks):
            yield index, tasks_.measure(task, workspace, partial(hear, index))
