"""What is compared: metrics at one layer, how far the signal drifts through the network, and what training came to;
one number a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...catalogue.metrics import METRICS
from ...errors import UsageError, did_you_mean
from ...values import frozen
from ..departure import SQUARES
from .ends import ENDS
from .measured import Measured, Moments

Array = np.ndarray[Any, Any]

FORWARD, BACKWARD = "forward drift", "backward drift"
DRIFTS = {FORWARD: ("act_q", "first", "last"), BACKWARD: ("grad_q", "last", "first")}
"""The metric, and the layers from which and to which it drifts."""
RATIOS = {"act_q": "act_q_ratio", "grad_q": "grad_q_ratio"}
"""The columns of cells.csv that are drifts of the means over networks."""


@frozen
class Quantity:
    """One number of every network.

    metric at `layer` (a number, "first" or "last"); for a drift, over the same metric at `start`; of what training came
    to, `metric` is one of ENDS and the layer empty.
    factor: what is a mean square, or a ratio of them, is compared by its log10: differences are factors.
    a_layer: a drift, as its share of one layer (for networks of different depths).
    """

    name: str
    metric: str
    layer: int | str
    start: str = ""
    factor: bool = False
    a_layer: bool = False

    @property
    def word(self) -> str:
        """What it is chosen by: its metric's name, or the drift's."""
        return self.name.removesuffix(" a layer") if self.start else self.metric

    @property
    def trained(self) -> bool:
        """Whether it is of networks after training, which has no layer."""
        return self.metric in ENDS

    def place(self, depth: int) -> int:
        """The layer's number."""
        return _number(self.layer, depth)

    def steps(self, depth: int) -> int:
        """Layers that a drift is shared among: 1 unless it is wanted a layer."""
        return depth - 1 if self.a_layer else 1


@frozen
class Sample:
    """A quantity in every network of a cell.

    values: (S,), log10 for factors, nan where it is none; n: how many there are. nonfinite: networks that overflowed;
    zero: networks where it is exactly 0, which has no logarithm; blank: networks in which it does not exist;
    diverged: networks that did so in training, which have no loss and an accuracy of 0.
    """

    seeds: Array
    values: Array
    nonfinite: int
    zero: int
    blank: int
    diverged: int = 0

    @property
    def n(self) -> int:
        return int(np.isfinite(self.values).sum())


def quantities(
    cells: Sequence[Measured], metrics: Iterable[str] = (), layer: int | str | None = None
) -> list[Quantity]:
    """What there is to compare among cells: drifts, metrics at the end of their way, then what training came to.

    metrics: only these (a metric, `forward drift`, `backward drift` or one of ENDS); layer: there instead, without
    what has no layer. Raises UsageError for a metric that none of the cells has, or a layer that one of them does not
    have.
    """
    measured = METRICS.ordered({name for cell in cells for name in cell.metrics})
    depths = {cell.depth for cell in cells}
    _layer_exists(layer, depths)
    found = [_at(metric, layer) for metric in measured]
    if layer is None:
        drifts = [name for name, (metric, _, _) in DRIFTS.items() if any(_drifts(metric, cell) for cell in cells)]
        trained = [name for name in ENDS if any(name in cell.trained for cell in cells)]
        found = [*(_drift(name, len(depths) > 1) for name in drifts), *found]
        found += [Quantity(name, name, "") for name in trained]
    wanted, allowed = list(metrics), [one.word for one in found]
    for name in wanted:
        if name not in allowed:
            raise UsageError(_refusal(name, allowed, layer))
    return [one for one in found if not wanted or one.word in wanted]


def _refusal(name: str, allowed: Sequence[str], layer: int | str | None) -> str:
    """Why there is no such quantity."""
    if layer is not None and name in (*DRIFTS, *ENDS):
        return f"{name}: is of the whole network, and at no layer"
    if name in ENDS and not set(ENDS) & set(allowed):
        return f"{name}: no network was trained here ({', '.join(allowed)})"
    return f"{name}: not measured here{did_you_mean(name, allowed)} ({', '.join(allowed)})"


