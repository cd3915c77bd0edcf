"""The activations under their bare names: the mathematical functions, as the papers have them."""

from __future__ import annotations

from ..registry import Parameter
from . import gated, piecewise, smooth
from .record import ActivationRecord as Record

ALPHA = Parameter("alpha", 1.0, minimum=0, meaning="the value far to the left is -alpha")
ALPHA_ABOVE_0 = Parameter("alpha", 1.0, above=0, meaning="the value far to the left is -alpha")
BETA = Parameter("beta", 1.0, above=0, meaning="how sharp the bend is")
HALF_WIDTH = Parameter("threshold", 0.5, minimum=0, meaning="half the width of the flat middle")
NEGATIVE_SLOPE = Parameter("negative_slope", 0.01, meaning="the slope below 0")

STRAIGHT = (
    Record(
        name="linear",
        build=piecewise.linear,
        equation="z",
        source="Saxe, McClelland, Ganguli 2014",
        purpose="No nonlinearity: what the weights alone do to a signal; orthogonal weights keep it exactly.",
        aliases=("identity",),
    ),
    Record(
        name="relu",
        build=piecewise.rectifier,
        equation="max(0, z)",
        source="Nair, Hinton 2010; Glorot, Bordes, Bengio 2011",
        purpose="The usual choice; it passes half of the mean square, which He's factor 2 makes up for.",
    ),
    Record(
        name="relu6",
        build=lambda: piecewise.rectifier(max_value=6.0),
        equation="min(max(0, z), 6)",
        source="Krizhevsky 2010",
        purpose="A relu with a ceiling, for low-precision hardware; He's initializer, as for relu.",
    ),
    Record(
        name="leaky_relu",
        build=piecewise.rectifier,
        equation="max(0, z) + negative_slope min(0, z)",
        source="Maas, Hannun, Ng 2013",
        purpose="A relu that cannot die; He's factor becomes 2 / (1 + negative_slope^2).",
        parameters=(NEGATIVE_SLOPE,),
    ),
    Record(
        name="prelu",
        build=piecewise.rectifier,
        equation="max(0, z) + negative_slope min(0, z)",
        source="He, Zhang, Ren, Sun 2015",
        purpose="A leaky relu that learns its slope, here before training; He's initializer was made for it.",
        parameters=(Parameter("negative_slope", 0.25, meaning="the slope below 0 before training"),),
    ),
    Record(
        name="threshold",
        build=piecewise.threshold,
        equation="z if z > threshold else value",
        source="Konda, Memisevic, Krueger 2014",
        purpose="Cuts weak signals off; with a threshold above 0 most units stay silent at the start.",
        parameters=(
            Parameter("threshold", meaning="up to here the input is replaced"),
            Parameter("value", meaning="what it is replaced by"),
        ),
    ),
    Record(
        name="hard_tanh",
        build=piecewise.hard_tanh,
        equation="min(max(-1, z), 1)",
        source="Collobert 2004",
        purpose="tanh without the exponential: linear in the middle, with no gradient at all beyond 1.",
    ),
    Record(
        name="hard_sigmoid",
        build=piecewise.hard_sigmoid,
        equation="min(max(0, z / 6 + 1/2), 1)",
        source="Howard et al. 2019",
        purpose="A cheap gate; like sigmoid it shrinks gradients, at least by 6 a layer at unit weights.",
    ),
    Record(
        name="hard_silu",
        build=piecewise.hard_silu,
        equation="z min(max(0, z / 6 + 1/2), 1)",
        source="Howard et al. 2019",
        purpose="silu without the exponential, for mobile networks; start from He's initializer.",
        aliases=("hard_swish",),
    ),
    Record(
        name="hard_shrink",
        build=piecewise.hard_shrink,
        equation="z if |z| > threshold else 0",
        source="Donoho, Johnstone 1994",
        purpose="Denoising by keeping only large values; small initial weights silence it at once.",
        parameters=(HALF_WIDTH,),
    ),
    Record(
        name="soft_shrink",
        build=piecewise.soft_shrink,
        equation="sign(z) max(0, |z| - threshold)",
        source="Donoho 1995",
        purpose="The shrinkage of sparse coding; small initial weights silence it at once.",
        parameters=(HALF_WIDTH,),
    ),
    Record(
        name="sparse_plus",
        build=piecewise.sparse_plus,
        equation="0 if z <= -1, z if z >= 1, else (z + 1)^2 / 4",
        source="Blondel, Martins, Niculae 2019",
        purpose="A softplus that is exactly 0 on the left and exactly linear on the right.",
    ),
    Record(
        name="sparse_sigmoid",
        build=piecewise.sparse_sigmoid,
        equation="min(max(0, (z + 1) / 2), 1)",
        source="Blondel, Martins, Niculae 2019",
        purpose="The slope of sparse_plus: a gate that closes and opens completely.",
    ),
    Record(
        name="abs",
        build=piecewise.absolute,
        equation="|z|",
        source="Jarrett, Kavukcuoglu, Ranzato, LeCun 2009",
        purpose="Keeps the mean square and the gradient exactly: LeCun's factor 1 is critical for it.",
    ),
    Record(
        name="sign",
        build=piecewise.sign,
        equation="sign(z)",
        source="Rosenblatt 1958",
        purpose="The perceptron's step: nothing flows back through it, whatever the weights.",
    ),
)

