"""The bare names: the papers' laws, untruncated unless they say truncated, and plain teaching practices."""

from __future__ import annotations

import math
from functools import partial

from ..registry import Parameter
from .checks import check_cut, check_range
from .laws import Constant, Law, Normal, Uniform
from .matrices import Identity, Orthogonal, Sparse
from .record import InitializerRecord
from .scaling import DISTRIBUTIONS, MODES, variance_scaling
from .truncated import corrected

MEAN = Parameter("mean", 0.0, meaning="the mean of the entries")
STDDEV = Parameter("stddev", minimum=0, meaning="the standard deviation of the entries")
GAIN = Parameter("gain", 1.0, minimum=0, meaning="multiplies the standard deviation")
TRAP = "behind keras: and jax: the word normal means truncated, here and behind torch: it does not"
SLOPE = Parameter(
    "negative_slope",
    0.0,
    meaning="the activation's slope for negative inputs: 0 for ReLU, 0.25 at PReLU's start",
)


def uniform(fan_in: int, fan_out: int, low: float, high: float) -> Law:
    """U[low, high). Raises ParameterError unless low <= high."""
    check_range(low, high, "low", "high")
    return Uniform(low, high)


def truncated_normal(fan_in: int, fan_out: int, mean: float, stddev: float, low: float, high: float) -> Law:
    """The cut normal law whose entries have this stddev. Raises ParameterError unless low < high."""
    check_cut(low, high, "low", "high")
    return corrected(mean, stddev, low, high)


def sparse(fan_in: int, fan_out: int, sparsity: float, stddev: float) -> Law:
    """Each output unit keeps fan_in - ceil(sparsity fan_in) of its incoming connections."""
    return Sparse(fan_in, fan_out, stddev, math.ceil(sparsity * fan_in), axis=0)


def family_law(
    fan_in: int,
    fan_out: int,
    gain: float,
    mode: str,
    negative_slope: float = 0.0,
    *,
    scale: float,
    distribution: str,
) -> Law:
    """Variance scaling with the scale of a paper, times gain^2, over 1 + negative_slope^2."""
    scale *= gain * gain / (1 + negative_slope * negative_slope)
    return variance_scaling(fan_in, fan_out, scale, mode, distribution)


_DRAWN = {
    "normal": ("N(0, v)", "drawn from an untruncated normal law"),
    "uniform": ("U[-sqrt(3 v), sqrt(3 v))", "drawn from a uniform law"),
    "truncated_normal": (
        "N(0, s^2) cut at 2 s = 2.2737 sqrt(v), so that the variance is v",
        "drawn from a normal law without tails, its variance corrected for the cut",
    ),
}


def _family(
    names: tuple[str, ...],
    scale: float,
    mode: str,
    variance: str,
    source: str,
    purpose: str,
    extra: tuple[Parameter, ...] = (),
    normal_aliases: tuple[str, ...] = (),
    note: str = "",
) -> tuple[InitializerRecord, ...]:
    """The three records of one paper: normal, uniform and truncated_normal.

    names: the first author's, then its synonyms. normal_aliases: further names of the normal one.
    """
    parameters = (
        GAIN,
        Parameter("mode", mode, "choice", choices=MODES, meaning="the fan that the variance is divided by"),
        *extra,
    )
    return tuple(
        InitializerRecord(
            name=f"{names[0]}_{distribution}",
            build=partial(family_law, scale=scale, distribution=distribution),
            equation=f"W ~ {law}, v = {variance}",
            source=source,
            purpose=f"{purpose}, {how}",
            parameters=parameters,
            aliases=(
                *(f"{name}_{distribution}" for name in names[1:]),
                *(normal_aliases if distribution == "normal" else ()),
            ),
            note=note,
        )
        for distribution, (law, how) in _DRAWN.items()
    )


_CONSTANTS = (
    InitializerRecord(
        name="zeros",
        build=lambda fan_in, fan_out: Constant(0.0),
        equation="W = 0",
        source="the usual start of biases",
        purpose="For biases; as weights, nothing goes forward or back and every unit stays like every other",
        aliases=("zero",),
    ),
    InitializerRecord(
        name="ones",
        build=lambda fan_in, fan_out: Constant(1.0),
        equation="W = 1",
        source="the usual start of scale parameters",
        purpose="To show symmetry that is never broken: units stay equal, and signals grow with the fan-in",
        aliases=("one",),
    ),
    InitializerRecord(
        name="constant",
        build=lambda fan_in, fan_out, value: Constant(value),
        equation="W = value",
        source="teaching texts on symmetry",
        purpose="For biases that should start above or below zero, or equal weights of any size",
        parameters=(Parameter("value", meaning="the value of every entry"),),
    ),
    InitializerRecord(
        name="identity",
        build=lambda fan_in, fan_out, gain: Identity(fan_in, fan_out, gain),
        equation="W[i, j] = gain if i = j else 0",
        source="Le, Jaitly, Hinton 2015 (IRNN)",
        purpose="To pass the input on unchanged as far as the narrower side allows",
        parameters=(Parameter("gain", 1.0, meaning="the value on the diagonal"),),
        aliases=("eye",),
    ),
)

