"""A run of six cells, killed or refused by the system at every single call that opens, writes or renames: nothing
finished is lost, no file is unsound, and the same command ends with the same bytes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from disturbed import Record
from sabotage import DONE, RAISED, Counter, forked, kill, refuse, watched

from initbench import figures
from initbench.cli.pictures import draw_folder
from initbench.errors import StorageError
from initbench.lab import pending, runner
from initbench.lab.plan import open_experiment
from initbench.lab.tables import read_tables
from initbench.spec import Experiment

CONFIG: dict[str, Any] = {
    "name": "six",
    "network": {"depth": 2, "width": 4, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 2},
    "seeds": 4,
    "sweep": {"grid": {"network.depth": [1, 2, 3], "network.width": [4, 5]}},
}
FORMATS = ("png", "svg")
STEP = int(os.environ.get("INITBENCH_FAULT_STEP", "5"))
"""Every so manieth point is tried; the full figures are those of 1."""


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Two files a cell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "block_size", lambda planned: 2)
        yield


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return open_experiment(CONFIG)


@pytest.fixture(scope="module")
def whole(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    out = tmp_path_factory.mktemp("whole")
    runner.run(experiment, out, 1)
    return contents(out)


@pytest.fixture(scope="module")
def points(experiment: Experiment, whole: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many calls a run makes."""
    counter = Counter()
    with watched(counter):
        runner.run(experiment, tmp_path_factory.mktemp("counted") / "out", 1)
    assert counter.calls > 5 * 12  # each of the twelve blocks is opened, synced and renamed, and its folder synced
    return counter.calls


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", ".lock")
    }


def assert_sound(out: Path, whole: dict[str, bytes]) -> None:
    """Every file that has its final name is the one that an undisturbed run leaves."""
    for name, data in contents(out).items() if out.exists() else ():
        if not name.endswith(".tmp"):
            assert data == whole[name], name


def resumed(experiment: Experiment, out: Path, whole: dict[str, bytes]) -> None:
    before = {path: path.stat().st_ino for path in out.rglob("*.block")}
    runner.run(experiment, out, 1)
    assert contents(out) == whole
    assert {path: path.stat().st_ino for path in before} == before  # kept, not made again
    assert not (out / ".lock").exists()


def test_killed_at_every_point(
    experiment: Experiment, whole: dict[str, bytes], points: int, tmp_path: Path, record_property: Record
) -> None:
    record_property("tried", len(range(1, points + 1, STEP)))
    for at in range(1, points + 1, STEP):
        out = tmp_path / str(at) / "out"
        out.parent.mkdir()

        def run(out: Path = out, at: int = at) -> None:
            with watched(Counter(at, kill)):
                runner.run(experiment, out, 1)

        status = forked(run, tmp_path / "log")
        # Threads publish the blocks: how often one of them finds nothing to do can differ by a call or two.
        assert status == signal.SIGKILL or at > points - 3, at
        assert_sound(out, whole)
        resumed(experiment, out, whole)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_refused_at_every_point(
    experiment: Experiment,
    whole: dict[str, bytes],
    points: int,
    tmp_path: Path,
    number: int,
    record_property: Record,
) -> None:
    record_property("tried", len(range(1 + number % STEP, points + 1, STEP)))
    for at in range(1 + number % STEP, points + 1, STEP):
        out = tmp_path / str(at) / "out"
        out.parent.mkdir()

        def run(out: Path = out, at: int = at) -> None:
            with watched(Counter(at, refuse(number))):
                runner.run(experiment, out, 1)

        log = tmp_path / "log"
        log.unlink(missing_ok=True)
        status = forked(run, log)
        assert status in (DONE, RAISED << 8), at
        if status:
            said = log.read_text().split("\n\n")[0]
            assert said.startswith("StorageError: "), (at, log.read_text())
            assert os.strerror(number) in said, (at, said)
            assert str(tmp_path) in said, (at, said)
        assert_sound(out, whole)
        resumed(experiment, out, whole)


