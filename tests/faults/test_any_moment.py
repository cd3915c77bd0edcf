"""A sweep of 64 cells that takes a second or two, disturbed at any moment up to its last picture: killed, told to stop,
bereft of a worker, met by rivals and by who draws it. Nothing finished is lost, nobody is left behind, and the same
command ends with the same bytes."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from disturbed import (
    STOPPED,
    TIMES,
    Child,
    assert_mended,
    assert_sound,
    begin,
    contents,
    finish,
    nobody_left,
    quickly,
    start,
    workers,
)  # fmt: skip

CONFIG = f"""\
name: tiny
network: {{depth: 1, width: 8, activation: tanh, initializer: he_normal}}
input: {{batch_size: 2}}
metrics: [act_q]
seeds: 4
sweep: {{grid: {{network.width: {list(range(2, 66))}}}}}
"""
EXECUTORS = {1: ("-j", "1"), 2: ("-j", "2", "--executor", "process")}
"""So small a sweep has no worker processes unless they are asked for."""
OLDER = ("-s", "seeds=2")


@dataclass(frozen=True)
class Undisturbed:
    """What an undisturbed run leaves, and the seconds that it takes once it has a folder, by its jobs."""

    files: dict[str, bytes]
    working: dict[int, float]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moments")
    (folder / "tiny.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> Undisturbed:
    working = {}
    for jobs in EXECUTORS:
        process = begin(folder, *words(f"whole-{jobs}", jobs))
        began = appearance(process, folder / f"whole-{jobs}")
        assert finish(process) == (0, "")
        working[jobs] = time.monotonic() - began
    files = contents(folder / "whole-1")
    assert contents(folder / "whole-2") == files
    assert {"cells.csv", "plots/variance.png", "plots/variance.svg"} <= files.keys()
    assert len([name for name in files if name.endswith(".block")]) == 64
    return Undisturbed(files, working)


def words(out: str, jobs: int) -> tuple[str, ...]:
    return "run", "tiny.yaml", "-o", out, *EXECUTORS[jobs]


def appearance(process: Child, out: Path) -> float:
    """When a run's folder appears."""
    while not out.exists() and process.poll() is None:
        time.sleep(0.002)
    return time.monotonic()


def caught(folder: Path, whole: Undisturbed, out: str, jobs: int) -> Child:
    """A run at a random moment after its folder has appeared. One that has ended before is started again."""
    while True:
        process = begin(folder, *words(out, jobs))
        appearance(process, folder / out)
        time.sleep(random.uniform(0, whole.working[jobs]))
        if process.poll() is None:
            return process
        assert finish(process) == (0, "")
        shutil.rmtree(folder / out)


def assert_as_if_nothing_had_been(folder: Path, whole: Undisturbed, out: str) -> None:
    """What is there is sound, and the same command mends it."""
    assert_sound(folder / out, whole.files)
    assert_mended(folder, whole.files, *words(out, 1), by=quickly)
    shutil.rmtree(folder / out)


def leader(process: Child) -> None:
    os.kill(process.pid, signal.SIGKILL)


def group(process: Child | subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("deed", "jobs"), [(leader, 1), (leader, 2), (group, 2)])
def test_kill_9_at_any_moment(folder: Path, whole: Undisturbed, deed: Callable[[Child], None], jobs: int) -> None:
    for number in range(TIMES):
        out = f"kill-{deed.__name__}-{jobs}-{number}"
        process = caught(folder, whole, out, jobs)
        deed(process)
        finish(process)
        assert nobody_left(process.pid)
        assert_as_if_nothing_had_been(folder, whole, out)


def test_kill_9_while_it_loads(folder: Path, whole: Undisturbed) -> None:
    seconds = loading(folder, start)
    for number in range(TIMES):
        out = f"load-{number}"
        process = start(folder, *words(out, random.choice((1, 2))))
        time.sleep(random.uniform(0.2, 1.2) * seconds)
        group(process)
        finish(process)
        assert nobody_left(process.pid)
        assert_as_if_nothing_had_been(folder, whole, out)


