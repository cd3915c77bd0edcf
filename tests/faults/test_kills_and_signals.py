"""The command as anybody runs it, with worker processes: kill -9 of leader, worker and group, and the signals that ask
it to stop. Nothing finished is lost, nobody is left behind, the same command ends with the same bytes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from initbench.cli import main; main()"]
CONFIG = """\
name: many
network: {depth: 40, width: 64, activation: tanh, initializer: {name: normal, stddev: 0.1}}
input: {batch_size: 32}
engine: dense
seeds: 24
output: {layers: false}
sweep: {grid: {network.initializer.stddev: [0.05, 0.1, 0.125, 0.15, 0.2, 0.3], network.activation: [tanh, relu]}}
"""
TIMES = int(os.environ.get("INITBENCH_FAULT_TIMES", "1"))
"""How often each kind of death is tried; the full figures are those of many."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kills")
    (folder / "many.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, bytes]:
    """What an undisturbed run in one process leaves."""
    assert finish(start(folder, "whole", 1)) == (0, "")
    return contents(folder / "whole")


def start(folder: Path, out: str, jobs: int, **keywords: object) -> subprocess.Popen[str]:
    words = ["run", "many.yaml", "-o", out, "-j", str(jobs), "-q", "--no-plots"]
    return subprocess.Popen(
        [*COMMAND, *words], cwd=folder, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True, **keywords,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    error = process.communicate(timeout=120)[1]
    return process.returncode, error


def contents(out: Path) -> dict[str, bytes]:
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in ("manifest.json", ".lock")]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def children(pid: int) -> list[int]:
    """The processes that this one started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *children(child)]
    return found


def gone(pids: list[int], seconds: float = 5.0) -> bool:
    """Whether all of them end within this time; a zombie that nobody waits for has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def measures(pid: int) -> bool:
    """Whether this is a worker, not Python's own tracker of shared resources."""
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def when_under_way(process: subprocess.Popen[str], out: Path, blocks: int, jobs: int) -> list[int]:
    """Wait until some blocks are there, and the workers; their pids."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list(out.rglob("*.block"))) >= blocks and (jobs == 1 or len(children(process.pid)) >= jobs):
            return children(process.pid)
        time.sleep(0.01)
    raise AssertionError("the run ended before it could be disturbed: " + finish(process)[1])


def assert_nothing_lost(folder: Path, out: str, whole: dict[str, bytes]) -> None:
    """What is there is sound, and the same command makes the rest of it."""
    there = {name: data for name, data in contents(folder / out).items() if not name.endswith(".tmp")}
    assert all(whole[name] == data for name, data in there.items())
    before = {path: path.stat().st_ino for path in (folder / out).rglob("*.block")}
    assert before
    assert finish(start(folder, out, 2)) == (0, "")
    assert contents(folder / out) == whole
    assert {path: path.stat().st_ino for path in before} == before


def leader(process: subprocess.Popen[str], _workers: list[int]) -> None:
    process.kill()


def group(process: subprocess.Popen[str], _workers: list[int]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("deed", [leader, group])
def test_kill_9(
    folder: Path, whole: dict[str, bytes], deed: Callable[[subprocess.Popen[str], list[int]], None], jobs: int
) -> None:
    for number in range(TIMES):
        out = f"kill-{deed.__name__}-{jobs}-{number}"
        process = start(folder, out, jobs)
        workers = when_under_way(process, folder / out, random.randint(1, 4), jobs)
        deed(process, workers)
        finish(process)
        assert gone(workers)
        assert_nothing_lost(folder, out, whole)


def test_a_killed_worker_costs_no_cell(folder: Path, whole: dict[str, bytes]) -> None:
    for number in range(TIMES):
        out = f"worker-{number}"
        process = start(folder, out, 2)
        workers = when_under_way(process, folder / out, random.randint(1, 3), 2)
        os.kill(random.choice([pid for pid in workers if measures(pid)]), signal.SIGKILL)
        assert finish(process) == (0, "")
        assert contents(folder / out) == whole


@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)], ids=["INT", "TERM", "HUP"]
)
@pytest.mark.parametrize("everybody", [False, True], ids=["leader", "group"])
def test_a_signal_stops_it_cleanly(
    folder: Path, whole: dict[str, bytes], name: str, code: int, everybody: bool
) -> None:
    for number in range(TIMES):
        out = f"{name}-{everybody}-{number}"
        process = start(folder, out, 2)
        workers = when_under_way(process, folder / out, random.randint(1, 4), 2)
        (os.killpg if everybody else os.kill)(process.pid, getattr(signal, name))
        began = time.monotonic()
        returned, error = finish(process)
        assert time.monotonic() - began < 5
        assert returned == code
        assert len(error.splitlines()) == 1, error
        assert "run the same command again" in error
        assert gone(workers)
        assert not list((folder / out).rglob("*.tmp"))
        assert_nothing_lost(folder, out, whole)


@pytest.fixture
def ignored_hangup() -> Iterator[None]:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("ignored_hangup")
def test_a_signal_that_is_ignored_stays_ignored(folder: Path, whole: dict[str, bytes]) -> None:
    process = start(folder, "nohup", 2)
    when_under_way(process, folder / "nohup", 1, 2)
    os.killpg(process.pid, signal.SIGHUP)
    assert finish(process) == (0, "")
    assert contents(folder / "nohup") == whole


def test_a_second_writer_is_refused_at_once_by_name(folder: Path, whole: dict[str, bytes]) -> None:
    first = start(folder, "race", 2)
    when_under_way(first, folder / "race", 1, 2)
    second = start(folder, "race", 1)
    code, error = finish(second)
    assert code == 75
    assert f"pid {first.pid} on {os.uname().nodename}" in error
    assert len(error.splitlines()) == 1
    assert finish(first) == (0, "")
    assert contents(folder / "race") == whole
