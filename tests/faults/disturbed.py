"""The command as anybody runs it, in a session of its own, and what is looked at when it has been disturbed."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from initbench.cli import main

COMMAND = [sys.executable, "-c", "from initbench.cli import main; main()"]
TIMES = int(os.environ.get("INITBENCH_FAULT_TIMES", "1"))
"""How often each kind of death, signal and race is tried; the full figures are those of many."""
FULL = os.environ.get("INITBENCH_FAULT_STEP") == "1"
"""Whether every point is tried, not some."""
SAME = ("manifest.json", ".lock")
"""What may differ between two runs."""
Record = Callable[[str, object], None]
"""pytest's way to put into its report how much was `tried`, where a test tries many things in one go."""
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""The signals that ask a run to stop, and the exit codes that say so."""


def start(folder: Path, *words: str, limit: int | None = None) -> subprocess.Popen[str]:
    """The command as a process. limit: the most bytes that a file may have."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, limit or 0))

    return subprocess.Popen(
        [*COMMAND, *words, "-q"], cwd=folder, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=limited if limit is not None else None, env=_environment(),
    )  # fmt: skip


def _environment() -> dict[str, str]:
    """Without what would have a command say more than it does for anybody."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "PYTHONDEVMODE")}


class Child:
    """The same as a child of this process, which has loaded everything: what there is of a process to look at."""

    def __init__(self, folder: Path, words: Sequence[str]) -> None:
        self.said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it outlives this call
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _as_a_command(folder, [*words, "-q"], self.said.fileno())

    def poll(self) -> int | None:
        """Its exit code, or None."""
        if self.returncode is None and (found := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(found[1])
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end; what it said."""
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.005)
        with self.said:
            self.said.seek(0)
            return "", self.said.read()


def _as_a_command(folder: Path, words: list[str], error: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(error, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        sys.argv = ["initbench", *words]
        warn_as_python_does()
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def warn_as_python_does() -> None:
    """pytest makes errors of all warnings: of a file that an interrupt leaves open, too, which nobody is told of."""
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)


def finish(process: subprocess.Popen[str] | Child) -> tuple[int, str]:
    """Its exit code, and what it said."""
    error = process.communicate(timeout=240)[1]
    assert process.returncode is not None
    return process.returncode, error


def begin(folder: Path, *words: str) -> Child:
    """The command, without the time that loading takes."""
    import initbench.cli.pictures
    import initbench.figures
    import initbench.lab.runner  # noqa: F401

    return Child(folder, words)


def quickly(folder: Path, *words: str) -> tuple[int, str]:
    """The same to its end: its exit code, and what it said."""
    return finish(begin(folder, *words))


@contextlib.contextmanager
def as_from_a_terminal() -> Iterator[None]:
    """What a shell starts in the background ignores Ctrl-C, and so would all that is started here."""
    before = {number: signal.getsignal(number) for number in STOPPED}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
    """The workers of a session, forks of its leader or not, without Python's own tracker of shared resources."""
    own = _command(leader)
    return [
        pid for pid in members(leader) if pid != leader and ((said := _command(pid)) == own or b"spawn_main" in said)
    ]


def _command(pid: int) -> bytes:
    """What a process was started with; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


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


def as_anybody(folder: Path, *words: str) -> tuple[int, str]:
    """The command in a process of its own: its exit code, and what it said."""
    return finish(start(folder, *words))


def assert_mended(
    folder: Path, whole: dict[str, bytes], *words: str, by: Callable[..., tuple[int, str]] = as_anybody
) -> None:
    """These words of a command finish what is in its folder `out`, keep every block, and leave what an undisturbed run
    does. words: with `-o`, and the folder next; by: how the command is run."""
    out = folder / words[words.index("-o") + 1]
    before = {path: path.stat().st_ino for path in out.rglob("*.block")}
    assert by(folder, *words) == (0, "")
    assert contents(out) == whole
    assert {path: path.stat().st_ino for path in before} == before
    assert not (out / ".lock").exists()
