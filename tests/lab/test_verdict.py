"""Verdicts of traces that were made to deserve them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from lab_traces import judged, make_cell, make_trace, signal

from initbench.engine import propagate
from initbench.lab.summary import summarise
from initbench.lab.verdict import ORDER, judge
from initbench.spec import VerdictRules

NAN, INF = math.nan, math.inf


def column(value: Any, depth: int = 4) -> list[Any]:
    return [None, *[value] * depth]


def broken(depth: int, layer: int) -> dict[str, Any]:
    """Overflow in every network from a layer on: nothing goes back."""
    act = [1.0, *[1.0] * (layer - 1), INF, *[NAN] * (depth - layer)]
    return {"act_q": act, "preact_q": [None, *act[1:]], "grad_q": column(NAN, depth)}


CASES: dict[str, tuple[dict[str, Any], str, str, str, tuple[str, ...]]] = {
    # layers -> forward, backward, verdict, flags
    "steady": (signal(4), "stable", "stable", "stable", ()),
    "just inside": (signal(4, 99.0, 1 / 99.0), "stable", "stable", "stable", ()),
    "grows": (signal(4, 101.0), "exploding", "stable", "exploding", ()),
    "shrinks": (signal(4, 1 / 101.0), "vanishing", "stable", "vanishing", ()),
    "gradient grows": (signal(4, 1.0, 101.0), "stable", "exploding", "exploding", ()),
    "gradient shrinks": (signal(4, 1.0, 1 / 101.0), "stable", "vanishing", "vanishing", ()),
    "one way each": (signal(4, 1e3, 1e-3), "exploding", "vanishing", "exploding", ()),
    "other way round": (signal(4, 1e-3, 1e3), "vanishing", "exploding", "exploding", ()),
    "dead end": (
        signal(4) | {"act_q": [1.0, 1.0, 0.0, 0.0, 0.0], "grad_q": column(0.0)},
        "vanishing",
        "",
        "vanishing",
        (),
    ),
    "zero from the start": (
        signal(4) | {"act_q": [1.0, 0.0, 0.0, 0.0, 0.0], "grad_q": column(0.0)},
        "",
        "",
        "",
        (),
    ),
    "overflow": (broken(4, 3), "exploding", "", "overflow", ("overflow",)),
    "overflow at once": (broken(4, 1), "", "", "overflow", ("overflow",)),
    "gradient overflow": (
        signal(4) | {"grad_q": [None, INF, INF, 1e30, 1.0]},
        "stable",
        "exploding",
        "overflow",
        ("overflow",),
    ),
    "symmetric": (
        signal(4, distinct_units=[None, 8.0, 1.0, 8.0, 8.0]),
        "stable",
        "stable",
        "symmetric",
        ("symmetric",),
    ),
    "two kinds of units": (
        signal(4, distinct_units=column(2.0)),
        "stable",
        "stable",
        "stable",
        (),
    ),
    "dead": (signal(4, dead_fraction=[None, 0.0, 0.5, 0.1, 0.0]), "stable", "stable", "dead", ("dead",)),
    "nearly dead": (signal(4, dead_fraction=column(0.49)), "stable", "stable", "stable", ()),
    "saturated": (
        signal(4, saturated_fraction=[None, 0.5, 0.1, 0.1, 0.1]),
        "stable",
        "stable",
        "saturated",
        ("saturated",),
    ),
    "saturated and vanishing": (
        signal(4, 1.0, 1e-9, saturated_fraction=column(0.9)),
        "stable",
        "vanishing",
        "vanishing",
        ("saturated",),
    ),
    "everything": (
        broken(4, 3)
        | {
            "distinct_units": column(1.0),
            "dead_fraction": column(0.9),
            "saturated_fraction": column(0.9),
        },
        "exploding",
        "",
        "overflow",
        ("overflow", "symmetric", "dead", "saturated"),
    ),
    "dead before exploding": (signal(4, 1e5, dead_fraction=column(0.6)), "exploding", "stable", "dead", ("dead",)),
}


@pytest.mark.parametrize("name", CASES)
def test_verdicts(name: str) -> None:
    layers, forward, backward, verdict, flags = CASES[name]
    found, _, _ = judged(layers, seeds=3)
    assert (found.forward.state, found.backward.state) == (forward, backward)
    assert found.flags == flags
    assert found.verdict == verdict
    assert found.verdict in ("", *ORDER)
    assert found.status == ("overflow" if "overflow" in flags else "ok")
    assert found.seeds == 3
    assert found.undecided == () or name == "just inside" or "grows" in name or "shrinks" in name


def test_directions_of_the_ratios() -> None:
    """Forward the last layer over the first, backward the first over the last: both the change of what arrives."""
    layers = signal(5) | {"act_q": [7.0, 2.0, 9.0, 9.0, 9.0, 6.0], "grad_q": [None, 20.0, 1.0, 1.0, 1.0, 4.0]}
    found, _, _ = judged(layers)
    assert found.forward.ratio == 3
    assert found.backward.ratio == 5
    assert found.forward.rate == pytest.approx(3 ** (1 / 4))
    assert found.backward.rate == pytest.approx(5 ** (1 / 4))


def test_ratios_are_of_means_and_medians() -> None:
    layers = signal(2) | {"act_q": [1.0, [1.0, 1.0, 4.0], [0.1, 0.2, 17.7]]}
    found, _, _ = judged(layers, 3)
    assert found.forward.ratio == pytest.approx(3.0)
    assert found.forward.median == pytest.approx(0.2)


def test_rates_and_thousandfolds() -> None:
    found, _, _ = judged(signal(31, 1e-6, 1e3))
    assert found.forward.rate == pytest.approx(10 ** (-6 / 30))
    assert found.forward.thousandfold == pytest.approx(15)
    assert found.backward.thousandfold == pytest.approx(30)
    steady, _, _ = judged(signal(31))
    assert steady.forward.thousandfold == INF
    dead, _, _ = judged(signal(2) | {"act_q": [1.0, 1.0, 0.0]})
    assert dead.forward.ratio == dead.forward.rate == 0
    assert math.isnan(dead.forward.thousandfold)


def test_nothing_over_nothing_is_blank() -> None:
    found, _, _ = judged(signal(3) | {"act_q": [1.0, 0.0, 0.0, 0.0]})
    assert math.isnan(found.forward.ratio)
    assert math.isnan(found.forward.median)
    assert math.isnan(found.forward.rate)
    assert found.forward.state == ""


def test_one_layer_has_no_rate() -> None:
    found, _, _ = judged(signal(1) | {"act_q": [1.0, 1e9], "grad_q": [None, 1e9]})
    assert found.forward.ratio == found.backward.ratio == 1
    assert math.isnan(found.forward.rate)
    assert found.verdict == "stable"


def test_gradients_that_were_not_measured() -> None:
    layers = signal(3)
    del layers["grad_q"]
    found, _, _ = judged(layers, cell=make_cell(3, gradient="none"))
    assert math.isnan(found.backward.ratio)
    assert found.backward.state == ""
    assert found.verdict == "stable"
    nothing, _, _ = judged({"cosine": [1.0, 1.0, 1.0]})
    assert nothing.verdict == ""  # nothing was measured that could be stable
    assert nothing.broken_layer is None


@pytest.mark.parametrize(("factor", "verdict"), [(5.0, "exploding"), (20.0, "stable")])
def test_the_factor_is_the_users(factor: float, verdict: str) -> None:
    assert judged(signal(4, 10.0), factor=factor)[0].verdict == verdict


def test_the_fractions_are_the_users() -> None:
    layers = signal(4, saturated_fraction=column(0.3), dead_fraction=column(0.2))
    assert judged(layers)[0].flags == ()
    assert judged(layers, saturated=0.3, dead=0.2)[0].flags == ("dead", "saturated")


def test_units_of_width_one_are_not_symmetric() -> None:
    assert judged(signal(3, distinct_units=column(1.0, 3)), cell=make_cell(3, width=1))[0].flags == ()


def test_all_seeds_must_be_symmetric() -> None:
    layers = signal(2, distinct_units=[None, [1.0, 2.0, 1.0], 8.0])
    assert judged(layers, 3)[0].flags == ()


def test_broken_layer_and_share() -> None:
    layers = signal(4) | {"act_q": [1.0, 1.0, 1.0, [1.0, INF, 1.0, 1.0], [1.0, NAN, INF, 1.0]]}
    layers["grad_q"] = [None, *[[1.0, NAN, NAN, 1.0]] * 4]
    found, _, _ = judged(layers, 4)
    assert found.broken_layer == 3
    assert found.broken_share == 0.5
    assert found.status == "overflow"
    back, _, _ = judged(signal(4) | {"grad_q": [None, INF, INF, 1.0, 1.0]})
    assert back.broken_layer == 2  # where the way down broke
    assert back.broken_share == 1


def test_absent_is_not_broken() -> None:
    found, _, _ = judged(signal(3) | {"grad_q": [None] * 4}, 2)
    assert found.broken_layer is None
    assert found.flags == ()


def spread_out(mean: float, sd: float, seeds: int = 8) -> list[float]:
    """Values with exactly this mean and standard deviation."""
    x = np.random.default_rng(0).standard_normal(seeds)
    x = (x - x.mean()) / x.std(ddof=1)
    return list(mean + sd * x)


@pytest.mark.parametrize(
    ("mean", "sd", "undecided"),
    [
        (50.0, 10.0, False),  # ln 2 = .69 away, at a standard error of .2 / sqrt(8) = .07
        (90.0, 60.0, True),  # .105 away, at .24
        (99.0, 1.0, True),  # .01005 away, at .0036: within twice that? no: see the next
        (97.0, 1.0, False),
        (110.0, 60.0, True),
    ],
)
def test_what_is_too_near_to_tell(mean: float, sd: float, undecided: bool) -> None:
    layers = signal(2) | {"act_q": [1.0, 1.0, spread_out(mean, sd)]}
    found, _, _ = judged(layers, 8)
    error = sd / mean / math.sqrt(8)
    assert found.forward.spread == pytest.approx(error, rel=1e-9)
    undecided = abs(math.log(mean / 100)) < 2 * error
    assert ("forward" in found.undecided) == undecided


def test_one_seed_decides_only_what_is_far() -> None:
    assert judged(signal(3, 50.0))[0].undecided == ("forward",)
    assert judged(signal(3, 1.0, 1 / 200.0))[0].undecided == ("backward",)
    assert judged(signal(3, 5.0))[0].undecided == ()
    assert judged(signal(3, 2000.0))[0].undecided == ()
    assert math.isnan(judged(signal(3, 50.0))[0].forward.spread)


def test_the_spread_is_of_paired_seeds() -> None:
    """Networks whose layers differ in size but not in their ratio have a ratio without an error."""
    first = np.array([1.0, 5.0, 9.0])
    found, _, _ = judged(signal(2) | {"act_q": [1.0, first, 20 * first]}, 3)
    assert found.forward.ratio == pytest.approx(20)
    assert found.forward.spread == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        ({"initializer": "he_normal"}, "stable"),
        ({"initializer": "zeros", "activation": "tanh"}, "symmetric"),
        ({"initializer": "zeros"}, "symmetric"),
        ({"initializer": "ones", "activation": "tanh"}, "symmetric"),
        ({"initializer": "lecun_uniform"}, "vanishing"),
        ({"initializer": "lecun_normal", "activation": "sigmoid"}, "vanishing"),
    ],
)
def test_networks_of_every_day(settings: dict[str, Any], verdict: str) -> None:
    cell = make_cell(30, width=64, **settings)
    trace = propagate(cell, range(4))
    assert judge(cell, trace, summarise(trace), VerdictRules()).verdict == verdict


def test_a_signal_that_underflows_has_vanished_and_is_not_symmetric() -> None:
    """relu with Var W = 1e-4 / 64 in float32: 0 from about layer 22 on, where all units are alike and dead because
    nothing arrives.
    """
    cell = make_cell(60, width=64, initializer="lecun_normal")
    import dataclasses

    from initbench.catalogue.initializers import initializer

    small = dataclasses.replace(cell.network.layers[0], initializer=initializer("lecun_normal", gain=0.01))
    cell = dataclasses.replace(cell, network=dataclasses.replace(cell.network, layers=(small,) * 60))
    trace = propagate(cell, range(2))
    assert (trace.of("distinct_units")[:, -1] == 1).all()
    assert (trace.of("dead_fraction")[:, -1] == 1).all()
    found = judge(cell, trace, summarise(trace), VerdictRules())
    assert found.flags == ()
    assert found.verdict == "vanishing"


def test_make_trace_is_what_it_says() -> None:
    trace = make_trace({"act_q": [1.0, None, [2.0, 3.0]]}, 2)
    np.testing.assert_array_equal(trace.present[:, :, 0], [[True, False, True]] * 2)
    np.testing.assert_array_equal(trace.of("act_q"), [[1, NAN, 2], [1, NAN, 3]])
