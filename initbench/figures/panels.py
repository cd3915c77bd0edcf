"""Curves as the plain data of a panel: lines, marks, scale and limits.

What is drawn is decided here, not where it is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..values import frozen
from .curves import Curve, Floats
from .grouping import Member
from .remarks import Line, Panel, notes

LOG_DECADES = 1.5  # positive values spread over more than this go on a logarithmic axis
_FAR = 25.0  # decades from its beginning after which a line may leave an axis that others share ...
_LONG = 40.0  # ... of an axis that would be longer than this ...
_SHOWN = 6.0  # ... while so many of its own are seen
_TINY, _HUGE = 1e-300, 1e300  # beyond, the ticks of a logarithmic axis are no numbers
_DEPARTS = 0.1  # decades (or share of a linear axis) by which a median leaves its mean visibly


@frozen
class Quantity:
    """What an axis shows. kind: size (where zero and overflow are news), ratio, share, count, cosine, or
    number (anything, on a linear axis)."""

    metric: str
    name: str  # in a legend
    title: str  # over a panel of its own
    ylabel: str
    kind: str = "size"


def numbers(values: Iterable[float]) -> list[float | None]:
    """As JSON has them: what is no finite number is null."""
    return [float(value) if math.isfinite(value) else None for value in values]


def line(curve: Curve, quantity: Quantity, member: Member, band: bool) -> Line:
    """One line; its band, median and theory are None where there is nothing to show.

    Muted lines show their mean alone.
    """
    spread = band and bool(np.any(curve.n > 1)) and bool(np.any(curve.q95 > curve.q05))
    theory = member.theory and member.style is not None and bool(np.any(np.isfinite(curve.theory)))
    sd = theory and band and bool(np.any(curve.theory_sd > 0))
    theory_low, theory_high = _theory_band(curve, quantity.kind)
    broken = (curve.nonfinite > 0) | np.isinf(curve.mean)
    zero = (curve.mean == 0) & ~broken if quantity.kind == "size" else np.zeros(len(curve.mean), dtype=bool)
    seeds = curve.n + curve.nonfinite
    return {
        "label": member.label,
        "cell": member.cell,
        "metric": quantity.metric,
        "style": member.style,
        "x": curve.layer.tolist(),
        "y": numbers(curve.mean),
        "low": numbers(curve.q05) if spread else None,
        "high": numbers(curve.q95) if spread else None,
        "median": numbers(curve.median) if band and np.any(np.isfinite(curve.median)) else None,
        "theory": numbers(curve.theory) if theory else None,
        "theory_low": numbers(theory_low) if sd else None,
        "theory_high": numbers(theory_high) if sd else None,
        "theory_outside": curve.layer[curve.outside & np.isfinite(curve.theory)].tolist() if theory else [],
        "zero": curve.layer[zero].tolist(),
        "nonfinite": curve.layer[broken].tolist(),
        "nonfinite_seeds": [int(curve.nonfinite.max(initial=0)), int(seeds.max(initial=0))],
    }


def _theory_band(curve: Curve, kind: str) -> tuple[Floats, Floats]:
    """Where 68 % of networks lie by theory: one standard deviation to both sides of a normal law; of a lognormal one
    for sizes, which multiply layer by layer: of those the few largest carry the mean."""
    if kind != "size":
        return curve.theory - curve.theory_sd, curve.theory + curve.theory_sd
    with np.errstate(all="ignore"):
        # With v = sd / mean: ln has the variance ln(1 + v^2), and the median is mean / sqrt(1 + v^2).
        variance = np.log1p((curve.theory_sd / curve.theory) ** 2)
        middle, factor = curve.theory * np.exp(-variance / 2), np.exp(np.sqrt(variance))
        return middle / factor, middle * factor


def panel(title: str, ylabel: str, quantities: Sequence[Quantity], lines: list[Line], backward: bool) -> Panel:
    """A panel whose axes and notes are still open: `scale` sets them, for all panels that share an axis."""
    return {
        "title": title,
        "xlabel": "layer   (← gradients flow this way)" if backward else "layer",
        "ylabel": ylabel,
        "kind": quantities[0].kind,
        "lines": lines,
        "backward": backward,
    }


def spread(panels: Sequence[Panel]) -> bool:
    """Whether these panels need a logarithmic axis."""
    values = _values(_drawn(panels), ("y", "low", "high", "theory"))
    positive = values[values > 0]
    return bool(positive.size) and math.log10(positive.max()) - math.log10(positive.min()) > LOG_DECADES


def _drawn(panels: Sequence[Panel]) -> list[Line]:
    """The lines of panels, and their crowds, which have low and high."""
    return [one for each in panels for one in (*each["lines"], *([each["crowd"]] if "crowd" in each else []))]


def scale(panels: Sequence[Panel], log: bool) -> None:
    """Gives panels the same axes, drops medians that the means hide, notes what the axes cannot show."""
    _scale(panels, log)
    first = min((line["x"][0] for one in panels for line in one["lines"] if line["x"]), default=0)
    last = max((line["x"][-1] for one in panels for line in one["lines"] if line["x"]), default=1)
    pad = max(0.4, 0.02 * (last - first))
    for one in panels:
        one["xlim"] = [first - pad, last + pad]
        one["notes"] = notes(one)


def _scale(panels: Sequence[Panel], log: bool) -> None:
    lines = [line for one in panels for line in one["lines"]]
    kind = panels[0]["kind"]
    keys = ("y", "theory") if kind == "share" else ("y", "low", "high", "theory")
    values = _values(_drawn(panels), keys)
    positive = values[values > 0]
    log = log and bool(positive.size)
    if log:
        middle = _values([one["crowd"] for one in panels if "crowd" in one], ("q05", "q95"))
        shown = np.append(_window(lines, positive, panels[0]["backward"]), middle[middle > 0])
    limits = _log_limits(shown) if log else _linear_limits(values, kind)
    for one in panels:
        one["yscale"], one["ylim"] = ("log" if log else "linear"), limits
    for one in lines:
        if one["median"] is not None and not _departs(one, log, limits):
            one["median"] = None
        for side in ("below", "above"):
            one[side] = [x for x, y in zip(one["x"], one["y"], strict=True) if log and _beyond(y, side, limits)]


def _beyond(value: float | None, side: str, limits: list[float]) -> bool:
    if value is None or value <= 0:
        return False
    return value < limits[0] if side == "below" else value > limits[1]


def _window(lines: Sequence[Line], positive: Floats, backward: bool) -> Floats:
    """The values that set a logarithmic axis: all, unless most settings stay near their beginning.

    A line that falls by eighty decades would press all others flat: it leaves the axis, and a note says so.
    """
    if len({one["cell"] for one in lines}) < 2:
        return positive
    spans: list[tuple[Line, Floats]] = []
    for one in lines:
        values = _values([one], ("y",))
        if (values := values[values > 0]).size:
            spans.append((one, np.log10(values)))
    ends = np.concatenate([span for _, span in spans])
    if ends.max() - ends.min() <= _LONG:
        return positive
    began = float(np.median([span[-1 if backward else 0] for _, span in spans]))
    near = [one for one, span in spans if np.abs(span - began).max() <= _FAR]
    lost = any(np.abs(span - began).min() > _FAR for _, span in spans)
    if lost or 2 * len(near) <= len(spans):
        return positive
    values = _values(near, ("y", "low", "high", "theory"))
    values = values[values > 0]
    values = values[np.abs(np.log10(values) - began) <= _FAR + 2]
    leaves = [10 ** (began - _SHOWN)] * bool(ends.min() < began - _FAR)
    leaves += [10 ** (began + _SHOWN)] * bool(ends.max() > began + _FAR)
    return np.append(values, leaves)


def _values(lines: Iterable[Line], keys: Sequence[str]) -> Floats:
    found = [value for line in lines for key in keys for value in _seen(line, key) if value is not None]
    return np.array(found, dtype=np.float64)


def _seen(one: Line, key: str) -> Sequence[float | None]:
    """Of theory, the part beside something measured: where a signal overflows or dies out, theory goes on alone."""
    values: Sequence[float | None] = one.get(key) or ()
    if key != "theory" or not values:
        return values
    return [value for value, measured in zip(values, one["y"], strict=True) if measured]


def _log_limits(positive: Floats) -> list[float]:
    low = math.log10(max(float(positive.min()), _TINY))
    high = math.log10(min(float(positive.max()), _HUGE))
    pad = max(0.1, 0.05 * (high - low), 0.5 * (1 - high + low))  # a decade at least, or no tick might be on it
    return [10 ** max(low - pad, math.log10(_TINY)), 10 ** min(high + pad, math.log10(_HUGE))]


def _linear_limits(values: Floats, kind: str) -> list[float]:
    if kind == "share":
        return [-0.03, 1.03]
    low = min(0.0, float(values.min())) if values.size else 0.0
    high = float(values.max()) if values.size else 1.0
    if kind == "cosine":
        return [low - 0.03 - (0.05 if low < 0 else 0.0), 1.03]
    if high <= 0:
        high = 1.0
    return [low - 0.03 * (high - low), high + 0.08 * (high - low)]


def _departs(one: Line, log: bool, limits: list[float]) -> bool:
    """Whether a dotted median would be seen beside its mean."""
    for mean, median in zip(one["y"], one["median"], strict=True):
        if mean is None or median is None:
            continue
        if log and mean > 0:
            if median <= 0 or abs(math.log10(mean) - math.log10(median)) > _DEPARTS:
                return True
        elif abs(mean - median) > 0.03 * (limits[1] - limits[0]):
            return True
    return False
