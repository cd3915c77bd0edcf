"""Where work is done changes no number, and what goes wrong there is an outcome, not a hang."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from pathlib import Path

import lab_workers
import numpy as np
import pytest
from lab_traces import make_cell
from lab_workers import execute
from threadpoolctl import threadpool_info

from initbench import blas, engine
from initbench.engine import Trace
from initbench.lab import executors
from initbench.lab.blocks import encode
from initbench.lab.executors import Failure, Outcome, Task, processes, starting
from initbench.lab.executors import tasks as tasks_
from initbench.lab.executors.tasks import KILLED, TRIES, Bundle, Hear
from initbench.lab.executors.workers import Worker, hire
from initbench.lab.plan import open_experiment

NETWORK = {"depth": 2, "width": 8, "activation": "tanh", "initializer": "lecun_normal"}


@pytest.fixture(autouse=True)
def _a_python_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every worker, as what is patched here is not to be patched there; forks are tried in test_starting."""
    monkeypatch.setattr(starting, "can_fork", lambda: False)


def tasks(number: int, depth: int = 3) -> list[Task]:
    """One task a seed."""
    return [Task(0, make_cell(depth), (seed,), engine.BUDGET) for seed in range(number)]


def outcomes(work: Sequence[Task], jobs: int) -> list[Outcome]:
    """In the order of the tasks; every task has exactly one."""
    found = dict(execute(work, jobs))
    assert sorted(found) == list(range(len(work)))
    return [found[index] for index in range(len(work))]


def values(outcome: Outcome) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    assert isinstance(outcome, Trace)
    return outcome.values


def test_processes_give_what_one_process_gives() -> None:
    work = tasks(8)
    for one, two in zip(outcomes(work, 1), outcomes(work, 2), strict=True):
        assert values(one).tobytes() == values(two).tobytes()


