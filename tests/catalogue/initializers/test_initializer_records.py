"""Names, parameters, errors, numerical edges, and the facts that `explain` shows."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from initbench.catalogue.initializers import INITIALIZERS, Facts, TruncatedNormal, Uniform, facts, initializer
from initbench.catalogue.initializers.truncated import moments
from initbench.catalogue.registry import REQUIRED
from initbench.errors import ParameterError, UnknownNameError
from initbench.streams import fill_normal

KERAS_NAMES_OF_THE_SEED_TEXTS = [
    "zeros",
    "ones",
    "constant",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "orthogonal",
    "identity",
    *(f"{paper}_{shape}" for paper in ("lecun", "glorot", "he") for shape in ("normal", "uniform")),
]
NEEDED: dict[str, dict[str, Any]] = {
    "constant": {"value": 1},
    "normal": {"stddev": 0.01},
    "uniform": {"low": -1, "high": 1},
    "truncated_normal": {"stddev": 0.01},
    "sparse": {"sparsity": 0.5},
    "torch:constant_": {"val": 1},
    "torch:sparse_": {"sparsity": 0.5},
    "jax:constant": {"value": 1},
    "jax:variance_scaling": {"scale": 1, "mode": "fan_in", "distribution": "normal"},
}
NAMES = [record.name for record in INITIALIZERS]


def test_the_fifteen_keras_names_are_there() -> None:
    assert len(KERAS_NAMES_OF_THE_SEED_TEXTS) == 15
    for name in KERAS_NAMES_OF_THE_SEED_TEXTS:
        assert INITIALIZERS.find(f"keras:{name}").name == f"keras:{name}"


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("zero", "zeros"),
        ("one", "ones"),
        ("eye", "identity"),
        ("gaussian", "normal"),
        ("fan_in_normal", "lecun_normal"),
        *((f"xavier_{d}", f"glorot_{d}") for d in ("normal", "uniform", "truncated_normal")),
        *((f"kaiming_{d}", f"he_{d}") for d in ("normal", "uniform", "truncated_normal")),
        ("keras:zero", "keras:zeros"),
        ("keras:one", "keras:ones"),
        ("keras:normal", "keras:random_normal"),
        ("keras:uniform", "keras:random_uniform"),
        *((f"jax:xavier_{d}", f"jax:glorot_{d}") for d in ("normal", "uniform")),
        *((f"jax:kaiming_{d}", f"jax:he_{d}") for d in ("normal", "uniform")),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    assert INITIALIZERS.find(alias).name == name


def test_bare_names_leave_the_size_to_the_reader() -> None:
    for name in ("random_normal", "random_uniform", "xavier", "he"):
        with pytest.raises(UnknownNameError):
            initializer(name)
    with pytest.raises(UnknownNameError, match="did you mean 'keras:random_normal'"):
        initializer("random_normal")


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_what_it_is(name: str) -> None:
    record = INITIALIZERS.find(name)
    assert record.equation
    assert record.source
    assert record.purpose
    assert not record.purpose.endswith(".")
    assert all(parameter.meaning for parameter in record.parameters)


def test_no_two_records_of_a_namespace_say_the_same() -> None:
    for prefix in ("", "keras:", "torch:", "jax:"):
        purposes = [r.purpose for r in INITIALIZERS if r.name.rpartition(":")[0] == prefix.rstrip(":")]
        assert len(set(purposes)) == len(purposes) > 5


def test_required_parameters_are_the_stated_ones() -> None:
    for record in INITIALIZERS:
        required = {parameter.name for parameter in record.parameters if parameter.default is REQUIRED}
        assert required == set(NEEDED.get(record.name, {})), record.name


@pytest.mark.parametrize("name", NAMES)
def test_initializers_travel_between_processes(name: str) -> None:
    choice = initializer(name, **NEEDED.get(name, {}))
    copy = pickle.loads(pickle.dumps(choice))
    assert copy == choice
    first, second = (one.sample(np.random.default_rng(3), 6, 5) for one in (choice, copy))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(1, 1), (1, 5), (5, 1), (40, 30)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_law_fills_what_it_is_given(name: str, fan_in: int, fan_out: int, dtype: Any) -> None:
    law = initializer(name, **NEEDED.get(name, {})).law(fan_in, fan_out)
    out = np.full((fan_in, fan_out), np.nan, dtype)
    law.fill(np.random.default_rng(1), out)
    assert np.isfinite(out).all()
    low, high = law.bounds
    slack = 4 * float(np.finfo(dtype).eps)
    assert low - slack <= out.min()
    assert out.max() <= high + slack
    draws = []
    for seed in range(25):  # a 1 x 1 orthogonal matrix is a fair sign: all equal once in 2^24
        law.fill(np.random.default_rng(seed), out)
        draws.append(out.copy())
    assert law.random != all(np.array_equal(one, draws[0]) for one in draws)
    if law.elementwise:
        bias = np.full(fan_out, np.nan, dtype)
        law.fill(np.random.default_rng(1), bias)
        assert np.isfinite(bias).all()


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("normal", {}, "stddev"),
    ("normal", {"stddev": -1}, "stddev"),
    ("normal", {"stddev": math.nan}, "stddev"),
    ("normal", {"stddev": "0.1"}, "stddev"),
    ("normal", {"stddev": 0.1, "std": 1}, "std"),
    ("constant", {}, "value"),
    ("uniform", {"low": 0}, "high"),
    ("uniform", {"low": 1, "high": 0}, "low"),
    ("uniform", {"low": -1e308, "high": 1e308}, "high"),
    ("truncated_normal", {"stddev": 1, "low": 2, "high": 2}, "low"),
    ("truncated_normal", {"stddev": 1, "low": 2}, "low"),
    ("truncated_normal", {"stddev": 1, "low": 1001, "high": 1002}, "low"),
    ("truncated_normal", {"stddev": 1, "low": -1002, "high": -1001}, "high"),
    ("he_normal", {"gain": -1}, "gain"),
    ("he_normal", {"mode": "fan_middle"}, "mode"),
    ("glorot_normal", {"negative_slope": 0.1}, "negative_slope"),
    ("variance_scaling", {"distribution": "untruncated_normal"}, "distribution"),
    ("variance_scaling", {"scale": -1}, "scale"),
    ("orthogonal", {"gain": math.inf}, "gain"),
    ("sparse", {}, "sparsity"),
    ("sparse", {"sparsity": 1.1}, "sparsity"),
    ("zeros", {"value": 0}, "value"),
    ("keras:variance_scaling", {"scale": 0}, "scale"),
    ("keras:variance_scaling", {"mode": "fan_geo_avg"}, "mode"),
    ("keras:he_normal", {"gain": 2}, "gain"),
    ("keras:random_uniform", {"minval": 1}, "minval"),
    ("torch:uniform_", {"a": 2}, "a"),
    ("torch:trunc_normal_", {"std": 0}, "std"),
    ("torch:trunc_normal_", {"a": 3}, "a"),
    ("torch:trunc_normal_", {"std": 1e-9, "a": 1, "b": 2}, "a"),
    ("torch:kaiming_normal_", {"mode": "fan_avg"}, "mode"),
    ("torch:kaiming_normal_", {"nonlinearity": "gelu"}, "nonlinearity"),
    ("torch:sparse_", {"sparsity": -0.1}, "sparsity"),
    ("jax:truncated_normal", {"lower": 2}, "lower"),
    ("jax:variance_scaling", {"scale": 1, "mode": "fan_in", "distribution": "cauchy"}, "distribution"),
    ("jax:variance_scaling", {"scale": 1, "distribution": "normal"}, "mode"),
]


@pytest.mark.parametrize(("name", "params", "culprit"), BAD)
def test_what_does_not_hold_is_named(name: str, params: dict[str, Any], culprit: str) -> None:
    with pytest.raises(ParameterError) as caught:
        initializer(name, **params).law(3, 4)
    assert caught.value.parameter == culprit
    assert culprit in str(caught.value)


def test_an_unknown_parameter_is_named_with_what_there_is() -> None:
    with pytest.raises(ParameterError, match=r"^unknown parameter 'foo' \(normal takes mean, stddev\)$"):
        initializer("normal", stddev=1, foo=1)


@pytest.mark.parametrize(
    ("name", "params", "value"),
    [
        ("normal", {"mean": 0.5, "stddev": 0}, 0.5),
        ("uniform", {"low": 0.1, "high": 0.1}, 0.1),
        ("truncated_normal", {"mean": 0.5, "stddev": 0}, 0.5),
        ("he_truncated_normal", {"gain": 0}, 0),
        ("he_uniform", {"gain": 0}, 0),
        ("keras:truncated_normal", {"stddev": 0, "mean": 2}, 2),
        ("torch:trunc_normal_", {"a": 1.5, "b": 1.5}, 1.5),
        ("jax:uniform", {"scale": 0}, 0),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_law_without_spread(name: str, params: dict[str, Any], value: float, dtype: Any) -> None:
    choice = initializer(name, **params)
    law, weights = choice.law(4, 3), choice.sample(np.random.default_rng(0), 4, 3, dtype)
    assert np.array_equal(weights, np.full((4, 3), value, dtype))
    assert not law.random
    assert law.variance == 0
    assert law.mean == value
    assert law.bounds == (value, value)
    assert math.isnan(law.kurtosis)


def test_fans_of_zero_divide_by_one() -> None:
    for name in ("he_normal", "keras:glorot_uniform", "jax:lecun_normal", "torch:linear"):
        assert initializer(name).variance(0, 0) == initializer(name).variance(1, 1)


def test_the_effective_spread_of_keras_truncated_normal() -> None:
    law = initializer("keras:truncated_normal").law(10, 10)
    assert math.sqrt(law.variance) == pytest.approx(0.043981, abs=5e-7)


def test_float32_is_drawn_as_float32() -> None:
    """The draws of a float32 matrix are those of the float32 samplers: no float64 draws cast down."""
    mirror = np.empty((30, 20), np.float32)
    fill_normal(np.random.default_rng(5), mirror)
    weights = initializer("normal", stddev=1).sample(np.random.default_rng(5), 30, 20)
    assert np.array_equal(weights, mirror)
    mirror = np.random.default_rng(5)
    weights = initializer("uniform", low=0, high=1).sample(np.random.default_rng(5), 30, 20)
    assert np.array_equal(weights, mirror.random((30, 20), dtype=np.float32))
    first = np.empty((30, 20), np.float32)
    fill_normal(np.random.default_rng(5), first)
    weights = initializer("keras:truncated_normal", stddev=1).sample(np.random.default_rng(5), 30, 20)
    kept = np.abs(first) <= 2
    assert np.array_equal(weights == first, kept)  # what is outside is drawn again, the rest stays


class Highest:
    """A generator at its upper end: every uniform draw is the largest that NumPy can return."""

    @property
    def bit_generator(self) -> Highest:
        return self

    def random_raw(self, size: int) -> Any:
        return np.full(size, 2**64 - 1, np.uint64)

    def random(self, out: Any) -> None:
        out.fill(1 - np.finfo(out.dtype).epsneg)


@settings(max_examples=300, deadline=None)
@given(low=st.floats(-1e6, 1e6), width=st.floats(0, 1e3), dtype=st.sampled_from([np.float32, np.float64]))
def test_uniform_draws_stay_within_their_bounds(low: float, width: float, dtype: Any) -> None:
    law, high = Uniform(low, low + width), low + width
    for rng in (np.random.default_rng(0), Highest()):
        out = np.empty(50, dtype)
        law.fill(rng, out)  # type: ignore[arg-type]
        if float(np.spacing(dtype(max(abs(low), abs(high))))) < width:  # else no number lies between them
            assert low <= float(out.min())
            assert float(out.max()) <= high


@settings(max_examples=200, deadline=None)
@given(
    low=st.floats(-30, 30),
    width=st.floats(1e-3, 60),
    location=st.floats(-3, 3),
    scale=st.floats(1e-3, 1e3),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_truncated_draws_stay_within_their_bounds(
    low: float, width: float, location: float, scale: float, dtype: Any
) -> None:
    law = TruncatedNormal(location, scale, low, low + width)
    out = np.empty(200, dtype)
    law.fill(np.random.default_rng(0), out)
    bottom, top = law.bounds
    assert bottom <= law.mean <= top
    if float(np.spacing(dtype(max(abs(bottom), abs(top))))) < top - bottom:
        assert bottom <= float(out.min())
        assert float(out.max()) <= top
    assert 0 < law.variance <= scale**2 * (1 + 1e-12)
    assert 1 <= law.kurtosis < 9.001  # nearly two points; the exponential law of a far tail


INTERVALS = [
    (-2, 2),
    (-1, 3),
    (0, 1),
    (1.5, 2.5),
    (-0.001, 0.002),
    (3, 40),
    (6, 6.1),
    (-9, -7),
    (-8, 1e3),
    (30, 31),
]


@pytest.mark.parametrize(("low", "high"), INTERVALS)
def test_moments_of_a_cut_normal_law(low: float, high: float) -> None:
    """Against Simpson's rule on 400,000 points, of the density relative to its value nearest to 0."""
    peak = min(max(0, low), high)
    x = np.linspace(max(low, peak - 13), min(high, peak + 13), 400_001)
    density = np.exp((peak - x) * (peak + x) / 2)

    def moment(order: int, centre: float) -> float:
        return float(integrate.simpson((x - centre) ** order * density, x=x))

    total = moment(0, 0)
    mean = peak + moment(1, peak) / total
    variance = moment(2, mean) / total
    result = moments(low, high)
    assert result.mean == pytest.approx(mean, rel=1e-11, abs=1e-13)
    assert result.variance == pytest.approx(variance, rel=1e-10)
    assert result.kurtosis == pytest.approx(moment(4, mean) / total / variance**2, rel=1e-9)
    assert result.probability == pytest.approx(
        float(stats.norm.cdf(high) - stats.norm.cdf(low) if low < 0 else stats.norm.sf(low) - stats.norm.sf(high)),
        rel=1e-11,
    )


