"""Lines that are written where networks are measured are those that the rows would give, byte by byte."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_traces import make_cell

from initbench.engine import Trace, join, propagate
from initbench.lab.csvtext import Lines, Table, encode_header, encode_rows, encoded
from initbench.lab.lines import layer_lines
from initbench.lab.summary import layer_rows

ENTRY = st.one_of(
    st.floats(),
    st.integers(-(10**17), 10**17).map(float),
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1e16, 1e-5, 0.1]),
)
PREFIX = ("a1b2", "he_normal", "leaky_relu(negative_slope=0.1, note=none)", 3, 0.5, None)


def a_trace(values: np.ndarray, present: np.ndarray, first: int = 0) -> Trace:
    metrics = tuple(f"m{k}" for k in range(values.shape[2]))
    return Trace(tuple(range(first, first + len(values))), metrics, values, present)


@settings(max_examples=100, deadline=None)
@given(
    seeds=st.integers(1, 4),
    depth=st.integers(1, 3),
    metrics=st.integers(0, 5),
    entries=st.lists(ENTRY, min_size=1, max_size=40),
    blanks=st.integers(0, 2**30),
)
def test_lines_are_those_of_the_rows(seeds: int, depth: int, metrics: int, entries: list[float], blanks: int) -> None:
    shape = (seeds, depth + 1, metrics)
    values = np.resize(entries, shape)
    present = np.random.default_rng(blanks).random(shape) < (blanks % 5) / 4
    cell = make_cell(depth=depth)
    trace = a_trace(values, present, first=blanks)
    assert layer_lines(trace, cell, PREFIX) == encode_rows(layer_rows(trace, cell, PREFIX))


def test_pieces_of_a_cell_come_in_turn() -> None:
    cell = make_cell(depth=2)
    blocks = [propagate(cell, range(3)), propagate(cell, range(3, 5))]
    written = [Trace(**{**vars(block), "written": (layer_lines(block, cell, PREFIX),)}) for block in blocks]
    whole = join(written)
    assert len(whole.written) == 2
    assert b"".join(whole.written) == encode_rows(layer_rows(whole, cell, PREFIX))
    # what is not written of one block is not there for the whole
    assert join([written[0], blocks[1]]).written == ()


@pytest.mark.parametrize("prefix", [(), ("x",), ("=1+1", 'with "quotes", and commas')])
def test_a_table_of_written_rows(prefix: tuple[str, ...]) -> None:
    cell = make_cell(depth=2)
    trace = propagate(cell, range(2))
    rows = list(layer_rows(trace, cell, prefix))
    table = Table(("one", "two"), rows)
    first, rest = (layer_lines(propagate(cell, [seed]), cell, prefix) for seed in range(2))
    written = Lines((first, rest), rows)
    assert table.encode() == encode_header(table.columns) + b"".join(encoded(written))
    assert list(written) == rows


def test_values_that_nobody_asked_for_are_not_taken_for_none() -> None:
    with pytest.raises(LookupError, match="not asked for"):
        list(Lines((b"1\n",)))
