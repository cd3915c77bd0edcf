"""The command line as a user meets it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import SMALL, Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run `initbench` with some words in a folder of its own; colours off, no terminal."""

    def call(*words: str, cwd: Path = tmp_path, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from initbench.cli import main; main()", *words],
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    return call


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A config that runs in no time."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path
