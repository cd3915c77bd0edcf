"""What the store gives back: sound blocks, damage by name, and exactly the seeds that are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.engine import Trace
from initbench.errors import StorageError
from initbench.lab import blocks, cellstore

CELL = "0123456789abcdef"


def trace(seeds: tuple[int, ...], histograms: bool = False) -> Trace:
    """Values that tell which seed they belong to."""
    values = np.broadcast_to(np.array(seeds, float)[:, None, None], (len(seeds), 3, 2)).copy()
    counts = {"act": np.full((3, 4), sum(1 << seed for seed in seeds))} if histograms else {}
    return Trace(seeds, ("act_q", "grad_q"), values, np.ones(values.shape, bool), counts)


def keep(out: Path, cell: str, block: Trace) -> None:
    cellstore.make_folders(out, [cell])
    cellstore.publish(out, cell, block)


def test_published_blocks_are_read_back_in_order_of_their_seeds(tmp_path: Path) -> None:
    for seeds in [(4, 5), (0, 1), (2, 3)]:
        keep(tmp_path, CELL, trace(seeds))
    stored = cellstore.read(tmp_path, CELL)
    assert [block.seeds for block in stored.traces] == [(0, 1), (2, 3), (4, 5)]
    assert not stored.damaged
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_cell_that_was_never_run_has_nothing(tmp_path: Path) -> None:
    assert cellstore.read(tmp_path, CELL) == cellstore.Stored(())


@pytest.mark.parametrize("damage", ["emptied", "cut", "flipped", "another cell's", "a folder"])
def test_damage_is_told_by_name_and_the_rest_is_used(tmp_path: Path, damage: str) -> None:
    for seeds in [(0, 1), (2, 3)]:
        keep(tmp_path, CELL, trace(seeds))
    path = cellstore.folder_of(tmp_path, CELL) / "2-3.block"
    whole = path.read_bytes()
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    elif damage == "another cell's":
        keep(tmp_path, "f" * 16, trace((2, 3)))
        path.write_bytes((cellstore.folder_of(tmp_path, "f" * 16) / "2-3.block").read_bytes())
    else:
        path.write_bytes({"emptied": b"", "cut": whole[:-1], "flipped": whole[:-1] + b"\0"}[damage])
    stored = cellstore.read(tmp_path, CELL)
    assert [block.seeds for block in stored.traces] == [(0, 1)]
    assert [found.path for found in stored.damaged] == [path]
    assert str(path) in str(stored.damaged[0])
    assert cellstore.missing(cellstore.usable(stored, range(4)), ((0, 1), (2, 3))) == ((2, 3),)


def test_a_folder_in_a_blocks_place_stops_with_its_name(tmp_path: Path) -> None:
    (cellstore.folder_of(tmp_path, CELL) / "0-1.block").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"0-1\.block"):
        keep(tmp_path, CELL, trace((0, 1)))


def test_a_file_in_the_cells_place_stops_with_its_name(tmp_path: Path) -> None:
    folder = cellstore.folder_of(tmp_path, CELL)
    folder.parent.mkdir()
    folder.write_text("not a folder")
    with pytest.raises(StorageError, match=CELL):
        cellstore.read(tmp_path, CELL)


@settings(deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 20), min_size=1, max_size=6), max_size=6),
    st.sets(st.integers(0, 20), min_size=1),
    st.integers(1, 7),
    st.booleans(),
)
def test_what_is_stored_and_what_runs_make_the_seeds_that_were_asked_for(
    held: list[set[int]], asked: set[int], size: int, histograms: bool
) -> None:
    """Whatever blocks an earlier run left: more seeds, fewer, others, overlapping ones."""
    seeds = tuple(sorted(asked))
    stored = cellstore.Stored(tuple(trace(tuple(sorted(block)), histograms) for block in held))
    chosen = cellstore.usable(stored, seeds)
    rest = cellstore.missing(chosen, tuple(blocks.blocks(seeds, size)))
    ran = [trace(block, histograms) for block in rest]
    whole = cellstore.of_seeds([*chosen, *ran], seeds)
    assert whole.seeds == seeds
    assert np.array_equal(whole.values[:, 0, 0], seeds)
    if histograms:  # each seed's count is a power of two: a seed counted twice, or one too many, would show
        assert (whole.histograms["act"] == sum(1 << seed for seed in seeds)).all()
    else:
        reusable = asked & set().union(*held)
        assert sum(map(len, rest)) == len(asked - reusable)


def test_of_blocks_that_overlap_those_of_the_wanted_seeds_alone_count() -> None:
    """They are the last that were computed for these seeds: whoever has them computed anew gets those numbers."""
    old, new = trace((0, 1, 2, 3, 4)), trace((2, 3, 4, 5, 6))
    stored = cellstore.Stored((old, new))
    assert cellstore.usable(stored, range(2, 7)) == (new,)
    assert cellstore.usable(stored, range(5)) == (old,)
    assert cellstore.usable(
        cellstore.Stored((trace((0, 1, 2), True), whole := trace((0, 1, 2, 3), True))), range(4)
    ) == (whole,)
