"""The `torch:` names: the laws of torch.nn.init, and nn.Linear's default, for W of shape (fan_in, fan_out).

torch's weights are (fan_out, fan_in); the laws with a direction are transposed here.
"""

from __future__ import annotations

import math
from functools import partial

from ..registry import Parameter
from .checks import check_cut, check_range
from .gain import NONLINEARITIES, calculate_gain
from .laws import Constant, Law, Normal, Uniform
from .matrices import Identity, Orthogonal, Sparse
from .record import InitializerRecord
from .scaling import variance_scaling
from .truncated import TruncatedNormal

SOURCE = "PyTorch, torch.nn.init"


def uniform_(fan_in: int, fan_out: int, a: float, b: float) -> Law:
    """U[a, b). Raises ParameterError unless a <= b."""
    check_range(a, b, "a", "b")
    return Uniform(a, b)


def trunc_normal_(fan_in: int, fan_out: int, mean: float, std: float, a: float, b: float) -> Law:
    """N(mean, std^2) cut to [a, b]. Raises ParameterError unless a <= b, near enough to the mean."""
    low, high = (a - mean) / std, (b - mean) / std
    check_cut(low, high, "a", "b", empty=True)
    return TruncatedNormal(mean, std, low, high)


def xavier(fan_in: int, fan_out: int, gain: float, *, distribution: str) -> Law:
    """Variance 2 gain^2 / (fan_in + fan_out)."""
    return variance_scaling(fan_in, fan_out, gain * gain, "fan_avg", distribution)


def kaiming(fan_in: int, fan_out: int, a: float, mode: str, nonlinearity: str, *, distribution: str) -> Law:
    """Variance calculate_gain(nonlinearity, a)^2 / fan."""
    gain = calculate_gain(nonlinearity, a)
    return variance_scaling(fan_in, fan_out, gain * gain, mode, distribution)


def sparse_(fan_in: int, fan_out: int, sparsity: float, std: float) -> Law:
    """torch cuts ceil(sparsity rows) entries of each column of its (fan_out, fan_in) weight: rows of W."""
    return Sparse(fan_in, fan_out, std, math.ceil(sparsity * fan_out), axis=1)


_LAWS = {"uniform": "U[-sqrt(3 v), sqrt(3 v))", "normal": "N(0, v)"}
_GAIN = Parameter("gain", 1.0, minimum=0, meaning="multiplies the standard deviation; see calculate_gain")
_KAIMING = (
    Parameter("a", 0.0, meaning="the negative slope, where nonlinearity is leaky_relu; else unused"),
    Parameter(
        "mode",
        "fan_in",
        "choice",
        choices=("fan_in", "fan_out"),
        meaning="the fan that the variance is divided by",
    ),
    Parameter(
        "nonlinearity",
        "leaky_relu",
        "choice",
        choices=NONLINEARITIES,
        meaning="whose calculate_gain multiplies the law",
    ),
)

