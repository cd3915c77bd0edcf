"""What a results folder holds: cells that are done, failed, missing, and stale ones that its config does not have."""

from __future__ import annotations

from pathlib import Path

from ..errors import StorageError
from ..values import frozen
from . import store
from .cellstore import CELLS
from .check import stored_experiment
from .keepers import Reader
from .pending import Work, pending
from .plan import plan
from .stored import RESOLVED, changed, read_failures, read_manifest

AGAIN = "run the same command again"


@frozen
class Status:
    """The cells of a folder. failed: those that the tables call so, though all their seeds may be stored: by a run
    before one with --force, or by one that was interrupted since. reasons: why they failed; tables: whether they are
    there, and of this config.
    """

    name: str
    networks: int
    done: tuple[Work, ...]
    failed: tuple[Work, ...]
    missing: tuple[Work, ...]
    stale: tuple[str, ...]
    reasons: dict[str, str]
    tables: str


def folder_status(folder: Path) -> Status:
    """The status of a results folder, from its resolved config and its store; a run may be under way in it.

    Raises StorageError.
    """
    if not folder.is_dir():
        raise StorageError(f"{folder}: no such results folder; `initbench run CONFIG` makes one")
    experiment = stored_experiment(folder)
    work = pending(plan(experiment), experiment.seeds, Reader(folder))
    reasons = read_failures(folder)
    failed = tuple(each for each in work if each.planned.id in reasons)
    rest = [each for each in work if each.planned.id not in reasons]
    known = {each.planned.id for each in work}
    return Status(
        experiment.name,
        len(experiment.seeds),
        tuple(each for each in rest if not each.blocks),
        failed,
        tuple(each for each in rest if each.blocks),
        tuple(cell for cell in _stored(folder / CELLS) if cell not in known),
        reasons,
        _tables(folder),
    )


def _tables(folder: Path) -> str:
    mark = folder / store.MARK
    if not mark.exists():
        return f"not written yet: {AGAIN}"
    if list(changed(folder, read_manifest(mark), (RESOLVED,))):
        return f"of an earlier config: {AGAIN}"
    return "there"


def _stored(cells: Path) -> list[str]:
    try:
        return sorted(path.name for path in cells.iterdir() if path.is_dir() and any(path.iterdir()))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{cells}: cannot be listed: {error.strerror or error}") from error
