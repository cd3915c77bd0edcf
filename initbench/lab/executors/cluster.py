"""The workers of a Dask cluster: one that exists, by address or scheduler file, or one made here. An extra:
initbench[distributed].

A worker that dies costs time, never an innocent task: what Dask gives up on is run again alone, three times.
"""

from __future__ import annotations

import json
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from ... import __version__
from ...errors import BusyError, UsageError
from ...spec import NUMERICS_VERSION
from . import tasks as tasks_
from .starting import blocked, start_tracker
from .tasks import KILLED, TRIES, Bundle, Failure, Hear, Meanwhile, Outcome, Task, bundles, paired

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
LOOPBACK = "127.0.0.1"
ADDRESS = "an address such as tcp://HOST:8786"
PATIENCE = 20.0
"""Seconds that a scheduler may take to answer."""

Versions = tuple[tuple[str, str], ...]


def versions() -> Versions:
    """What a worker must have in common with us for its numbers to be ours."""
    return (("initbench", __version__), ("numerics", str(NUMERICS_VERSION)), ("numpy", np.__version__))


@contextmanager
def reached(
    scheduler: str, jobs: int
) -> Iterator[Callable[[Sequence[Task], Hear, Meanwhile], Iterator[tuple[int, Outcome]]]]:
    """What carries tasks out on a cluster that is there and whose workers have our versions.

    Raises BusyError where the cluster cannot be reached or goes away, UsageError where Dask is not installed or a
    worker has other versions.
    """
    with ExitStack() as stack:
        with _told(scheduler):
            client = stack.enter_context(_client(scheduler, jobs))
            _compare(client, jobs if scheduler == LOCAL else 1)
        yield partial(_carried_out, client, scheduler)


def _carried_out(
    client: Client, scheduler: str, tasks: Sequence[Task], _: Hear, meanwhile: Meanwhile
) -> Iterator[tuple[int, Outcome]]:
    with _told(scheduler):
        yield from _drain(client, deque(bundles(tasks, max(1, _threads(client)))), scheduler, meanwhile)


