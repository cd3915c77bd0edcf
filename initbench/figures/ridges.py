"""Draws a panel of ridges: a filled histogram per layer, the first on top, what lies outside beside it."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from . import style

MARGIN = 1.5  # inches beside a panel, for the shares that are out of range or cut
_HEIGHT = 0.82  # of a ridge, where the next begins at 1


def draw(axes: Axes, panel: dict[str, Any]) -> None:
    """Fills the axes, one ridge per unit of y."""
    ridges = panel["lines"]
    axes.set_xlim(*panel["xlim"])
    axes.set_ylim(*panel["ylim"])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_yticks(range(len(ridges)), [str(ridge["layer"]) for ridge in ridges])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    for row, ridge in enumerate(ridges):
        place = row / max(1, len(ridges) - 1)
        tone = mpl.colors.to_hex(mpl.colormaps["cividis"](0.15 + 0.65 * place))
        axes.axhline(row, color="#BBBBBB", linewidth=0.6, zorder=1 + 0.01 * row)
        if ridge["y"]:
            height = np.minimum(np.array(ridge["y"]) / ridge["top"], 1.0) * _HEIGHT
            axes.stairs(row - height, ridge["x"], baseline=row, fill=True, color=tone, alpha=0.85, zorder=2)
            axes.stairs(row - height, ridge["x"], baseline=row, color=style.darker(tone), linewidth=0.7, zorder=3)
        axes.annotate(
            _beside(ridge),
            (1, row),
            (6, 1),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            fontsize=style.SMALL - 1,
            color=style.KEY,
            va="bottom",
            annotation_clip=False,
        )


def _beside(ridge: dict[str, Any]) -> str:
    """What the ridge cannot show: a spike that was cut, shares out of range."""
    if not ridge["total"]:
        return "nothing finite"
    texts = []
    low, high = ridge["range"] or (0.0, 0.0)
    if spike := ridge["spike"]:
        texts.append(f"cut: {_share(spike['share'])} in {spike['low']:.3g} to {spike['high']:.3g}")
    if ridge["metric"] == "grad":
        below, above = f"0 or < 1e{low:+g}", f"> 1e{high:+g}"
    else:
        below, above = f"< {low:.3g}", f"> {high:.3g}"
    texts += [f"{_share(ridge[side])} {where}" for side, where in (("below", below), ("above", above)) if ridge[side]]
    return "\n".join(texts)


def _share(share: float) -> str:
    if share < 0.001:
        return "under 0.1 %"
    if share > 0.999:
        return "100 %" if share == 1 else "over 99.9 %"
    return f"{100 * share:.1f} %"
