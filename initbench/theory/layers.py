"""What theory needs to know of a layer: the variances and the shape of its laws, or why it has nothing to say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..catalogue.initializers import Identity, Law, Orthogonal, Sparse
from ..spec import Layer
from ..values import frozen

Array = np.ndarray[Any, Any]

CENTRED = 1e-6
"""fan_in mean^2 / variance up to which a law's mean adds nothing that could be seen to a preactivation's square."""


@frozen
class LayerLaw:
    """The laws of one layer z = h W + b, h = phi(z), as theory reads them from the records.

    cw: fan_in Var W. cb: Var b.
    kurtosis, bias_kurtosis: E w^4 / (Var w)^2, 3 for a normal law and where there is nothing random.
    even: every unit has the same number of weights that are not 0, drawn at random (Martens' sparse weights).
    haar: W is a multiple of a random semi-orthogonal matrix; gain^2 is then cw max(fan_in, fan_out) / fan_in.
    unsupported: why theory does not apply from here on, in a sentence; empty where it does.
    """

    fan_in: int
    fan_out: int
    activation: Activation
    cw: float
    cb: float
    kurtosis: float
    bias_kurtosis: float
    even: bool
    haar: bool
    unsupported: str

    @property
    def backward_gain(self) -> float:
        """E (dL/dh)^2 of the layer below over E (dL/dz)^2 of this one: fan_out Var W."""
        return self.cw * self.fan_out / self.fan_in


def layer_laws(layers: tuple[Layer, ...]) -> tuple[LayerLaw, ...]:
    """What theory reads from the records of all layers; layers that are alike are read once."""
    laws: list[LayerLaw] = []
    for k, layer in enumerate(layers):
        same = k and (layer is layers[k - 1] or layer == layers[k - 1])
        laws.append(laws[-1] if same else layer_law(layer))
    return tuple(laws)


def runs(laws: Sequence[LayerLaw]) -> tuple[list[LayerLaw], list[int]]:
    """Neighbouring layers that share one record: the record, and how many they are."""
    alike = [list(group) for _, group in groupby(laws, key=id)]
    return [group[0] for group in alike], [len(group) for group in alike]


def activations(laws: Sequence[LayerLaw]) -> tuple[list[Activation], Array]:
    """The different activations of some layers, and the number of each layer's among them, (L,)."""
    different, layers = runs(laws)
    found = list(dict.fromkeys(law.activation for law in different))
    return found, np.repeat(np.array([found.index(law.activation) for law in different], np.intp), layers)


def layer_law(layer: Layer) -> LayerLaw:
    """What theory reads from a layer's records."""
    weights = layer.initializer.law(layer.fan_in, layer.fan_out)
    bias = None if layer.bias is None else layer.bias.law(layer.fan_in, layer.fan_out)
    reason = _refusal(weights, layer.fan_in)
    unsupported = f"weights drawn from {layer.initializer.label} {reason}" if reason else ""
    if not reason and layer.bias is not None and bias is not None and (reason := _refusal(bias, 1)):
        unsupported = f"biases drawn from {layer.bias.label} {reason}"
    return LayerLaw(
        fan_in=layer.fan_in,
        fan_out=layer.fan_out,
        activation=layer.activation,
        cw=layer.fan_in * weights.variance,
        cb=0.0 if bias is None else bias.variance,
        kurtosis=_kurtosis(weights),
        bias_kurtosis=3.0 if bias is None else _kurtosis(bias),
        even=isinstance(weights, Sparse) and weights.axis == 0,
        haar=isinstance(weights, Orthogonal) and weights.random,
        unsupported=unsupported,
    )


def _kurtosis(law: Law) -> float:
    return law.kurtosis if math.isfinite(law.kurtosis) else 3.0


def _refusal(law: Law, terms: int) -> str:
    """Why a law cannot be the source of preactivations of mean 0: `terms` draws are added up."""
    if not law.random and law.mean == 0 and law.bounds == (0.0, 0.0):
        return ""
    if not law.random:
        low, high = law.bounds
        copied = ": a unit gets a copy of one input" if isinstance(law, Identity) else ""
        return f"are not random{': every unit gets the same' if low == high else copied}"
    if terms * law.mean * law.mean > CENTRED * law.variance:
        return f"have a mean of {law.mean:.3g}, and theory is that of mean 0"
    return ""
