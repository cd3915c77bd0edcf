"""Which implementation of the weights every layer gets. A pure function of the cell: never of cores, seeds or the
clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ..catalogue.initializers.laws import Law, Normal
from ..catalogue.initializers.matrices import Orthogonal
from ..spec import Cell, Layer
from ..values import frozen
from . import costs
from .jacobian import JACOBIAN
from .training import costs as training_costs


@frozen
class Choice:
    """How a cell's weights are represented, and why.

    implicit: for every layer, whether its weights are sampled without being drawn.
    """

    implicit: tuple[bool, ...]
    reason: str

    @property
    def engine(self) -> str:
        """dense | implicit | mixed"""
        if all(self.implicit):
            return "implicit"
        return "mixed" if any(self.implicit) else "dense"

    @property
    def identity(self) -> str:
        """The choice of every layer in one word, for the cell's identity: `mixed` alone would not tell them apart."""
        if self.engine != "mixed":
            return self.engine
        return "mixed:" + "".join("i" if implicit else "d" for implicit in self.implicit)


def resolve(cell: Cell) -> Choice:
    """The representation of a cell's weights."""
    layers = cell.network.layers
    if cell.engine == "dense":
        return Choice((False,) * len(layers), "asked for")
    if cell.training is not None:
        return Choice((False,) * len(layers), "auto: training needs every weight")
    if matrices := _of_matrices(cell):
        return Choice((False,) * len(layers), f"{cell.engine}: {matrices} is computed from the matrices themselves")
    able = each(layers, lambda layer: fits(layer, cell.batch.batch_size))
    if cell.engine == "implicit":
        reason = "asked for"
        if not all(able):
            reason += "; layers that are too narrow for the batch are drawn, which is the same law"
        return Choice(able, reason)
    cheaper = each(layers, lambda layer: costs.implicit(layer, cell) < costs.dense(layer, cell))
    implicit = tuple(one and wins for one, wins in zip(able, cheaper, strict=True))
    return Choice(implicit, _reason(cell, able, implicit))


T = TypeVar("T")


def each(layers: Sequence[Layer], judge: Callable[[Layer], T]) -> tuple[T, ...]:
    """judge(layer) for every layer. A config's equal layers are one object, and judged once: grids have many cells."""
    known = {identity: judge(layer) for identity, layer in {id(layer): layer for layer in layers}.items()}
    return tuple(known[id(layer)] for layer in layers)


def nanoseconds(cell: Cell) -> float:
    """A rough cost of one network of a cell, in nanoseconds of one core."""
    implicit = resolve(cell).implicit
    weights = dict(zip(map(id, cell.network.layers), implicit, strict=True))
    each_layer = each(cell.network.layers, lambda layer: costs.layer(layer, cell, weights[id(layer)]))
    trained = training_costs.nanoseconds(cell) if cell.training is not None else 0.0
    return sum(each_layer) + costs.calls(cell) + trained


def law_of(layer: Layer) -> Law:
    """The law of a layer's weights."""
    return layer.initializer.law(layer.fan_in, layer.fan_out)


def eligible(layer: Layer) -> bool:
    """Whether a layer's law is the same in every direction, so that it can be sampled without its matrix."""
    law = law_of(layer)
    return law.random and ((isinstance(law, Normal) and law.mean == 0) or isinstance(law, Orthogonal))


def fits(layer: Layer, batch: int) -> bool:
    """Whether an eligible layer is wide enough for what a batch reveals of its matrix to be less than the matrix."""
    if not eligible(layer):
        return False
    narrow, wide = sorted((layer.fan_in, layer.fan_out))
    return batch <= narrow and (isinstance(law_of(layer), Normal) or 2 * batch <= wide)


def refusals(cell: Cell) -> Iterator[tuple[str, str]]:
    """Why a cell that asks for the implicit engine cannot have it: (key, message) pairs."""
    if cell.engine != "implicit":
        return
    if cell.training is not None:
        yield "engine", "implicit has no weights, and training needs every weight; write engine: auto, or dense"
        return
    if matrices := _of_matrices(cell):
        yield (
            "engine",
            f"implicit is not possible with the metric {matrices}: it is computed from the matrices themselves, which "
            "are never drawn there; write engine: auto, or leave the metric out",
        )
    for name in dict.fromkeys(layer.initializer.label for layer in cell.network.layers if not eligible(layer)):
        yield (
            "engine",
            f"implicit is not possible with {name}: only centred normal laws without truncation and orthogonal ones "
            "look the same in every direction; write engine: auto, which draws such layers and no others",
        )


def _of_matrices(cell: Cell) -> str:
    """The first metric of a cell that is computed from the weights themselves, so that they are drawn; or empty."""
    return next((name for name in cell.metrics if name in JACOBIAN), "")


def _reason(cell: Cell, able: tuple[bool, ...], implicit: tuple[bool, ...]) -> str:
    batch, number = cell.batch.batch_size, len(implicit)
    if all(implicit):
        return f"auto: a batch of {batch} reveals so little of each matrix that drawing it would cost more"
    if any(implicit):
        return f"auto: {sum(implicit)} of {number} layers are cheaper without their matrices"
    if any(able):
        return f"auto: with a batch of {batch}, drawing the matrices costs less"
    drawn = {id(layer): layer for layer in cell.network.layers}.values()
    names = sorted({layer.initializer.name for layer in drawn if not eligible(layer)})
    if names:
        return f"auto: {', '.join(names)} must be drawn"
    return f"auto: the layers are narrower than the batch of {batch}"
