"""What is said of mean and median, held against the median over brute-force networks."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from finite_networks import simulate
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.spec import Cell
from initbench.theory.exact import log_moments
from initbench.theory.predict_cell import predict_cell

SAID = re.compile(
    r"(act_q|grad_q) of layer (\d+): the mean over networks is (about|roughly) (\S+) times (their median|the median of "
    r"those that do not die)\. .* The variance of ln \1 is \3 (\S+);"
)


def said(cell: Cell) -> dict[str, tuple[int, str, float, str, float]]:
    """Metric -> layer, how sure, factor, of which median, variance of the logarithm."""
    found = filter(None, map(SAID.match, predict_cell(cell).notes))
    return {m[1]: (int(m[2]), m[3], float(m[4]), m[5], float(m[6])) for m in found}


@pytest.mark.parametrize(("width", "depth", "networks"), [(8, 10, 20_000), (16, 20, 8_000), (32, 30, 2_000)])
def test_mean_over_median_by_brute_force(width: int, depth: int, networks: int) -> None:
    """Both ways, beside a mean that is known: 1 forward, 1 / 2 in the last layer backward. A sample median of ln has a
    standard error of sqrt(pi / 2 variance / networks) and the variance one of variance sqrt(3 / networks), at a
    kurtosis of up to 4: five of each. That exp of the mean logarithm is taken for the median costs up to 0.2 here."""
    cell = make_cell([width] * (depth + 1), "relu", "he_normal", source="ones", batch=1)
    measured = simulate(cell, networks, root=5)
    found = said(cell)
    for name, layer, mean in (("act_q", depth, 1.0), ("grad_q", 1, 0.5)):
        values = measured[name][:, layer]
        logs = np.log(values[values > 0])
        at, sure, factor, _, variance = found[name]
        assert (at, sure) == (layer, "about")
        error = math.sqrt(math.pi / 2 * variance / networks)
        assert abs(math.log(factor * np.exp(np.median(logs)) / mean)) < 5 * error + 0.2, name
        assert abs(logs.var() / variance - 1) < 5 * math.sqrt(3 / networks) + 0.01, name


def test_lognormal_laws_would_be_far_off() -> None:
    """The control: at width 8 and depth 10, mean / sqrt(1 + r) makes 11 of the 54 that are said."""
    factor = said(make_cell([8] * 11, "relu", "he_normal", source="ones", batch=1))["act_q"][2]
    assert factor == pytest.approx(math.exp(3.98777), rel=5e-3)
    assert factor > 4 * (1 + 5 / 8) ** 5


def test_inputs_and_unlike_layers_count() -> None:
    """ln act_q_0 of 16 normal features is as random as a linear layer of 16: without it, the variance is 12 % less."""
    widths, leaky = [16, 12, 20, 9], activation("leaky_relu", negative_slope=0.3)
    acts = [leaky, activation("relu"), activation("linear")]
    cell = make_cell(widths, acts, 1.3, batch=1)
    at, _, factor, _, variance = said(cell)["act_q"]
    logs = np.log(simulate(cell, 20_000, root=6)["act_q"][:, [0, 3]])
    assert at == 3
    assert abs(logs[:, 1].var() / variance - 1) < 0.06 < 0.09 < logs[:, 0].var() / variance
    mean = 1.3**6 * (1 + 0.3**2) / 2 / 2
    assert abs(math.log(factor / mean) + np.median(logs[:, 1])) < 0.15


def test_the_dead_have_no_part_in_it() -> None:
    """Width 4: nearly half of the networks are dead, and the median of all is next to nothing."""
    found = said(make_cell([4] * 11, "relu", "he_normal", batch=1))
    assert found["act_q"][3] == found["grad_q"][3] == "the median of those that do not die"
    assert said(make_cell([16] * 11, "relu", "he_normal", batch=1))["act_q"][3] == "their median"


def test_what_is_not_exact_is_rough_out_of_range() -> None:
    for cell in (
        make_cell([16] * 21, "tanh", 3.0, batch=1),
        make_cell([16] * 21, "relu", "he_uniform", batch=1),
        make_cell([16] * 21, "relu", "he_normal", batch=2),
    ):
        found = said(cell)
        assert {sure for _, sure, *_ in found.values()} == {"roughly"}


def test_gradients_of_ones_are_not_taken_for_normal_ones() -> None:
    """A linear last layer hands on exactly what it gets: there is a factor less than with normal cotangents."""
    widths = [2] * 6
    cells = {way: make_cell(widths, "linear", 1.0, batch=1, gradient=way) for way in ("gaussian", "ones")}
    found = {way: said(cell)["grad_q"] for way, cell in cells.items()}
    variance = sum(log_moments(1.0, 1.0, n)[1] for _, n in pairwise(widths))
    assert found["gaussian"][4] == pytest.approx(variance, rel=0.05)
    assert found["ones"][4] < 0.7 * variance


def test_what_numbers_do_not_hold() -> None:
    """A linear chain of single units: ln falls by 1.27 a layer while the mean stays 1, and the spread overflows."""
    notes = predict_cell(make_cell([1] * 1501, "linear", 1.0, source="ones", batch=1)).notes
    assert notes[0].startswith("act_q of layer 1500: the mean over networks is about 1e828 times their median.")


def test_a_layer_is_worked_out_once() -> None:
    log_moments.cache_clear()
    predict_cell(make_cell([64] * 101, "relu", "he_normal", batch=1))
    assert log_moments.cache_info().misses == 1
