"""The command as anybody runs it, in a session of its own, and what is looked at when it has been disturbed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = [sys.executable, "-c", "from initbench.cli import main; main()"]
TIMES = int(os.environ.get("INITBENCH_FAULT_TIMES", "1"))
"""How often each kind of death, signal and race is tried; the full figures are those of many."""
FULL = os.environ.get("INITBENCH_FAULT_STEP") == "1"
"""Whether every point is tried, not some."""
SAME = ("manifest.json", ".lock")
"""What may differ between two runs."""
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""The signals that ask a run to stop, and the exit codes that say so."""


def start(folder: Path, *words: str, limit: int | None = None) -> subprocess.Popen[str]:
    """The command as a process. limit: the most bytes that a file may have."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, limit or 0))

    return subprocess.Popen(
        [*COMMAND, *words, "-q"], cwd=folder, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=limited if limit is not None else None,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it said."""
    error = process.communicate(timeout=240)[1]
    return process.returncode, error


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a results folder that two runs must have in common."""
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in SAME]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def members(leader: int) -> list[int]:
    """The other living processes of a session; a zombie that nobody waits for has ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(session) == leader and state != "Z" and int(path.parent.name) != leader:
            found.append(int(path.parent.name))
    return found


def workers(leader: int) -> list[int]:
    """The workers of a session, without Python's own tracker of shared resources."""
    found = []
    for pid in members(leader):
        try:
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def nobody_left(leader: int, seconds: float = 5.0) -> bool:
    """Whether all that a session started ends within this time."""
    deadline = time.monotonic() + seconds
    while members(leader) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not members(leader)


def when_under_way(process: subprocess.Popen[str], out: Path, blocks: int, jobs: int) -> list[int]:
    """Wait until some blocks are there, and the workers; their pids."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list(out.rglob("*.block"))) >= blocks:
            found = workers(process.pid)
            if jobs == 1 or len(found) >= jobs:
                return found
        time.sleep(0.01)
    raise AssertionError("the run ended before it could be disturbed: " + finish(process)[1])


def assert_sound(out: Path, whole: dict[str, bytes]) -> None:
    """Every file that has its final name is the one that an undisturbed run leaves."""
    for name, data in contents(out).items():
        assert name.endswith(".tmp") or data == whole[name], name


def assert_mended(folder: Path, whole: dict[str, bytes], *words: str) -> None:
    """These words of a command finish what is in its folder `out`, keep every block, and leave what an undisturbed run
    does. words: with `-o`, and the folder next."""
    out = folder / words[words.index("-o") + 1]
    before = {path: path.stat().st_ino for path in out.rglob("*.block")}
    assert finish(start(folder, *words)) == (0, "")
    assert contents(out) == whole
    assert {path: path.stat().st_ino for path in before} == before
    assert not (out / ".lock").exists()
