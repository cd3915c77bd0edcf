"""One writer of a results folder at a time; readers need no lock, and a lock dies with its process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import initbench
from initbench.errors import BusyError, StorageError, UsageError
from initbench.lab import store

pytestmark = pytest.mark.skipif(store.fcntl is None, reason="needs fcntl, which this system does not have")

SMALL = {
    "name": "small",
    "network": {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"},
    "seeds": 2,
}
LONG = "network: {depth: 100, width: 512, activation: relu, initializer: he_normal}\nseeds: 4000\nengine: dense\n"
HOLD = """
import sys, time
from pathlib import Path
from initbench.lab import store
with store.claimed(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has claimed a folder, until a line is written to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=10)
    assert process.returncode == 0


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    with holder(tmp_path / "out") as first:
        with pytest.raises(BusyError) as caught:
            initbench.run(SMALL, out=tmp_path / "out")
        message = str(caught.value)
        assert caught.value.exit_code == 75
        assert "\n" not in message
        for part in (str(tmp_path / "out"), f"pid {first.pid} ", socket.gethostname()):
            assert part in message
        let_go(first)
    initbench.run(SMALL, out=tmp_path / "out")
    assert not (tmp_path / "out" / store.LOCK).exists()


NAMED_LATE = """
import fcntl, os, sys, time
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.lockf(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
os.write(descriptor, b"initbench pid 1 on here")
sys.stdin.readline()
"""


@pytest.mark.parametrize(("late", "said"), [(0.3, "(pid 1 on here)"), (60, "(just starting)")])
def test_a_writer_that_has_just_locked_is_named(tmp_path: Path, late: float, said: str) -> None:
    """Between the lock and the name in it there is a moment, which is waited for, but not long."""
    words = [sys.executable, "-c", NAMED_LATE, str(tmp_path / store.LOCK), str(late)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        began = time.monotonic()
        with pytest.raises(BusyError, match=re.escape(said)), store.claimed(tmp_path):
            pass
        assert time.monotonic() - began < 2
        first.kill()


def test_a_killed_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    with holder(tmp_path / "out") as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert (tmp_path / "out" / store.LOCK).exists()
    initbench.run(SMALL, out=tmp_path / "out")
    assert initbench.load(tmp_path / "out").cells is not None


def test_a_writer_killed_while_publishing_may_be_run_again(tmp_path: Path) -> None:
    """It left files without the mark that is written last; its lock says whose they are."""
    out = tmp_path / "out"
    with holder(out) as first:
        store.publish(out / "config.yaml", b"half a folder")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    initbench.run(SMALL, out=out)
    assert len(initbench.load(out).cells) == 1


def test_a_run_that_could_not_publish_may_be_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if target.name == "cells.csv":
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StorageError, match=r"cells\.csv"):
            initbench.run(SMALL, out=out)
    assert not (out / store.MARK).exists()
    initbench.run(SMALL, out=out)
    assert len(initbench.load(out).cells) == 1


def test_readers_need_no_lock(tmp_path: Path) -> None:
    out = tmp_path / "out"
    initbench.run(SMALL | {"expect": [{"name": "it stays", "metric": "verdict", "equals": "stable"}]}, out=out)
    with holder(out) as first:
        for words in (("plot",), ("check",)):
            done = subprocess.run(
                [sys.executable, "-c", "from initbench.cli import main; main()", *words, str(out)], timeout=60
            )
            assert done.returncode == 0
        let_go(first)


def test_two_claims_of_one_process(tmp_path: Path) -> None:
    """Locks of one process do not stand in its own way: it counts by itself, whatever the folder is called."""
    (tmp_path / "other").symlink_to(tmp_path / "out")
    with store.claimed(tmp_path / "out"):
        caught: list[Exception] = []

        def claim() -> None:
            try:
                with store.claimed(tmp_path / "other"):
                    pass
            except BusyError as error:
                caught.append(error)

        thread = threading.Thread(target=claim)
        thread.start()
        thread.join()
        assert f"pid {os.getpid()}" in str(caught[0])
        done = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path / "out")], capture_output=True, text=True)
        assert "BusyError" in done.stderr  # the refused claim has not given the lock up
    with store.claimed(tmp_path / "out"):
        pass


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not results"), store.claimed(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / store.LOCK).write_text("of another program")
    with pytest.raises(UsageError, match="not results"), store.claimed(tmp_path):
        pass
    assert (tmp_path / store.LOCK).read_text() == "of another program"


def test_a_lock_alone_is_no_foreign_folder(tmp_path: Path) -> None:
    (tmp_path / store.LOCK).write_bytes(b"")
    with store.claimed(tmp_path):
        assert f"pid {os.getpid()} on {socket.gethostname()}\n" in (tmp_path / store.LOCK).read_text()


def test_workers_do_not_inherit_the_lock(tmp_path: Path) -> None:
    with store.claimed(tmp_path / "out"):
        lock = os.stat(tmp_path / "out" / store.LOCK)
        own = [fd for fd in range(3, 256) if _same(fd, lock)]
        assert own
        assert not any(os.get_inheritable(fd) for fd in own)


def _same(descriptor: int, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file)
    except OSError:
        return False


def test_without_fcntl_there_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "fcntl", None)
    with store.claimed(tmp_path / "out"):
        assert list((tmp_path / "out").iterdir()) == []


def test_two_runs_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    words = [sys.executable, "-c", "from initbench.cli import main; main()", "run", "long.yaml", "-o", "out"]
    quiet = {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = subprocess.Popen([*words, "-j", "2"], **quiet)  # type: ignore[call-overload]
    try:
        lock = tmp_path / "out" / store.LOCK
        deadline = time.monotonic() + 30
        while not (lock.exists() and lock.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        short = ["-s", "seeds=2", "-s", "network.depth=2", "--no-plots"]
        second = subprocess.run([*words, *short], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert second.returncode == 75, second.stderr
        assert second.stderr.count("\n") == 1
        assert f"pid {first.pid} on {socket.gethostname()}" in second.stderr
    finally:
        first.kill()
        first.wait()
    # At once: workers that notice only later that their parent has gone do not hold the folder.
    third = subprocess.run([*words, *short], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert third.returncode == 0, third.stderr
    assert len(initbench.load(tmp_path / "out").cells) == 1


def test_a_new_folder_in_which_nothing_came_about_goes_again(tmp_path: Path) -> None:
    """Such as of a run whose cluster is not there."""
    (tmp_path / "mine").mkdir()
    for name in ("results/new", "mine"):
        with pytest.raises(ZeroDivisionError), store.claimed(tmp_path / name):
            raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
    with store.claimed(tmp_path / "results" / "new"):
        (tmp_path / "results" / "new" / "kept").write_text("")
    assert (tmp_path / "results" / "new" / "kept").exists()
