"""keras:, torch: and jax: against the installed libraries: names, defaults, values and their own gradients.

Both sides are rounded, and a library may lose digits that ours keep, so the tolerance is absolute near 0. Far
out a library may overflow on the way to a finite limit; only there its NaN and infinity are passed over.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from activation_cases import CASES, away, breaks

from initbench.catalogue.activations import ACTIVATIONS, Activation, activation
from initbench.catalogue.registry import Required

Array = np.ndarray[Any, Any]
Judge = Callable[[Activation, Array], tuple[Array, Array]]  # (value, slope) by the library

NO_ACTIVATION = {
    "keras": {
        "deserialize, get, serialize": "look names up",
        "glu, log_softmax, softmax, sparsemax": "mix the entries of an axis",
    },
    "torch": {
        "GLU, LogSoftmax, Softmax, Softmax2d, Softmin": "mix the entries of an axis",
        "MultiheadAttention": "has weights and mixes positions",
    },
    "jax": {
        "dot_product_attention, glu, log_softmax, logmeanexp, logsumexp, softmax, standardize": "mix an axis",
        "get_scaled_dot_general_config, scaled_dot_general, scaled_matmul": "are matrix products",
        "one_hot": "makes indicators of integers",
        "log1mexp": "log(1 - exp(-x)), for probabilities: defined for x > 0 only",
    },
}


def _import(name: str) -> Any:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: nothing to compare with")


def _jax_gradient(function: Callable[[Any], Any]) -> Callable[[Array], tuple[Array, Array]]:
    jax = _import("jax")

    def both(z: Array) -> tuple[Array, Array]:
        with warnings.catch_warnings(), jax.enable_x64(z.dtype == np.float64):
            warnings.simplefilter("ignore")
            x = jax.numpy.asarray(z)
            value, pull = jax.vjp(function, x)
            (slope,) = pull(jax.numpy.ones_like(value))
            return np.asarray(value), np.asarray(slope)

    return both


def _jax(case: Activation, z: Array) -> tuple[Array, Array]:
    function = getattr(_import("jax").nn, case.name.partition(":")[2])
    return _jax_gradient(lambda x: function(x, **dict(case.params)))(z)


def _keras(case: Activation, z: Array) -> tuple[Array, Array]:
    keras = _import("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs on another backend here; its gradients are taken with jax")
    function = getattr(keras.activations, case.name.partition(":")[2])
    return _jax_gradient(lambda x: function(x, **dict(case.params)))(z)


def _torch(case: Activation, z: Array) -> tuple[Array, Array]:
    torch = _import("torch")
    name, params = case.name.partition(":")[2], dict(case.params)
    x = torch.tensor(z, requires_grad=True)
    function = getattr(torch.nn.functional, name)
    slope = {"weight": torch.tensor([params.pop("init")], dtype=x.dtype)} if name == "prelu" else {}
    value = function(x, **slope, **params)
    value.sum().backward()
    return value.detach().numpy(), x.grad.numpy()


JUDGES: dict[str, Judge] = {"keras": _keras, "torch": _torch, "jax": _jax}
LIBRARY_CASES = [case for case in CASES if ":" in case.name]
every_case = pytest.mark.parametrize("case", LIBRARY_CASES, ids=[case.label for case in LIBRARY_CASES])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


NEAR = np.concatenate([np.arange(-120, 121) / 10, np.random.default_rng(11).normal(0, 3, 200), [-80, -40, 40, 80]])
FAR = np.array([-np.inf, -1e30, -1e4, 1e4, 1e30, np.inf])
COARSE = {"torch:hardsigmoid": "its gradient's 1/6 is a float32 number, whatever the dtype"}
LOST = {"squareplus": "z^2 overflows, and z + sqrt(z^2 + b) cancels: far out no digit is left"}


@functools.cache
def _compare(case: Activation, dtype: Any) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """(z, ours, theirs): kinks, then NEAR, then FAR; always as many, as JAX compiles for every length."""
    kinks = np.resize(breaks(case), 2) if breaks(case).size else np.array([0.5, 1.5])
    z = np.concatenate([kinks, NEAR, FAR]).astype(dtype)
    with np.errstate(all="ignore"):
        theirs = JUDGES[case.name.partition(":")[0]](case, z)
    return z, case.both(z), theirs


def _agree(case: Activation, dtype: Any, which: int, chosen: Array, roundings: float) -> None:
    z, our_results, their_results = _compare(case, dtype)
    ours, theirs = our_results[which][chosen], their_results[which][chosen]
    assert ours.dtype == dtype
    z = z[chosen]
    coarse = case.name in COARSE or their_results[0].dtype != dtype  # Keras's tanh makes float32 of float64
    eps = np.finfo(np.float32 if coarse else dtype).eps
    tolerance = roundings * eps * (np.abs(ours) + np.minimum(np.abs(z), 12) + 1)
    wrong = ~((np.abs(ours - theirs) <= tolerance) | (ours == theirs))
    assert not wrong.any(), (z[wrong], ours[wrong], theirs[wrong])


@both_dtypes
@every_case
def test_values_agree(case: Activation, dtype: Any) -> None:
    z, _, _ = _compare(case, dtype)
    _agree(case, dtype, 0, np.flatnonzero(np.abs(z) < 100), roundings=4)


@both_dtypes
@every_case
def test_slopes_agree_with_the_library_s_gradient(case: Activation, dtype: Any) -> None:
    """At kinks torch's convention is ours; Keras and JAX are asked elsewhere, and about relu'(0) below."""
    z, _, _ = _compare(case, dtype)
    chosen = np.abs(z) < 100
    if not case.name.startswith("torch:"):
        chosen &= np.isin(z, away(z, case, 1e-4))
    _agree(case, dtype, 1, np.flatnonzero(chosen), roundings=32)


@both_dtypes
@every_case
def test_far_out_they_agree_wherever_the_library_is_finite(case: Activation, dtype: Any) -> None:
    z, ours, theirs = _compare(case, dtype)
    if case.name.partition(":")[2] in LOST:
        pytest.skip(LOST[case.name.partition(":")[2]])
    compared = 0
    for which in (0, 1):
        known = np.flatnonzero((np.abs(z) > 100) & np.isfinite(theirs[which]) & np.isfinite(ours[which]))
        _agree(case, dtype, which, known, roundings=16)
        compared += known.size
    assert compared >= 3


@pytest.mark.parametrize("name", ["keras:relu", "torch:relu", "jax:relu"])
def test_relu_has_no_slope_at_0(name: str) -> None:
    z = np.zeros(1)
    _, theirs = JUDGES[name.partition(":")[0]](activation(name), z)
    assert theirs == activation(name).slope(z) == 0


def _spelled(name: str) -> str:
    return name.lower().replace("_", "")


@pytest.mark.parametrize(
    ("library", "module"),
    [("keras", "keras.activations"), ("torch", "torch.nn.modules.activation"), ("jax", "jax.nn")],
)
def test_no_activation_of_the_library_is_missing(library: str, module: str) -> None:
    """A new version's new activation fails here, until it is in the catalogue or excluded with a reason."""
    _import(library)
    place = importlib.import_module(module)
    public = place.__all__ if library == "torch" else [name for name in dir(place) if name[0] != "_"]
    offered = {name for name in public if callable(getattr(place, name)) and not inspect.ismodule(getattr(place, name))}
    excluded = {name for names in NO_ACTIVATION[library] for name in names.split(", ")}
    ours = {_spelled(record.name.partition(":")[2]) for record in ACTIVATIONS if record.name.startswith(library + ":")}
    assert {name for name in offered - excluded if _spelled(name) not in ours} == set()
    assert len(offered - excluded) >= len(ours) > 20