def by_network(quantity: Quantity, cell: Measured) -> bool:
    """Whether the folder keeps a quantity of every network, and not only of all together."""
    return (cell.ends if quantity.trained else cell.values) is not None


def _drifts(metric: str, cell: Measured) -> bool:
    """Whether there is a drift of a metric: without layers.csv and summary.csv, cells.csv has it."""
    return metric in cell.metrics or (not cell.metrics and not math.isnan(cell.row[RATIOS[metric]]))


def _layer_exists(layer: int | str | None, depths: set[int]) -> None:
    if isinstance(layer, int) and not 0 <= layer <= min(depths):
        raise UsageError(f"there is no layer {layer}: layers are 0 (the input) to {min(depths)}")


def _drift(name: str, a_layer: bool) -> Quantity:
    metric, start, end = DRIFTS[name]
    return Quantity(name + (" a layer" if a_layer else ""), metric, end, start, True, a_layer)


def _at(metric: str, layer: int | str | None) -> Quantity:
    """A metric where its way ends: gradients at the first layer, all else at the last."""
    if layer is None:
        layer = "first" if METRICS.find(metric).needs == "gradient" else "last"
    where = f"layer {layer}" if isinstance(layer, int) else f"{layer} layer"
    return Quantity(f"{metric}, {where}", metric, layer, factor=metric in SQUARES)


def sample(quantity: Quantity, cell: Measured) -> Sample:
    """A quantity in every network of a cell that keeps it so."""
    if quantity.trained:
        return _end(quantity.metric, cell)
    column = cell.of(quantity.metric)
    end = column[:, quantity.place(cell.depth)]
    if quantity.start and cell.depth == 1:
        return Sample(cell.seeds, np.full(len(end), math.nan), 0, 0, len(end))  # one layer has no drift
    start = column[:, _number(quantity.start, cell.depth)] if quantity.start else np.ones(len(end))
    there = np.isfinite(end) & np.isfinite(start)
    zero = there & ((end <= 0) | (start <= 0)) if quantity.factor else np.zeros(len(end), bool)
    blank = _blank(quantity, cell) if not there.all() else 0
    values = end.copy()
    if quantity.factor:
        with np.errstate(all="ignore"):
            values = (np.log10(end) - np.log10(start)) / quantity.steps(cell.depth)
    values[~there | zero] = math.nan
    return Sample(cell.seeds, values, int((~there).sum()) - blank, int(zero.sum()), blank)


def _end(name: str, cell: Measured) -> Sample:
    """What training came to; no networks where nothing was trained."""
    if cell.ends is None:
        return Sample(np.empty(0), np.empty(0), 0, 0, 0)
    seeds, diverged = cell.ends.seeds, int(cell.ends.diverged.sum())
    if name not in cell.trained:
        return Sample(seeds, np.full(len(seeds), math.nan), 0, 0, len(seeds))
    return Sample(seeds, cell.ends.values[name], 0, 0, 0, diverged)


def _blank(quantity: Quantity, cell: Measured) -> int:
    """Networks in which a metric does not exist: summary.csv tells them from those that overflowed."""
    places = [quantity.place(cell.depth), *([_number(quantity.start, cell.depth)] if quantity.start else [])]
    counts = [moments(quantity.metric, place, cell) for place in places]
    return len(cell.seeds) - min(count.n + count.nonfinite for count in counts)


def moments(metric: str, layer: int, cell: Measured) -> Moments:
    """What summary.csv has of a metric at a layer; none of it where it was not measured there."""
    return cell.summary.get((layer, metric), Moments(0, 0, math.nan, math.nan))


def _number(layer: int | str, depth: int) -> int:
    return {"first": 1, "last": depth}[layer] if isinstance(layer, str) else layer
