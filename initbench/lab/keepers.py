"""Where finished blocks stay while a run goes on: nowhere but in its results, or in the store of a folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..engine import Trace
from . import cellstore, store
from .cellstore import Damage

THREADS = 8
"""Blocks on their way to the disk at a time: an fsync is waiting, and many wait together as long as one does."""


class Finder(Protocol):
    """Finds the blocks of earlier runs."""

    def find(self, cell: str, seeds: tuple[int, ...]) -> tuple[tuple[Trace, ...], tuple[Damage, ...]]:
        """The blocks that serve these seeds, and those that are damaged. Raises StorageError."""


class Keeper(Finder, Protocol):
    """Keeps finished blocks."""

    def prepare(self, cells: Sequence[str]) -> None:
        """Get ready for blocks of these cells."""

    def keep(self, cell: str, trace: Trace) -> None:
        """Keep a block. Returns before it is safe; raises StorageError where an earlier one could not be kept."""


class Forgetful:
    """Keeps nothing: a run without a folder."""

    def prepare(self, cells: Sequence[str]) -> None:
        pass

    def find(self, cell: str, seeds: tuple[int, ...]) -> tuple[tuple[Trace, ...], tuple[Damage, ...]]:
        return (), ()

    def keep(self, cell: str, trace: Trace) -> None:
        pass


class Reader:
    """The store of a results folder, to be read. force: as if it were empty.

    checksums: of the blocks that results are made from, by cell and seeds.
    """

    def __init__(self, out: Path, force: bool = False) -> None:
        self._out, self._force = out, force
        self.checksums: dict[str, dict[tuple[int, ...], str]] = {}

    def find(self, cell: str, seeds: tuple[int, ...]) -> tuple[tuple[Trace, ...], tuple[Damage, ...]]:
        stored = cellstore.Stored(()) if self._force else cellstore.read(self._out, cell)
        chosen = cellstore.usable(stored, seeds)
        held = {trace.seeds: checksum for trace, checksum in zip(stored.traces, stored.checksums, strict=True)}
        self.checksums.setdefault(cell, {}).update({trace.seeds: held[trace.seeds] for trace in chosen})
        return chosen, stored.damaged


class OnDisk(Reader):
    """The store of a results folder. Blocks are published by threads as they come."""

    def __init__(self, out: Path, threads: ThreadPoolExecutor, force: bool) -> None:
        super().__init__(out, force)
        self._threads = threads
        self._home = out.absolute()  # while a plug-in works in the main thread, it may be in another folder
        self._under_way: deque[tuple[str, tuple[int, ...], Future[str]]] = deque()
        self._replacing: dict[str, list[tuple[int, ...]]] = {}  # with force, what is published, by cell

    def prepare(self, cells: Sequence[str]) -> None:
        """Make the cells' folders, durable all at once. What they hold stays until it is replaced, `force` or not."""
        cellstore.make_folders(self._out, cells)

    def keep(self, cell: str, trace: Trace) -> None:
        while self._under_way and (self._under_way[0][2].done() or len(self._under_way) > 4 * THREADS):
            self._settle()
        published = self._threads.submit(cellstore.publish, self._home, cell, trace)
        self._under_way.append((cell, trace.seeds, published))

    def finish(self) -> None:
        """Wait until every block is safe; with `force`, take away what they replace. Raises StorageError."""
        while self._under_way:
            self._settle()
        while self._replacing:
            cell, fresh = self._replacing.popitem()
            cellstore.remove_replaced(self._out, cell, fresh)

    def _settle(self) -> None:
        cell, seeds, published = self._under_way.popleft()
        self.checksums.setdefault(cell, {})[seeds] = published.result()
        if self._force:
            self._replacing.setdefault(cell, []).append(seeds)


@contextmanager
def on_disk(out: Path, force: bool) -> Iterator[OnDisk]:
    """The keeper of a folder; as it is left, by an interrupt too, every block that came is safe."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="publish") as threads:
        keeper = OnDisk(out, threads, force)
        store.remove_leftovers(out)
        yield keeper
        keeper.finish()
