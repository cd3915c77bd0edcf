"""What an earlier run left to do: which blocks of which cells must run, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from .. import engine
from ..values import frozen
from .blocks import blocks
from .cellstore import Damage, missing
from .keepers import Finder
from .plan import Planned, seconds

BLOCK_SECONDS = 0.25
"""What a block of seeds takes, roughly: short enough to lose little and to keep all cores busy, long enough for its
file to cost next to nothing."""
CUT_SECONDS = 0.5
"""What it takes where a chunk of the engine's is cut for it: fewer networks at a time are slower, each of them."""

TRAINING_SECONDS = 5.0
"""What a block of seeds takes that are trained together: several are faster together than one by one, but what is under
way is lost where a run is stopped, and one core alone works on it."""


@frozen
class Work:
    """One cell: the blocks of seeds that must run, how many of its seeds are stored, and stored files of no use."""

    planned: Planned
    blocks: tuple[tuple[int, ...], ...]
    stored: int
    damaged: tuple[Damage, ...] = ()

    @property
    def networks(self) -> int:
        """How many networks must run."""
        return sum(map(len, self.blocks))

    @property
    def why(self) -> str:
        """Why something must run; empty where nothing must."""
        if not self.blocks:
            return ""
        if self.damaged:
            return f"damaged: {self.damaged[0].path.name} {self.damaged[0].reason}"
        return f"{self.networks} of {self.networks + self.stored} seeds are missing" if self.stored else "not stored"


def pending(cells: Sequence[Planned], seeds: tuple[int, ...], finder: Finder) -> tuple[Work, ...]:
    """What must run, cell by cell, in grid order. Raises StorageError."""
    cut = cache(lambda size: tuple(blocks(seeds, size)))
    return tuple(_work(planned, seeds, finder, cut(block_size(planned))) for planned in cells)


def _work(planned: Planned, seeds: tuple[int, ...], finder: Finder, whole: tuple[tuple[int, ...], ...]) -> Work:
    found, damaged = finder.find(planned.id, seeds)
    rest = missing(found, whole)
    return Work(planned, rest, len(seeds) - sum(map(len, rest)), damaged)


def block_size(planned: Planned) -> int:
    """How many seeds stand in one file: a pure function of the cell, never of the jobs or of what ran before."""
    if planned.cell.training is not None:
        together = engine.seeds_together(planned.cell)
        while together > 1 and seconds(planned.cell, together) > TRAINING_SECONDS:
            together //= 2
        return together
    chunk = engine.chunk_size(planned.cell)
    each = max(seconds(planned.cell, 1), 1e-9)
    if chunk * each <= BLOCK_SECONDS:  # whole chunks: the engine sends that many networks through together
        return int(BLOCK_SECONDS / (chunk * each)) * chunk
    # The nearest power of two, which the numbers of seeds that people ask for mostly are multiples of.
    return min(chunk, 1 << max(0, round(math.log2(CUT_SECONDS / each))))
