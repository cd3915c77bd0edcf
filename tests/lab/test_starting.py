"""Workers that are forks: tried in a process that has one thread, as the command line's has."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from initbench import blas
from initbench.lab.executors.starting import can_fork

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks are for systems that count threads")

BEGIN = """
import multiprocessing, os, signal, sys, threading, time
from lab_traces import make_cell
from lab_workers import execute
from initbench import engine
from initbench.lab.executors import Task, starting, workers
from initbench.lab.executors.workers import hire

def pids():
    return [child.pid for child in multiprocessing.active_children()]

def ended(process):
    process.join(10)
    return process.exitcode

tasks = [Task(0, make_cell(3), (seed,), engine.BUDGET) for seed in range(8)]
assert starting.can_fork()
"""


TALKATIVE = """
from initbench.lab.executors import Failure, tasks as tasks_

def talk(*given):
    print("a worker's", flush=True)
    return Failure("")

tasks_.measure = talk
"""


def script(body: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A Python with one thread that runs BEGIN and `body`, to its end."""
    environment = {**os.environ, **dict.fromkeys(blas.VARIABLES, "1"), "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", BEGIN + body]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload, no-any-return]


def said(body: str, **options: object) -> list[str]:
    """The lines that it prints."""
    done = script(body, **options)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.split("\n")[:-1]


def test_a_process_with_another_thread_cannot_be_forked() -> None:
    waiting = threading.Event()
    other = threading.Thread(target=waiting.wait)
    other.start()
    try:
        assert not can_fork()
    finally:
        waiting.set()
        other.join()


def test_forks_give_what_this_process_gives_and_end() -> None:
    """What the parent had not written yet when it was forked is written once."""
    lines = said(
        """
print("begun", end="\\n", flush=False)
here = dict(execute(tasks, 1))
there = dict(execute(tasks, 2))
print(all(here[k].values.tobytes() == there[k].values.tobytes() for k in range(8)), starting.can_fork())
print([ended(child) for child in multiprocessing.active_children()])
"""
    )
    assert lines[:2] == ["begun", "True True"]
    assert set(ast.literal_eval(lines[2])) <= {0}


def test_workers_are_forks_where_they_can_be() -> None:
    body = """
crew = []
threads = threading.Event()
if {threaded}:
    threading.Thread(target=threads.wait, daemon=True).start()
hire(crew)
print(type(crew[0].process).__name__)
for worker in crew:
    worker.kill()
"""
    assert said(body.format(threaded=False)) == ["ForkProcess"]
    assert said(body.format(threaded=True)) == ["SpawnProcess"]


def test_a_worker_ends_when_nobody_talks_to_it_whoever_was_forked_later() -> None:
    """A later fork that kept the parent's end of the connection open would keep it waiting."""
    lines = said(
        """
crew = []
for _ in range(3):
    hire(crew)
crew[0].dismiss()
print(ended(crew[0].process), len(pids()))
for worker in crew[1:]:
    worker.kill()
"""
    )
    assert lines == ["0 2"]


