"""The store: cells/<id>/<seeds>.block in a results folder, from which every table can be built again.

A block exists whole or not at all: there is no "running" on disk, and no time stamp decides anything. Seeds are done
when a block that holds them is sound; the rest must run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ..engine import Trace, join
from ..errors import StorageError
from ..values import frozen
from . import blocks, store
from .blocks import DamagedBlockError

CELLS = "cells"
SUFFIX = ".block"


@frozen
class Damage:
    """A stored file that cannot be used, and why. Its seeds run again and take its place."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@frozen
class Stored:
    """What the store holds of one cell: its sound blocks in order of their seeds, and what is damaged."""

    traces: tuple[Trace, ...]
    damaged: tuple[Damage, ...] = ()
    checksums: tuple[str, ...] = ()  # of the sound blocks


def folder_of(out: Path, cell: str) -> Path:
    """Where the blocks of a cell are."""
    return out / CELLS / cell


def make_folders(out: Path, cells: Sequence[str]) -> None:
    """Make the folders of these cells, so that their names survive a crash. Raises StorageError."""
    new = [folder for cell in cells if not (folder := folder_of(out, cell)).is_dir()]
    for folder in new:
        store.make_folder(folder)
    if new:
        store.sync_folder(out / CELLS)
        store.sync_folder(out)


def publish(out: Path, cell: str, trace: Trace) -> str:
    """Keep a finished block in its cell's folder, which exists; its checksum. Raises StorageError."""
    path = folder_of(out, cell) / blocks.name(trace.seeds)
    if path.is_dir():
        raise StorageError(f"{path}: is a folder where a block belongs; move it away")
    data = blocks.encode(cell, trace)
    store.publish(path, data)
    return blocks.checksum(data)


def read(out: Path, cell: str) -> Stored:
    """What is stored of a cell. Damage is told, not raised; StorageError where the folder cannot be listed."""
    found = [_read(path, cell) for path in _files(folder_of(out, cell))]
    sound = sorted((one for one in found if not isinstance(one, Damage)), key=lambda block: block[0].seeds)
    traces, checksums = tuple(trace for trace, _ in sound), tuple(checksum for _, checksum in sound)
    return Stored(traces, tuple(one for one in found if isinstance(one, Damage)), checksums)


def _read(path: Path, cell: str) -> tuple[Trace, str] | Damage:
    """The trace in a file and its checksum, or what is wrong with it."""
    try:
        data = path.read_bytes()
        return blocks.decode(data, cell), blocks.checksum(data)
    except DamagedBlockError as error:
        return Damage(path, str(error))
    except OSError as error:
        return Damage(path, f"cannot be read: {error.strerror or error}")


def remove_replaced(out: Path, cell: str, fresh: Collection[tuple[int, ...]]) -> None:
    """Take away what these blocks of a cell, which are safe, have made needless: every other block whose seeds are all
    in them, and every file that is damaged. A block that has more seeds than they stays. Raises StorageError."""
    names = {blocks.name(seeds) for seeds in fresh}
    others = [path for path in _files(folder_of(out, cell)) if path.name not in names and path.is_file()]
    here = {seed for seeds in fresh for seed in seeds} if others else set[int]()
    for path in others:
        found = _read(path, cell)
        if isinstance(found, Damage) or here.issuperset(found[0].seeds):
            store.remove(path.parent, (path.name,))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise StorageError(f"{folder}: is a file where a cell's folder belongs; move it away") from None
    except OSError as error:
        raise StorageError(f"{folder}: cannot be listed: {error.strerror or error}") from error


def usable(stored: Stored, seeds: Sequence[int]) -> tuple[Trace, ...]:
    """The stored blocks that these seeds can be put together from; no seed is in two of them.

    Histograms are sums over a block: a block with seeds that are not wanted cannot be taken apart, and runs again.
    Where blocks overlap, those come first that have no other seeds than the wanted ones, as what was last computed for
    these seeds has; of them the first, and the longest of those that start together.
    """
    wanted, taken = frozenset(seeds), set[int]()
    chosen = []
    for trace in sorted(
        stored.traces, key=lambda one: (not wanted.issuperset(one.seeds), one.seeds[0], -len(one.seeds))
    ):
        here = wanted.intersection(trace.seeds) - taken
        whole = len(here) == len(trace.seeds)
        if here and (whole or not trace.histograms):
            chosen.append(trace)
            taken |= here
    return tuple(chosen)


def missing(chosen: Sequence[Trace], planned: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """The blocks of seeds that must run: those of the plan, without what is done.

    The very ones of the plan where nothing is done: many cells share them, and together they may have many seeds.
    """
    if not chosen:
        return planned
    done = {seed for trace in chosen for seed in trace.seeds}
    rest = (tuple(seed for seed in block if seed not in done) for block in planned)
    return tuple(block for block in rest if block)


def of_seeds(chosen: Sequence[Trace], seeds: tuple[int, ...]) -> Trace:
    """The trace of exactly these seeds, in this order, however they are spread over blocks.

    Raises KeyError for a seed that is in none of them.
    """
    place = {seed: k for k, seed in enumerate(seeds)}
    whole = join(sorted(chosen, key=lambda trace: place.get(trace.seeds[0], -1)))  # they come as they are done
    if whole.seeds == seeds:
        return whole
    rows = {seed: row for row, seed in enumerate(whole.seeds)}
    order = [rows[seed] for seed in seeds]
    return whole.select(order)