@pytest.mark.parametrize("library", ["keras", "torch", "jax"])
def test_parameters_and_defaults_are_the_library_s(library: str) -> None:
    _import(library)
    place = importlib.import_module(
        {"keras": "keras.activations", "torch": "torch.nn.functional", "jax": "jax.nn"}[library]
    )
    layers = importlib.import_module("torch.nn.modules.activation") if library == "torch" else None
    by_layer = {_spelled(name): getattr(layers, name) for name in layers.__all__} if layers else {}
    for record in ACTIVATIONS:
        prefix, _, name = record.name.partition(":")
        if prefix != library:
            continue
        # torch's functions hide their defaults in C; its layers show them
        theirs = by_layer.get(_spelled(name), getattr(place, name))
        known = inspect.signature(theirs).parameters
        for parameter in record.parameters:
            default = known[parameter.name].default
            if isinstance(parameter.default, Required):
                assert default is inspect.Parameter.empty
            else:
                assert parameter.default == default, (record.name, parameter.name)
        others = {"x", "input", "inplace", "self", "args", "kwargs", "num_parameters", "device", "dtype"}
        others |= {"min_value", "max_value"} if record.name == "torch:hardtanh" else set()  # its deprecated spellings
        assert set(known) - others == {parameter.name for parameter in record.parameters}, record.name


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The libraries' own warnings are not ours to judge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