def test_a_worker_killed_at_any_moment_costs_no_cell(folder: Path, whole: Undisturbed) -> None:
    number = 0
    while number < TIMES:
        out = f"worker-{number}"
        process = caught(folder, whole, out, 2)
        found = workers(process.pid)
        with contextlib.suppress(IndexError, ProcessLookupError):  # none yet, or none any more
            os.kill(random.choice(found), signal.SIGKILL)
            number += 1
        assert finish(process) == (0, "")
        assert contents(folder / out) == whole.files
        assert nobody_left(process.pid)
        shutil.rmtree(folder / out)


@pytest.mark.parametrize("number", STOPPED, ids=lambda number: number.name)
@pytest.mark.parametrize("everybody", [False, True], ids=["leader", "group"])
def test_a_signal_at_any_moment(folder: Path, whole: Undisturbed, number: signal.Signals, everybody: bool) -> None:
    for time_ in range(TIMES):
        out = f"{number.name}-{everybody}-{time_}"
        process = caught(folder, whole, out, random.choice((1, 2)))
        (os.killpg if everybody else os.kill)(process.pid, number)
        began = time.monotonic()
        code, error = finish(process)
        assert time.monotonic() - began < 5
        assert code in (0, STOPPED[number]), (number, error)  # 0: all was done
        assert len(error.splitlines()) == (code != 0), error
        assert nobody_left(process.pid)
        assert not list((folder / out).rglob("*.tmp"))
        assert_as_if_nothing_had_been(folder, whole, out)


@pytest.mark.parametrize("rivals", [2, 4])
def test_sweeps_at_one_folder(folder: Path, whole: Undisturbed, rivals: int) -> None:
    """Who comes second is told so within two seconds; together they leave what one would."""
    for number in range(TIMES):
        out = f"race-{rivals}-{number}"
        began = time.monotonic()
        racing = [begin(folder, *words(out, random.choice((1, 2)))) for _ in range(rivals)]
        told: dict[int, float] = {}
        stopped, last = 0.0, began
        while len(told) < rivals and time.monotonic() - began < 120:
            found = {place: time.monotonic() - began for place, one in enumerate(racing) if one.poll() is not None}
            told = found | told
            time.sleep(0.02)
            # What stops this process, or keeps it from the processor, does so with them.
            stopped, last = stopped + max(0.0, time.monotonic() - last - 0.5), time.monotonic()
        ends = [finish(one) for one in racing]
        assert {0} <= {code for code, _ in ends} <= {0, 75}
        for place, (code, error) in enumerate(ends):
            if code == 75:
                assert "in use by another run (pid " in error
                assert len(error.splitlines()) == 1
                # Several start on these cores at once: reading the config is not waiting.
                assert told[place] < 2 + stopped + loading(folder, begin, rivals)
        assert contents(folder / out) == whole.files
        shutil.rmtree(folder / out)


def loading(folder: Path, starting: Callable[..., Child | subprocess.Popen[str]], together: int = 1) -> float:
    """How long so many commands take to load and read the config, when all of them start together."""
    began = time.monotonic()
    for process in [starting(folder, "run", "tiny.yaml", "--dry-run", "-o", "nowhere") for _ in range(together)]:
        finish(process)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def older(folder: Path, whole: Undisturbed) -> Path:
    """A folder that an earlier run has left, of fewer seeds."""
    assert quickly(folder, *words("older", 1), *OLDER) == (0, "")
    return folder / "older"


def test_plot_during_a_sweep(folder: Path, whole: Undisturbed, older: Path) -> None:
    """It draws the older tables or the new ones, or says in a line what is missing; never some of each."""
    before = contents(older)
    for number in range(TIMES):
        out = folder / f"plot-{number}"
        shutil.copytree(older, out)
        process = begin(folder, *words(out.name, random.choice((1, 2))))
        time.sleep(random.uniform(0, whole.working[1]))
        code, error = quickly(folder, "plot", out.name)
        assert (code, len(error.splitlines())) in ((0, 0), (74, 1)), error
        for name, data in contents(out).items():
            if name.startswith("plots/") and not name.endswith(".tmp"):
                assert data in (before[name], whole.files[name]), name
        assert finish(process) == (0, "")
        assert quickly(folder, *words(out.name, 1)) == (0, "")
        assert outputs(contents(out)) == outputs(whole.files)
        shutil.rmtree(out)


def outputs(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the blocks, which keep the seeds together that were run together."""
    return {name: data for name, data in files.items() if not name.startswith("cells/")}
