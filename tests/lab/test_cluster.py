"""A real Dask scheduler and two workers on loopback: the same bytes, and what goes wrong there is told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lab_workers
import pytest
from lab_traces import make_cell
from lab_workers import execute

from initbench import engine
from initbench.engine import Trace
from initbench.errors import BusyError, UsageError
from initbench.lab import pending, runner
from initbench.lab.executors import Failure, Task
from initbench.lab.plan import open_experiment

pytest.importorskip("distributed")
import psutil

from initbench.lab.executors import cluster

CONFIG: dict[str, Any] = {
    "name": "grid",
    "network": {"depth": 3, "width": 16, "activation": "tanh", "initializer": "lecun_normal"},
    "seeds": 4,
    "sweep": {"grid": {"network.depth": [2, 3, 4]}},
}
HERE = str(Path(__file__).parent)
FULL = os.environ.get("INITBENCH_FAULT_STEP") == "1"
TIMES = int(os.environ.get("INITBENCH_FAULT_TIMES", "1"))
"""How often each kind of death is tried; the full figures are those of many."""


class Cluster:
    """A scheduler and its workers, each a process group of its own: a leaf."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.log = (folder / "dask.log").open("w")
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.workers = [self.start("worker", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1") for _ in "12"]

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
        environment = {**os.environ, "PYTHONPATH": HERE, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] = "5s"  # how long a worker may say nothing
        return subprocess.Popen(
            [*command, "--scheduler-file", str(self.file)],
            stdout=self.log, stderr=self.log, text=True, env=environment, start_new_session=True,
        )  # fmt: skip

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            kill(process)
        self.log.close()


def kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    started = Cluster(folder)
    deadline = time.monotonic() + 60
    while not started.file.exists():
        assert time.monotonic() < deadline, "the scheduler did not start"
        time.sleep(0.05)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("dask")) as started:
        yield started


def when_under_way(out: Path, deed: Callable[[], None]) -> None:
    """Do this once the first block is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(out.rglob("*.block")):
        time.sleep(0.02)
    deed()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "block_size", lambda planned: 1)


def contents(out: Path) -> dict[str, bytes]:
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.mark.usefixtures("small_blocks")
def test_a_cluster_gives_the_bytes_of_one_process_and_goes_on_where_another_stopped(
    dask: Cluster, tmp_path: Path
) -> None:
    runner.run(open_experiment(CONFIG), tmp_path / "here", jobs=1)
    runner.run(open_experiment(CONFIG, ["seeds=2"]), tmp_path / "there", jobs=1)
    runner.run(open_experiment(CONFIG), tmp_path / "there", scheduler=str(dask.file))
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_task_that_kills_workers_fails_alone(dask: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_measured", lab_workers.die_on_a_cluster)
    tasks = [Task(0, make_cell(3), (seed,), engine.BUDGET, seconds=1.0) for seed in range(8)]
    found = dict(execute(tasks, 2, str(dask.file)))
    assert sorted(found) == list(range(8))
    assert [index for index, outcome in found.items() if isinstance(outcome, Failure)] == [3]
    assert "ended its worker" in found[3].reason  # type: ignore[union-attr]
    assert all(isinstance(found[index], Trace) for index in range(8) if index != 3)


def test_a_worker_with_other_versions_is_refused(dask: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = cluster.versions()
    monkeypatch.setattr(cluster, "versions", lab_workers.other_versions)
    with pytest.raises(UsageError, match=r"numpy 0\.0") as refused:
        list(execute([Task(0, make_cell(2), (0,), engine.BUDGET)], 2, str(dask.file)))
    assert "install" in str(refused.value)
    assert dict(ours)["numpy"] in str(refused.value) or "0.0" in str(refused.value)


@pytest.mark.usefixtures("small_blocks")
def test_a_scheduler_that_dies_is_told_and_nothing_finished_is_lost(dask: Cluster, tmp_path: Path) -> None:
    experiment = open_experiment(CONFIG, ["seeds=40", "sweep.grid={network.depth: [60, 61]}"])
    out = tmp_path / "out"
    killer = threading.Thread(target=when_under_way, args=(out, lambda: kill(dask.scheduler)))
    killer.start()
    started = time.monotonic()
    with pytest.raises(BusyError, match="gone"):
        runner.run(experiment, out, scheduler=str(dask.file))
    killer.join()
    assert time.monotonic() - started < 60
    kept = {path: path.read_bytes() for path in out.rglob("*.block")}
    assert kept
    runner.run(experiment, out, jobs=1)
    runner.run(experiment, tmp_path / "fresh", jobs=1)
    assert all(path.read_bytes() == data for path, data in kept.items())
    assert contents(out) == contents(tmp_path / "fresh")


def nanny_dies(nanny: int) -> None:
    os.kill(nanny, signal.SIGKILL)


def worker_dies(nanny: int) -> None:
    (worker,) = (pid for pid in children(nanny) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(worker, signal.SIGKILL)


def both_hang(nanny: int) -> None:
    os.killpg(nanny, signal.SIGSTOP)


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


@pytest.mark.skipif(not FULL, reason="one of the full figures")
@pytest.mark.parametrize("deed", [nanny_dies, worker_dies, both_hang])
@pytest.mark.usefixtures("small_blocks")
def test_one_worker_that_dies_or_hangs_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, deed: Callable[[int], None]
) -> None:
    experiment = open_experiment(CONFIG, ["seeds=40", "sweep.grid={network.depth: [60, 61]}"])
    runner.run(experiment, tmp_path / "fresh", jobs=1)
    for number in range(TIMES):
        out = tmp_path / str(number)
        with running(tmp_path_factory.mktemp("dask")) as dask:
            watch = threading.Thread(target=when_under_way, args=(out, lambda: deed(dask.workers[0].pid)))
            watch.start()
            result = runner.run(experiment, out, scheduler=str(dask.file))
            watch.join()
        assert not result.failed
        assert contents(out) == contents(tmp_path / "fresh")


def test_no_scheduler_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    with pytest.raises(BusyError, match="cannot be reached"):
        list(execute([Task(0, make_cell(2), (0,), engine.BUDGET)], 2, "tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"address: tcp://127.0.0.1:8786\n", "is not a scheduler file"),
        (b"{}", "is not a scheduler file"),
        (b'{"address": 5}', "is not a scheduler file"),
        (b"[]", "is not a scheduler file"),
        (b"\xff\xfe", "is not a scheduler file"),
        (b"[" * 100_000, "is not a scheduler file"),
        (b'{"address": "nowhere"}', "'nowhere' is not an address such as tcp://HOST:8786"),
        (None, "no such file, and not an address such as tcp://HOST:8786"),
    ],
)
def test_a_wrong_scheduler_file_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "scheduler.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        list(execute([], 2, str(path)))
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize("address", ["foo", "foo:bar", "tcp://127.0.0.1", "there://127.0.0.1:8786", "127.0.0.1:99999"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(UsageError, match=r"(is|and) not an address"):
        list(execute([], 2, address))


@pytest.mark.parametrize("force", [True, False])
def test_where_no_scheduler_is_a_folder_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    runner.run(open_experiment(CONFIG), tmp_path, jobs=1)
    before = contents(tmp_path)
    experiment = open_experiment(CONFIG, [] if force else ["sweep.grid={network.depth: [5]}"])
    with pytest.raises(BusyError):
        runner.run(experiment, tmp_path, force=force, scheduler="tcp://127.0.0.1:9")
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("small_blocks")
def test_a_cluster_made_here_listens_on_loopback_alone(tmp_path: Path) -> None:
    """Beside another one that has the port of Dask's dashboard: that is no matter, and not a word on stderr."""
    seen: set[str] = set()

    def look() -> None:
        ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
        there = psutil.net_connections("inet")
        seen.update(one.laddr.ip for one in there if one.pid in ours and one.status == psutil.CONN_LISTEN)

    with socket.socket() as other:
        with contextlib.suppress(OSError):  # somebody has it already
            other.bind((cluster.LOOPBACK, 8787))
            other.listen()
        watch = threading.Thread(target=when_under_way, args=(tmp_path / "out", look))
        watch.start()
        result = runner.run(open_experiment(CONFIG), tmp_path / "out", jobs=2, scheduler="local")
        watch.join()
    assert not result.failed
    assert seen == {cluster.LOOPBACK}
