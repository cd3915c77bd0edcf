"""Blocks come back as they went in, and nothing else passes for one."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.engine import Trace
from initbench.lab import blocks
from initbench.lab.blocks import DamagedBlockError

CELL = "0123456789abcdef"


def trace(seeds: tuple[int, ...] = (0, 1, 5), layers: int = 4, histograms: bool = True) -> Trace:
    metrics = ("act_q", "grad_q", "cosine")
    rng = np.random.default_rng(1)
    values = rng.standard_normal((len(seeds), layers, len(metrics)))
    values[0, 0] = (np.nan, np.inf, -np.inf)
    values[-1, -1, 0] = 5e-324
    counts = {"act": rng.integers(0, 9, (layers, 7)), "grad": rng.integers(0, 9, (layers, 5))} if histograms else {}
    return Trace(seeds, metrics, values, rng.random(values.shape) < 0.7, counts)


@pytest.mark.parametrize("histograms", [False, True])
@pytest.mark.parametrize("seeds", [(3,), (0, 1, 5), tuple(range(40))])
def test_a_block_comes_back_bit_for_bit(seeds: tuple[int, ...], histograms: bool) -> None:
    before = trace(seeds, histograms=histograms)
    after = blocks.decode(blocks.encode(CELL, before), CELL)
    assert (after.seeds, after.metrics) == (before.seeds, before.metrics)
    assert after.values.tobytes() == before.values.tobytes()
    assert np.array_equal(after.present, before.present)
    assert after.histograms.keys() == before.histograms.keys()
    assert all(np.array_equal(after.histograms[name], before.histograms[name]) for name in before.histograms)


def test_the_same_trace_gives_the_same_bytes_whatever_its_memory_looks_like() -> None:
    first = trace()
    second = Trace(first.seeds, first.metrics, np.asfortranarray(first.values), first.present, first.histograms)
    assert blocks.encode(CELL, first) == blocks.encode(CELL, second)


@settings(deadline=None)
@given(st.data())
def test_no_changed_cut_or_longer_block_is_believed(data: st.DataObject) -> None:
    whole = blocks.encode(CELL, trace())
    kind = data.draw(st.sampled_from(["flip", "cut", "longer"]))
    if kind == "flip":
        at = data.draw(st.integers(0, len(whole) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        changed = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    elif kind == "cut":
        changed = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        changed = whole + data.draw(st.binary(min_size=1, max_size=20))
    with pytest.raises(DamagedBlockError):
        blocks.decode(changed, CELL)


def test_another_cells_block_is_refused_by_name() -> None:
    with pytest.raises(DamagedBlockError, match=CELL):
        blocks.decode(blocks.encode(CELL, trace()), "f" * 16)


@pytest.mark.parametrize(
    "change",
    [{"layers": 40}, {"layers": 2}, {"layers": -1}, {"layers": "x"}, {"seeds": None}, {"histograms": {"act": [9, 9]}}],
    ids=str,
)
def test_a_header_that_does_not_fit_its_numbers_is_refused(change: dict[str, object]) -> None:
    """With a checksum that holds: somebody wrote nonsense on purpose."""
    body = blocks.encode(CELL, trace()).split(b"\n", 2)[2]
    head, payload = body.split(b"\n", 1)
    body = json.dumps(json.loads(head) | change).encode() + b"\n" + payload
    forged = blocks.MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body
    with pytest.raises(DamagedBlockError):
        blocks.decode(forged, CELL)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50, unique=True).map(sorted), st.integers(1, 12))
def test_blocks_cover_the_seeds_once_and_have_names_of_their_own(seeds: list[int], size: int) -> None:
    parts = list(blocks.blocks(tuple(seeds), size))
    assert [seed for part in parts for seed in part] == seeds
    assert all(len(part) <= size for part in parts)
    assert len({blocks.name(part) for part in parts}) == len(parts)


def test_names_tell_seeds_apart_that_share_their_ends() -> None:
    assert blocks.name((0, 1, 2)) == "0-2.block"
    assert len({blocks.name(seeds) for seeds in [(0, 1, 2), (0, 2), (0, 1, 3), (0, 2, 3)]}) == 4
