"""The infinitely wide network: mean squares, correlations and their averages, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..spec import Cell
from ..values import frozen
from .gaussian import Moments
from .inputs import InputState, input_state
from .layers import LayerLaw, activations, layer_laws, runs
from .normality import LARGEST, Normality, normality
from .pairs import PairMoments
from .trajectory import follow

Array = np.ndarray[Any, Any]


@frozen
class Trajectory:
    """The infinite-width network of a cell. Row l of every array is layer l, row 0 the input; L layers.

    laws: laws[l - 1] is layer l's. start: the S groups of inputs and P groups of pairs that are followed.
    gradient: gaussian | shared | ones | none, dL/dh of the last layer.
    known: the last layer that theory reaches, L where nothing stands in its way; rows above it are nan.
    reason: why it goes no further; empty where known = L.
    q: mean square of z_l, (L + 1, S); row 0: of x.
    e: 1 - correlation of z_l between the inputs of a pair, (L + 1, P); row 0: 1 - cosine of x.
    moments: averages over z_l, every field (L + 1, S); row 0 is nan except `square`, which is q of x.
    pairs: averages over pairs of z_l, every field (L + 1, P); row 0 is nan except `product` and `gap`, those of x. The
    others are nan but where one cotangent is shared, which is where they are asked for.
    normality: how far from normal the preactivations are, for laws that are not.
    grad: E (dL/dz_l)^2 with dL/dh_L of mean square 1 and independent, (L + 1, S); row 0 is nan; all nan where
    known < L.
    """

    laws: tuple[LayerLaw, ...]
    start: InputState
    gradient: str
    known: int
    reason: str
    q: Array
    e: Array
    moments: Moments
    pairs: PairMoments
    normality: Normality
    grad: Array

    @property
    def depth(self) -> int:
        return len(self.laws)

    @property
    def layers(self) -> range:
        """The layers that theory knows, from 1."""
        return range(1, self.known + 1)

    @cached_property
    def width(self) -> Array:
        """Units of every layer, (L + 1,): width[l - 1] is the fan_in of layer l."""
        return np.append(float(self.laws[0].fan_in), self.of_laws(lambda law: law.fan_out))

    @cached_property
    def cw(self) -> Array:
        """fan_in Var W of layer l, (L + 1,); row 0 is nan."""
        return np.append(np.nan, self.of_laws(lambda law: law.cw))

    @cached_property
    def cb(self) -> Array:
        """Var b of layer l, (L + 1,); row 0 is nan."""
        return np.append(np.nan, self.of_laws(lambda law: law.cb))

    def of_laws(self, number: Callable[[LayerLaw], float]) -> Array:
        """A number of every layer's law, (L,)."""
        laws, layers = self._runs
        return np.repeat([float(number(law)) for law in laws], layers)

    @cached_property
    def _runs(self) -> tuple[list[LayerLaw], list[int]]:
        return runs(self.laws)

    def by_activation(self) -> list[tuple[Activation, Array]]:
        """Every activation with its known layers."""
        return self._by_activation

    @cached_property
    def _by_activation(self) -> list[tuple[Activation, Array]]:
        found, codes = activations(self.laws[: self.known])
        return [(activation, 1 + np.flatnonzero(codes == code)) for code, activation in enumerate(found)]

    def over_batch(self, values: Array) -> Array:
        """The mean over the batch of what every group of inputs has, (..., S) -> (...)."""
        if len(self.start.weight) == 1:
            return np.array(values[..., 0])
        return np.asarray(values[..., self._used] @ self.start.weight[self._used])

    @cached_property
    def _used(self) -> Array:
        """The groups of inputs that are there for more than their pairs."""
        return np.flatnonzero(self.start.weight > 0)

    def over_pairs(self, values: Array) -> Array:
        """The mean over pairs of different inputs, (..., P) -> (...)."""
        return np.asarray(values @ self.start.pair_weight)


def trajectory(cell: Cell) -> Trajectory:
    """The infinite-width network of a cell."""
    laws = layer_laws(cell.network.layers)
    start = input_state(cell)
    known = next((k for k, law in enumerate(laws) if law.unsupported), len(laws))
    reason = laws[known].unsupported if known < len(laws) else ""
    path = follow(laws[:known], start, products=cell.gradient == "shared")
    shapes = normality(laws[:known], start, Moments(*path.moments))
    far = np.flatnonzero(np.abs(shapes.forward) > LARGEST)
    if len(far):
        known = int(far[0]) - 1
        excess, shift = shapes.excess[known + 1], shapes.forward[known + 1]
        reason = f"preactivations are not normal: an excess kurtosis of {excess:.2g} moves <phi^2> by {shift:.1%}"
    q, e, m, p = (_padded(rows, known, len(laws)) for rows in (path.q, path.e, path.moments, path.pairs))
    return Trajectory(
        laws=laws,
        start=start,
        gradient=cell.gradient,
        known=known,
        reason=f"layer {known + 1}: {reason}" if reason else "",
        q=q,
        e=e,
        moments=Moments(*m),
        pairs=PairMoments(*p),
        normality=Normality(*(_padded(row, known, len(laws)) for row in (shapes.excess, shapes.forward, shapes.slope))),
        grad=_gradients(laws, Moments(*m).slope_square, known),
    )


def _padded(rows: Array, known: int, depth: int) -> Array:
    """(..., L_known + 1, X) or (L_known + 1,) -> the same with rows up to the depth, nan above the known layers."""
    axis = max(rows.ndim - 2, 0)
    if rows.shape[axis] == known + 1 == depth + 1:
        return rows
    rows = rows.take(range(known + 1), axis)
    missing = [(0, depth - known if k == axis else 0) for k in range(rows.ndim)]
    return np.pad(rows, missing, constant_values=np.nan)


def _gradients(laws: tuple[LayerLaw, ...], slope_square: Array, known: int) -> Array:
    """E (dL/dz_l)^2 = <phi'^2>_l fan_out_{l+1} Var W_{l+1} E (dL/dz_{l+1})^2, (L + 1, S)."""
    grad = np.full(slope_square.shape, np.nan)
    if known < len(laws):
        return grad
    gains = np.array([*(law.backward_gain for law in laws[1:]), 1.0])[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        grad[1:] = np.multiply.accumulate((slope_square[1:] * gains)[::-1], axis=0)[::-1]
    return grad
