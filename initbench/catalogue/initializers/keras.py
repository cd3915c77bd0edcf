"""The `keras:` names: the laws of keras.initializers, version 3, for a (fan_in, fan_out) kernel."""

from __future__ import annotations

from functools import partial

from ..registry import Parameter
from .checks import check_range
from .laws import Constant, Law, Normal, Uniform
from .matrices import Identity, Orthogonal
from .record import InitializerRecord
from .scaling import variance_scaling
from .truncated import TruncatedNormal

SOURCE = "Keras 3, keras.initializers"
TRUNCATED = "truncated_normal"
DISTRIBUTIONS = {  # Keras' word: ours
    "truncated_normal": TRUNCATED,
    "untruncated_normal": "normal",
    "uniform": "uniform",
    "normal": TRUNCATED,  # an older spelling, which Keras reads as truncated
}


def random_uniform(fan_in: int, fan_out: int, minval: float, maxval: float) -> Law:
    """U[minval, maxval). Raises ParameterError unless minval <= maxval."""
    check_range(minval, maxval, "minval", "maxval")
    return Uniform(minval, maxval)


def scaled(fan_in: int, fan_out: int, scale: float, mode: str, distribution: str) -> Law:
    """Variance scaling in Keras' words."""
    return variance_scaling(fan_in, fan_out, scale, mode, DISTRIBUTIONS[distribution])


_MEAN = Parameter("mean", 0.0, meaning="the mean of the entries")


def _stddev(meaning: str) -> Parameter:
    return Parameter("stddev", 0.05, minimum=0, meaning=meaning)


def _named(name: str, scale: float, mode: str, fan: str, purpose: str) -> tuple[InitializerRecord, InitializerRecord]:
    """The uniform and the normal record of one paper, as Keras draws them."""
    return (
        InitializerRecord(
            name=f"keras:{name}_uniform",
            build=partial(scaled, scale=scale, mode=mode, distribution="uniform"),
            equation=f"W ~ U[-l, l), l = sqrt({3 * scale:g} / {fan})",
            source=SOURCE,
            purpose=f"{purpose}, uniform",
        ),
        InitializerRecord(
            name=f"keras:{name}_normal",
            build=partial(scaled, scale=scale, mode=mode, distribution=TRUNCATED),
            equation=f"W ~ N(0, s^2) cut at 2 s = 2.2737 standard deviations, Var W = {scale:g} / {fan}",
            source=SOURCE,
            purpose=f"{purpose}, as a truncated normal law of corrected variance",
            note=f"{name}_normal and torch's normal forms have the same variance, but are not truncated",
        ),
    )


RECORDS = (
    InitializerRecord(
        name="keras:zeros",
        build=lambda fan_in, fan_out: Constant(0.0),
        equation="W = 0",
        source=SOURCE,
        purpose="Keras' default for biases",
        aliases=("keras:zero",),
    ),
    InitializerRecord(
        name="keras:ones",
        build=lambda fan_in, fan_out: Constant(1.0),
        equation="W = 1",
        source=SOURCE,
        purpose="Keras' default for the scales of normalization layers",
        aliases=("keras:one",),
    ),
    InitializerRecord(
        name="keras:constant",
        build=lambda fan_in, fan_out, value: Constant(value),
        equation="W = value",
        source=SOURCE,
        purpose="Equal entries of any size",
        parameters=(Parameter("value", 0.0, meaning="the value of every entry"),),
    ),
    InitializerRecord(
        name="keras:identity",
        build=lambda fan_in, fan_out, gain: Identity(fan_in, fan_out, gain),
        equation="W[i, j] = gain if i = j else 0",
        source=SOURCE,
        purpose="Layers that start by passing their input on",
        parameters=(Parameter("gain", 1.0, meaning="the value on the diagonal"),),
    ),
    InitializerRecord(
        name="keras:random_normal",
        build=lambda fan_in, fan_out, mean, stddev: Normal(mean, stddev),
        equation="W ~ N(mean, stddev^2)",
        source=SOURCE,
        purpose="Small random numbers whatever the width of the layer",
        parameters=(_MEAN, _stddev("the standard deviation of the entries")),
        aliases=("keras:normal",),
    ),
    InitializerRecord(
        name="keras:random_uniform",
        build=random_uniform,
        equation="W ~ U[minval, maxval)",
        source=SOURCE,
        purpose="Keras' default for embeddings",
        parameters=(
            Parameter("minval", -0.05, meaning="the lower end, included"),
            Parameter("maxval", 0.05, meaning="the upper end, left out; its distance to minval must be finite"),
        ),
        aliases=("keras:uniform",),
    ),
    InitializerRecord(
        name="keras:truncated_normal",
        build=lambda fan_in, fan_out, mean, stddev: TruncatedNormal(mean, stddev, -2.0, 2.0),
        equation="W ~ N(mean, stddev^2) cut to mean +- 2 stddev",
        source=SOURCE,
        purpose="Small random numbers without tails",
        parameters=(_MEAN, _stddev("the standard deviation before the cut")),
        note="not corrected: the standard deviation of the entries is 0.8796 stddev, 0.043981 by default",
    ),
    InitializerRecord(
        name="keras:variance_scaling",
        build=scaled,
        equation="Var W = scale / n, n by mode: fan_in, fan_out or their mean (fan_avg)",
        source=SOURCE,
        purpose="Keras' general form of LeCun's, Glorot's and He's initializers",
        parameters=(
            Parameter("scale", 1.0, above=0, meaning="the variance times the fan"),
            Parameter(
                "mode",
                "fan_in",
                "choice",
                choices=("fan_in", "fan_out", "fan_avg"),
                meaning="the fan to divide by",
            ),
            Parameter(
                "distribution",
                TRUNCATED,
                "choice",
                choices=tuple(DISTRIBUTIONS),
                meaning="the shape of the law; normal means truncated_normal, which is corrected for its cut",
            ),
        ),
    ),
    *_named(
        "glorot",
        1.0,
        "fan_avg",
        "((fan_in + fan_out) / 2)",
        "Glorot 2010, Keras' default for kernels in the uniform form",
    ),
    *_named("he", 2.0, "fan_in", "fan_in", "He 2015, for ReLU"),
    *_named("lecun", 1.0, "fan_in", "fan_in", "LeCun 1998, for linear units and SELU"),
    InitializerRecord(
        name="keras:orthogonal",
        build=lambda fan_in, fan_out, gain: Orthogonal(fan_in, fan_out, gain),
        equation="W^T W = gain^2 I (W W^T where fan_in < fan_out), Haar-distributed",
        source=SOURCE,
        purpose="Keras' default for recurrent kernels",
        parameters=(Parameter("gain", 1.0, meaning="multiplies the orthogonal matrix"),),
    ),
)
