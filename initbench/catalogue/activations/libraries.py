"""The element-wise activations of Keras, torch and JAX, with the libraries' names, parameters and defaults.

Most are a bare record under another name; the rest are written out. torch's names are those of
torch.nn.functional.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ...errors import ParameterError
from ..registry import Parameter, Value
from . import gated, piecewise, smooth
from .bare import BARE
from .record import ActivationRecord, Formula

MODULES = {"keras": "keras.activations", "torch": "torch.nn.functional", "jax": "jax.nn"}
_BARE = {record.name: record for record in BARE}


def _record(
    library: str,
    name: str,
    bare: str = "",
    *,
    theirs: Mapping[str, str] | None = None,
    defaults: Mapping[str, Value] | None = None,
    note: str = "",
    **changes: Any,
) -> ActivationRecord:
    """The record `library:name` after a bare one, of the same name where none is given.

    theirs: bare parameter -> the library's name of it. defaults: bare parameter -> the library's default.
    note: added to the purpose.
    """
    record = _BARE[bare or name]
    theirs, defaults = theirs or {}, defaults or {}
    equation = record.equation
    for ours, their in theirs.items():
        equation = re.sub(rf"\b{ours}\b", their, equation)
    like = replace(
        record,
        name=f"{library}:{name}",
        build=_renamed(record.build, theirs) if theirs else record.build,
        equation=equation,
        source=f"{MODULES[library]}.{name}",
        purpose=f"{record.purpose} {note}".strip(),
        parameters=tuple(
            replace(p, name=theirs.get(p.name, p.name), default=defaults.get(p.name, p.default))
            for p in record.parameters
        ),
        aliases=(),
    )
    return replace(like, **changes)


def _renamed(build: Callable[..., Formula], theirs: Mapping[str, str]) -> Callable[..., Formula]:
    ours = {their: name for name, their in theirs.items()}
    return lambda **params: build(**{ours.get(name, name): value for name, value in params.items()})


def _gelu(library: str, approximate: Parameter, tanh: Value) -> ActivationRecord:
    """A gelu whose parameter picks the form."""

    def build(approximate: Value) -> Formula:
        return gated.gelu_tanh() if approximate == tanh else gated.gelu()

    written = str(tanh).lower()
    return _record(
        library,
        "gelu",
        build=build,
        equation=f"z Phi(z), or {_BARE['gelu_tanh'].equation} if approximate is {written}",
        parameters=(replace(approximate, meaning="whether Phi is approximated by a tanh"),),
    )


def _rrelu(lower: float, upper: float) -> Formula:
    if lower > upper:
        raise ParameterError("upper", f"upper must not be below lower = {lower:g}, not {upper:g}")
    return piecewise.rectifier((lower + upper) / 2)


def _softplus(library: str) -> ActivationRecord:
    """Keras and JAX know no beta."""
    return _record(library, "softplus", equation="log(1 + exp(z))", parameters=())


def _same(library: str, names: str) -> tuple[ActivationRecord, ...]:
    """Those that differ from the bare record in nothing."""
    return tuple(_record(library, name) for name in names.split())


def _not_negative(name: str, default: Value, meaning: str, optional: bool = False) -> Parameter:
    return Parameter(name, default, minimum=0, optional=optional, meaning=meaning)


KERAS = (
    _record(
        "keras",
        "relu",
        note="keras.layers.PReLU starts as this: its slopes are 0 before training.",
        equation="min(z, max_value) if z > threshold else negative_slope (z - threshold)",
        parameters=(
            _not_negative("negative_slope", 0.0, "the slope up to the threshold"),
            _not_negative("max_value", None, "the ceiling; null is none", optional=True),
            _not_negative("threshold", 0.0, "up to here the input is cut off"),
        ),
    ),
    _record(
        "keras",
        "leaky_relu",
        defaults={"negative_slope": 0.2},
        note="The layer keras.layers.LeakyReLU has a negative_slope of 0.3.",
    ),
    *_same("keras", "relu6 elu celu selu tanh sigmoid softsign log_sigmoid silu"),
    _softplus("keras"),
    _record("keras", "swish", "silu"),
    _gelu("keras", Parameter("approximate", False, kind="boolean"), True),
    *_same("keras", "mish squareplus sparse_plus sparse_sigmoid exponential linear"),
    *_same("keras", "hard_sigmoid hard_silu hard_tanh hard_shrink soft_shrink"),
    _record("keras", "hard_swish", "hard_silu"),
    _record("keras", "tanh_shrink", "tanhshrink"),
    _record("keras", "threshold", theirs={"value": "default_value"}),
)

TORCH = (
    *_same("torch", "relu relu6 leaky_relu elu celu selu tanh sigmoid softsign silu mish tanhshrink threshold"),
    _gelu("torch", Parameter("approximate", "none", kind="choice", choices=("none", "tanh")), "tanh"),
    _record("torch", "prelu", theirs={"negative_slope": "init"}, note="`init` is that of torch.nn.PReLU."),
    _record(
        "torch",
        "rrelu",
        "leaky_relu",
        build=_rrelu,
        equation="max(0, z) + (lower + upper) / 2 min(0, z)",
        purpose="A leaky relu with a random slope, as it is in evaluation: with the mean slope.",
        parameters=(
            Parameter("lower", 1 / 8, meaning="the smallest slope below 0"),
            Parameter("upper", 1 / 3, meaning="the largest slope below 0"),
        ),
    ),
    _record(
        "torch",
        "hardtanh",
        "hard_tanh",
        build=piecewise.hard_tanh,
        equation="min(max(min_val, z), max_val)",
        parameters=(
            Parameter("min_val", -1.0, meaning="the smallest value"),
            Parameter("max_val", 1.0, meaning="the largest value"),
        ),
    ),
    _record("torch", "hardsigmoid", "hard_sigmoid"),
    _record("torch", "hardswish", "hard_silu"),
    _record("torch", "hardshrink", "hard_shrink", theirs={"threshold": "lambd"}),
    _record("torch", "softshrink", "soft_shrink", theirs={"threshold": "lambd"}),
    _record("torch", "logsigmoid", "log_sigmoid"),
    _record(
        "torch",
        "softplus",
        build=smooth.softplus,
        equation="z if beta z > threshold else log(1 + exp(beta z)) / beta",
        parameters=(
            *_BARE["softplus"].parameters,
            Parameter("threshold", 20.0, meaning="beyond this beta z the function is linear"),
        ),
    ),
)

JAX = (
    _record("jax", "identity", "linear"),
    *_same("jax", "relu relu6 leaky_relu elu celu selu tanh sigmoid log_sigmoid silu"),
    _softplus("jax"),
    _record("jax", "swish", "silu"),
    _record("jax", "soft_sign", "softsign"),
    _gelu("jax", Parameter("approximate", True, kind="boolean"), True),
    *_same("jax", "mish squareplus sparse_plus sparse_sigmoid hard_sigmoid hard_silu hard_tanh"),
    _record("jax", "hard_swish", "hard_silu"),
)

LIBRARIES = (*KERAS, *TORCH, *JAX)