_PLAIN = (
    InitializerRecord(
        name="normal",
        build=lambda fan_in, fan_out, mean, stddev: Normal(mean, stddev),
        equation="W ~ N(mean, stddev^2)",
        source="teaching texts, with stddev 0.01 or 0.05; Krizhevsky, Sutskever, Hinton 2012 (0.01)",
        purpose="Small random numbers that break the symmetry, of a size that ignores the layer's width",
        parameters=(MEAN, STDDEV),
        aliases=("gaussian",),
    ),
    InitializerRecord(
        name="uniform",
        build=uniform,
        equation="W ~ U[low, high)",
        source="teaching texts, with ranges from 0.05 to 1",
        purpose="Random numbers in a chosen range, with a size that ignores the width of the layer",
        parameters=(
            Parameter("low", meaning="the lower end, included"),
            Parameter("high", meaning="the upper end, left out; its distance to low must be finite"),
        ),
    ),
    InitializerRecord(
        name="truncated_normal",
        build=truncated_normal,
        equation="W ~ N(mean, s^2) cut to mean + s [low, high], s such that the standard deviation is stddev",
        source="Johnson, Kotz, Balakrishnan 1994, Continuous Univariate Distributions 1, sec. 13.10.1",
        purpose="A normal law without tails: no weight starts out unusually large",
        parameters=(
            Parameter(
                "mean",
                0.0,
                meaning="the peak of the density, and the mean if the cut is symmetric",
            ),
            Parameter("stddev", minimum=0, meaning="the standard deviation of the entries, after the cut"),
            Parameter("low", -2.0, meaning="the lower cut, in standard deviations before the cut"),
            Parameter("high", 2.0, meaning="the upper cut, in standard deviations before the cut; above low"),
        ),
        note="keras:truncated_normal and jax:truncated_normal are not corrected: they spread less",
    ),
    InitializerRecord(
        name="fan_in_uniform",
        build=partial(variance_scaling, scale=1 / 3, mode="fan_in", distribution="uniform"),
        equation="W ~ U[-1/sqrt(fan_in), 1/sqrt(fan_in))",
        source="Glorot, Bengio 2010, eq. 1, there called the standard heuristic",
        purpose="The practice before Glorot: variance 1 / (3 fan_in), so that signals shrink layer by layer",
        note="torch.nn.Linear still starts its weights from this law (torch:linear)",
    ),
)

_SCALED = (
    InitializerRecord(
        name="variance_scaling",
        build=variance_scaling,
        equation="Var W = scale / n, n = fan_in, fan_out, their mean or their geometric mean",
        source="the common form of LeCun 1998, Glorot 2010 and He 2015",
        purpose="Any fan-scaled initializer, for an activation whose scale is known",
        parameters=(
            Parameter("scale", 1.0, minimum=0, meaning="the variance times the fan"),
            Parameter("mode", "fan_in", "choice", choices=MODES, meaning="the fan that the variance is divided by"),
            Parameter(
                "distribution",
                "normal",
                "choice",
                choices=DISTRIBUTIONS,
                meaning="the shape; truncated_normal is cut at 2 standard deviations and corrected",
            ),
        ),
    ),
    *_family(
        ("lecun",),
        scale=1.0,
        mode="fan_in",
        variance="gain^2 / n, n = fan_in by default",
        source="LeCun, Bottou, Orr, Müller 1998, sec. 4.6",
        purpose="Keeps the variance of linear units and, with SELU, its fixed point (Klambauer 2017)",
        normal_aliases=("fan_in_normal",),
        note=TRAP,
    ),
    *_family(
        ("glorot", "xavier"),
        scale=1.0,
        mode="fan_avg",
        variance="gain^2 / n, n = (fan_in + fan_out) / 2 by default",
        source="Glorot, Bengio 2010, eq. 12 (variance) and 16 (uniform)",
        purpose="A compromise between signals and gradients, for tanh and linear units",
        note=f"{TRAP}; the teaching table's rows for the logistic and for ReLU are gain 4 and gain sqrt(2)",
    ),
    *_family(
        ("he", "kaiming"),
        scale=2.0,
        mode="fan_in",
        variance="2 gain^2 / ((1 + negative_slope^2) n), n = fan_in by default",
        source="He, Zhang, Ren, Sun 2015, eq. 10 (fan_in), 14 (fan_out) and sec. 2.2 (negative slope)",
        purpose="Keeps the mean square of ReLU layers, leaky ones with their negative_slope",
        extra=(SLOPE,),
        note=TRAP,
    ),
)

_MATRICES = (
    InitializerRecord(
        name="orthogonal",
        build=lambda fan_in, fan_out, gain: Orthogonal(fan_in, fan_out, gain),
        equation="W^T W = gain^2 I (W W^T where fan_in < fan_out), W / gain Haar-distributed",
        source="Saxe, McClelland, Ganguli 2013; Mezzadri 2007 for the draw",
        purpose="Keeps lengths exactly, at any depth, in linear networks and on the narrow side",
        parameters=(Parameter("gain", 1.0, meaning="multiplies the orthogonal matrix"),),
    ),
    InitializerRecord(
        name="sparse",
        build=sparse,
        equation="W ~ N(0, stddev^2), ceil(sparsity fan_in) random entries of each column set to 0",
        source="Martens 2010, sec. 5",
        purpose="A limited number of incoming connections, so that inputs do not grow with the width",
        parameters=(
            Parameter(
                "sparsity",
                minimum=0,
                maximum=1,
                meaning="the share of each unit's incoming connections cut",
            ),
            Parameter("stddev", 0.01, minimum=0, meaning="the standard deviation of the entries that stay"),
        ),
        note="torch:sparse_ cuts outgoing connections: ceil(sparsity fan_out) among those of each input unit",
    ),
)

RECORDS = (*_CONSTANTS, *_PLAIN, *_SCALED, *_MATRICES)
