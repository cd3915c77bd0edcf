"""What worker processes are asked to do in tests: they find it by this module's name."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

from threadpoolctl import threadpool_info

from initbench import blas, engine
from initbench.lab.executors import Failure, Outcome, Task, nothing, opened, tasks
from initbench.lab.executors.tasks import Bundle, Hear


def execute(
    tasks: Sequence[Task],
    jobs: int,
    scheduler: str | None = None,
    hear: Hear = lambda index, step: None,
    apart: bool | None = None,
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of tasks as they are done."""
    with opened(jobs, scheduler, apart) as carry_out:
        yield from carry_out(tasks, hear, nothing)


def report(task: Task) -> Outcome:
    """What a worker sees around it."""
    threads = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    variables = {name: os.environ.get(name) for name in blas.VARIABLES}
    found = {"pid": os.getpid(), "blas": threads, "variables": variables}
    return Failure(json.dumps(found))


def die(task: Task) -> Outcome:
    """Be killed as the system kills what takes too much memory, at the task of seed 3."""
    if task.seeds == (3,):
        os.kill(os.getpid(), signal.SIGKILL)
    return Failure("measured")


def die_in_mid_word(bundle: Bundle, hear: Hear) -> list[Outcome]:
    """Measure, but be killed while half of the answer is on its way, at the task of seed 3."""
    if any(task.seeds == (3,) for _, task in bundle):
        Connection.send_bytes = _half  # type: ignore[method-assign]
    return [Failure("measured" * 100_000) for _ in bundle]


def _half(connection: Connection, data: bytes) -> None:
    os.write(connection.fileno(), len(data).to_bytes(4, "big") + data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def run_out(task: Task) -> Outcome:
    """Run out of memory at the task of seed 1."""
    propagate = engine.propagate
    if task.seeds == (1,):
        engine.propagate = _no_memory  # type: ignore[assignment]
    try:
        return tasks.measure(task, engine.Workspace())
    finally:
        engine.propagate = propagate


def _no_memory(*_: object) -> None:
    raise MemoryError


def report_all(bundle: Bundle, hear: Hear) -> list[Outcome]:
    return [report(task) for _, task in bundle]


def talk_all(bundle: Bundle, hear: Hear) -> list[Outcome]:
    """Measure, and tell of every step."""
    tasks.TELL_SECONDS = 0.0
    return tasks.work_all(bundle, hear)


def die_all(bundle: Bundle, hear: Hear) -> list[Outcome]:
    return [die(task) for _, task in bundle]


def run_out_all(bundle: Bundle, hear: Hear) -> list[Outcome]:
    return [run_out(task) for _, task in bundle]


def die_on_a_cluster(bundle: Bundle) -> tuple[tuple[tuple[str, str], ...], list[Outcome]]:
    """Measure, but for the task of seed 3, which kills its worker."""
    from initbench.lab.executors import cluster

    if any(task.seeds == (3,) for _, task in bundle):
        os.kill(os.getpid(), signal.SIGKILL)
    return cluster.versions(), [tasks.work(task) for _, task in bundle]


def other_versions() -> tuple[tuple[str, str], ...]:
    return (("initbench", "0.0"), ("numerics", "0"), ("numpy", f"0.0.{os.getpid()}"))
