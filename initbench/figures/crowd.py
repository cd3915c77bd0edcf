"""More settings than can be told apart as lines: bands of all of them behind the few that are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..values import frozen
from .curves import Curve


@frozen
class Band:
    """low, high: the edges, as `summary` names them."""

    low: str
    high: str
    label: str


BANDS = {
    "crowd": Band("low", "high", "all settings"),
    "crowd_most": Band("q05", "q95", "the middle 90 % of them"),
    "crowd_half": Band("q25", "q75", "the middle half"),
}
"""By kind, the widest first, which the others lie on."""

_LEVELS = {"low": 0.0, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95, "high": 1.0}


def summary(curves: Iterable[Curve], zeros: bool) -> dict[str, Any]:
    """Where the means of many settings lie, layer by layer, as JSON has it.

    x: the layers; n: how many settings have a finite mean there; low to high: quantiles over these, each the mean of
    one of them; count: all settings. nonfinite, zero: [how many settings have such a mean somewhere, the first layer,
    the last]; without `zeros` none is looked for.
    """
    found = [(curve.layer, curve.mean, curve.nonfinite > 0) for curve in curves]  # no curve stays whole
    layer, mean, nonfinite = (np.concatenate(parts) for parts in zip(*found, strict=True))
    broken = nonfinite | np.isinf(mean)
    owner = np.repeat(np.arange(len(found)), [len(layers) for layers, _, _ in found])
    order = np.lexsort((mean, layer))  # nan comes last
    layers, starts = np.unique(layer[order], return_index=True)
    groups = [part[np.isfinite(part)] for part in np.split(mean[order], starts[1:])]
    return {
        "count": len(found),
        "x": layers.tolist(),
        "n": [len(part) for part in groups],
        **{name: [_quantile(part, level) for part in groups] for name, level in _LEVELS.items()},
        "nonfinite": _where(broken, owner, layer),
        "zero": _where((mean == 0) & ~broken & zeros, owner, layer),
    }


def _quantile(ordered: np.ndarray[Any, Any], level: float) -> float | None:
    """The nearest of the values themselves: between two of them might be nothing, on an axis of powers of ten."""
    return float(ordered[round(level * (len(ordered) - 1))]) if len(ordered) else None


def _where(hit: np.ndarray[Any, Any], owner: np.ndarray[Any, Any], layer: np.ndarray[Any, Any]) -> list[int] | None:
    if not hit.any():
        return None
    return [len(np.unique(owner[hit])), int(layer[hit].min()), int(layer[hit].max())]


def notes(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """What the bands of a panel cannot show: settings without a number, at zero, or off the axes."""
    crowd, backward, unit = panel["crowd"], panel["backward"], panel.get("unit", "layer")
    said = {
        "nonfinite": panel.get("broken") or ("overflow" if panel["kind"] == "size" else "are not finite"),
        "zero": "are exactly 0",
    }
    found = []
    for kind, what in said.items():
        if crowd[kind]:
            many, first, last = crowd[kind]
            where = f"from {unit} {last} down" if backward else f"from {unit} {first} on"
            found.append((kind, f"{many} of {crowd['count']} settings {what}, {where} at the earliest"))
    if panel["yscale"] == "log":
        low = min((value for value in crowd["low"] if value), default=panel["ylim"][0])
        high = max((value for value in crowd["high"] if value), default=panel["ylim"][1])
        if low < panel["ylim"][0]:
            found.append(("below", f"some settings leave the axis, down to {low:.0e}"))
        if high > panel["ylim"][1]:
            found.append(("above", f"some settings leave the axis, up to {high:.0e}"))
    return [{"kind": kind, "text": text, "labels": []} for kind, text in found]
