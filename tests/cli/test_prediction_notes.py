"""The notes under the table of `initbench theory --config`: each reason once, with its layers."""

from __future__ import annotations

import numpy as np

from initbench.cli.prediction import _blanks
from initbench.theory.prediction import Curve, Prediction

NORMAL = "preactivations are not normal: excess kurtosis "


def prediction(*notes: str, **reasons: list[str]) -> Prediction:
    rows = np.ones(4)
    return Prediction({name: Curve(rows, rows, rows, rows > 0, ("", *each)) for name, each in reasons.items()}, notes)


def test_a_number_that_changes_from_layer_to_layer_makes_one_line() -> None:
    grows = ["", f"{NORMAL}-0.36", f"{NORMAL}-0.55"]
    assert _blanks(prediction(cosine=grows, dead_fraction=grows)) == [
        f"From layer 2 on, cosine, dead_fraction: {NORMAL}-0.36 to -0.55"
    ]


def test_layers_in_words() -> None:
    assert _blanks(prediction(cosine=["why"] * 3)) == ["cosine: why"]
    assert _blanks(prediction(cosine=["why", "why", ""], act_q=["", "", "why"])) == [
        "Up to layer 2, cosine: why", "Layer 3, act_q: why",
    ]  # fmt: skip
    assert _blanks(prediction(cosine=["one", "other", "one"])) == ["cosine: one", "Layer 2, cosine: other"]


def test_a_number_in_the_middle_is_part_of_the_reason() -> None:
    found = _blanks(prediction(cosine=["layer 1 is wide", "layer 2 is wide", ""]))
    assert found == ["Layer 1, cosine: layer 1 is wide", "Layer 2, cosine: layer 2 is wide"]


def test_what_a_note_says_is_not_said_again() -> None:
    assert _blanks(prediction("Theory ends: why.", cosine=["", "why", "why"])) == []
