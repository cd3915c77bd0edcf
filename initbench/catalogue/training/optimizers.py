"""Optimizers and losses: their names, parameters and definitions, which are PyTorch's. The engine computes them."""

from __future__ import annotations

from ...values import frozen
from ..registry import Parameter, Registry


@frozen
class OptimizerRecord:
    """A named rule of how weights follow their gradient g at the learning rate r."""

    name: str
    equation: str
    source: str
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()


@frozen
class LossRecord:
    """A named loss of outputs f, (B, K), against labels or targets.

    classes: it takes labels alone; otherwise numbers, and labels as vectors with a 1.
    """

    name: str
    equation: str
    source: str
    purpose: str
    classes: bool
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()


OPTIMIZERS: Registry[OptimizerRecord] = Registry(
    "optimizer",
    (
        OptimizerRecord(
            "sgd",
            "w <- w - r g",
            "Robbins & Monro 1951, A Stochastic Approximation Method",
            "plain gradient descent on minibatches: what the analyses of initializers assume",
        ),
        OptimizerRecord(
            "momentum",
            "v <- momentum v + g, w <- w - r v",
            "Polyak 1964, Some methods of speeding up the convergence of iteration methods",
            "sgd with a memory: directions that persist add up",
            (Parameter("momentum", 0.9, minimum=0.0, below=1.0, meaning="how much of the last step's v is kept"),),
        ),
        OptimizerRecord(
            "adam",
            "m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2, "
            "w <- w - r (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)",
            "Kingma & Ba 2015, Adam: A Method for Stochastic Optimization",
            "steps of one size, however small the gradient is",
            (
                Parameter("beta1", 0.9, minimum=0.0, below=1.0, meaning="memory of the gradient"),
                Parameter("beta2", 0.999, minimum=0.0, below=1.0, meaning="memory of its square"),
                Parameter("epsilon", 1e-8, above=0.0, meaning="what keeps the quotient finite"),
            ),
        ),
    ),
)

LOSSES: Registry[LossRecord] = Registry(
    "loss",
    (
        LossRecord(
            "cross_entropy",
            "mean over the batch of ln sum_k exp f_k - f_y, y the label",
            "Bridle 1990, Probabilistic Interpretation of Feedforward Classification Network Outputs",
            "labels: minus the logarithm of the probability that softmax gives them",
            classes=True,
        ),
        LossRecord(
            "mean_squared_error",
            "mean over the batch and the outputs of (f_k - y_k)^2, y the target",
            "Legendre 1805, Gauss 1809: least squares",
            "numbers; labels, too, as vectors with a 1 in their place",
            classes=False,
            aliases=("mse",),
        ),
    ),
)
