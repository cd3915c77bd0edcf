"""A trace of what a whole run asks of the disk: no file gets its name before its bytes are safe, every new name is made
safe afterwards, and no table tells of a block that is not."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from initbench.cli.pictures import draw_folder
from initbench.lab import runner
from initbench.lab.plan import open_experiment

CONFIG: dict[str, Any] = {
    "name": "synced",
    "network": {"depth": 2, "width": 4, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 2},
    "metrics": ["act_q"],
    "seeds": 3,
    "sweep": {"grid": {"network.width": [4, 5]}},
}


@dataclass
class Trace:
    """What was synced and named, in order. A file is its inode and its size."""

    synced: list[tuple[int, int, int]] = field(default_factory=list)  # when, inode, size
    named: list[tuple[int, int, int, Path]] = field(default_factory=list)  # when, inode, size, the name
    made: list[tuple[int, Path]] = field(default_factory=list)  # when, the folder
    clock: int = 0

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def safe(self, folder: Path, since: int) -> int:
        """When the names of a folder were made safe for the first time since then; 0 for never."""
        inode = folder.stat().st_ino
        return next((when for when, found, _ in self.synced if found == inode and when > since), 0)


@pytest.fixture
def trace(monkeypatch: pytest.MonkeyPatch) -> Trace:
    found, fsync, replace, mkdir = Trace(), os.fsync, os.replace, os.mkdir

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        stat = os.fstat(descriptor)
        found.synced.append((found.tick(), stat.st_ino, stat.st_size))

    def named(source: Any, target: Any, **keywords: Any) -> None:
        stat = os.stat(source)
        found.named.append((found.tick(), stat.st_ino, stat.st_size, Path(target)))
        replace(source, target, **keywords)

    def made(path: Any, *arguments: Any, **keywords: Any) -> None:
        mkdir(path, *arguments, **keywords)
        found.made.append((found.tick(), Path(path)))

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", named)
    monkeypatch.setattr(os, "mkdir", made)
    return found


def test_bytes_then_name_then_folder(trace: Trace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    runner.run(open_experiment(CONFIG), out, 1)
    draw_folder(out, ("svg",))
    published = {path for _, _, _, path in trace.named}
    kept = {path for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert kept <= published  # nothing is written under its own name
    for when, inode, size, path in trace.named:
        before = [done for done, found, whole in trace.synced if (found, whole) == (inode, size) and done < when]
        assert before, f"{path.name} got its name before its bytes were safe"
        assert trace.safe(path.parent, when), f"the name of {path.name} was never made safe"


def test_no_table_tells_of_a_block_that_is_not_safe(trace: Trace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    runner.run(open_experiment(CONFIG), out, 1)
    first = min(when for when, _, _, path in trace.named if path.suffix == ".csv")
    blocks = [(when, path) for when, _, _, path in trace.named if path.suffix == ".block"]
    assert len(blocks) >= 2
    for when, path in blocks:
        assert 0 < trace.safe(path.parent, when) < first, path
    inside = [(when, path) for when, path in trace.made if path.is_relative_to(out / "cells")]
    assert len(inside) == 1 + 2  # the store, and a folder for each cell
    for when, path in inside:
        assert 0 < trace.safe(path.parent, when) < first, path


def test_the_trace_would_notice_a_name_before_its_bytes(trace: Trace, tmp_path: Path) -> None:
    """The control: renamed first, synced afterwards."""
    with (tmp_path / "a.tmp").open("wb") as file:
        file.write(b"bytes")
        file.flush()
        os.replace(tmp_path / "a.tmp", tmp_path / "a.csv")
        os.fsync(file.fileno())
    ((named, inode, size, _),) = trace.named
    assert not [done for done, found, whole in trace.synced if (found, whole) == (inode, size) and done < named]
    assert not trace.safe(tmp_path, named)
