"""Publishing files: whole under their final name, or not there at all; and by one writer of a folder at a time."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import BusyError, StorageError, UsageError

try:
    import fcntl
except ImportError:  # Windows has other locks: there, folders are not locked
    fcntl = None  # type: ignore[assignment]

MARK = "manifest.json"
LOCK = ".lock"
TEMPORARY = ".tmp"
"""What a file that is still being written ends with."""
_OWNER = b"initbench "
"""What a lock file starts with, before the pid and host of its writer."""

_UNNAMED = (0.05, 0.1, 0.2, 0.4)
"""Seconds that are waited for the name of a writer that has locked the file and not written into it yet."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What file systems without locks answer: their folders are not locked."""

_held: set[Path] = set()
"""The folders that this process has claimed: its own locks never stand in its way, so these are kept here."""


@contextmanager
def publishing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears under `path` at the end, so that a reader, or a crash at any moment, meets the old
    file or the new one.

    A temporary file beside the target, fsync, rename, fsync of the folder. Raises StorageError; whatever is raised,
    the temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error


def publish(path: Path, data: bytes) -> None:
    """Write `data` under `path`, whole or not at all. Raises StorageError."""
    with publishing(path) as file:
        file.write(data)


def publish_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Publish several files in a folder, in the given order, making folders as needed. Raises StorageError."""
    for name, data in files.items():
        target = folder / name
        make_folder(target.parent)
        publish(target, data)


def read_all(folder: Path, names: Iterable[str]) -> Mapping[str, bytes]:
    """Those of these files of a folder that there are. Raises StorageError."""
    found = {}
    for name in names:
        try:
            found[name] = (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise StorageError(f"{folder / name}: cannot be read: {error.strerror or error}") from error
    return found


def make_folder(folder: Path) -> None:
    """Make a folder and its parents. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be made a folder: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises StorageError."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error.strerror or error}") from error


def remove_leftovers(folder: Path) -> None:
    """Take away what a killed run left half-written; only its one writer may. Raises StorageError."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        _unlink(path)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the one writer of a results folder, made where it is missing, for as long as this lasts.

    The lock dies with its process, however that ends; a folder that was made and is still empty goes again. Readers
    need none. Raises UsageError for a folder that holds something other than results, StorageError where it cannot be
    made or written, BusyError while another run has it.
    """
    refuse_unfit(folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    make_folder(folder)
    if not os.access(folder, os.W_OK):
        raise StorageError(f"{folder}: is read-only")
    place = folder.resolve()
    if place in _held:
        raise BusyError(f"{folder}: in use by this process, pid {os.getpid()} on {socket.gethostname()}")
    _held.add(place)
    try:
        with _locked(folder) if fcntl else nullcontext():
            yield
    finally:
        _held.discard(place)
        with suppress(OSError):  # of a run that came to nothing, nothing is left
            for empty in made:
                empty.rmdir()


def refuse_unfit(folder: Path) -> None:
    """Raises UsageError for a path that is none of a results folder: a file, or a folder of other things."""
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise UsageError(f"{place}: is a file; -o names the results folder")
    if not (folder / LOCK).exists():
        _refuse_foreign(folder)


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that holds something other than results."""
    # A folder whose manifest is lost still has the config and the cells that a run leaves before it.
    ours = (folder / MARK).exists() or ((folder / "resolved.yaml").exists() and (folder / "cells").is_dir())
    if folder.is_dir() and not ours and _others(folder):
        raise UsageError(f"{folder}: holds files that are not results of initbench; choose another folder with -o")


def _others(folder: Path) -> bool:
    return any(path.name != LOCK for path in folder.iterdir())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock file. Closing any descriptor of it in this process would give the lock up."""
    path = folder / LOCK
    try:
        descriptor = _open_lock(folder)
        try:
            # A lock that a run left behind says that the folder is its own, though it never got to the mark.
            if not os.pread(descriptor, len(_OWNER), 0).startswith(_OWNER):
                _refuse_foreign(folder)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _OWNER + f"pid {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            if (folder / MARK).exists() or not _others(folder):
                path.unlink()  # before it is given up: whoever waits for this file finds that it has gone
        os.close(descriptor)


def _open_lock(folder: Path) -> int:
    """A descriptor of the lock file, locked unless the file system has no locks."""
    path = folder / LOCK
    waits = iter(_UNNAMED)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return descriptor
            owner = os.pread(descriptor, 300, 0).decode(errors="replace").removeprefix(_OWNER.decode()).strip()
            os.close(descriptor)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                if not owner and (wait := next(waits, None)):
                    time.sleep(wait)
                    continue
                raise BusyError(f"{folder}: in use by another run ({owner or 'just starting'})") from None
            raise
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)  # its owner took the file away between our opening and locking it


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Take away files of an earlier run that this one has nothing to say about. Raises StorageError."""
    for name in names:
        _unlink(folder / name)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path}: cannot be removed: {error.strerror or error}") from error
