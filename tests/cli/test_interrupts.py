"""Stopped in the middle: quickly, with the right code, leaving no process and no half-written file behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONG = "network: {depth: 100, width: 512, activation: relu, initializer: he_normal}\nseeds: 400\n"


def children(pid: int) -> list[int]:
    """Every living descendant of a process."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found += [int(folder.name), *children(int(folder.name))]
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def all_gone(pids: list[int]) -> bool:
    """Whether every process has ended, within five seconds."""
    deadline = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_run(tmp_path: Path, jobs: str, number: signal.Signals) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    process = subprocess.Popen(
        [sys.executable, "-c", "from initbench.cli import main; main()", "run", "long.yaml", "-j", jobs],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(2.5)
    workers = children(process.pid)
    assert process.poll() is None
    assert jobs == "1" or workers
    started = time.monotonic()
    # Ctrl-C on a terminal reaches the whole group.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    _, said = process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1
    assert all_gone(workers)
    left = {path.suffix or path.name for path in (tmp_path / "results").rglob("*") if path.is_file()}
    assert left <= {".yaml", ".block", ".lock"}  # what the same command goes on from; nothing half-written


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    process = subprocess.Popen(
        [sys.executable, "-c", "from initbench.cli import main; main()", "run", "long.yaml", "-j", "2"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(2.5)
    workers = children(process.pid)
    assert workers
    process.kill()
    process.wait()
    assert all_gone(workers)


def test_an_interrupt_during_start_up_shows_no_traceback() -> None:
    code = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from initbench.cli import main
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (130, "")


SWALLOWED = """
import signal, sys, time
from initbench.cli.main import _guarded, _listen

class Swallows:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

def command():
    Swallows()
    time.sleep(20)

_listen()
sys.exit(_guarded(command))
"""


def test_a_signal_where_python_ignores_exceptions_comes_again() -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, timeout=15)
    assert done.returncode == 143
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("interrupted: ")


@pytest.mark.parametrize("place", ["_listen", "_guarded", "_listen_no_more"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_guard_begins_or_ends(place: str, number: signal.Signals) -> None:
    """There is no moment at which it is told with a traceback."""
    code = f"""
import signal, sys
import initbench.cli
module = sys.modules["initbench.cli.main"]
before = module.{place}
def disturbed(*given):
    found = before(*given) if {place!r} != "_listen_no_more" else None
    module.{place} = before
    signal.raise_signal({int(number)})
    return found
module.{place} = disturbed
module.main()
"""
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 128 + number
    assert done.stderr.splitlines() == ["interrupted: files already written are whole; run the same command again"]


def test_an_interrupt_that_compiled_code_takes_for_a_mistake_is_one() -> None:
    """Matplotlib asks a box for its numbers, and whatever goes wrong in there is a box without numbers."""
    code = """
import signal, sys
import initbench.cli
module = sys.modules["initbench.cli.main"]
def app(standalone_mode):
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException:
        raise ValueError("Invalid bounding box") from None
module.app = app
module.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 143
    assert done.stderr.splitlines() == ["interrupted: files already written are whole; run the same command again"]