def test_workers_end_with_a_parent_that_is_killed() -> None:
    done = script(
        """
crew = []
for _ in range(3):
    hire(crew)
print(*pids(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    # its output has come to an end, which they have open, too
    assert (done.returncode, len(done.stdout.split())) == (-signal.SIGKILL, 3)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, None), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)]
)
def test_forks_take_signals_as_a_new_python_would(number: signal.Signals, code: int | None) -> None:
    """Not by the handlers of their parent; an interrupt is for the parent alone."""
    lines = said(
        f"""
for number in starting.STOPPING:
    signal.signal(number, lambda *one: print("the parent's handler", flush=True))
crew = []
worker = hire(crew)
worker.give(((0, tasks[0]),))
worker.answer()  # it is there
os.kill(worker.process.pid, {int(number)})
worker.process.join({10 if code else 0.3})
print(worker.process.exitcode)
worker.kill()
"""
    )
    assert lines == [str(code)]


def test_what_a_parent_ignores_its_forks_ignore() -> None:
    """As after nohup."""
    lines = said(
        """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
crew = []
worker = hire(crew)
worker.give(((0, tasks[0]),))
worker.answer()
os.kill(worker.process.pid, signal.SIGHUP)
worker.process.join(0.3)
print(worker.process.exitcode)
worker.kill()
"""
    )
    assert lines == ["None"]


def test_an_interrupt_while_forks_start_leaves_none_behind() -> None:
    lines = said(
        """
from multiprocessing.process import BaseProcess
start = BaseProcess.start
def interrupted(process):
    start(process)
    signal.raise_signal(signal.SIGINT)
BaseProcess.start = interrupted
try:
    list(execute(tasks, 2))
except KeyboardInterrupt:
    print("interrupted", pids(), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    )
    assert lines == ["interrupted [] True"]


def test_the_command_forks(tmp_path: Path) -> None:
    """Whatever it has loaded by then must not have started threads."""
    config = tmp_path / "config.yaml"
    config.write_text("network: {depth: 9, width: 9, activation: relu, initializer: he_normal}\nseeds: 500\n")
    program = """
import os, sys
from initbench.cli import main
forks, fork = [], os.fork
def counted():
    forks.append(fork())
    return forks[-1]
os.fork = counted
axis = ["--grid", "network.depth=2,3,4,5,6,7,8,9", "--executor", "process", "-j", "2"]
sys.argv = ["initbench", "sweep", "config.yaml", *axis, "--no-plots", "-o", "out"]
try:
    main()
finally:
    print(len(forks), "forks")
"""
    clean = {name: value for name, value in os.environ.items() if name not in blas.VARIABLES}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("2 forks\n")


def test_something_else_is_done_while_workers_have_work() -> None:
    lines = said(
        """
from initbench.lab.executors import opened
done = []
with opened(2) as carry_out:
    for index, outcome in carry_out(tasks, lambda *said: None, lambda: done.append(len(pids()))):
        assert done == [2]
print(done)
"""
    )
    assert lines == ["[2]"]


def test_what_forks_print_goes_past_what_the_parent_prints_into() -> None:
    """Its bar would be drawn by all of them; and what waits in its buffers would be written by all of them."""
    lines = said(
        TALKATIVE
        + """
import contextlib, io
print("the parent's")
with contextlib.redirect_stdout(io.StringIO()) as kept:
    list(execute(tasks[:3], 2))
print(repr(kept.getvalue()))
"""
    )
    assert sorted(lines) == ["''", *["a worker's"] * 3, "the parent's"]


def test_forks_print_nowhere_where_the_parent_has_closed_its_output() -> None:
    lines = said(
        TALKATIVE
        + """
kept = os.dup(1)
sys.stdout.close()
number = len(dict(execute(tasks, 2)))
sys.stdout = sys.__stdout__ = None
number += len(dict(execute(tasks, 2)))
os.write(kept, b"%d\\n" % number)
"""
    )
    assert lines == ["16"]


def test_signals_of_forks_do_not_wake_the_parent() -> None:
    """As of one that waits for several things at once, and would read of a signal that never came to it."""
    lines = said(
        """
import socket
ours, theirs = socket.socketpair()
for one in (ours, theirs):
    one.setblocking(False)
signal.signal(signal.SIGUSR1, lambda *one: None)
signal.set_wakeup_fd(theirs.fileno())
crew = []
worker = hire(crew)
worker.give(((0, tasks[0]),))
worker.answer()
os.kill(worker.process.pid, signal.SIGUSR1)
worker.give(((1, tasks[1]),))
worker.answer()
worker.kill()
try:
    print(ours.recv(1))
except BlockingIOError:
    print("nothing")
"""
    )
    assert lines == ["nothing"]


def test_where_there_is_no_memory_for_a_fork_a_new_python_is_started() -> None:
    lines = said(
        """
def full():
    raise OSError(12, "Cannot allocate memory")
os.fork = full
crew = []
worker = hire(crew)
worker.give(((0, tasks[0]),))
worker.answer()
print(type(worker.process).__name__)
worker.kill()
"""
    )
    assert lines == ["SpawnProcess"]


def test_a_daemon_does_the_work_itself() -> None:
    """Such as a worker of a pool of Python's, to which children are forbidden."""
    lines = said(
        """
daemon = multiprocessing.Process(target=lambda: print(len(list(execute(tasks, 2))), pids(), flush=True), daemon=True)
daemon.start()
print(ended(daemon))
"""
    )
    assert lines == ["8 []", "0"]
