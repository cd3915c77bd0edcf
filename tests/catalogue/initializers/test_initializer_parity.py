"""The `keras:`, `torch:` and `jax:` names against the libraries: names, parameters, defaults and draws."""

from __future__ import annotations

import importlib
import inspect
import math
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from initializer_bands import Array, dkw, gap, two_sample_departures

from initbench.catalogue.initializers import INITIALIZERS, InitializerRecord, calculate_gain, initializer
from initbench.catalogue.initializers.gain import NONLINEARITIES
from initbench.catalogue.registry import REQUIRED
from initbench.errors import ParameterError

Draw = Callable[[str, dict[str, Any], int, int], Array]


def load(name: str) -> Any:
    """The library, or a skip. Importing them warns, which is none of our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def keras() -> Any:
    load("jax")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "jax")
        return load("keras").initializers


@pytest.fixture(scope="module")
def torch() -> Any:
    return load("torch")


@pytest.fixture(scope="module")
def jax() -> Any:
    return load("jax.nn.initializers")


def library(request: pytest.FixtureRequest, name: str) -> Any:
    return request.getfixturevalue(name.partition(":")[0])


def theirs(library: Any, name: str, params: dict[str, Any], fan_in: int, fan_out: int, seed: int) -> Array:
    """One matrix from the library itself, (fan_in, fan_out)."""
    prefix, _, bare = name.partition(":")
    if prefix == "keras":
        seeded = {"seed": seed} if takes_seed(bare) else {}
        return np.asarray(keras_class(library, bare)(**params, **seeded)((fan_in, fan_out), dtype="float32"))
    if prefix == "torch":
        library.manual_seed(seed)
        if bare == "linear":
            weight = library.nn.Linear(fan_in, fan_out).weight.detach()
        else:
            weight = getattr(library.nn.init, bare)(library.empty(fan_out, fan_in), **params)
        return np.asarray(weight.numpy().T)
    import jax

    function = getattr(library, bare)
    made = function if bare in ("zeros", "ones") else function(**params)
    return np.asarray(made(jax.random.key(seed), (fan_in, fan_out), jax.numpy.float32))


def keras_class(library: Any, name: str) -> Any:
    """The class behind a name: an attribute, or a synonym such as `zero`, which only get knows."""
    return getattr(library, name, None) or type(library.get(name))


def takes_seed(keras_name: str) -> bool:
    return keras_name not in ("zeros", "zero", "ones", "one", "constant", "identity")


KERAS_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform", "normal")
DISTRIBUTIONS = ("truncated_normal", "normal", "uniform")
MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")
RANDOM: list[tuple[str, dict[str, Any]]] = [
    ("keras:random_normal", {}),
    ("keras:normal", {"mean": 0.1, "stddev": 0.3}),
    ("keras:random_uniform", {}),
    ("keras:uniform", {"minval": -1, "maxval": 3}),
    ("keras:truncated_normal", {}),
    ("keras:truncated_normal", {"mean": 0.1, "stddev": 0.3}),
    ("keras:variance_scaling", {}),
    *(
        ("keras:variance_scaling", {"scale": 2.5, "mode": mode, "distribution": distribution})
        for mode, distribution in product(MODES[:3], KERAS_DISTRIBUTIONS)
    ),
    *((f"keras:{paper}_{d}", {}) for paper in ("glorot", "he", "lecun") for d in ("normal", "uniform")),
    ("torch:uniform_", {}),
    ("torch:uniform_", {"a": -2, "b": 0.5}),
    ("torch:normal_", {}),
    ("torch:normal_", {"mean": -1, "std": 0.02}),
    ("torch:trunc_normal_", {}),
    ("torch:trunc_normal_", {"std": 0.02}),
    ("torch:trunc_normal_", {"mean": 0.3, "std": 0.5, "a": -0.1, "b": 0.4}),
    ("torch:trunc_normal_", {"mean": -1, "a": 0, "b": 1}),
    *((f"torch:xavier_{d}_", {}) for d in ("normal", "uniform")),
    *((f"torch:xavier_{d}_", {"gain": 1.7}) for d in ("normal", "uniform")),
    *((f"torch:kaiming_{d}_", {}) for d in ("normal", "uniform")),
    *((f"torch:kaiming_{d}_", {"a": 1.5, "mode": "fan_out"}) for d in ("normal", "uniform")),
    *((f"torch:kaiming_{d}_", {"a": 1.5, "nonlinearity": "relu"}) for d in ("normal", "uniform")),
    *((f"torch:kaiming_{d}_", {"mode": "fan_out", "nonlinearity": "selu"}) for d in ("normal", "uniform")),
    ("torch:linear", {}),
    ("jax:uniform", {}),
    ("jax:uniform", {"scale": -0.5}),
    ("jax:normal", {}),
    ("jax:normal", {"stddev": 1.5}),
    ("jax:truncated_normal", {}),
    ("jax:truncated_normal", {"stddev": 0.5, "lower": -0.5, "upper": 3.0}),
    ("jax:truncated_normal", {"stddev": 0.5, "lower": 1.0, "upper": 1.5}),
    *(
        ("jax:variance_scaling", {"scale": 2.5, "mode": mode, "distribution": distribution})
        for mode, distribution in product(MODES, DISTRIBUTIONS)
    ),
    *(
        (f"jax:{paper}_{d}", {})
        for paper in ("glorot", "xavier", "he", "kaiming", "lecun")
        for d in ("normal", "uniform")
    ),
]
EQUAL: list[tuple[str, dict[str, Any]]] = [
    *((f"keras:{name}", {}) for name in ("zeros", "zero", "ones", "one", "constant", "identity")),
    ("keras:constant", {"value": 0.3}),
    ("keras:identity", {"gain": -2.5}),
    ("torch:zeros_", {}),
    ("torch:ones_", {}),
    ("torch:constant_", {"val": 0.3}),
    ("torch:eye_", {}),
    ("jax:zeros", {}),
    ("jax:ones", {}),
    ("jax:constant", {"value": 0.3}),
]
ORTHOGONAL: list[tuple[str, dict[str, Any]]] = [
    ("keras:orthogonal", {}),
    ("keras:orthogonal", {"gain": 1.5}),
    ("torch:orthogonal_", {}),
    ("torch:orthogonal_", {"gain": 0.7}),
    ("jax:orthogonal", {}),
    ("jax:orthogonal", {"scale": 2}),
]
SPARSE: list[tuple[str, dict[str, Any]]] = [
    ("torch:sparse_", {"sparsity": 0.3}),
    ("torch:sparse_", {"sparsity": 0.71, "std": 0.2}),
]


def ours(name: str, params: dict[str, Any], fan_in: int, fan_out: int, seed: int = 1) -> Array:
    return initializer(name, **params).sample(np.random.default_rng(seed), fan_in, fan_out)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(250, 800), (1600, 125)])
@pytest.mark.parametrize(("name", "params"), RANDOM)
def test_draws_have_the_library_s_law(
    request: pytest.FixtureRequest, name: str, params: dict[str, Any], fan_in: int, fan_out: int
) -> None:
    """Two samples of 200,000: the bands and rates are those of two_sample_departures."""
    law = initializer(name, **params).law(fan_in, fan_out)
    reference = theirs(library(request, name), name, params, fan_in, fan_out, seed=11)
    assert reference.shape == (fan_in, fan_out)
    drawn = ours(name, params, fan_in, fan_out)
    assert two_sample_departures(drawn, reference, law.variance, law.kurtosis) == []
    low, high = law.bounds
    edge = 4e-7 * max(abs(bound) for bound in law.bounds)
    assert low - edge <= reference.min()
    assert reference.max() <= high + edge


@pytest.mark.parametrize(
    ("name", "lookalike", "params", "band"),
    [
        ("keras:he_normal", "he_normal", {}, "shape"),
        ("keras:he_normal", "he_normal", {"mode": "fan_out"}, "variance"),
        ("keras:he_normal", "lecun_truncated_normal", {}, "variance"),
        ("keras:truncated_normal", "truncated_normal", {"stddev": 0.05}, "variance"),
        ("torch:kaiming_normal_", "he_truncated_normal", {}, "shape"),
        ("torch:linear", "he_uniform", {}, "variance"),
        ("torch:kaiming_uniform_", "he_uniform", {"mode": "fan_out"}, "variance"),
        ("torch:trunc_normal_", "truncated_normal", {"stddev": 1}, "variance"),
        ("jax:he_normal", "he_normal", {}, "shape"),
        ("jax:glorot_uniform", "lecun_uniform", {}, "variance"),
        ("jax:uniform", "uniform", {"low": -0.01, "high": 0.01}, "mean"),
    ],
)
def test_a_lookalike_is_told_apart(
    request: pytest.FixtureRequest, name: str, lookalike: str, params: dict[str, Any], band: str
) -> None:
    law = initializer(name).law(250, 800)
    reference = theirs(library(request, name), name, {}, 250, 800, seed=12)
    drawn = ours(lookalike, params, 250, 800)
    assert band in two_sample_departures(drawn, reference, law.variance, law.kurtosis)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(5, 3), (3, 5)])
@pytest.mark.parametrize(("name", "params"), EQUAL)
def test_fixed_matrices_are_the_library_s(
    request: pytest.FixtureRequest, name: str, params: dict[str, Any], fan_in: int, fan_out: int
) -> None:
    reference = theirs(library(request, name), name, params, fan_in, fan_out, seed=0)
    assert np.array_equal(ours(name, params, fan_in, fan_out), reference)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(60, 40), (40, 60)])
@pytest.mark.parametrize(("name", "params"), ORTHOGONAL)
def test_orthogonal_matrices_have_the_library_s_scale(
    request: pytest.FixtureRequest, name: str, params: dict[str, Any], fan_in: int, fan_out: int
) -> None:
    grams = []
    for weights in (
        theirs(library(request, name), name, params, fan_in, fan_out, seed=3),
        ours(name, params, fan_in, fan_out),
    ):
        grams.append(weights.T @ weights if fan_in > fan_out else weights @ weights.T)
    assert np.allclose(grams[0], grams[1], atol=1e-5)


@pytest.mark.parametrize(("name", "params"), ORTHOGONAL[::2])
def test_orthogonal_matrices_have_the_library_s_law(
    request: pytest.FixtureRequest, name: str, params: dict[str, Any]
) -> None:
    """The first entry of 500 matrices each, against the band of two samples (false alarm rate 1e-6): 0.17.

    The control, LAPACK's Q as it comes, has no positive first entry at all: a distance of 0.5.
    """
    count = 500
    there = np.array([theirs(library(request, name), name, params, 6, 4, seed)[0, 0] for seed in range(count)])
    here = np.array([ours(name, params, 6, 4, seed)[0, 0] for seed in range(count)])
    unfixed = np.linalg.qr(np.random.default_rng(0).standard_normal((count, 6, 4)))[0][:, 0, 0]

    assert gap(np.sort(here), np.sort(there)) < dkw(count // 2)
    assert gap(np.sort(unfixed), np.sort(there)) > dkw(count // 2)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(300, 170), (170, 300)])
@pytest.mark.parametrize(("name", "params"), SPARSE)
def test_sparse_matrices_have_the_library_s_counts(
    request: pytest.FixtureRequest, name: str, params: dict[str, Any], fan_in: int, fan_out: int
) -> None:
    there = theirs(library(request, name), name, params, fan_in, fan_out, seed=4)
    here = ours(name, params, fan_in, fan_out)
    assert np.array_equal((there == 0).sum(axis=1), (here == 0).sum(axis=1))
    assert set((there == 0).sum(axis=1)) == {math.ceil(params["sparsity"] * fan_out)}
    std = params.get("std", 0.01)
    assert two_sample_departures(here[here != 0], there[there != 0], std**2, 3) == []
    paper = ours("sparse", {"sparsity": params["sparsity"]}, fan_in, fan_out)
    assert not np.array_equal((there == 0).sum(axis=1), (paper == 0).sum(axis=1))


def records(prefix: str) -> dict[str, InitializerRecord]:
    """Every name and alias behind a prefix."""
    return {
        name.removeprefix(prefix): INITIALIZERS.find(name) for name in INITIALIZERS.names if name.startswith(prefix)
    }


def test_every_library_record_is_compared() -> None:
    compared = {INITIALIZERS.find(name).name for name, _ in [*RANDOM, *EQUAL, *ORTHOGONAL, *SPARSE]}
    assert compared == {record.name for record in INITIALIZERS if ":" in record.name}


NOT_KERAS = {
    "initializer": "the abstract base class",
    "stft": "a Fourier kernel of three dimensions, for the spectrogram layer",
    "serialize": "no initializer",
    "deserialize": "no initializer",
    "get": "no initializer",
}
DEPRECATED = "deprecated spelling without the underscore"
NOT_TORCH = {
    "calculate_gain": "no initializer: offered as a function",
    "dirac_": "for convolutions: three dimensions or more",
    "uniform": DEPRECATED,
    "normal": DEPRECATED,
    "constant": DEPRECATED,
    "eye": DEPRECATED,
    "dirac": DEPRECATED,
    "xavier_uniform": DEPRECATED,
    "xavier_normal": DEPRECATED,
    "kaiming_uniform": DEPRECATED,
    "kaiming_normal": DEPRECATED,
    "orthogonal": DEPRECATED,
    "sparse": DEPRECATED,
}
NOT_JAX = {"Initializer": "the protocol", "delta_orthogonal": "for convolutions: three dimensions or more"}


def test_every_keras_name_is_in_the_catalogue(keras: Any) -> None:
    from keras.src.initializers import ALL_OBJECTS_DICT

    accepted = {name for name in [*dir(keras), *ALL_OBJECTS_DICT] if not name.startswith("_")}
    snake = {name for name in accepted if name.islower()}  # the others are the classes of the same initializers
    assert snake == set(records("keras:")) | set(NOT_KERAS)
    for name, record in records("keras:").items():
        assert keras_class(keras, name) is keras_class(keras, record.name.removeprefix("keras:"))


def test_every_torch_name_is_in_the_catalogue(torch: Any) -> None:
    public = {
        name
        for name, value in vars(torch.nn.init).items()
        if inspect.isfunction(value) and not name.startswith("_") and value.__module__ == "torch.nn.init"
    }
    assert public == (set(records("torch:")) - {"linear"}) | set(NOT_TORCH)


def test_every_jax_name_is_in_the_catalogue(jax: Any) -> None:
    public = {name for name in dir(jax) if not name.startswith("_")}
    assert public == set(records("jax:")) | set(NOT_JAX)
    for name, record in records("jax:").items():
        assert getattr(jax, name) is getattr(jax, record.name.removeprefix("jax:"))


NO_PARAMETERS = {"seed", "dtype", "tensor", "generator", "key", "shape", "out_sharding"}  # not the law's
AXES = {
    "input_axes",
    "output_axes",
    "in_axis",
    "out_axis",
    "batch_axis",
    "column_axis",
}  # fixed by (fan_in, fan_out)


@pytest.mark.parametrize("name", [r.name for r in INITIALIZERS if ":" in r.name and r.name != "torch:linear"])
def test_parameters_and_defaults_are_the_library_s(request: pytest.FixtureRequest, name: str) -> None:
    prefix, _, bare = name.partition(":")
    module = library(request, name)
    function = getattr(module.nn.init if prefix == "torch" else module, bare)
    signature = inspect.signature(function).parameters
    stated = {
        key: REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default
        for key, parameter in signature.items()
        if key not in NO_PARAMETERS | AXES
    }
    assert {one.name: one.default for one in INITIALIZERS.find(name).parameters} == stated


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
@pytest.mark.parametrize("param", [None, 0, 0.01, 0.2, 1, -3.5, math.sqrt(5)])
def test_gains_are_torch_s(torch: Any, nonlinearity: str, param: float | None) -> None:
    assert calculate_gain(nonlinearity, param) == torch.nn.init.calculate_gain(nonlinearity, param)


@pytest.mark.parametrize(
    ("nonlinearity", "param", "culprit"),
    [
        ("gelu", None, "nonlinearity"),
        ("Tanh", None, "nonlinearity"),
        ("leaky_relu", True, "param"),
        ("leaky_relu", "0.2", "param"),
    ],
)
def test_gains_that_torch_refuses_are_refused(torch: Any, nonlinearity: str, param: Any, culprit: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        torch.nn.init.calculate_gain(nonlinearity, param)
    with pytest.raises(ParameterError) as caught:
        calculate_gain(nonlinearity, param)
    assert caught.value.parameter == culprit


def test_torch_s_own_list_of_gains_is_ours(torch: Any) -> None:
    stated = getattr(torch.nn.init, "_NonlinearityType", None)
    if stated is None:
        pytest.skip("this torch does not list its nonlinearities")
    assert set(NONLINEARITIES) == set(stated.__args__)


def test_linear_biases_are_drawn_as_torch_draws_them(torch: Any) -> None:
    """One layer with a bias of 200,000 units: the same law as its weights, by the layer's fan_in."""
    torch.manual_seed(5)
    reference = torch.nn.Linear(3, 200_000).bias.detach().numpy()
    law = initializer("torch:linear").law(3, 200_000)
    drawn = np.empty(200_000, np.float32)
    law.fill(np.random.default_rng(6), drawn)
    assert two_sample_departures(drawn, reference, law.variance, law.kurtosis) == []