CURVED = (
    Record(
        name="tanh",
        build=smooth.tanh,
        equation="tanh(z)",
        source="LeCun, Bottou, Orr, Müller 1998",
        purpose="The centred sigmoid, with slope 1 at 0: Glorot's and LeCun's initializers were made for it.",
    ),
    Record(
        name="lecun_tanh",
        build=smooth.lecun_tanh,
        equation="1.7159 tanh(2 z / 3)",
        source="LeCun, Bottou, Orr, Müller 1998",
        purpose="A tanh scaled to pass 1 and -1 unchanged, and so unit variance, under LeCun's initializer.",
    ),
    Record(
        name="tanhshrink",
        build=smooth.tanhshrink,
        equation="z - tanh(z)",
        source="torch.nn.functional.tanhshrink",
        purpose="Flat at 0, so a small signal dies out: no variance of the weights is critical at 0.",
        aliases=("tanh_shrink",),
    ),
    Record(
        name="sigmoid",
        build=smooth.sigmoid,
        equation="1 / (1 + exp(-z))",
        source="Rumelhart, Hinton, Williams 1986",
        purpose="The historical choice: its slope is at most 1/4, so deep stacks of it lose the gradient.",
        aliases=("logistic",),
    ),
    Record(
        name="log_sigmoid",
        build=smooth.log_sigmoid,
        equation="-log(1 + exp(-z))",
        source="torch.nn.functional.logsigmoid",
        purpose="The logarithm of a probability, for losses; as a layer it is a softplus turned round.",
    ),
    Record(
        name="softplus",
        build=smooth.softplus,
        equation="log(1 + exp(beta z)) / beta",
        source="Dugas, Bengio, Bélisle, Nadeau, Garcia 2001",
        purpose="A smooth relu that is never 0: its positive mean drifts upwards with depth.",
        parameters=(BETA,),
    ),
    Record(
        name="squareplus",
        build=smooth.squareplus,
        equation="(z + sqrt(z^2 + b)) / 2",
        source="Barron 2021",
        purpose="A softplus without exponentials; b is how round the bend is.",
        parameters=(Parameter("b", 4.0, above=0, meaning="the value at 0 is sqrt(b) / 2"),),
    ),
    Record(
        name="softsign",
        build=smooth.softsign,
        equation="z / (1 + |z|)",
        source="Bergstra, Desjardins, Lamblin, Bengio 2009",
        purpose="A tanh with slow tails: it saturates gently, as Glorot and Bengio 2010 found.",
        aliases=("soft_sign",),
    ),
    Record(
        name="arctan",
        build=smooth.arctan,
        equation="arctan(z)",
        source="Martens et al. 2021",
        purpose="A sigmoid with slope 1 at 0 and tails that fall like 1 / z^2.",
        aliases=("atan",),
    ),
    Record(
        name="erf",
        build=smooth.erf,
        equation="erf(z)",
        source="Williams 1997",
        purpose="The sigmoid whose infinite-width kernel has a closed form, for theory to meet measurement.",
    ),
    Record(
        name="elu",
        build=smooth.exponential_linear,
        equation="z if z > 0 else alpha (exp(z) - 1)",
        source="Clevert, Unterthiner, Hochreiter 2016",
        purpose="A relu whose negative values pull the mean towards 0; He's initializer is the usual start.",
        parameters=(ALPHA,),
    ),
    Record(
        name="celu",
        build=smooth.celu,
        equation="z if z > 0 else alpha (exp(z / alpha) - 1)",
        source="Barron 2017",
        purpose="An elu without a kink for every alpha.",
        parameters=(ALPHA_ABOVE_0,),
    ),
    Record(
        name="selu",
        build=smooth.selu,
        equation="1.0507 z if z > 0 else 1.0507 * 1.6733 (exp(z) - 1)",
        source="Klambauer, Unterthiner, Mayr, Hochreiter 2017",
        purpose="Keeps mean 0 and variance 1 by itself, under LeCun's initializer.",
    ),
    Record(
        name="silu",
        build=gated.silu,
        equation="z / (1 + exp(-z))",
        source="Elfwing, Uchibe, Doya 2017; Ramachandran, Zoph, Le 2017",
        purpose="A smooth relu that dips below 0; He's initializer is the usual start.",
        aliases=("swish",),
    ),
    Record(
        name="gelu",
        build=gated.gelu,
        equation="z Phi(z)",
        source="Hendrycks, Gimpel 2016",
        purpose="The transformers' activation: z times the chance that a normal number is below z.",
    ),
    Record(
        name="gelu_tanh",
        build=gated.gelu_tanh,
        equation="z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2",
        source="Hendrycks, Gimpel 2016",
        purpose="gelu's approximation, as GPT-2 and BERT have it; it differs from gelu by less than 0.0005.",
    ),
    Record(
        name="mish",
        build=gated.mish,
        equation="z tanh(log(1 + exp(z)))",
        source="Misra 2019",
        purpose="A silu that dips a little deeper; He's initializer is the usual start.",
    ),
    Record(
        name="exponential",
        build=smooth.exponential,
        equation="exp(z)",
        source="keras.activations.exponential",
        purpose="Explodes by nature: a lesson in what an unbounded slope does.",
        aliases=("exp",),
    ),
    Record(
        name="sin",
        build=smooth.sin,
        equation="sin(z)",
        source="Sitzmann, Martel, Bergman, Lindell, Wetzstein 2020",
        purpose="The wave of implicit representations (SIREN), with an initializer of its own.",
    ),
    Record(
        name="cos",
        build=smooth.cos,
        equation="cos(z)",
        source="Rahimi, Recht 2007",
        purpose="The wave of random Fourier features; flat at 0, so small weights give a constant.",
    ),
    Record(
        name="square",
        build=smooth.square,
        equation="z^2",
        source="Livni, Shalev-Shwartz, Shamir 2014",
        purpose="A polynomial that theory can solve; depth squares every error of scale again and again.",
    ),
)

BARE = (*STRAIGHT, *CURVED)