def test_serial_keeps_the_order_and_works_as_asked() -> None:
    stream = execute(tasks(3), 1)
    assert next(stream)[0] == 0  # nothing more has been measured
    assert [index for index, _ in stream] == [1, 2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_training_is_heard_of_and_what_comes_of_it_is_the_same(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every task the steps that it has done, in order, and then its outcome."""
    config = {
        "network": NETWORK,
        "training": {"data": "two_spirals", "steps": 40, "batch_size": 20, "learning_rate": 0.1},
    }
    cell = open_experiment(config).cells[0].cell
    work = [Task(0, cell, (seed,), engine.BUDGET) for seed in range(4)]
    quiet = outcomes(work, 1)
    heard: list[tuple[int, int]] = []
    monkeypatch.setattr(tasks_, "work_all", lab_workers.talk_all)
    monkeypatch.setattr(tasks_, "TELL_SECONDS", 0.0)
    found = {}
    for index, outcome in execute(work, jobs, hear=lambda *said: heard.append(said)):
        assert [step for other, step in heard if other == index] == list(range(1, 41))
        found[index] = outcome
    for index, outcome in enumerate(quiet):
        other = found[index]
        assert isinstance(outcome, Trace)
        assert isinstance(other, Trace)
        assert encode("x", other) == encode("x", outcome)


def test_what_is_short_is_not_told_of() -> None:
    heard: list[int] = []
    tell = tasks_.seldom(heard.append)
    for step in range(1000):
        tell(step)
    assert heard == []


def test_one_task_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "pooled", None)
    assert len(outcomes(tasks(1), 4)) == 1
    assert outcomes([], 1) == []


@pytest.mark.parametrize("apart", [True, False, None])
@pytest.mark.parametrize("plugins", [(), (("mine", "mypackage 1.0"),)])
def test_plugins_stay_out_of_this_process_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, apart: bool | None, plugins: tuple[tuple[str, str], ...]
) -> None:
    """Even one task of one job: what ends its process must not end this one."""
    work = [replace(one, plugins=plugins) for one in tasks(1)]
    monkeypatch.setattr(
        executors, "pooled", lambda bundles, jobs, hear, meanwhile: iter([(0, Failure(f"{jobs} worker"))])
    )
    [(_, found)] = execute(work, 1, apart=apart)
    elsewhere = bool(plugins) if apart is None else apart
    assert (found == Failure("1 worker")) == elsewhere


@pytest.mark.parametrize("apart", [True, None])
def test_no_tasks_need_nothing(apart: bool | None) -> None:
    assert list(execute([], 2, apart=apart)) == []


@pytest.mark.parametrize(
    ("deed", "said"), [(lab_workers.die_all, "measured"), (lab_workers.die_in_mid_word, "measured" * 100_000)]
)
def test_a_task_that_kills_its_worker_fails_alone(
    monkeypatch: pytest.MonkeyPatch, deed: Callable[[Bundle, Hear], list[Outcome]], said: str
) -> None:
    monkeypatch.setattr(tasks_, "work_all", deed)
    watch = threading.Timer(60, os.kill, (os.getpid(), signal.SIGABRT))  # a hang would otherwise last for ever
    watch.start()
    try:
        found = outcomes(tasks(8), 2)
    finally:
        watch.cancel()
    assert found[3] == Failure(KILLED)
    assert found[:3] + found[4:] == [Failure(said)] * 7


def test_what_stood_beside_it_needs_one_worker_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one for each task of the bundle."""
    monkeypatch.setattr(tasks_, "work_all", lab_workers.die_all)
    hired: list[Worker] = []

    def counted(crew: list[Worker]) -> Worker:
        hired.append(hire(crew))
        return hired[-1]

    monkeypatch.setattr(processes, "hire", counted)
    bundle = tuple((task.seeds[0], task) for task in tasks(8))
    found = dict(processes.pooled([bundle], 1, lambda index, step: None))
    assert [index for index, outcome in found.items() if outcome == Failure(KILLED)] == [3]
    assert len(found) == 8
    assert len(hired) == 1 + TRIES + 1  # for the bundle, up to the deadly one and twice more for it, for the rest


def test_running_out_of_memory_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for jobs in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(tasks_, "work_all", lab_workers.run_out_all)
            if jobs == 1:
                patch.setattr(tasks_, "measure", lambda task, *_, plain=tasks_.measure: _lacking(task, plain))
            found = outcomes(tasks(3), jobs)
        assert isinstance(found[1], Failure)
        assert "out of memory" in found[1].reason
        assert isinstance(found[0], Trace)
        assert isinstance(found[2], Trace)


def _lacking(task: Task, plain: object) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks_, "measure", plain)
        return lab_workers.run_out(task)


def test_workers_have_one_blas_thread_and_no_main_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, mark = tmp_path / "script.py", tmp_path / "ran"
    script.write_text(f"open({str(mark)!r}, 'w')\n")
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    monkeypatch.setattr(tasks_, "work_all", lab_workers.report_all)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before, main = dict(os.environ), sys.modules["__main__"]
    threads = [library["num_threads"] for library in threadpool_info()]
    for outcome in outcomes(tasks(4), 2):
        assert isinstance(outcome, Failure)
        seen = json.loads(outcome.reason)
        assert seen["pid"] != os.getpid()
        assert set(seen["blas"]) <= {1}
        assert set(seen["variables"].values()) == {"1"}
    assert dict(os.environ) == before
    assert sys.modules["__main__"] is main
    assert not mark.exists()
    assert [library["num_threads"] for library in threadpool_info()] == threads


def test_serial_gives_the_blas_threads_back() -> None:
    threads = [library["num_threads"] for library in threadpool_info()]
    outcomes(tasks(2), 1)
    assert [library["num_threads"] for library in threadpool_info()] == threads


def exists(pid: int) -> bool:
    """Whether there is such a process, within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def test_leaving_early_ends_the_workers_and_restores_the_environment() -> None:
    import multiprocessing

    before = dict(os.environ)
    stream = execute(tasks(30, depth=30), 2)
    next(stream)
    workers = multiprocessing.active_children()
    assert workers
    stream.close()  # type: ignore[attr-defined]
    # Not is_alive(): when two threads reap a process at once, Python may never learn that it has ended.
    assert [worker.pid for worker in workers if worker.pid is not None and exists(worker.pid)] == []
    after = dict(os.environ)
    assert {name: after.get(name) for name in blas.VARIABLES} == {name: before.get(name) for name in blas.VARIABLES}


def test_available_cores_without_an_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert executors.available_cores() == 1


def test_an_interrupt_while_workers_start_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that its pool does not know of yet could not be ended."""
    start = SpawnProcess.start

    def interrupted(process: SpawnProcess) -> None:
        start(process)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        outcomes(tasks(8), 2)
    assert not multiprocessing.active_children()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
