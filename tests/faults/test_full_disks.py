"""A real disk with so many bytes or so many names left: one line that says which file and why, nothing unsound, and the
same command finishes once there is room. Disks are tmpfs, which takes a root; the calls that fail alone do not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from disturbed import FULL, assert_sound, contents, quickly

from initbench.lab.tables import read_tables

CONFIG = """\
name: six
network: {depth: 2, width: 4, activation: relu, initializer: he_normal}
input: {batch_size: 2}
seeds: 4
metrics: [act_q]
sweep: {grid: {network.depth: [2, 3, 4], network.width: [4, 5]}}
"""
SIZES, NAMES = (40, 20) if FULL else (5, 1)
"""How many amounts of free bytes are tried, and of free names."""
PICTURES = () if FULL else ("--no-plots",)
MEGABYTES, FILES, PAGE = 16, 400, 4096


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("disk")
    options = f"size={MEGABYTES}m,nr_inodes={FILES}"
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "six.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def whole(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert command(config, out) == (0, "")
    return contents(out)


def command(config: Path, out: Path, *words: str) -> tuple[int, str]:
    """The exit code of `initbench run` in a child, and what it said."""
    return quickly(config.parent, "run", str(config), "-o", str(out), "-j", "1", *PICTURES, *words)


def free_bytes(disk: Path) -> int:
    there = os.statvfs(disk)
    return there.f_bavail * there.f_frsize


def leave_bytes(disk: Path, number: int) -> None:
    """Fill the disk up to so many bytes."""
    with (disk / "filler").open("wb") as file:
        file.write(bytes(free_bytes(disk) - number // PAGE * PAGE))


def leave_names(disk: Path, number: int) -> None:
    """Fill the disk up to so many names."""
    (disk / "fillers").mkdir(exist_ok=True)
    for place in range(os.statvfs(disk).f_favail - number):
        (disk / "fillers" / str(place)).touch()


def make_room(disk: Path) -> None:
    (disk / "filler").unlink(missing_ok=True)
    for path in (disk / "fillers").glob("*"):
        path.unlink()


def pages(files: dict[str, bytes]) -> int:
    """The bytes that files take on such a disk."""
    return sum(-(-len(data) // PAGE) * PAGE for data in files.values())


def assert_refused(disk: Path, out: Path, found: tuple[int, str]) -> None:
    code, said = found
    assert code == 74, said
    assert len(said.splitlines()) == 1, said
    assert "No space left on device" in said
    assert str(out) in said
    assert not list(disk.rglob("*.tmp"))


def assert_refused_and_mended(disk: Path, out: Path, config: Path, whole: dict[str, bytes]) -> None:
    """On a disk that is full: refused in one line, nothing unsound, and the same command ends the work with room."""
    found = command(config, out)
    make_room(disk)
    assert_refused(disk, out, found)
    assert_sound(out, whole)
    assert command(config, out) == (0, "")
    assert contents(out) == whole
    remove(out)


@pytest.mark.parametrize("part", range(SIZES))
def test_a_disk_that_is_full_before_the_end(disk: Path, config: Path, whole: dict[str, bytes], part: int) -> None:
    out = disk / f"bytes-{part}"
    leave_bytes(disk, pages(whole) * part // SIZES)
    assert_refused_and_mended(disk, out, config, whole)


@pytest.mark.parametrize("part", range(NAMES))
def test_a_disk_without_names(disk: Path, config: Path, whole: dict[str, bytes], part: int) -> None:
    out = disk / f"names-{part}"
    leave_names(disk, len(whole) * (part + 1) // (NAMES + 1))
    assert_refused_and_mended(disk, out, config, whole)


def test_older_results_stay_readable(disk: Path, config: Path, whole: dict[str, bytes]) -> None:
    """A larger run over an older one's results: those stay whole, or reading says which file is not of them."""
    out = disk / "older"
    assert command(config, out, "-s", "seeds=2") == (0, "")
    older = {name: data for name, data in contents(out).items() if name.endswith((".csv", ".png", ".svg"))}
    leave_bytes(disk, 5 * PAGE)
    found = command(config, out)
    assert_refused(disk, out, found)
    assert {name: data for name, data in contents(out).items() if name in older} == older
    assert len(read_tables(out).cells) == 6
    make_room(disk)
    assert command(config, out)[0] == 0
    tables = {name: data for name, data in contents(out).items() if not name.startswith("cells/")}
    assert tables == {name: data for name, data in whole.items() if not name.startswith("cells/")}
    remove(out)


def test_a_disk_with_room_takes_it_all(disk: Path, config: Path, whole: dict[str, bytes]) -> None:
    """The control: what is counted as needed is what is needed, and a page for the lock and the manifest each."""
    out = disk / "roomy"
    leave_bytes(disk, pages(whole) + 8 * PAGE)
    assert command(config, out) == (0, "")
    make_room(disk)
    assert contents(out) == whole
    remove(out)


def remove(out: Path) -> None:
    for path in sorted(out.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    out.rmdir()
