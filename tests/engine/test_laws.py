"""Measured networks against exact results: what a wrong fan, a wrong factor or a wrong gradient could not pass.

ALARM is the probability that a right engine leaves one chi-square or binomial band; "4 SE" is four exact standard
errors of a mean over seeds (6e-5 for a normal law; the laws here have a heavier right tail, which four of them still
cover). With x^l = relu(W^l x^(l-1)), Var W = 2 / n_(l-1), M_l = |x^l|^2 / n_l and a fixed input, at any widths:
    M_l / M_(l-1) = (2 / n_l) sum of n_l terms eps g^2, eps a fair coin;
    E M_L = M_0, E M_L^2 = M_0^2 prod (1 + 5 / n_l).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import engine_reference as ref
import numpy as np
import pytest
from scipy import special, stats

from initbench.catalogue.inputs import inputs
from initbench.engine import Trace, Workspace, chunk_size, join, propagate, resolve
from initbench.spec import Cell

ALARM = 1e-6
WIDTHS = ref.RECTANGULAR
BROAD = (48, 24, 96, 48, 64, 24, 72)  # rectangular, and wide enough for second moments
METRICS = ("preact_q", "act_q", "dead_fraction", "grad_q", "weight_grad_q")


def measure(cell: Cell, seeds: int) -> Trace:
    workspace, step = Workspace(), chunk_size(cell)
    chunks = [range(start, min(start + step, seeds)) for start in range(0, seeds, step)]
    return join([propagate(cell, chunk, workspace) for chunk in chunks])


@cache
def relu_networks(engine: str, widths: tuple[int, ...], law: Any, seeds: int, source: str = "ones") -> Trace:
    cell = ref.make_cell(
        widths, "relu", law, source=inputs(source), batch_size=1, dtype="float32", metrics=METRICS, engine=engine
    )
    assert resolve(cell).engine == engine
    return measure(cell, seeds)


def product(widths: Sequence[int], term: float = 5.0) -> float:
    return math.prod(1 + term / n for n in widths)


def standard_errors(sample: np.ndarray, mean: float, second_moment: float) -> float:
    """How many exact standard errors the sample's mean lies from the exact one."""
    return float(abs(sample.mean() - mean) / math.sqrt((second_moment - mean**2) / len(sample)))


# --- one layer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "variance"),
    [
        (("normal", {"stddev": 1.0}), 250.0),
        ("lecun_normal", 1.0),
        ("he_normal", 2.0),
        (("normal", {"stddev": 0.01}), 0.025),
    ],
)
def test_the_variance_of_one_layer(law: Any, variance: float) -> None:
    """250 inputs of 1: 40,000 independent preactivations, so a band of +-3.5 % and twice that is always seen."""
    cell = ref.make_cell(
        (250, 1000),
        "linear",
        law,
        source=inputs("ones"),
        batch_size=1,
        dtype="float32",
        metrics=("preact_q", "preact_mean"),
    )
    trace = measure(cell, 40)
    entries = 40 * 1000
    low, high = stats.chi2(entries).ppf([ALARM / 2, 1 - ALARM / 2]) / entries
    ratio = trace.of("preact_q")[:, 1].mean() / variance
    assert low < ratio < high
    assert not low < 2 * ratio < high  # the controls: a factor of 2, and a standard deviation for a variance
    assert not low < ratio * math.sqrt(variance if variance != 1 else 2) < high
    z = stats.norm.isf(ALARM / 2)
    assert abs(trace.of("preact_mean")[:, 1].mean()) < z * math.sqrt(variance / entries)


def test_saturation_of_one_layer() -> None:
    """z ~ N(0, 250): sigmoid's slope is under 1 % of 1/4 beyond |z| = 5.986, for 70.5 % of the units;
    at variance 1, for none.
    """
    edge = float(special.logit(0.5 + math.sqrt(0.25 - 0.0025)))
    for law, variance in ((("normal", {"stddev": 1.0}), 250.0), ("lecun_normal", 1.0)):
        cell = ref.make_cell(
            (250, 1000), "sigmoid", law, source=inputs("ones"), batch_size=1, dtype="float32",
            metrics=("saturated_fraction",),
        )  # fmt: skip
        share = measure(cell, 20).of("saturated_fraction")[:, 1].mean()
        expected = 2 * stats.norm.sf(edge / math.sqrt(variance))
        low, high = stats.binom(20_000, expected).ppf([ALARM / 2, 1 - ALARM / 2]) / 20_000
        assert low <= share <= high