_PLAIN = (
    InitializerRecord(
        name="torch:uniform_",
        build=uniform_,
        equation="W ~ U[a, b)",
        source=SOURCE,
        purpose="Random numbers in a chosen range",
        parameters=(
            Parameter("a", 0.0, meaning="the lower end, included"),
            Parameter("b", 1.0, meaning="the upper end, left out; its distance to a must be finite"),
        ),
        note="not centred by default: the mean of U[0, 1) is 0.5",
    ),
    InitializerRecord(
        name="torch:normal_",
        build=lambda fan_in, fan_out, mean, std: Normal(mean, std),
        equation="W ~ N(mean, std^2)",
        source=SOURCE,
        purpose="Random numbers whatever the width of the layer; its default is torch's for embeddings",
        parameters=(
            Parameter("mean", 0.0, meaning="the mean of the entries"),
            Parameter("std", 1.0, minimum=0, meaning="the standard deviation of the entries"),
        ),
    ),
    InitializerRecord(
        name="torch:trunc_normal_",
        build=trunc_normal_,
        equation="W ~ N(mean, std^2) cut to [a, b]",
        source=SOURCE,
        purpose="Random numbers without tails beyond fixed bounds",
        parameters=(
            Parameter("mean", 0.0, meaning="the mean before the cut"),
            Parameter("std", 1.0, above=0, meaning="the standard deviation before the cut"),
            Parameter("a", -2.0, meaning="the lower cut, an absolute number"),
            Parameter("b", 2.0, meaning="the upper cut, an absolute number"),
        ),
        note="a and b are absolute: at std 0.02 their defaults cut nothing; the spread is not corrected",
    ),
    InitializerRecord(
        name="torch:constant_",
        build=lambda fan_in, fan_out, val: Constant(val),
        equation="W = val",
        source=SOURCE,
        purpose="Equal entries of any size",
        parameters=(Parameter("val", meaning="the value of every entry"),),
    ),
    InitializerRecord(
        name="torch:ones_",
        build=lambda fan_in, fan_out: Constant(1.0),
        equation="W = 1",
        source=SOURCE,
        purpose="torch's default for the scales of normalization layers",
    ),
    InitializerRecord(
        name="torch:zeros_",
        build=lambda fan_in, fan_out: Constant(0.0),
        equation="W = 0",
        source=SOURCE,
        purpose="Biases without an offset, which is not torch's default",
    ),
    InitializerRecord(
        name="torch:eye_",
        build=lambda fan_in, fan_out: Identity(fan_in, fan_out, 1.0),
        equation="W[i, j] = 1 if i = j else 0",
        source=SOURCE,
        purpose="Linear layers that start by passing their input on",
    ),
)

_SCALED = (
    *(
        InitializerRecord(
            name=f"torch:xavier_{distribution}_",
            build=partial(xavier, distribution=distribution),
            equation=f"W ~ {law}, v = 2 gain^2 / (fan_in + fan_out)",
            source=SOURCE,
            purpose=f"Glorot 2010 ({distribution}), for tanh and linear units",
            parameters=(_GAIN,),
        )
        for distribution, law in _LAWS.items()
    ),
    *(
        InitializerRecord(
            name=f"torch:kaiming_{distribution}_",
            build=partial(kaiming, distribution=distribution),
            equation=f"W ~ {law}, v = calculate_gain(nonlinearity, a)^2 / fan",
            source=SOURCE,
            purpose=f"He 2015 ({distribution}), for ReLU and leaky ReLU",
            parameters=_KAIMING,
            note="modes are fan_in and fan_out alone; a counts for leaky_relu alone",
        )
        for distribution, law in _LAWS.items()
    ),
    InitializerRecord(
        name="torch:linear",
        build=partial(variance_scaling, scale=1 / 3, mode="fan_in", distribution="uniform"),
        equation="W ~ U[-1/sqrt(fan_in), 1/sqrt(fan_in)), biases too",
        source="PyTorch, torch.nn.Linear.reset_parameters: kaiming_uniform_(a=sqrt(5))",
        purpose="What nn.Linear does when nobody chooses, for its weights and its biases",
        note="the variance is 1 / (3 fan_in), a sixth of He's",
    ),
)

_MATRICES = (
    InitializerRecord(
        name="torch:orthogonal_",
        build=lambda fan_in, fan_out, gain: Orthogonal(fan_in, fan_out, gain),
        equation="W^T W = gain^2 I (W W^T where fan_in < fan_out), Haar-distributed",
        source=SOURCE,
        purpose="Lengths that are kept exactly in linear networks",
        parameters=(Parameter("gain", 1.0, meaning="multiplies the orthogonal matrix"),),
    ),
    InitializerRecord(
        name="torch:sparse_",
        build=sparse_,
        equation="W ~ N(0, std^2), ceil(sparsity fan_out) random entries of each row set to 0",
        source=SOURCE,
        purpose="A limited number of outgoing connections for each input unit",
        parameters=(
            Parameter(
                "sparsity",
                minimum=0,
                maximum=1,
                meaning="the share of each input's outgoing connections cut",
            ),
            Parameter("std", 0.01, minimum=0, meaning="the standard deviation of the entries that stay"),
        ),
        note="torch cites Martens 2010, who limits the incoming connections of each unit: that law is sparse",
    ),
)

RECORDS = (*_PLAIN, *_SCALED, *_MATRICES)
