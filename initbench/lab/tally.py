"""How far a run is: the networks that are done, and those that are being trained as far as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..values import frozen
from .executors import Task


@frozen
class HowFar:
    """How far a run is. done: networks that are, out of `networks`; part: what those in training come to, each as the
    share of its steps; work: the share of this run's work that is done, a deep network being more of it than a shallow
    one; step: that of the training which is under way for longest, and its last one, if any is.
    """

    done: int
    networks: int
    part: float = 0.0
    work: float = 0.0
    step: tuple[int, int] | None = None


Progress = Callable[[HowFar], None]
"""Called whenever something is done, first with what was stored already."""


class Tally:
    """Counts for a `Progress` what becomes of tasks: a leaf. Everything of `networks` that is no task is stored."""

    def __init__(self, tasks: Sequence[Task], networks: int, progress: Progress | None) -> None:
        self._tasks, self._networks, self._progress = tasks, networks, progress
        self._done = networks - sum(len(task.seeds) for task in tasks)
        self._seconds, self._all_seconds = 0.0, sum(task.seconds for task in tasks)
        self._steps: dict[int, int] = {}

    def stepped(self, index: int, step: int) -> None:
        """Task `index` has done so many steps of training."""
        self._steps[index] = step
        self.tell()

    def ended(self, index: int) -> None:
        """Task `index` is done, or has failed."""
        self._steps.pop(index, None)
        self._done += len(self._tasks[index].seeds)
        self._seconds += self._tasks[index].seconds
        self.tell()

    def tell(self) -> None:
        """Say how far it is."""
        if self._progress is None:
            return
        shares = [(self._tasks[index], step / self._last(index)) for index, step in self._steps.items()]
        part = sum(share * len(task.seeds) for task, share in shares)
        seconds = self._seconds + sum(share * task.seconds for task, share in shares)
        first = min(self._steps, default=None)
        step = None if first is None else (self._steps[first], self._last(first))
        work = seconds / self._all_seconds if self._all_seconds else 1.0
        self._progress(HowFar(self._done, self._networks, part, work, step))

    def _last(self, index: int) -> int:
        training = self._tasks[index].cell.training
        assert training is not None
        return training.steps
