"""What is said of theory: one line that says whether it holds, where it does not, or why there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lab_predictions import curve, prediction
from lab_traces import make_cell, make_trace

from initbench.lab.csvtext import Table
from initbench.lab.departure import Comparison, compare
from initbench.lab.predicted import Beside, blank
from initbench.lab.summary import summarise
from initbench.lab.theory_words import theory_sentences, theory_summary

WIDE = make_cell(3, 4096)
LAYERS = {"act_q": [1.0] * 4, "grad_q": [None, 1.0, 1.0, 1.0]}


def beside(layers: dict[str, Any], *notes: str, **curves: Any) -> Beside:
    told = prediction(WIDE, *notes, **curves)
    return Beside(told, compare(WIDE, told, summarise(make_trace(layers, 4))))


def said(told: Beside) -> tuple[str, ...]:
    """Of networks that are measured forward only."""
    return theory_sentences(told, backward=False)


def test_as_predicted() -> None:
    (line,) = said(beside(LAYERS, act_q=curve([1.0] * 4, [0.0, 0.1, 0.1, 0.1])))
    assert line == "As theory predicts (theory_z 0.0, over 3 means)."


def test_as_predicted_as_far_as_can_be_told() -> None:
    (line,) = said(beside(LAYERS, act_q=curve([1.0] * 4, 0.1, [True, True, True, False])))
    assert line == "As theory predicts (theory_z 0.0, over 2 of 3 means)."


def test_as_predicted_without_a_spread() -> None:
    (line,) = said(beside(LAYERS, act_q=curve([1.0] * 4, 0.0)))
    assert line == "As theory predicts, to rounding: it gives these means no spread."


def test_a_departure_has_its_place_and_both_numbers() -> None:
    told = beside(LAYERS, act_q=curve([1.0, 1.0, 1.25, 1.0], [0.0, 0.02, 0.02, 0.02]))
    (line,) = said(told)
    assert line.startswith("Not as theory predicts (theory_z -")
    assert line.endswith("act_q of layer 2 is 1 where theory has 1.25 +- 0.01.")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            curve([np.nan] * 4, reasons=("", *["the weights are not random"] * 3)),
            "Theory says nothing here: the weights are not random.",
        ),
        (
            curve([1.0] * 4, 5.0),
            "Not held against theory's means: "
            "one network's mean square spreads by 5 times the mean, too much for a mean of a few.",
        ),
    ],
)
def test_silence_has_a_reason(act: Any, words: str) -> None:
    assert said(beside(LAYERS, act_q=act)) == (words,)


def test_silence_of_other_metrics_is_no_reason() -> None:
    cell = make_cell(3, metrics=("cosine",))
    told = prediction(cell, cosine=curve([1.0] * 4, reasons=("a reason",) * 4))
    (line,) = said(Beside(told, Comparison(None, {})))
    assert line == "Not held against theory's means: it derives no spread over seeds."
    told = prediction(cell, cosine=curve([np.nan] * 4, reasons=("a reason",) * 4))
    assert said(Beside(told, Comparison(None, {}))) == ("Theory says nothing here.",)


def test_notes_follow() -> None:
    told = beside(LAYERS, "The median falls.", act_q=curve([1.0] * 4, [0.0, 0.1, 0.1, 0.1]))
    assert said(told)[1:] == ("  The median falls.",)


UNSPREAD = curve([np.nan, 1.0, 1.0, 1.0], reasons=("", *["nobody derived it"] * 3))


def test_gradients_that_nothing_was_compared_of_are_named() -> None:
    """Or "as theory predicts" would be heard of them as well."""
    act = curve([1.0] * 4, [0.0, 0.1, 0.1, 0.1])
    told = beside(LAYERS, act_q=act, grad_q=UNSPREAD)
    assert theory_sentences(told, backward=True)[1:] == ("  Not compared: grad_q, weight_grad_q: nobody derived it.",)
    assert len(theory_sentences(told, backward=False)) == 1
    noted = beside(LAYERS, "From layer 3 down, grad_q: nobody derived it.", act_q=act, grad_q=UNSPREAD)
    assert theory_sentences(noted, backward=True)[1] == "  Not compared: grad_q, weight_grad_q."
    heard = beside(LAYERS, act_q=act, grad_q=curve([np.nan, 1.0, 1.0, 1.0], 0.1, [False, False, True, False]))
    assert len(theory_sentences(heard, backward=True)) == 1


def test_gradients_of_too_wide_a_spread_are_named_too() -> None:
    act = curve([1.0] * 4, [0.0, 0.1, 0.1, 0.1])
    told = beside(LAYERS, act_q=act, grad_q=curve([np.nan, 1.0, 1.0, 1.0], 5.0))
    (_, line) = theory_sentences(told, backward=True)
    assert line == (
        "  Not compared: grad_q, weight_grad_q: "
        "one network's mean square spreads by 5 times the mean, too much for a mean of a few."
    )


def test_a_broken_theory_is_our_mistake() -> None:
    told = Beside(blank(WIDE, "internal error"), Comparison(None, {}), ValueError("7 is no layer"))
    (line,) = said(told)
    assert line == ("Theory: an internal error (ValueError: 7 is no layer); the measurements stand. Please report it.")


def test_many_cells_are_counted() -> None:
    zs: list[float | None] = [1.2, -3.4, -0.1, None]
    rows = [("ok", z) for z in zs]
    cells = Table(("status", "theory_z"), [*rows, ("failed", None)])
    assert theory_summary(cells) == (
        "cells: 2 as theory predicts, 1 not as theory predicts, 1 without a theory to compare with"
    )
    assert theory_summary(Table(cells.columns, rows[:1])) == "cells: 1 as theory predicts"
    assert theory_summary(Table(cells.columns, [("failed", None)])) == ""
