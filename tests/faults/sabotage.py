"""Makes the n-th call that changes a folder go wrong: the process is killed there, or the system says no.

What changes a folder goes through a handful of functions of `os`; each call counts once before it is made, and the
deed is done then. Everything runs in a forked child, so that what is killed is not the test.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLS = ("open", "replace", "rename", "fsync", "unlink", "mkdir", "rmdir")
"""The functions of `os` that writing goes through. Reading opens files too: those calls count as well."""

DONE, RAISED = 0, 17


@dataclass
class Counter:
    """How many calls there were; the deed is done at number `at`, counting from 1."""

    at: int = 0
    deed: Callable[[str], None] | None = None
    calls: int = 0

    def __call__(self, name: str) -> None:
        self.calls += 1
        if self.calls == self.at and self.deed is not None:
            self.deed(name)


def kill(_name: str) -> None:
    """kill -9, from inside: nothing after this point happens."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(number: int) -> Callable[[str], None]:
    """The system says no, with this error number."""

    def deed(name: str) -> None:
        raise OSError(number, os.strerror(number), f"<{name}>")

    return deed


@contextmanager
def watched(counter: Counter) -> Iterator[None]:
    """Count the calls while this lasts."""
    originals = {name: getattr(os, name) for name in CALLS}

    def wrapped(name: str) -> Callable[..., Any]:
        original = originals[name]

        def call(*arguments: Any, **keywords: Any) -> Any:
            counter(name)
            return original(*arguments, **keywords)

        return call

    for name in CALLS:
        setattr(os, name, wrapped(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def forked(action: Callable[[], None], log: Path) -> int:
    """The wait status of a child that does this: DONE, RAISED << 8 with what was raised in `log`, or a signal."""
    child = os.fork()
    if child == 0:
        status = RAISED
        try:
            action()
            status = DONE
        except BaseException as error:
            log.write_text(f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}")
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]
