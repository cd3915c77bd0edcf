"""The command as anybody runs it, with worker processes: kill -9 of leader, worker and group, and the signals that ask
it to stop. Nothing finished is lost, nobody is left behind, the same command ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from disturbed import (
    STOPPED,
    TIMES,
    assert_mended,
    assert_sound,
    contents,
    finish,
    nobody_left,
    quickly,
    start,
    when_under_way,
)  # fmt: skip

CONFIG = """\
name: many
network: {depth: 40, width: 64, activation: tanh, initializer: {name: normal, stddev: 0.1}}
input: {batch_size: 32}
engine: dense
seeds: 24
output: {layers: false}
sweep: {grid: {network.initializer.stddev: [0.05, 0.1, 0.125, 0.15, 0.2, 0.3], network.activation: [tanh, relu]}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kills")
    (folder / "many.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, bytes]:
    """What an undisturbed run in one process leaves."""
    assert finish(run(folder, "whole", 1)) == (0, "")
    return contents(folder / "whole")


def words(out: str, jobs: int) -> tuple[str, ...]:
    return "run", "many.yaml", "-o", out, "-j", str(jobs), "--no-plots"


def run(folder: Path, out: str, jobs: int) -> subprocess.Popen[str]:
    return start(folder, *words(out, jobs))


def leader(process: subprocess.Popen[str]) -> None:
    process.kill()


def group(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("deed", [leader, group])
def test_kill_9(
    folder: Path, whole: dict[str, bytes], deed: Callable[[subprocess.Popen[str]], None], jobs: int
) -> None:
    for number in range(TIMES):
        out = f"kill-{deed.__name__}-{jobs}-{number}"
        process = run(folder, out, jobs)
        when_under_way(process, folder / out, random.randint(1, 4), jobs)
        deed(process)
        finish(process)
        assert nobody_left(process.pid)
        assert_sound(folder / out, whole)
        assert_mended(folder, whole, *words(out, 1), by=quickly)


def test_a_killed_worker_costs_no_cell(folder: Path, whole: dict[str, bytes]) -> None:
    for number in range(TIMES):
        out = f"worker-{number}"
        process = run(folder, out, 2)
        os.kill(random.choice(when_under_way(process, folder / out, random.randint(1, 3), 2)), signal.SIGKILL)
        assert finish(process) == (0, "")
        assert contents(folder / out) == whole
        assert nobody_left(process.pid)


@pytest.mark.parametrize("number", STOPPED)
@pytest.mark.parametrize("everybody", [False, True], ids=["leader", "group"])
def test_a_signal_stops_it_cleanly(
    folder: Path, whole: dict[str, bytes], number: signal.Signals, everybody: bool
) -> None:
    for time_ in range(TIMES):
        out = f"{number.name}-{everybody}-{time_}"
        process = run(folder, out, 2)
        when_under_way(process, folder / out, random.randint(1, 4), 2)
        (os.killpg if everybody else os.kill)(process.pid, number)
        began = time.monotonic()
        code, error = finish(process)
        assert time.monotonic() - began < 5
        assert code == STOPPED[number]
        assert len(error.splitlines()) == 1, error
        assert "run the same command again" in error
        assert nobody_left(process.pid)
        assert not list((folder / out).rglob("*.tmp"))
        assert_sound(folder / out, whole)
        assert_mended(folder, whole, *words(out, 1), by=quickly)


@pytest.fixture
def ignored_hangup() -> Iterator[None]:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("ignored_hangup")
def test_a_signal_that_is_ignored_stays_ignored(folder: Path, whole: dict[str, bytes]) -> None:
    process = run(folder, "nohup", 2)
    when_under_way(process, folder / "nohup", 1, 2)
    os.killpg(process.pid, signal.SIGHUP)
    assert finish(process) == (0, "")
    assert contents(folder / "nohup") == whole


def test_a_second_writer_is_refused_at_once_by_name(folder: Path, whole: dict[str, bytes]) -> None:
    for number in range(TIMES):
        out = f"race-{number}"
        first = run(folder, out, 2)
        when_under_way(first, folder / out, 1, 2)
        second = run(folder, out, 1)
        code, error = finish(second)
        assert code == 75
        assert f"pid {first.pid} on {os.uname().nodename}" in error
        assert len(error.splitlines()) == 1
        assert finish(first) == (0, "")
        assert contents(folder / out) == whole