def test_a_larger_run_killed_at_every_point(
    experiment: Experiment, whole: dict[str, bytes], tmp_path: Path, record_property: Record
) -> None:
    """Over the results of fewer seeds: who reads afterwards finds the older tables or the newer ones, or is told."""
    older, newer = tmp_path / "older", tmp_path / "newer"
    runner.run(open_experiment(CONFIG, ["seeds=2"]), older, 1)
    shutil.copytree(older, newer)
    counter = Counter()
    with watched(counter):
        runner.run(experiment, newer, 1)
    record_property("tried", len(range(1, counter.calls + 1, STEP)))
    for at in range(1, counter.calls + 1, STEP):
        out = tmp_path / str(at)
        shutil.copytree(older, out)

        def run(out: Path = out, at: int = at) -> None:
            with watched(Counter(at, kill)):
                runner.run(experiment, out, 1)

        forked(run, tmp_path / "log")
        assert rows(out) in (rows(older), rows(newer), []), at
        resumed(experiment, out, whole)


def rows(out: Path) -> list[str]:
    """What a reader finds in a folder; nothing where it is told that tables are missing or damaged."""
    try:
        tables = read_tables(out)
    except StorageError as error:
        return [] if str(out) in str(error) else [str(error)]
    frames = (tables.cells, tables.layers, tables.summary, tables.theory)
    return [frame.to_csv() for frame in frames if frame is not None]


@pytest.fixture(scope="module")
def tables(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without pictures."""
    out = tmp_path_factory.mktemp("tables") / "out"
    runner.run(experiment, out, 1)
    return out


@pytest.fixture(scope="module")
def pictures(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    """What an undisturbed drawing leaves. It is drawn once: what is disturbed is how it is written."""
    out = copied(tables, tmp_path_factory.mktemp("pictures"))
    drawn = figures.draw_all(read_tables(out, pictured=True), FORMATS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw_all", lambda *_: drawn)
        draw_folder(out, FORMATS)
        yield contents(out)


def copied(out: Path, folder: Path) -> Path:
    shutil.copytree(out, folder / "out")
    return folder / "out"


@pytest.mark.parametrize("deed", [kill, refuse(errno.ENOSPC)], ids=["kill", "ENOSPC"])
def test_drawing_disturbed_at_every_point(
    experiment: Experiment,
    tables: Path,
    pictures: dict[str, bytes],
    tmp_path: Path,
    deed: Callable[[str], None],
    record_property: Record,
) -> None:
    counter = Counter()
    (tmp_path / "counted").mkdir()
    with watched(counter):
        draw_folder(copied(tables, tmp_path / "counted"), FORMATS)
    assert counter.calls > 5 * len([name for name in pictures if name.startswith("plots")])
    record_property("tried", len(range(1, counter.calls + 1, STEP)))
    for at in range(1, counter.calls + 1, STEP):
        (tmp_path / str(at)).mkdir()
        out = copied(tables, tmp_path / str(at))

        def draw(out: Path = out, at: int = at) -> None:
            with watched(Counter(at, deed)):
                draw_folder(out, FORMATS)

        log = tmp_path / "log"
        log.write_text("")
        status = forked(draw, log)
        assert status in (DONE, signal.SIGKILL, RAISED << 8), at
        if status == RAISED << 8:
            said = log.read_text().split("\n\n")[0]
            assert said.startswith("StorageError: "), (at, log.read_text())
            assert str(tmp_path) in said, (at, said)
        assert_sound(out, pictures)
        assert len(read_tables(out).cells) == 6
        draw_folder(out, FORMATS)
        runner.run(experiment, out, 1)  # takes away what a killed drawing leaves half-written
        assert contents(out) == pictures


def test_the_harness_would_notice_a_write_in_place(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """The control: a file that is written under its own name is unsound after a kill in its middle."""

    def careless() -> None:
        with (tmp_path / "cells.csv").open("wb") as file:
            file.write(whole["cells.csv"][:40])
            file.flush()
            kill("")

    assert forked(careless, tmp_path / "log") == signal.SIGKILL
    with pytest.raises(AssertionError):
        assert_sound(tmp_path, whole)
