"""Making stored results the baseline: `initbench check DIR --baseline DIR2 --update`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...errors import StorageError, UsageError
from ..store import MARK, claimed, make_folder, publishing, remove
from ..stored import other, read_manifest
from ..unchanged import ALL, PLOTS

CONFIGS = ("config.yaml", "resolved.yaml")


def accept(folder: Path, baseline: Path) -> tuple[str, ...]:
    """Publish config, tables and plots of a results folder in another one; the names of the files, in order.

    All are written in full before the first takes its place, the manifest is the last, and what the results do not have
    is taken away: a reader meets the old baseline, the new one, or one whose manifest says that it is neither. Blocks
    in cells/ stay. Raises UsageError for a baseline that is no results folder, or stands in no folder; StorageError
    where a file is missing, damaged or cannot be written; BusyError while another run writes there.
    """
    if not baseline.absolute().parent.is_dir():
        raise UsageError(f"{baseline}: there is no folder {baseline.parent}; make it first")
    if baseline.exists() and not (baseline / MARK).is_file() and not _empty(baseline):
        raise UsageError(f"{baseline}: is not a results folder; --baseline names one, or a folder to be made")
    refuse_itself(folder, baseline)
    manifest = read_manifest(folder / MARK)
    drawn = (manifest.get(PLOTS) or {}).get("files", {})
    files = _read(folder, manifest.get("files", {})) | _read(folder, {f"plots/{name}": drawn[name] for name in drawn})
    files[MARK] = _bytes(folder / MARK)
    with claimed(baseline):
        stale = tuple(name for name in (*ALL, *_pictures(baseline)) if name not in files)
        _publish(baseline, files, stale)
    return tuple(files)


def refuse_itself(folder: Path, baseline: Path) -> None:
    """Raises UsageError where a baseline is the very folder that is held against it, under whatever name: it would
    agree for ever."""
    if baseline.exists() and folder.exists() and baseline.samefile(folder):
        raise UsageError(f"{baseline}: is the results folder itself; --baseline names another one")


def _empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _read(folder: Path, checksums: Mapping[str, str]) -> dict[str, bytes]:
    """The files, each the one that the manifest was written with."""
    found = {}
    for name, checksum in checksums.items():
        found[name] = _bytes(folder / name)
        if hashlib.sha256(found[name]).hexdigest() != checksum:
            raise other(folder / name)
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise other(path) from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _pictures(baseline: Path) -> tuple[str, ...]:
    """What the baseline's manifest says was drawn of it."""
    record: dict[str, Any] = read_manifest(baseline / MARK) if (baseline / MARK).is_file() else {}
    return tuple(f"plots/{name}" for name in (record.get(PLOTS) or {}).get("files", {}))


def _publish(folder: Path, files: Mapping[str, bytes], stale: tuple[str, ...]) -> None:
    """All or, where one cannot be written, none; what is stale goes before the first, the last takes its place last."""
    for parent in {(folder / name).parent for name in files}:
        make_folder(parent)
    with ExitStack() as stack:  # which leaves first what was entered last
        for name in reversed(tuple(files)):
            file = stack.enter_context(publishing(folder / name))
            file.write(files[name])
            file.flush()
            _on_disk(file.fileno(), folder / name)
        remove(folder, stale)


def _on_disk(descriptor: int, path: Path) -> None:
    """Wait until the disk has it: a disk that is full may say so only then."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