def test_biases_add_their_variance() -> None:
    """500 ones among 1000 inputs with N(0, 1) weights and biases: 501.
    Here 1000 ones, half the weights' variance, and bias 1.
    """
    cell = ref.make_cell(
        (1000, 500), "linear", ("normal", {"stddev": math.sqrt(0.5)}), ("normal", {"stddev": 10.0}),
        source=inputs("ones"), batch_size=1, dtype="float32", metrics=("preact_q",),
    )  # fmt: skip
    ratio = measure(cell, 40).of("preact_q")[:, 1].mean() / 600
    low, high = stats.chi2(20_000).ppf([ALARM / 2, 1 - ALARM / 2]) / 20_000
    assert low < ratio < high
    assert not low < ratio * 600 / 500 < high  # the control: no bias


# --- forward, many layers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_he_keeps_the_mean_square_at_any_width(engine: str) -> None:
    """Layer by layer, pre- and postactivations, on a rectangular net: E act_q = 1 and E preact_q = 2, within 4 SE."""
    trace = relu_networks(engine, WIDTHS, "he_normal", 3000)
    for layer in range(1, len(WIDTHS)):
        moment = product(WIDTHS[1 : layer + 1])
        assert standard_errors(trace.of("act_q")[:, layer], 1, moment) < 4
        moment = 4 * product(WIDTHS[1:layer]) * (1 + 2 / WIDTHS[layer])
        assert standard_errors(trace.of("preact_q")[:, layer], 2, moment) < 4


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_he_keeps_gaussian_inputs_too(engine: str) -> None:
    """The input's own mean square has E M_0^2 = 1 + 2 / n_0."""
    trace = relu_networks(engine, WIDTHS, "he_normal", 3000, "gaussian")
    for layer in range(len(WIDTHS)):
        moment = (1 + 2 / WIDTHS[0]) * product(WIDTHS[1 : layer + 1])
        assert standard_errors(trace.of("act_q")[:, layer], 1, moment) < 4


@pytest.mark.parametrize(
    "law",
    [
        ("he_normal", (("mode", "fan_out"),)),
        ("he_normal", (("gain", 0.88),)),  # what an uncorrected truncation at two standard deviations does
        "lecun_normal",
        "glorot_normal",
        ("normal", (("stddev", 2 / 16),)),  # a variance for a standard deviation
    ],
)
@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_other_laws_do_not_pass_for_he(engine: str, law: Any) -> None:
    """The controls: each of these is told from He's law by the same check, at some layer of the same rectangular
    net.
    """
    trace = relu_networks(engine, WIDTHS, law, 1000)
    far = [
        standard_errors(trace.of("act_q")[:, layer], 1, product(WIDTHS[1 : layer + 1]))
        for layer in range(1, len(WIDTHS))
    ]
    assert max(far) > 10


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_linear_networks_keep_the_mean_square_with_lecun(engine: str) -> None:
    """5 becomes 2: E M_L^2 = prod (1 + 2 / n_l)."""
    cell = ref.make_cell(
        WIDTHS, "linear", "lecun_normal", source=inputs("ones"), batch_size=1, dtype="float32", metrics=("act_q",),
        engine=engine,
    )  # fmt: skip
    q = measure(cell, 2000).of("act_q")
    for layer in range(1, len(WIDTHS)):
        assert standard_errors(q[:, layer], 1, product(WIDTHS[1 : layer + 1], 2.0)) < 4


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_orthogonal_linear_networks_keep_every_length(engine: str) -> None:
    cell = ref.make_cell((16,) * 21, "linear", "orthogonal", batch_size=3, engine=engine)
    trace = measure(cell, 5)
    np.testing.assert_allclose(trace.of("act_q"), trace.of("act_q")[:, :1].repeat(21, axis=1), rtol=1e-12)
    np.testing.assert_allclose(trace.of("cosine"), trace.of("cosine")[:, :1].repeat(21, axis=1), rtol=1e-10)
    grad = trace.of("grad_q")[:, 1:]
    np.testing.assert_allclose(grad, grad[:, -1:].repeat(20, axis=1), rtol=1e-12)


