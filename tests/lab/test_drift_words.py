"""Offences in words, and in the right order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initbench.lab.baselines.drift import CHANCE, ERRORS, ROUNDING, SHOWN, WORD, Held, Offence, distance, runs, tally


def held(apart: list[float], allowed: float = 1.0) -> Held:
    """Numbers of one metric, layer by layer."""
    column = np.array(apart)[:, None]
    return Held(
        "a=1", "mean of {}", ("act_q",), column, np.zeros_like(column), column, np.full(column.shape, allowed), ERRORS
    )


def worst(many: list[Held]) -> tuple[int, tuple[Offence, ...]]:
    found = tally(iter(many))
    return found.off, found.worst


def test_the_worst_come_first_and_no_more_than_are_off() -> None:
    off, found = worst([held([0.0, 3.0, math.nan]), held([0.5, 2.0, math.inf])])
    assert off == 3
    assert [offence.apart for offence in found] == [math.inf, 3.0, 2.0]
    assert found[1].place == "mean of act_q, layer 1, a=1"


def test_many_are_counted_and_some_are_shown() -> None:
    off, found = worst([held([float(k) for k in range(2, 40)]), held([41.0])])
    assert (off, len(found)) == (39, SHOWN)
    assert [offence.apart for offence in found[:2]] == [41.0, 39.0]


def test_the_nearest_is_shown_where_nothing_is_off() -> None:
    off, (found,) = worst([held([0.1, 0.9, 0.3]), held([0.8])])
    assert (off, found.apart) == (0, 0.9)
    assert worst([held([0.0, math.nan])]) == (0, ())
    assert worst([]) == (0, ())


def test_exactly_what_is_allowed_is_allowed() -> None:
    assert worst([held([1.0])])[0] == 0
    assert worst([held([0.0], allowed=0.0)])[0] == 0
    assert worst([held([1e-300], allowed=0.0)])[0] == 1


@pytest.mark.parametrize(
    ("offence", "words"),
    [
        (
            Offence("act_q", 0.1, 0.1000001, 1e-7, 1e-8, ROUNDING),
            "act_q: 0.1 here, 0.1000001 in the baseline (1e-07 apart, 1e-08 allowed)",
        ),
        (
            Offence("act_q", 1 / 3, 0.5, 7.123, 6.1, ERRORS),
            "act_q: 0.333333 here, 0.5 in the baseline (7.12 standard errors apart, 6.1 allowed)",
        ),
        (
            Offence("zeros", 0.0, 20.0, 9.0, 6.0, CHANCE),
            "zeros: 0 here, 20 in the baseline (by chance once in 1e+09, alarm from once in 1e+06)",
        ),
        (Offence("verdict", "dead", "stable", math.inf, 0.0, WORD), "verdict: dead here, stable in the baseline"),
        (Offence("flags", "", math.nan, math.inf, 0.0, WORD), "flags: nothing here, nothing in the baseline"),
        (Offence("act_q", math.inf, 2.5, math.inf, 1.0, ROUNDING), "act_q: inf here, 2.5 in the baseline"),
    ],
)
def test_both_numbers_are_told(offence: Offence, words: str) -> None:
    assert offence.message == words


def test_distances_of_blanks_and_infinities() -> None:
    here = np.array([1.0, math.inf, math.nan, math.nan, math.inf, math.inf])
    there = np.array([3.0, math.inf, math.nan, 1.0, 1.0, -math.inf])
    assert distance(here, there).tolist() == [2.0, 0.0, 0.0, math.inf, math.inf, math.inf]


def test_runs() -> None:
    assert runs([7, 1, 2, 3]) == "1 to 3, 7"
    assert runs([]) == ""


def test_what_was_compared_is_counted_where_it_stands_in_layers() -> None:
    steps = np.array([0, 5, 10])
    row = Held(
        "b=2", "{}", ("loss",), *([np.array([[1.0], [2.0], [np.nan]])] * 4), ERRORS, first=-1, keys={"step": steps}
    )
    found = tally([held([0.0, 3.0, math.nan]), row])
    assert (found.cells, found.layers, found.metrics, found.comparisons, found.off) == (2, 3, 1, 4, 1)
    assert row.offence(1, 0).place == "loss, step 5, b=2"
