"""Every record's draws against the law that its paper or library states, written here in SciPy's terms."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from initializer_bands import ALARM, Array, Expected, Z, cut, departures, dkw, normal, uniform
from scipy import stats

from initbench.catalogue.initializers import INITIALIZERS, initializer

Case = tuple[str, dict[str, Any], Callable[[int, int], Expected]]

CUT_SD = 0.87962566103423978  # of N(0, 1) cut to [-2, 2]
DIVISORS: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda i, o: i,
    "fan_out": lambda i, o: o,
    "fan_avg": lambda i, o: (i + o) / 2,
    "fan_geo_avg": lambda i, o: math.sqrt(i * o),
}


def corrected(stddev: float) -> Expected:
    scale = stddev / CUT_SD
    return cut(0, scale, -2 * scale, 2 * scale)


def symmetric(limit: float) -> Expected:
    return uniform(-limit, limit)


SHAPES: dict[str, Callable[[float], Expected]] = {  # by standard deviation
    "normal": lambda sd: normal(0, sd),
    "uniform": lambda sd: symmetric(math.sqrt(3) * sd),
    "truncated_normal": corrected,
    "untruncated_normal": lambda sd: normal(0, sd),
}


def scaled(shape: str, scale: float, mode: str) -> Callable[[int, int], Expected]:
    return lambda i, o: SHAPES[shape](math.sqrt(scale / DIVISORS[mode](i, o)))


def fixed(law: Expected) -> Callable[[int, int], Expected]:
    return lambda i, o: law


def half_normal(stddev: float) -> Expected:
    scale = stddev / float(stats.truncnorm(0, 3).std())
    return cut(0.5, scale, 0.5, 0.5 + 3 * scale)


THREE = ("normal", "uniform", "truncated_normal")
SCALE = {"lecun": 1.0, "glorot": 1.0, "he": 2.0}
MODE = {"lecun": "fan_in", "glorot": "fan_avg", "he": "fan_in"}

BARE: list[Case] = [
    ("normal", {"stddev": 0.01}, fixed(normal(0, 0.01))),
    ("normal", {"mean": 0.3, "stddev": 2}, fixed(normal(0.3, 2))),
    ("uniform", {"low": -0.05, "high": 0.05}, fixed(uniform(-0.05, 0.05))),
    ("uniform", {"low": 1, "high": 1.1}, fixed(uniform(1, 1.1))),
    ("truncated_normal", {"stddev": 0.05}, fixed(corrected(0.05))),
    ("truncated_normal", {"mean": 0.5, "stddev": 0.1, "low": 0, "high": 3}, fixed(half_normal(0.1))),
    ("fan_in_uniform", {}, lambda i, o: symmetric(1 / math.sqrt(i))),
    ("variance_scaling", {}, scaled("normal", 1, "fan_in")),
    *(
        ("variance_scaling", {"scale": 1.3, "mode": m, "distribution": d}, scaled(d, 1.3, m))
        for d, m in product(THREE, DIVISORS)
    ),
    *((f"{f}_{d}", {}, scaled(d, SCALE[f], MODE[f])) for f, d in product(SCALE, THREE)),
    *((f"{f}_{d}", {"gain": 4, "mode": m}, scaled(d, 16 * SCALE[f], m)) for f, d, m in product(SCALE, THREE, DIVISORS)),
    *((f"he_{d}", {"negative_slope": 0.5}, scaled(d, 2 / 1.25, "fan_in")) for d in THREE),
]
KERAS: list[Case] = [
    ("keras:random_normal", {}, fixed(normal(0, 0.05))),
    ("keras:random_normal", {"mean": -1, "stddev": 0.2}, fixed(normal(-1, 0.2))),
    ("keras:random_uniform", {}, fixed(uniform(-0.05, 0.05))),
    ("keras:random_uniform", {"minval": 0, "maxval": 2}, fixed(uniform(0, 2))),
    ("keras:truncated_normal", {}, fixed(cut(0, 0.05, -0.1, 0.1))),
    ("keras:truncated_normal", {"mean": 1, "stddev": 0.5}, fixed(cut(1, 0.5, 0, 2))),
    ("keras:variance_scaling", {}, scaled("truncated_normal", 1, "fan_in")),
    ("keras:variance_scaling", {"distribution": "normal"}, scaled("truncated_normal", 1, "fan_in")),
    *(
        ("keras:variance_scaling", {"scale": 0.3, "mode": m, "distribution": d}, scaled(d, 0.3, m))
        for d, m in product(("truncated_normal", "untruncated_normal", "uniform"), ("fan_in", "fan_out", "fan_avg"))
    ),
    *((f"keras:{f}_normal", {}, scaled("truncated_normal", SCALE[f], MODE[f])) for f in SCALE),
    *((f"keras:{f}_uniform", {}, scaled("uniform", SCALE[f], MODE[f])) for f in SCALE),
]
TORCH: list[Case] = [
    ("torch:uniform_", {}, fixed(uniform(0, 1))),
    ("torch:uniform_", {"a": -0.3, "b": 0.1}, fixed(uniform(-0.3, 0.1))),
    ("torch:normal_", {}, fixed(normal(0, 1))),
    ("torch:normal_", {"mean": 1, "std": 0.02}, fixed(normal(1, 0.02))),
    ("torch:trunc_normal_", {}, fixed(cut(0, 1, -2, 2))),
    ("torch:trunc_normal_", {"std": 0.02}, fixed(normal(0, 0.02))),  # cut at 100 standard deviations
    ("torch:trunc_normal_", {"mean": 0.5, "a": 1, "b": 1.5}, fixed(cut(0.5, 1, 1, 1.5))),
    *((f"torch:xavier_{d}_", {}, scaled(d, 1, "fan_avg")) for d in ("normal", "uniform")),
    *((f"torch:xavier_{d}_", {"gain": 5 / 3}, scaled(d, 25 / 9, "fan_avg")) for d in ("normal", "uniform")),
    *((f"torch:kaiming_{d}_", {}, scaled(d, 2, "fan_in")) for d in ("normal", "uniform")),
    *(
        (f"torch:kaiming_{d}_", {"a": math.sqrt(5), "mode": "fan_out"}, scaled(d, 1 / 3, "fan_out"))
        for d in ("normal", "uniform")
    ),
    *(
        (f"torch:kaiming_{d}_", {"a": 3, "nonlinearity": "tanh"}, scaled(d, 25 / 9, "fan_in"))
        for d in ("normal", "uniform")
    ),
    ("torch:linear", {}, lambda i, o: symmetric(1 / math.sqrt(i))),
]
JAX: list[Case] = [
    ("jax:uniform", {}, fixed(uniform(0, 0.01))),
    ("jax:uniform", {"scale": -3}, fixed(uniform(-3, 0))),
    ("jax:normal", {}, fixed(normal(0, 0.01))),
    ("jax:normal", {"stddev": 2}, fixed(normal(0, 2))),
    ("jax:truncated_normal", {}, fixed(cut(0, 0.01, -0.02, 0.02))),
    ("jax:truncated_normal", {"stddev": 2, "lower": 0.5, "upper": 3}, fixed(cut(0, 2, 1, 6))),
    *(
        ("jax:variance_scaling", {"scale": 0.7, "mode": m, "distribution": d}, scaled(d, 0.7, m))
        for d, m in product(THREE, DIVISORS)
    ),
    *((f"jax:{f}_normal", {}, scaled("truncated_normal", SCALE[f], MODE[f])) for f in SCALE),
    *((f"jax:{f}_uniform", {}, scaled("uniform", SCALE[f], MODE[f])) for f in SCALE),
]
CASES: list[Case] = [*BARE, *KERAS, *TORCH, *JAX]
CONSTANTS: list[tuple[str, dict[str, Any], float]] = [
    ("zeros", {}, 0),
    ("ones", {}, 1),
    ("constant", {"value": 0.25}, 0.25),
    ("keras:zeros", {}, 0),
    ("keras:ones", {}, 1),
    ("keras:constant", {}, 0),
    ("keras:constant", {"value": -2}, -2),
    ("torch:zeros_", {}, 0),
    ("torch:ones_", {}, 1),
    ("torch:constant_", {"val": 3}, 3),
    ("jax:zeros", {}, 0),
    ("jax:ones", {}, 1),
    ("jax:constant", {"value": 0.5}, 0.5),
]
OF_MATRICES = {  # tested in test_initializer_matrices.py
    "identity",
    "orthogonal",
    "sparse",
    "keras:identity",
    "keras:orthogonal",
    "torch:eye_",
    "torch:orthogonal_",
    "torch:sparse_",
    "jax:orthogonal",
}
SETTINGS = [(250, 800, np.float32), (1600, 125, np.float64)]


def label(case: Any) -> str:
    return f"{case[0]}-{'-'.join(str(value) for value in case[1].values())}".rstrip("-")


def draw(name: str, params: dict[str, Any], fan_in: int, fan_out: int, dtype: Any = np.float32) -> Array:
    rng = np.random.default_rng([zlib.crc32(name.encode()), len(repr(params)), fan_in])
    return initializer(name, **params).sample(rng, fan_in, fan_out, dtype)


@pytest.mark.parametrize(("fan_in", "fan_out", "dtype"), SETTINGS)
@pytest.mark.parametrize("case", CASES, ids=label)
def test_draws_follow_the_stated_law(case: Case, fan_in: int, fan_out: int, dtype: Any) -> None:
    name, params, expected = case
    weights = draw(name, params, fan_in, fan_out, dtype)
    assert weights.dtype == dtype
    assert weights.shape == (fan_in, fan_out)
    assert departures(weights, expected(fan_in, fan_out)) == []


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_law_knows_its_moments(case: Case) -> None:
    name, params, expected = case
    for fan_in, fan_out in ((30, 7), (7, 30), (1, 1)):
        law, stated = initializer(name, **params).law(fan_in, fan_out), expected(fan_in, fan_out)
        assert law.random
        assert law.elementwise
        assert law.mean == pytest.approx(stated.mean, rel=1e-12, abs=1e-14)
        assert law.variance == pytest.approx(stated.variance, rel=1e-11)
        assert law.kurtosis == pytest.approx(stated.kurtosis, rel=1e-9)
        if stated.kurtosis != 3 or name != "torch:trunc_normal_":  # a cut that never cuts has bounds all the same
            assert law.bounds == pytest.approx(stated.bounds, rel=1e-12)


@pytest.mark.parametrize(("name", "params", "value"), CONSTANTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants(name: str, params: dict[str, Any], value: float, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    choice = initializer(name, **params)
    weights, law = choice.sample(rng, 5, 3, dtype), choice.law(5, 3)
    assert np.array_equal(weights, np.full((5, 3), value, dtype))
    assert (law.mean, law.variance, law.bounds) == (value, 0, (value, value))
    assert law.elementwise
    assert not law.random
    assert math.isnan(law.kurtosis)
    assert rng.bit_generator.state == before


def test_every_record_and_every_parameter_has_a_case() -> None:
    tested = {name for name, *_ in CASES} | {name for name, *_ in CONSTANTS}
    assert tested | OF_MATRICES == {record.name for record in INITIALIZERS}
    for record in INITIALIZERS:
        if record.name in tested:
            used = {key for name, params, _ in [*CASES, *CONSTANTS] if name == record.name for key in params}
            assert used == {parameter.name for parameter in record.parameters}, record.name


def sd(variance: float) -> Expected:
    return normal(0, math.sqrt(variance))


CONTROLS: list[tuple[str, dict[str, Any], Expected, str]] = [
    # drawn as, with, tested as (fans 250, 800), the band that must be left
    ("he_normal", {}, sd(1 / 250), "variance"),
    ("lecun_normal", {}, sd(2 / 250), "variance"),
    ("glorot_normal", {}, sd(1 / 250), "variance"),
    ("he_normal", {"mode": "fan_out"}, sd(2 / 250), "variance"),
    ("he_normal", {}, sd(2 / 800), "variance"),
    ("he_normal", {"mode": "fan_avg"}, sd(2 / math.sqrt(250 * 800)), "variance"),
    ("he_normal", {}, normal(0, 2 / 250), "variance"),
    ("normal", {"stddev": 0.05}, sd(0.05), "variance"),
    ("normal", {"stddev": 0.01 * 1.02}, normal(0, 0.01), "variance"),
    ("normal", {"stddev": 0.01, "mean": 0.00025}, normal(0, 0.01), "mean"),
    ("he_normal", {}, corrected(math.sqrt(2 / 250)), "shape"),
    ("he_normal", {}, corrected(math.sqrt(2 / 250)), "bounds"),
    ("keras:he_normal", {}, sd(2 / 250), "shape"),
    ("he_truncated_normal", {}, sd(2 / 250), "shape"),
    ("jax:he_normal", {}, sd(2 / 250), "shape"),
    ("torch:kaiming_normal_", {}, corrected(math.sqrt(2 / 250)), "shape"),
    ("he_uniform", {}, sd(2 / 250), "shape"),
    ("he_normal", {}, symmetric(math.sqrt(6 / 250)), "shape"),
    ("keras:truncated_normal", {}, corrected(0.05), "variance"),
    ("truncated_normal", {"stddev": 0.05}, cut(0, 0.05, -0.1, 0.1), "variance"),
    ("torch:trunc_normal_", {"std": 0.5}, cut(0, 0.5, -1, 1), "shape"),
    ("jax:truncated_normal", {}, corrected(0.01), "variance"),
    ("jax:uniform", {}, symmetric(0.01), "mean"),
    ("jax:uniform", {}, symmetric(0.005), "shape"),
    ("torch:linear", {}, symmetric(math.sqrt(6 / 250)), "variance"),
    ("fan_in_uniform", {}, symmetric(math.sqrt(3 / 250)), "variance"),
    ("uniform", {"low": -1, "high": 1.02}, symmetric(1), "bounds"),
]


@pytest.mark.parametrize(("name", "params", "claimed", "band"), CONTROLS)
def test_another_law_is_told_apart(name: str, params: dict[str, Any], claimed: Expected, band: str) -> None:
    assert band in departures(draw(name, params, 250, 800), claimed)


def signs_are_even(weights: Array) -> bool:
    """False alarm rate ALARM; a million signs, 50.5 % of them positive, are caught as surely."""
    share = np.count_nonzero(weights > 0) / weights.size
    return bool(abs(share - 0.5) <= Z * 0.5 / math.sqrt(weights.size))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["he_normal", "he_uniform", "he_truncated_normal", "torch:linear"])
def test_positive_and_negative_weights_are_equally_many(name: str, dtype: Any) -> None:
    weights = draw(name, {}, 1000, 1000, dtype)
    assert signs_are_even(weights)
    assert not signs_are_even(weights + dtype(0.02) * weights.std())


def correlations(weights: Array) -> list[float]:
    """Of neighbours in rows, in columns, and of the first with the second half, in standard errors.

    Of the entries, and of their squares.
    """
    x = (weights.astype(np.float64) - weights.mean()) / weights.std()
    flat = x.ravel()
    half = flat.size // 2
    pairs = [(x[:, 1:], x[:, :-1]), (x[1:], x[:-1]), (flat[:half], flat[half : 2 * half])]
    pairs += [(a**2 - 1, b**2 - 1) for a, b in pairs]
    return [float(np.sum(a * b) / (np.sqrt(np.mean(a**2) * np.mean(b**2) * a.size))) for a, b in pairs]


INDEPENDENT: list[tuple[str, dict[str, Any]]] = [
    ("he_normal", {}),
    ("he_uniform", {}),
    ("keras:he_normal", {}),  # redrawn
    ("torch:trunc_normal_", {"a": 1, "b": 2}),  # inverted
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "params"), INDEPENDENT)
def test_entries_are_independent(name: str, params: dict[str, Any], dtype: Any) -> None:
    """Six correlations, each with false alarm rate ALARM; one of 2 * 4.89 / sqrt(n) = 0.022 is caught."""
    weights = draw(name, params, 400, 500, dtype)
    assert max(map(abs, correlations(weights))) < Z
    weights[1::2] = -weights[::2]  # the control: every second row is the one above, with the other sign
    assert max(map(abs, correlations(weights))) > Z


def test_the_band_is_as_wide_as_stated() -> None:
    assert dkw(200_000) == pytest.approx(0.00602, abs=1e-5)
    assert pytest.approx(4.8916, abs=1e-3) == Z
    assert ALARM == 1e-6