def layer_moment(n: int, power: int) -> float:
    """E r^power of r = (2 / n) sum of n terms y = eps g^2:
    the moments of a sum from those of its terms, one term at a time.
    """
    terms = [1.0, *(0.5 * special.factorial2(2 * k - 1) for k in range(1, power + 1))]
    total = [1.0] + [0.0] * power
    for _ in range(n):
        total = [sum(math.comb(k, j) * total[j] * terms[k - j] for j in range(k + 1)) for k in range(power + 1)]
    return float(total[power] * (2 / n) ** power)


@pytest.mark.parametrize("layer", [1, 2, 3])
@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_the_spread_over_networks_is_exact(engine: str, layer: int) -> None:
    """E M_L^2 = prod (1 + 5 / n_l), within 4 SE; the SE is exact too, from the eighth moment of the weights."""
    trace = relu_networks(engine, BROAD, "he_normal", 3000)
    widths = BROAD[1 : layer + 1]
    second = math.prod(layer_moment(n, 2) for n in widths)
    assert second == pytest.approx(product(widths), rel=1e-12)
    fourth = math.prod(layer_moment(n, 4) for n in widths)
    assert standard_errors(trace.of("act_q")[:, layer] ** 2, second, fourth) < 4


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_the_logarithm_of_the_length(engine: str) -> None:
    """ln M_L is a sum of independent terms, of K ~ Bin(n, 1/2), K > 0, active units:
    psi(K / 2) + ln(4 / n) and psi'(K / 2).
    """
    widths, seeds = BROAD[1:], 3000
    trace = relu_networks(engine, BROAD, "he_normal", seeds)
    mean = variance = 0.0
    for n in widths:
        k = np.arange(1, n + 1)
        p = stats.binom(n, 0.5).pmf(k) / (1 - 0.5**n)
        psi = special.digamma(k / 2)
        mean += p @ psi + math.log(4 / n)
        variance += p @ special.polygamma(1, k / 2) + p @ psi**2 - (p @ psi) ** 2
    logs = np.log(trace.of("act_q")[:, -1])
    assert abs(logs.mean() - mean) < 4 * math.sqrt(variance / seeds)
    assert mean < -0.3  # so that the check below means something
    assert abs(logs.mean()) > 10 * math.sqrt(variance / seeds)  # the median falls while the mean stays
    # nearly normal: the chi-square band, twice as wide for what is not
    assert abs(logs.var(ddof=1) / variance - 1) < 2 * 4 * math.sqrt(2 / seeds)


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_dead_layers(engine: str) -> None:
    """A layer of n relu units is dead with probability 2^-n, and the next layers with it."""
    seeds = 3000
    trace = relu_networks(engine, (4, 4, 4, 4), "he_normal", seeds)
    dead = trace.of("dead_fraction")[:, 1:] == 1
    assert (dead[:, 1:] >= dead[:, :-1]).all()
    for layer in (1, 2, 3):
        expected = 1 - (1 - 2**-4) ** layer
        low, high = stats.binom(seeds, expected).ppf([ALARM / 2, 1 - ALARM / 2])
        assert low <= dead[:, layer - 1].sum() <= high
        assert not low <= 2 * dead[:, layer - 1].sum() <= high  # the control
    assert ((trace.of("act_q")[:, 1:] == 0) == dead).all()


