"""One worker process: what it does all day, and how it ends whatever happens.

Each worker has a connection of its own, so that one that dies in the middle of a word disturbs nobody else: a queue
that workers share would be left locked, or with half a message that its reader waits to see the end of.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections import deque
from contextlib import suppress
from dataclasses import field
from multiprocessing.connection import Connection, Pipe
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler

from ...values import frozen
from . import tasks as tasks_
from .starting import STOPPING, start, undisturbed
from .tasks import Bundle, Hear, Outcome, portable


class Died(Exception):
    """The worker is gone: killed, out of memory, or ended by what it was given."""


@frozen
class UnderWay:
    """What a worker says of a task before it is done."""

    index: int
    step: int


@frozen
class Worker:
    """A process, the way to talk to it, and what it was given, the one under work first."""

    process: BaseProcess
    connection: Connection
    given: deque[Bundle] = field(default_factory=deque)

    def give(self, bundle: Bundle) -> None:
        self.given.append(bundle)
        with suppress(OSError):  # a dead worker shows when its answer is asked for
            self.connection.send((tasks_.work_all, tasks_.packed(bundle)))

    def answer(self) -> tuple[Bundle, list[Outcome]] | UnderWay:
        """The first bundle it has and what came of it, or how far it is with it. Raises Died; an error of our own code
        is raised here."""
        try:
            found = self.connection.recv()
        except (EOFError, OSError):
            raise Died from None
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, UnderWay):
            return found
        return self.given.popleft(), found

    def dismiss(self) -> None:
        """Let it end by itself: it does at once where nobody talks to it."""
        self.connection.close()

    def kill(self) -> None:
        self.process.kill()
        self.connection.close()
        self.process.join()


def hire(crew: list[Worker]) -> Worker:
    """Start a worker and put it on the list of those to end: signals wait until it stands there."""
    with undisturbed():
        ours, theirs = Pipe()
        process = start(_serve, theirs, [ours, *(worker.connection for worker in crew)])
        theirs.close()
        crew.append(Worker(process, ours))
    return crew[-1]


def _serve(connection: Connection) -> None:
    """What a worker does until nobody talks to it any more."""
    # Ctrl-C reaches the whole process group: the parent alone decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    tasks_.settle()
    came: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, came), daemon=True).start()

    def hear(index: int, step: int) -> None:
        with suppress(OSError):
            connection.send(UnderWay(index, step))

    while True:
        answer = _answer(came.get(), hear)
        with suppress(OSError):  # the parent is gone: the other thread ends this process
            connection.send_bytes(answer)


def _receive(connection: Connection, came: queue.SimpleQueue[bytes]) -> None:
    """Take what comes while the other thread works, so that the parent never waits to say something; end the process
    at once where the parent has closed its side or died: a worker of nobody would wait for ever."""
    while True:
        try:
            came.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _answer(message: bytes, hear: Hear) -> bytes:
    """The pickled outcomes, or the error that kept them from being."""
    try:
        work, bundle = ForkingPickler.loads(message)
        return bytes(ForkingPickler.dumps(work(bundle, hear)))
    except BaseException as error:
        return bytes(ForkingPickler.dumps(portable(error)))
