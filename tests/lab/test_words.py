"""The verdict in words: every number that is said can be read, and none is said that is not there."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pytest
from lab_traces import judged, make_cell, signal

from initbench.catalogue.initializers import INITIALIZERS
from initbench.engine import propagate
from initbench.lab.summary import summarise
from initbench.lab.verdict import judge
from initbench.lab.words import in_turn, sentences
from initbench.spec import VerdictRules

NAN, INF = math.nan, math.inf


def said(layers: dict[str, Any], seeds: int = 5, **settings: Any) -> str:
    """Everything said about hand-made layers, in one text."""
    depth = len(layers["act_q"] if "act_q" in layers else next(iter(layers.values()))) - 1
    verdict, summary, cell = judged(layers, seeds, make_cell(depth, **settings))
    lines = sentences(cell, verdict, summary, VerdictRules())
    assert all(line.strip() and "\n" not in line for line in lines)
    text = "\n".join(lines)
    assert not re.search(r"\b(nan|inf|None)\b", text), text
    return text


def test_a_stable_network() -> None:
    text = said(signal(11, 2.0, 1 / 1.5))
    assert "Forward: stable. The mean square of the activations is multiplied by 2 from layer 1 to layer 11" in text
    assert "a factor 1.072 per layer" in text
    assert "a thousandfold would take 100 layers" in text
    assert "Backward: stable. The mean square of the gradients is divided by 1.5 from layer 11 to layer 1" in text


def test_an_unchanged_signal() -> None:
    text = said(signal(11))
    assert text.count("unchanged") == 2
    assert "thousandfold" not in text


def test_vanishing_and_exploding() -> None:
    text = said(signal(31, 1e-6, 1e12))
    assert "Forward: vanishing" in text
    assert "divided by 1e+06" in text
    assert "a thousandfold every 15.0 layers" in text
    assert "Backward: exploding" in text
    assert "multiplied by 1e+12" in text
    assert "a thousandfold every 7.5 layers" in text


def test_overflow() -> None:
    layers = {
        "act_q": [1.0, 1.0, 1e30, INF, NAN],
        "preact_q": [None, 1.0, 1e30, INF, NAN],
        "grad_q": [None, NAN, NAN, NAN, NAN],
    }
    text = said(layers)
    assert "Every network leaves the range of float32 numbers: the first at layer 3." in text
    assert "Backward: not measured, since no network came through." in text
    one = [INF, 1.0, 1.0, 1.0, 1.0]
    text = said(
        layers
        | {"act_q": [1.0, 1.0, 1.0, one, one], "preact_q": [None, 1.0, 1.0, 1.0, 1.0], "grad_q": [None, *[one] * 4]}
    )
    assert "1 of 5 networks leave the range of float32 numbers: the first at layer 3." in text


def test_a_small_share_of_many_networks() -> None:
    """1 of 1000 is not 0 %."""
    one = [INF] + [1.0] * 999
    assert "1 of 1000 networks leave" in said(signal(2) | {"act_q": [1.0, 1.0, one]}, 1000)


def test_symmetry_dead_units_and_saturation() -> None:
    text = said(
        signal(
            3,
            distinct_units=[None, 8.0, 1.0, 8.0],
            dead_fraction=[None, 0.5, 0.75, 0.6],
            saturated_fraction=[None, 0.1, 0.2, 0.9],
        )
    )
    assert "the symmetry is not broken" in text
    assert "Layer 2 has 75% dead units" in text
    assert "Layer 3 has 90% of its units on the flat part" in text


def test_signals_that_reach_zero() -> None:
    text = said(signal(4) | {"act_q": [1.0, 1.0, 1.0, 0.0, 0.0], "grad_q": [None, 0.0, 0.0, 1.0, 1.0]})
    assert "The activations are exactly 0 at layer 4" in text
    assert "The gradients are exactly 0 at layer 1" in text
    text = said(signal(4) | {"act_q": [1.0, 0.0, 0.0, 0.0, 0.0], "grad_q": [None, 0.0, 0.0, 0.0, 0.0]})
    assert text.count("nothing to compare") == 2


def test_one_layer() -> None:
    text = said(signal(1) | {"preact_q": [None, 2.0], "act_q": [1.0, 1.0], "grad_q": [None, 0.5]})
    assert "preactivations 2, activations 1, gradients 0.5" in text
    assert "Forward" not in text


def test_only_what_was_measured() -> None:
    layers = signal(4)
    del layers["grad_q"]
    assert "Backward" not in said(layers)
    assert "Backward" not in said(layers, gradient="none")
    assert said({"cosine": [1.0, 1.0, 1.0]}) == ""


@pytest.mark.parametrize("ratio", [1e-320, 1e-310, 1e-300, 1e-100, 1e100, 1e300])
def test_ratios_of_any_size(ratio: float) -> None:
    text = said(signal(3) | {"act_q": [1.0, 1.0, 1.0, ratio]}, dtype="float64")
    assert "e+" in text or "e-" in text
    assert "every 0.0 layers" not in text


def heavy(mean: float, median: float) -> list[float]:
    return [median, median, median, median, 5 * mean - 4 * median]


def test_a_mean_that_stays_while_the_median_falls() -> None:
    """What finite width does to He and relu: explained, not condemned."""
    text = said(signal(20) | {"act_q": [1.0, *[1.0] * 19, heavy(1.0, 0.03)]})
    assert "The typical (median) network keeps less: a factor 0.03 in all, against 1 for the mean" in text
    assert "not a fault of the initializer" in text
    assert "Forward: stable" in text


def test_no_such_explanation_where_none_is_due() -> None:
    for layers in (
        signal(20),
        signal(20) | {"act_q": [1.0, *[1.0] * 19, heavy(1.0, 0.8)]},
        signal(20, 1e-9),
        signal(20, 1e9),
    ):
        assert "median" not in said(layers)


def test_a_typical_network_that_is_dead() -> None:
    """More than half of very narrow networks die while the mean stays: a median of 0 is said too."""
    text = said(signal(20) | {"act_q": [1.0, *[1.0] * 19, heavy(1.0, 0.0)]})
    assert "a factor 0 in all, against 1 for the mean" in text


def test_he_and_relu_in_narrow_networks() -> None:
    """The real thing: 20 layers of 16 units, E M_20 = 1 and a typical one of exp(-3.53) = .03."""
    cell = make_cell(20, width=16)
    trace = propagate(cell, range(300))
    summary = summarise(trace)
    verdict = judge(cell, trace, summary, VerdictRules())
    text = "\n".join(sentences(cell, verdict, summary, VerdictRules()))
    assert verdict.forward.state == "stable"
    assert verdict.forward.median < 0.1
    assert "The typical (median) network keeps less" in text


def test_what_seeds_cannot_tell() -> None:
    assert "One network has no error bars" in said(signal(3), 1)
    assert "error bars" not in said(signal(3), 2)
    assert "1 seeds are too few to tell whether the forward signal" in said(signal(3, 60.0), 1)


ENTRIES = (0.0, 1e-310, 1.0, 1e250, INF, NAN)


def test_anything_can_be_said() -> None:
    """Every pair of ends, forward and backward: no sentence fails, none says nan or inf."""
    for first, last in itertools.product(ENTRIES, repeat=2):
        layers = {
            "preact_q": [None, first, 1.0, last],
            "act_q": [1.0, first, 1.0, last],
            "grad_q": [None, last, 1.0, first],
            "dead_fraction": [None, NAN, 0.6, NAN],
            "saturated_fraction": [None, 0.6, NAN, NAN],
            "distinct_units": [None, NAN, 1.0, 1.0],
        }
        for seeds in (1, 3):
            assert said(layers, seeds)


@pytest.mark.parametrize("name", [record.name for record in INITIALIZERS if ":" not in record.name])
def test_every_initializer_gets_its_words(name: str) -> None:
    params = {"constant": {"value": 0.5}, "normal": {"stddev": 3.0}, "uniform": {"low": -1.0, "high": 1.0}}
    params |= {"truncated_normal": {"stddev": 0.001}, "sparse": {"sparsity": 0.9}}
    from initbench.catalogue.initializers import initializer

    law = initializer(name, **params.get(name, {}))
    import dataclasses

    for activation in ("relu", "tanh"):
        cell = make_cell(40, width=20, activation=activation)
        layer = dataclasses.replace(cell.network.layers[0], initializer=law)
        cell = dataclasses.replace(cell, network=dataclasses.replace(cell.network, layers=(layer,) * 40))
        trace = propagate(cell, range(3))
        summary = summarise(trace)
        verdict = judge(cell, trace, summary, VerdictRules())
        text = "\n".join(sentences(cell, verdict, summary, VerdictRules()))
        assert text
        assert not re.search(r"\b(nan|inf)\b", text), text
        assert re.search(r"\d", text)


def test_remarks_of_later_cells_are_shortened_and_never_dropped() -> None:
    """A range is no less true of the second cell that has it; the why of a remark is said once."""
    verdict = "Forward: stable. All is well."
    bounds = "  From layer 3 on, act_q: outside the range in which theory's numbers of finite networks hold."
    median = "  act_q: the mean is 3.29 times the median. Every layer multiplies it. It falls."
    first, second = in_turn([(verdict, median, bounds), (verdict, median, bounds)])
    assert first == (verdict, median, bounds)
    assert second == (verdict, "  act_q: the mean is 3.29 times the median.", bounds)