# --- backward ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_he_gradients_in_the_mean(engine: str) -> None:
    """L = v . x^L with v ~ N(0, 1): E |dL/dz^l|^2 = n_L / 2 where the layer below is alive, at any widths.

    No exact SE is known for rectangular nets, so the sample's own is used.
    """
    trace = relu_networks(engine, BROAD, "he_normal", 3000)
    for layer in range(1, len(BROAD)):
        alive = math.prod(1 - 2.0**-n for n in BROAD[1:layer])
        expected = BROAD[-1] / (2 * BROAD[layer]) * alive
        grad = trace.of("grad_q")[:, layer]
        assert abs(grad.mean() - expected) < 4.5 * grad.std(ddof=1) / math.sqrt(len(grad))
        assert abs(grad.mean() - 1.3 * expected) > 6 * grad.std(ddof=1) / math.sqrt(len(grad))


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_he_weight_gradients_in_first_and_second_moment(engine: str) -> None:
    """|dL/dW^l|^2 = n_(l-1) n_L / 2 in the mean, since sum W dL/dW = L in every layer.

    Its second moment over the square of its mean is prod_k (1 + 5 / n_k), the same in every layer. Both from the same
    networks, with the exact SE for the mean.
    """
    trace = relu_networks(engine, BROAD, "he_normal", 6000)
    second = product(BROAD[1:])
    for layer in range(1, len(BROAD)):
        expected = BROAD[-1] / (2 * BROAD[layer])
        ratio = trace.of("weight_grad_q")[:, layer] / expected
        assert standard_errors(ratio, 1, second) < 4
        spread = (ratio**2).std(ddof=1) / math.sqrt(len(ratio))
        assert abs((ratio**2).mean() - second) < 5 * spread
        assert abs((ratio**2).mean() - 1) > 6 * spread  # the control: a spread there is


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_gradients_of_equal_widths_neither_grow_nor_shrink(engine: str) -> None:
    """20 layers: E grad_q is 1/2 (1 - 2^-n)^(l-1) in each, and a gain wrong by 10 % would be a factor of 50 at the
    first.
    """
    widths = (32,) * 21
    grad = relu_networks(engine, widths, "he_normal", 1500).of("grad_q")
    first = grad[:, 1]
    # (1 + 2 / n) prod (1 + 5 / n) bounds the second moment of |dL/dx^l|^2 / n, and dL/dz is half of it in every entry
    second = (1 + 2 / 32) * product(widths[2:])
    assert abs(first.mean() - 0.5) < 4 * math.sqrt(second / len(first))
    shrunk = relu_networks(engine, widths, ("he_normal", (("gain", 0.9),)), 200).of("grad_q")[:, 1]
    assert abs(shrunk.mean() - 0.5) > 4 * math.sqrt(second / len(first))
    np.testing.assert_allclose(np.log(np.median(grad[:, 20])), np.log(0.5), atol=0.2)


# --- many inputs, smooth activations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_finite_width_tanh(engine: str) -> None:
    """Ones through 20 layers of tanh with Glorot's law at n = 8, by brute force elsewhere:
    .013871 +- .000005; infinite width: .0259.
    """
    cell = ref.make_cell(
        (8,) * 21, "tanh", "glorot_normal", source=inputs("ones"), batch_size=1, metrics=("act_q",), engine=engine
    )
    q = measure(cell, 4000).of("act_q")[:, 20]
    error = q.std(ddof=1) / math.sqrt(len(q))
    assert abs(q.mean() - 0.013871) < 4 * error + 4 * 5e-6
    assert abs(q.mean() - 0.0259) > 10 * error


@pytest.mark.parametrize("engine", ["dense", "implicit"])
def test_relu_brings_inputs_together(engine: str) -> None:
    """c' = (sqrt(1 - c^2) + c (pi - arccos c)) / pi of one wide He layer:
    exact at infinite width, within 4 / sqrt(n S) of it here.
    """
    for c in (-0.9, 0.0, 0.5, 0.95):
        source = inputs("pair", cosine=c)
        cell = ref.make_cell(
            (512, 512), source=source, batch_size=2, dtype="float32", metrics=("cosine",), engine=engine
        )
        found = measure(cell, 10).of("cosine")
        np.testing.assert_allclose(found[:, 0], c, atol=1e-6)
        expected = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
        # the variance of one unit's product of two unit-variance relus is at most 3: 4 sqrt(3 / (n S)) and O(1/n) bias
        assert abs(found[:, 1].mean() - expected) < 4 * math.sqrt(3 / 5120) + 2 / 512
