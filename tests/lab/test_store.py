"""A file is published whole or not at all, whatever fails on the way."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from initbench.errors import StorageError
from initbench.lab import store

NEW, OLD = b"new" * 100_000, b"old"


class Slow(io.FileIO):
    """A file that takes a few bytes at a time, as the system may."""

    def write(self, data: Any) -> int:
        return super().write(memoryview(data)[:1000]) or 0


class Full(Slow):
    """A file on a disk that fills up: the second write fails."""

    written = False

    def write(self, data: Any) -> int:
        if self.written:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written = True
        return super().write(data)


def opening(kind: Callable[..., io.FileIO]) -> Callable[..., io.BufferedWriter]:
    return lambda descriptor, mode: io.BufferedWriter(kind(descriptor, mode))


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "open", opening(Slow), raising=False)
    store.publish(tmp_path / "a.csv", NEW)
    assert (tmp_path / "a.csv").read_bytes() == NEW


@pytest.mark.parametrize("existed", [True, False])
@pytest.mark.parametrize(
    ("where", "what", "says"),
    [
        ("open", opening(Full), "No space left"),
        ("fsync", failing(errno.EIO), "Input/output error"),
        ("fsync", failing(errno.ENOSPC), "No space left"),
        ("replace", failing(errno.ENOSPC), "No space left"),
        ("replace", failing(errno.EROFS), "Read-only"),
    ],
)
def test_a_fault_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, what: Any, says: str, existed: bool
) -> None:
    path = tmp_path / "a.csv"
    if existed:
        path.write_bytes(OLD)
    with monkeypatch.context() as patch:
        patch.setattr(store if where == "open" else os, where, what, raising=False)
        with pytest.raises(StorageError, match=says) as caught:
            store.publish(path, NEW)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.exit_code == 74
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == ({"a.csv": OLD} if existed else {})


def test_an_interrupt_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.csv").write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.publish(tmp_path / "a.csv", NEW)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("a.csv", OLD)]


def test_the_file_is_durable_before_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        stat = os.fstat(descriptor)
        events.append(("fsync", "folder" if os.path.samestat(stat, tmp_path.stat()) else f"{stat.st_size} bytes"))
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> None:
        events.append(("replace", target.name))
        assert source.parent == target.parent  # a rename across file systems would be a copy
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    store.publish(tmp_path / "a.csv", NEW)
    assert events == [("fsync", f"{len(NEW)} bytes"), ("replace", "a.csv"), ("fsync", "folder")]


def test_several_files_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    publish = store.publish
    monkeypatch.setattr(store, "publish", lambda path, data: (order.append(path.name), publish(path, data)))
    store.publish_all(tmp_path / "deep" / "out", {"b": b"1", "a": b"2", "plots/c": b"3"})
    assert order == ["b", "a", "c"]
    assert (tmp_path / "deep" / "out" / "plots" / "c").read_bytes() == b"3"


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be made a folder"):
        store.publish_all(tmp_path / "file" / "out", {"a": b""})
    with pytest.raises(StorageError, match=r"absent.a: cannot be written"):
        store.publish(tmp_path / "absent" / "a", b"")


def test_removing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    store.remove(tmp_path, ("a", "never there"))
    assert not (tmp_path / "a").exists()
    with pytest.raises(StorageError, match="folder: cannot be removed"):
        store.remove(tmp_path, ("folder",))
