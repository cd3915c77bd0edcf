"""Cells of two results find one another by what is swept; those that do not are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab_results import make_result

from initbench.errors import JudgeError
from initbench.lab.comparing.matching import match
from initbench.lab.comparing.measured import Measured, Opened, open_results

Settings = Mapping[str, str]
EMPTY = pd.DataFrame()
OPENED = open_results(make_result({"act_q": [1.0, 1.0]}))


def opened(name: str, *settings: Settings, failed: Sequence[int] = ()) -> Opened:
    """A result with cells of these settings; failed: those that have no measurements."""
    cells = [
        Measured(f"{name}{k}", f"{name}{k}", one, np.ones(1), (), np.empty(0), None, {}, EMPTY)
        for k, one in enumerate(settings)
    ]
    there = tuple(cell for k, cell in enumerate(cells) if k not in failed)
    return replace(OPENED, name=name, where="", settings=settings, cells=there)


def ids(a: Opened, b: Opened) -> tuple[list[str], list[str], list[str]]:
    found = match(a, b)
    pairs = [f"{one.id} {other.id}" for one, other in found.pairs]
    return pairs, [cell.id for cell in found.left_a], [cell.id for cell in found.left_b]


def test_one_cell_each_whatever_their_settings() -> None:
    a, b = opened("a", {"x": "1", "y": "2"}), opened("b", {"x": "3", "z": "4"})
    assert ids(a, b) == (["a0 b0"], [], [])
    assert match(a, b).how == "one cell each"


def test_the_same_sweep_in_another_order() -> None:
    a = opened("a", {"x": "1", "f": "p"}, {"x": "2", "f": "p"}, {"x": "3", "f": "p"})
    b = opened("b", {"x": "3", "f": "q"}, {"x": "1", "f": "q"}, {"x": "4", "f": "q"})
    assert ids(a, b) == (["a0 b1", "a2 b0"], ["a1"], ["b2"])
    assert match(a, b).how == "cells with the same x (what is swept in either: a fixed value counts)"


def test_a_fixed_value_is_a_value() -> None:
    a = opened("a", {"x": "1", "y": "5"}, {"x": "1", "y": "6"}, {"x": "2", "y": "5"}, {"x": "2", "y": "6"})
    b = opened("b", {"x": "1", "y": "6"}, {"x": "2", "y": "6"})
    assert ids(a, b) == (["a1 b0", "a3 b1"], ["a0", "a2"], [])


def test_what_only_one_sweeps_may_differ_where_nothing_is_ambiguous() -> None:
    a = opened("a", {"x": "1", "y": "5"}, {"x": "2", "y": "6"})
    b = opened("b", {"x": "2", "y": "7"}, {"x": "1", "y": "7"})
    assert ids(a, b) == (["a0 b1", "a1 b0"], [], [])
    assert "swept in both" in match(a, b).how
    ambiguous = opened("a", {"x": "1", "y": "5"}, {"x": "1", "y": "6"}, {"x": "2", "y": "5"})
    assert ids(ambiguous, b) == (["a2 b0"], ["a0", "a1"], ["b1"])


def test_the_only_cell_is_held_against_all() -> None:
    a, b = opened("a", {"x": "0"}), opened("b", {"x": "1"}, {"x": "2"})
    assert ids(a, b) == (["a0 b0", "a0 b1"], [], [])
    assert ids(b, a) == (["b0 a0", "b1 a0"], [], [])
    assert match(b, a).how.endswith("the only one of B beside all others")
    assert ids(opened("a", {"x": "2"}), b) == (["a0 b1"], [], ["b0"])


def test_failed_cells_do_not_count_but_their_values_do() -> None:
    a = opened("a", {"x": "1"}, {"x": "2"}, failed=[0])
    b = opened("b", {"x": "1"}, {"x": "2"})
    assert ids(a, b) == (["a1 b1"], [], ["b0"])


def test_what_only_one_has_is_blank_in_the_other() -> None:
    """Networks that were trained, in several ways, and some that were not."""
    a = opened("a", {"x": "1", "rate": "p"}, {"x": "2", "rate": "q"})
    b = opened("b", {"x": "2"}, {"x": "3"})
    assert ids(a, b) == (["a1 b0"], ["a0"], ["b1"])
    assert ids(b, a) == (["b0 a1"], ["b1"], ["a0"])


def test_strangers_cannot_be_compared() -> None:
    a, b = opened("a", {"x": "1"}, {"x": "2"}), opened("b", {"x": "3"}, {"x": "4"})
    with pytest.raises(JudgeError, match="no cell of one has the x of a cell of the other"):
        match(a, b)
    with pytest.raises(JudgeError, match="a: nothing was measured, all of its cells failed"):
        match(opened("a", {"x": "1"}, failed=[0]), b)


GRIDS = st.lists(
    st.fixed_dictionaries({key: st.sampled_from("123") for key in "xyz"}),
    min_size=1,
    max_size=12,
    unique_by=lambda cell: tuple(sorted(cell.items())),
)


@given(GRIDS, GRIDS)
def test_whatever_is_swept(left: list[Settings], right: list[Settings]) -> None:
    a, b = opened("a", *left), opened("b", *right)
    try:
        found = match(a, b)
    except JudgeError:
        with pytest.raises(JudgeError):
            match(b, a)
        assert min(len(left), len(right)) > 1
        return
    # Turned round, the same cells belong together.
    back = match(b, a)
    assert {(one.id, other.id) for one, other in found.pairs} == {(one.id, other.id) for other, one in back.pairs}
    # Every cell is in a pair or left out, and never both.
    for cells, side, rest in ((a.cells, 0, found.left_a), (b.cells, 1, found.left_b)):
        paired = [pair[side].id for pair in found.pairs]
        assert {*paired, *(cell.id for cell in rest)} == {cell.id for cell in cells}
        assert not {*paired} & {cell.id for cell in rest}
        assert len(set(paired)) == len(paired) or "beside all others" in found.how
    # Cells with equal settings are never held against others.
    equal = {(one.id, other.id) for one in a.cells for other in b.cells if one.settings == other.settings}
    if equal:
        assert equal == {(one.id, other.id) for one, other in found.pairs} or len(left) == len(right) == 1
