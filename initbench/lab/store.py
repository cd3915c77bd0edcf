"""Publishing files: whole under their final name, or not there at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import StorageError, UsageError

MARK = "manifest.json"


def publish(path: Path, data: bytes) -> None:
    """Write `data` under `path` so that a reader, or a crash at any moment, meets the old file or the new one.

    A temporary file beside the target, fsync, rename, fsync of the folder. Raises StorageError; the temporary file
    is removed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
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


def publish_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Publish several files in a folder, in the given order, making folders as needed. Raises StorageError."""
    for name, data in files.items():
        target = folder / name
        make_folder(target.parent)
        publish(target, data)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be made a folder: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def claim_folder(folder: Path) -> None:
    """Refuse a folder that holds something other than results, before anything is computed.

    Raises UsageError, or StorageError where the folder cannot be made or written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; -o names the results folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise UsageError(f"{folder}: holds files that are not results of initbench; choose another folder with -o")
    make_folder(folder)
    if not os.access(folder, os.W_OK):
        raise StorageError(f"{folder}: is read-only")


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Take away files of an earlier run that this one has nothing to say about. Raises StorageError."""
    for name in names:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{folder / name}: cannot be removed: {error.strerror or error}") from error