@contextmanager
def _told(scheduler: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # a connection: Dask opens no files of ours
        raise BusyError(f"the Dask scheduler at {scheduler} has gone ({error}); run the command again") from error


def _measured(bundle: Bundle) -> tuple[Versions, list[Outcome]]:
    """On a worker. It may have come after the versions were compared: its own go with what it measured."""
    with threadpool_limits(1, user_api="blas"):
        return versions(), [_survived(task) for _, task in bundle]


def _survived(task: Task) -> Outcome:
    try:
        return tasks_.work(task)
    except SystemExit as leave:  # Dask would wait for ever
        return Failure(f"tried to end the process (exit {leave.code})")


def _drain(
    client: Client, waiting: deque[Bundle], scheduler: str, meanwhile: Meanwhile
) -> Iterator[tuple[int, Outcome]]:
    from distributed import KilledWorker

    running: dict[Future[Any], Bundle] = {}
    suspects: list[Bundle] = []
    _submit_more(client, waiting, running)
    meanwhile()
    while waiting or running:
        _submit_more(client, waiting, running)
        for future in _finished(client, running, scheduler):
            bundle = running.pop(future)
            try:
                yield from paired(bundle, _result(future))
            except KilledWorker:
                suspects.append(bundle)
    for index, task in (entry for bundle in suspects for entry in bundle):
        yield index, _alone(client, ((index, task),), scheduler)


def _submit_more(client: Client, waiting: deque[Bundle], running: dict[Future[Any], Bundle]) -> None:
    """So many that no worker waits for the next."""
    ahead = 3 * max(1, _threads(client))
    while waiting and len(running) < ahead:
        running[_submit(client, waiting[0])] = waiting[0]
        waiting.popleft()


def _alone(client: Client, bundle: Bundle, scheduler: str) -> Outcome:
    """The outcome of one task with nothing else under way."""
    from distributed import KilledWorker

    deaths = 0
    while deaths < TRIES:
        future = _submit(client, bundle)
        while not _finished(client, {future: bundle}, scheduler):
            pass
        try:
            return _result(future)[0]
        except KilledWorker as killed:
            deaths += 1 + killed.allowed_failures  # Dask has tried again by itself
    return Failure(KILLED)


def _submit(client: Client, bundle: Bundle) -> Future[Any]:
    return client.submit(_measured, tasks_.packed(bundle), pure=False)


def _result(future: Future[Any]) -> list[Outcome]:
    theirs, outcomes = future.result()
    if theirs != versions():
        raise UsageError(_mismatch("a worker", theirs))
    return list(outcomes)


def _finished(client: Client, running: dict[Future[Any], Bundle], scheduler: str) -> list[Future[Any]]:
    """Those that are done after a second at most. Raises BusyError where the scheduler has gone."""
    from distributed import wait

    gone = False
    done: set[Future[Any]] = set()
    try:
        done = wait(list(running), timeout=1, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        pass
    except CancelledError:  # Dask takes back what it can no longer ask for
        gone = True
    # What is "lost" died with a worker that held it: the scheduler has it made again.
    if gone or client.status != "running" or any(future.status == "cancelled" for future in running):
        raise BusyError(f"the Dask scheduler at {scheduler} has gone; what is finished is kept: run the command again")
    return [future for future in running if future in done]


def _threads(client: Client) -> int:
    return sum(client.nthreads().values())


def _compare(client: Client, workers: int) -> None:
    """Wait for so many workers. Raises UsageError unless every one has our versions, BusyError where there is none."""
    with suppress(TimeoutError):
        client.wait_for_workers(workers, timeout=PATIENCE)
    if not client.nthreads():
        raise BusyError("the Dask cluster has no workers; start one: dask worker ADDRESS --nthreads 1")
    for worker, theirs in client.run(versions, on_error="return").items():
        if isinstance(theirs, BaseException):
            raise UsageError(f"worker {worker} cannot import initbench {__version__}: {theirs}; install it there")
        if theirs != versions():
            raise UsageError(_mismatch(f"worker {worker}", theirs))


def _mismatch(who: str, theirs: Versions) -> str:
    ours = dict(versions())
    other = ", ".join(f"{name} {value} (here {ours.get(name)})" for name, value in theirs if ours.get(name) != value)
    return f"{who} has {other}: its numbers would not be ours; install the same versions there"


@contextmanager
def _client(scheduler: str, jobs: int) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError:
        raise UsageError('--executor dask needs Dask: pip install "initbench[distributed]"') from None
    if scheduler == LOCAL:
        with _made_here(jobs) as client:
            yield client
        return
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told in a line of our own
    address = _address(scheduler)
    try:
        client = Client(address, timeout=PATIENCE)
    except ValueError as error:  # a protocol that Dask does not have
        raise UsageError(f"{scheduler}: {address!r} is not {ADDRESS} ({error})") from None
    except (OSError, TimeoutError) as error:
        raise BusyError(f"the Dask scheduler at {scheduler} cannot be reached: {error}") from None
    try:
        yield client
    finally:
        client.close(timeout=5)


def _address(scheduler: str) -> str:
    """The address itself, or the one in a scheduler file. Raises UsageError where it is neither."""
    path = Path(scheduler)
    if not path.is_file():
        if not _is_address(scheduler):
            raise UsageError(f"{scheduler}: no such file, and not {ADDRESS}")
        return scheduler
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{scheduler}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        content = None
    address = content.get("address") if isinstance(content, dict) else None
    if not isinstance(address, str):
        raise UsageError(f'{scheduler}: is not a scheduler file: it must hold JSON with the scheduler\'s "address"')
    if not _is_address(address):
        raise UsageError(f"{scheduler}: {address!r} is not {ADDRESS}")
    return address


def _is_address(text: str) -> bool:
    found = re.fullmatch(r"(\w+://)?\S+:(\d{1,5})", text, re.ASCII)
    return found is not None and int(found[2]) < 1 << 16


@contextmanager
def _made_here(jobs: int) -> Iterator[Client]:
    """A cluster that ends with this: on loopback only, and without a dashboard, so that nothing is opened to the
    network."""
    import dask
    from distributed import Client, LocalCluster

    options = {"host": LOOPBACK, "threads_per_worker": 1, "processes": True, "silence_logs": logging.CRITICAL}
    # Without a dashboard, its port is taken all the same: any free one, for several runs at once.
    options |= {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": f"{LOOPBACK}:0"}}
    start_tracker()
    with ExitStack() as stack:
        # The thread that will start the workers, at any time, has the signals blocked, and so have the workers: what
        # interrupts the whole group is for this process to see to. What was under way when a worker died is run again
        # alone, by us: Dask would let it end one worker after another first.
        with blocked(), dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            cluster = stack.enter_context(LocalCluster(n_workers=0, **options))
        cluster.scale(jobs)
        yield stack.enter_context(Client(cluster))