@pytest.mark.parametrize(("low", "high"), [*INTERVALS, (-40, -35), (200, 201), (900, 901)])
def test_draws_from_any_interval(low: float, high: float) -> None:
    """Far tails and narrow intervals: mean and variance at a false alarm rate of 1e-6 each."""
    law, out = TruncatedNormal(0, 1, low, high), np.empty(200_000)
    law.fill(np.random.default_rng(9), out)
    z = stats.norm.isf(0.5e-6)
    n = out.size
    assert abs(out.mean() - law.mean) < z * math.sqrt(law.variance / n)
    assert abs(out.var() / law.variance - 1) < z * math.sqrt((law.kurtosis - 1) / n)


def test_overflow_is_a_result() -> None:
    for name, params in (
        ("constant", {"value": 1e300}),
        ("normal", {"stddev": 1e300}),
        ("normal", {"mean": -1e300, "stddev": 1}),
        ("uniform", {"low": 0, "high": 1e300}),
        ("truncated_normal", {"stddev": 1e300}),
        ("identity", {"gain": 1e300}),
        ("orthogonal", {"gain": 1e300}),
        ("sparse", {"sparsity": 0.5, "stddev": 1e300}),
    ):
        weights = initializer(name, **params).sample(np.random.default_rng(0), 4, 4, np.float32)
        assert not np.isfinite(weights).all(), name
        shown = facts(initializer(name, **params), 4, 4)
        json.dumps(asdict(shown), allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_json_and_agree_with_the_law(name: str) -> None:
    choice = initializer(name, **NEEDED.get(name, {}))
    shown, law = facts(choice, 512, 256), choice.law(512, 256)
    back = json.loads(json.dumps(asdict(shown), allow_nan=False))
    assert set(back) == set(Facts.__dataclass_fields__)
    assert (back["name"], back["label"], back["fan_in"], back["fan_out"]) == (name, choice.label, 512, 256)
    assert back["mean"] == law.mean
    assert back["stddev"] == pytest.approx(math.sqrt(law.variance))
    assert back["sigma_w"] == pytest.approx(math.sqrt(law.variance * 512))
    assert (back["low"] is None) == math.isinf(law.bounds[0])
    assert (back["kurtosis"] is None) == math.isnan(law.kurtosis)
    assert [one["name"] for one in back["parameters"]] == [one.name for one in choice.record.parameters]


def test_facts_of_he_normal() -> None:
    shown = facts(initializer("he_normal", gain=2), 512, 256)
    assert shown.sigma_w == pytest.approx(2 * math.sqrt(2))
    assert shown.aliases == ("kaiming_normal",)
    assert (shown.low, shown.high, shown.kurtosis) == (None, None, 3)
    gain = shown.parameters[0]
    assert (gain.name, gain.value, gain.default, gain.required) == ("gain", 2, 1, False)
    assert gain.allowed == "a finite number >= 0"
    stddev = facts(initializer("normal", stddev=0.01), 5, 5).parameters[1]
    assert (stddev.required, stddev.default, stddev.value) == (True, None, 0.01)


def test_the_catalogue_loads_without_scipy_or_a_framework() -> None:
    code = (
        "import sys, initbench.catalogue.initializers as c\n"
        "c.initializer('keras:he_normal').variance(3, 4)\n"
        "assert not {'scipy', 'torch', 'jax', 'keras'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
