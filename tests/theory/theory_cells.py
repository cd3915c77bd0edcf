"""Cells for the tests of theory, and networks simulated as plainly as possible: nothing of the engine is used."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from initbench.catalogue.activations import Activation, activation
from initbench.catalogue.initializers import Initializer, initializer
from initbench.catalogue.inputs import Inputs, inputs
from initbench.catalogue.metrics import METRICS
from initbench.spec import Batch, Cell, Layer, Network

Array = np.ndarray[Any, Any]

SCALARS = tuple(record.name for record in METRICS if record.scalar)


def sigma(value: float, fan_in: int) -> Initializer:
    """Weights of Var W = value^2 / fan_in."""
    return initializer("normal", stddev=value / fan_in**0.5)


def make_cell(
    widths: Sequence[int],
    activations: Activation | list[Activation] | str = "relu",
    weights: float | Initializer | list[Initializer] | str = "he_normal",
    bias: float | Initializer | None = None,
    source: Inputs | str = "gaussian",
    batch: int = 4,
    resample: bool = True,
    **settings: Any,
) -> Cell:
    """A cell; widths start with the number of features. A number for weights is sigma_w, for biases sigma_b."""
    fans = list(itertools.pairwise(widths))
    if isinstance(activations, str):
        activations = activation(activations)
    acts = activations if isinstance(activations, list) else [activations] * len(fans)
    if isinstance(weights, str):
        weights = initializer(weights)
    if isinstance(weights, int | float):
        weights = [sigma(weights, fan_in) for fan_in, _ in fans]
    laws = weights if isinstance(weights, list) else [weights] * len(fans)
    if isinstance(bias, int | float):
        bias = initializer("normal", stddev=bias)
    layers = tuple(Layer(*fan, act, law, bias) for fan, act, law in zip(fans, acts, laws, strict=True))
    chosen: dict[str, Any] = {"gradient": "gaussian", "dtype": "float64", "engine": "auto", "root_seed": 0}
    chosen |= {"metrics": SCALARS} | settings
    source = inputs(source) if isinstance(source, str) else source
    return Cell(Network(layers), Batch(source, widths[0], batch, resample), **chosen)
