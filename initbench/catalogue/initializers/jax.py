"""The `jax:` names: the laws of jax.nn.initializers for a (fan_in, fan_out) kernel with the default axes."""

from __future__ import annotations

from functools import partial

from ..registry import Parameter
from .checks import check_cut
from .laws import Constant, Law, Normal, Uniform
from .matrices import Orthogonal
from .record import InitializerRecord
from .scaling import DISTRIBUTIONS, MODES, variance_scaling
from .truncated import TruncatedNormal

SOURCE = "JAX, jax.nn.initializers"


def truncated_normal(fan_in: int, fan_out: int, stddev: float, lower: float, upper: float) -> Law:
    """stddev N(0, 1) cut to [lower, upper]. Raises ParameterError unless lower < upper, near enough to 0."""
    check_cut(lower, upper, "lower", "upper")
    return TruncatedNormal(0.0, stddev, lower, upper)


def _stddev(meaning: str) -> Parameter:
    return Parameter("stddev", 0.01, minimum=0, meaning=meaning)


def _named(
    names: tuple[str, ...], scale: float, mode: str, fan: str, purpose: str
) -> tuple[InitializerRecord, InitializerRecord]:
    """The uniform and the normal record of one paper, as JAX draws them. names: JAX's, then its synonyms."""

    def record(kind: str, distribution: str, equation: str, how: str, note: str = "") -> InitializerRecord:
        return InitializerRecord(
            name=f"jax:{names[0]}_{kind}",
            build=partial(variance_scaling, scale=scale, mode=mode, distribution=distribution),
            equation=equation,
            source=SOURCE,
            purpose=f"{purpose}, {how}",
            aliases=tuple(f"jax:{name}_{kind}" for name in names[1:]),
            note=note,
        )

    return (
        record("uniform", "uniform", f"W ~ U[-l, l), l = sqrt({3 * scale:g} / {fan})", "uniform"),
        record(
            "normal",
            "truncated_normal",
            f"W ~ N(0, s^2) cut at 2 s = 2.2737 standard deviations, Var W = {scale:g} / {fan}",
            "as a truncated normal law of corrected variance",
            note=f"{names[0]}_normal and torch's normal forms have the same variance, but are not truncated",
        ),
    )


RECORDS = (
    InitializerRecord(
        name="jax:zeros",
        build=lambda fan_in, fan_out: Constant(0.0),
        equation="W = 0",
        source=SOURCE,
        purpose="The default for biases in JAX's libraries",
    ),
    InitializerRecord(
        name="jax:ones",
        build=lambda fan_in, fan_out: Constant(1.0),
        equation="W = 1",
        source=SOURCE,
        purpose="The default for the scales of normalization layers in JAX's libraries",
    ),
    InitializerRecord(
        name="jax:constant",
        build=lambda fan_in, fan_out, value: Constant(value),
        equation="W = value",
        source=SOURCE,
        purpose="Equal entries of any size",
        parameters=(Parameter("value", meaning="the value of every entry"),),
    ),
    InitializerRecord(
        name="jax:uniform",
        build=lambda fan_in, fan_out, scale: Uniform(min(0.0, scale), max(0.0, scale)),
        equation="W ~ U[0, scale)",
        source=SOURCE,
        purpose="Random numbers between 0 and a bound",
        parameters=(Parameter("scale", 0.01, meaning="the upper end, left out; the lower one if it is negative"),),
        note="not symmetric: the mean is scale / 2, and all weights have one sign",
    ),
    InitializerRecord(
        name="jax:normal",
        build=lambda fan_in, fan_out, stddev: Normal(0.0, stddev),
        equation="W ~ N(0, stddev^2)",
        source=SOURCE,
        purpose="Small random numbers whatever the width of the layer",
        parameters=(_stddev("the standard deviation of the entries"),),
    ),
    InitializerRecord(
        name="jax:truncated_normal",
        build=truncated_normal,
        equation="W ~ N(0, stddev^2) cut to stddev [lower, upper]",
        source=SOURCE,
        purpose="Small random numbers without tails",
        parameters=(
            _stddev("the standard deviation before the cut"),
            Parameter("lower", -2.0, meaning="the lower cut, in units of stddev; below upper"),
            Parameter("upper", 2.0, meaning="the upper cut, in units of stddev"),
        ),
        note="not corrected: with the default cuts the standard deviation of the entries is 0.8796 stddev",
    ),
    InitializerRecord(
        name="jax:variance_scaling",
        build=variance_scaling,
        equation="Var W = scale / n, n = fan_in, fan_out, their mean or their geometric mean",
        source=SOURCE,
        purpose="JAX's general form of LeCun's, Glorot's and He's initializers",
        parameters=(
            Parameter("scale", minimum=0, meaning="the variance times the fan"),
            Parameter("mode", kind="choice", choices=MODES, meaning="the fan that the variance is divided by"),
            Parameter(
                "distribution",
                kind="choice",
                choices=DISTRIBUTIONS,
                meaning="the shape of the law; truncated_normal is corrected for its cut, normal is not cut",
            ),
        ),
    ),
    *_named(
        ("glorot", "xavier"),
        1.0,
        "fan_avg",
        "((fan_in + fan_out) / 2)",
        "Glorot 2010, for tanh and linear units",
    ),
    *_named(("lecun",), 1.0, "fan_in", "fan_in", "LeCun 1998, for linear units and SELU"),
    *_named(("he", "kaiming"), 2.0, "fan_in", "fan_in", "He 2015, for ReLU"),
    InitializerRecord(
        name="jax:orthogonal",
        build=lambda fan_in, fan_out, scale: Orthogonal(fan_in, fan_out, scale),
        equation="W^T W = scale^2 I (W W^T where fan_in < fan_out), Haar-distributed",
        source=SOURCE,
        purpose="Lengths that are kept exactly in linear networks",
        parameters=(Parameter("scale", 1.0, meaning="multiplies the orthogonal matrix"),),
        note="this scale multiplies the matrix, not its variance",
    ),
)
