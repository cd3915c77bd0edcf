"""What the tests of plug-ins share: a folder of packages, and processes that see it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugin_packages import Run

from initbench.catalogue import plugins
from initbench.catalogue.activations import ACTIVATIONS
from initbench.catalogue.initializers import INITIALIZERS
from initbench.catalogue.metrics import METRICS
from initbench.errors import Interrupted


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that packages are installed in."""
    return tmp_path / "site"


@pytest.fixture
def run(tmp_path: Path, site: Path) -> Run:
    """`initbench` with some words, in a process that sees the packages of `site`."""

    def call(*words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from initbench.cli import main; main()", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    return call


@pytest.fixture
def seen(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Call it once packages are installed, to find them in this process too; afterwards they are forgotten.

    Ctrl-C is handled as the command line does it, so that a plug-in's KeyboardInterrupt is its own.
    """
    before = set(sys.modules)
    handler = signal.signal(signal.SIGINT, _interrupt)

    def look() -> None:
        monkeypatch.syspath_prepend(str(site))
        forget()

    yield look
    signal.signal(signal.SIGINT, handler)
    monkeypatch.undo()
    for name in set(sys.modules) - before:
        if str(site) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    forget()


def _interrupt(number: int, _frame: object) -> None:
    raise Interrupted(number)


def forget() -> None:
    plugins.forget()
    for registry in (ACTIVATIONS, INITIALIZERS, METRICS):
        registry._adopted.clear()
