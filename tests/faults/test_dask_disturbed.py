"""A run on a Dask cluster of its own: workers that are killed or hang for a while, a leader that is killed, the signals
that ask it to stop. What holds for worker processes holds here."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from disturbed import (
    FULL,
    STOPPED,
    TIMES,
    assert_mended,
    assert_sound,
    contents,
    finish,
    nobody_left,
    start,
    when_under_way,
)  # fmt: skip

pytest.importorskip("distributed")

CONFIG = """\
name: many
network: {depth: 40, width: 64, activation: tanh, initializer: {name: normal, stddev: 0.1}}
input: {batch_size: 32}
engine: dense
metrics: [act_q]
seeds: 40
output: {layers: false}
sweep: {grid: {network.initializer.stddev: [0.05, 0.1, 0.125, 0.15], network.activation: [tanh, relu]}}
"""
full_figures = pytest.mark.skipif(not FULL, reason="one of the full figures")
HERE = ("run", "many.yaml", "-j", "1", "--no-plots")
DASK = ("run", "many.yaml", "-j", "2", "--executor", "dask", "--no-plots")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dask")
    (folder / "many.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, bytes]:
    """What an undisturbed run in one process leaves."""
    assert finish(start(folder, *HERE, "-o", "whole")) == (0, "")
    return contents(folder / "whole")


def one_dies(workers: Sequence[int]) -> None:
    os.kill(workers[0], random.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV)))


def both_die(workers: Sequence[int]) -> None:
    for pid in workers:
        os.kill(pid, signal.SIGKILL)


def one_hangs(workers: Sequence[int]) -> None:
    os.kill(workers[0], signal.SIGSTOP)
    time.sleep(2)
    os.kill(workers[0], signal.SIGCONT)


@full_figures
@pytest.mark.parametrize("deed", [one_dies, both_die, one_hangs])
def test_dask_workers_that_die_cost_no_cell(
    folder: Path, whole: dict[str, bytes], deed: Callable[[Sequence[int]], None]
) -> None:
    for number in range(TIMES):
        out = f"{deed.__name__}-{number}"
        process = start(folder, *DASK, "-o", out)
        deed(when_under_way(process, folder / out, random.randint(1, 3), 2))
        assert finish(process) == (0, "")
        assert contents(folder / out) == whole
        assert nobody_left(process.pid)


@pytest.mark.parametrize("everybody", [True, False] if FULL else [True], ids=["group", "leader"][: 1 + FULL])
@pytest.mark.parametrize("number", STOPPED if FULL else [signal.SIGINT])
def test_a_signal_stops_dask_cleanly(
    folder: Path, whole: dict[str, bytes], number: signal.Signals, everybody: bool
) -> None:
    for time_ in range(TIMES):
        out = f"{number.name}-{everybody}-{time_}"
        process = start(folder, *DASK, "-o", out)
        when_under_way(process, folder / out, random.randint(1, 3), 2)
        (os.killpg if everybody else os.kill)(process.pid, number)
        began = time.monotonic()
        code, error = finish(process)
        assert time.monotonic() - began < 10  # Dask itself waits four seconds for its workers before it ends them
        assert code == STOPPED[number]
        assert len(error.splitlines()) == 1, error
        assert "run the same command again" in error
        assert nobody_left(process.pid)
        assert_sound(folder / out, whole)
        assert_mended(folder, whole, *HERE, "-o", out)


@full_figures
def test_kill_9_of_who_made_the_cluster(folder: Path, whole: dict[str, bytes]) -> None:
    for number in range(TIMES):
        out = f"killed-{number}"
        process = start(folder, *DASK, "-o", out)
        when_under_way(process, folder / out, random.randint(1, 3), 2)
        process.kill()
        finish(process)
        assert nobody_left(process.pid)
        assert_sound(folder / out, whole)
        assert_mended(folder, whole, *HERE, "-o", out)
