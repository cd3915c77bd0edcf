"""Draws a panel of lines: mean, band, median, theory, and marks where there is no number to draw."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from . import crowd, style

_NOTES = 4  # lines over a panel, and one more that counts the rest
_STEPS = (1, 2, 3, 4, 5, 10, 15, 20, 30, 50, 100, 150)  # decades between ticks
_MARKED = 8  # markers along a line, or marks along an edge
_ALONE = 0.025  # of the axis, to both sides: the band of a layer that has no neighbours
_SIGNS = {"nonfinite": "▲", "zero": "▼", "above": "↑", "below": "↓"}


def draw(axes: Axes, panel: dict[str, Any], width: float, strip: float) -> None:
    """Fills the axes, `width` inches wide, and the strip over them; what is named lies on top."""
    log = panel["yscale"] == "log"
    axes.set_yscale(panel["yscale"])
    axes.set_xlim(*panel["xlim"])
    axes.set_ylim(*panel["ylim"])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
    if log:
        _decades(axes, panel["ylim"])
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    if "crowd" in panel:
        _crowd(axes, panel["crowd"], log)
    order = sorted(range(len(panel["lines"])), key=lambda index: (panel["lines"][index]["style"] is not None, index))
    for rank, index in enumerate(order):
        line = panel["lines"][index]
        _line(axes, line, log, rank, _marked(len(line["x"]), index, len(order), width))
    rows = {"nonfinite": 0, "zero": 0}
    for line in panel["lines"]:
        _marks(axes, line, log, rows)
    _write_notes(axes, notes(panel, width), strip)
    if not any(value is not None for one in panel["lines"] for value in one["y"] + one["nonfinite"]):
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=style.KEY)


def _marked(layers: int, index: int, count: int, width: float) -> tuple[int, int]:
    """(first, step) of the markers: staggered, so that lines that lie on one another show all of theirs."""
    most = _MARKED if width > 3 else _MARKED // 2
    step = max(1, layers // most, min(count, layers // 3))
    return round(index * step / count) % step, step


def _decades(axes: Axes, limits: list[float]) -> None:
    """Ticks at powers of ten, few enough to be read, with ticks between them only where they are close."""
    low, high = math.log10(limits[0]), math.log10(limits[1])
    if high - low < 3 and limits[0] > 1e-4 and limits[1] < 1e5:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high - low < 2.2 else (1, 3), numticks=20))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        return
    step = next(step for step in _STEPS if (high - low) / step <= 6)  # matplotlib's own may overflow
    powers = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
    axes.yaxis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"$10^{{{round(math.log10(value))}}}$"))
    between = LogLocator(subs=tuple(range(2, 10)), numticks=60) if step == 1 else NullLocator()
    axes.yaxis.set_minor_locator(between)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", which="minor", length=2)


def _line(axes: Axes, line: dict[str, Any], log: bool, rank: int, markers: tuple[int, int]) -> None:
    tone = style.colour(line["style"])
    x, muted = line["x"], line["style"] is None
    above = 2 + 0.001 * rank
    floor = axes.get_ylim()[0]
    if line["theory_low"] is not None:
        _theory_band(axes, line, log, tone)
    if line["low"] is not None:
        low, high = _drawn(line["low"], log, floor), _drawn(line["high"], log, floor)
        axes.fill_between(x, low, high, color=tone, alpha=0.20, linewidth=0, zorder=1.5)
        if len(x) == 1:
            axes.vlines(x, low, high, color=tone, alpha=0.4, linewidth=4, zorder=1.5)
    y = _drawn(line["y"], log)
    marks = style.marker(line["style"]) or ("." if len(x) == 1 else "")
    axes.plot(
        x,
        y,
        color=tone,
        linewidth=0.7 if muted else 1.5,
        marker=marks,
        markevery=markers,
        markeredgecolor="white",
        markeredgewidth=0.4,
        zorder=above,
    )
    if line["median"] is not None:
        axes.plot(x, _drawn(line["median"], log), color=tone, linestyle=":", linewidth=1.4, zorder=above)
    if line["theory"] is not None:
        _theory(axes, line, log, style.darker(tone))


def _crowd(axes: Axes, bands: dict[str, Any], log: bool) -> None:
    """Under the grid, the narrower on the wider."""
    floor = axes.get_ylim()[0]
    for rank, (kind, band) in enumerate(crowd.BANDS.items()):
        low, high = _drawn(bands[band.low], log, floor), _drawn(bands[band.high], log, floor)
        tone, order = style.CROWD[kind], 0.1 * (rank + 1)
        axes.fill_between(bands["x"], low, high, color=tone, linewidth=0, zorder=order)
        if len(bands["x"]) == 1:
            axes.vlines(bands["x"], low, high, color=tone, linewidth=8, zorder=order)


def _theory(axes: Axes, line: dict[str, Any], log: bool, tone: str) -> None:
    """Dashed, pale where it is beyond the range it is stated for."""
    within, beyond = _ranges(line)
    values = _drawn(line["theory"], log)
    for shown, alpha in ((within, 1.0), (beyond, 0.4)):
        if any(shown):
            y = [value if there else math.nan for value, there in zip(values, shown, strict=True)]
            axes.plot(line["x"], y, color=tone, alpha=alpha, linestyle="--", linewidth=1.1, zorder=3)
            if alone := _alone(y):  # no line would be seen there
                axes.plot(line["x"], y, "_", color=tone, alpha=alpha, markersize=9, markevery=alone, zorder=3)


def _alone(y: list[float]) -> list[int]:
    """The places of numbers beside which there is none."""
    there = [False, *(math.isfinite(value) for value in y), False]
    return [k for k in range(len(y)) if there[k + 1] and not (there[k] or there[k + 2])]


def _theory_band(axes: Axes, line: dict[str, Any], log: bool, tone: str) -> None:
    """Shaded, the lightest of bands; hatched in place of that where theory is beyond the range it is stated for."""
    floor = axes.get_ylim()[0]
    low, high = _drawn(line["theory_low"], log, floor), _drawn(line["theory_high"], log, floor)
    within, beyond = _ranges(line)
    shaded: dict[str, Any] = {"color": tone, "alpha": 0.10}
    hatched: dict[str, Any] = {"facecolor": "none", "edgecolor": tone, "alpha": 0.3, "hatch": style.BEYOND}
    left, right = axes.get_xlim()
    half = _ALONE * (right - left)
    for shown, look in ((within, shaded), (beyond, hatched)):
        if any(shown):
            axes.fill_between(line["x"], low, high, where=shown, linewidth=0, zorder=1, **look)
        # no area would be seen there
        for k in _alone([one if there else math.nan for one, there in zip(low, shown, strict=True)]):
            x = line["x"][k]
            axes.fill_between([x - half, x + half], [low[k]] * 2, [high[k]] * 2, linewidth=0, zorder=1, **look)


def _ranges(line: dict[str, Any]) -> tuple[list[bool], list[bool]]:
    """Which layers are drawn within theory's range, and which beyond: a stretch between two layers is as uncertain as
    the worse of them, so that the last one within belongs to both."""
    outside = [layer in line["theory_outside"] for layer in line["x"]]
    beyond = [any(outside[max(0, k - 1) : k + 2]) for k in range(len(outside))]
    return [not each for each in outside], beyond


def _drawn(values: list[float | None], log: bool, floor: float | None = None) -> list[float]:
    """NaN where there is nothing to draw; a band down to zero ends at the edge of a logarithmic axis."""
    drawn = []
    for value in values:
        if value is None:
            drawn.append(math.nan)
        elif log and value <= 0:
            drawn.append(math.nan if floor is None else floor)
        else:
            drawn.append(value)
    return drawn


def _marks(axes: Axes, line: dict[str, Any], log: bool, rows: dict[str, int]) -> None:
    """Triangles along the edge, a row a line: up for no finite number, down for zero on a log axis."""
    if not isinstance(line["style"], int):
        return
    for kind in rows:
        layers = line[kind]
        if not layers or (kind == "zero" and not log):
            continue
        inset = 0.025 + 0.03 * rows[kind]
        rows[kind] += 1
        thin = layers[:: max(1, len(layers) // _MARKED)]
        axes.plot(
            thin,
            [inset if kind == "zero" else 1 - inset] * len(thin),
            transform=axes.get_xaxis_transform(),
            linestyle="",
            marker="^" if kind == "nonfinite" else "v",
            markersize=4,
            color=style.colour(line["style"]),
            clip_on=False,
            zorder=4,
        )


def notes(panel: dict[str, Any], width: float) -> list[str]:
    """What is written over a panel of this width, in lines."""
    columns, texts = int((width + 0.15) * 16), list[str]()
    for index, note in enumerate(panel["notes"]):
        whose = f"{', '.join(map(style.rounded, note['labels']))}: " if note["labels"] else ""
        if len(whose) > columns:
            whose = f"{whose[: columns - 4]} …: "
        text = style.wrapped(f"{_SIGNS[note['kind']]} {whose}{note['text']}", columns, 2).split("\n")
        if len(texts) + len(text) > _NOTES:
            return [*texts, f"… and {len(panel['notes']) - index} more"]
        texts += text
    return texts


def _write_notes(axes: Axes, texts: list[str], strip: float) -> None:
    """Under the title, from the top of the strip (in inches) down."""
    for row, text in enumerate(texts):
        axes.annotate(
            text,
            (0, 1),
            (0, 4 + 72 * (strip - style.LINE * (row + 1))),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=style.SMALL,
            color=style.KEY,
            annotation_clip=False,
        )


def key(kind: str) -> Line2D | Patch:
    """How a style looks in the legend, whatever the colour."""
    if kind == "theory_outside":
        return Patch(facecolor="none", edgecolor=style.KEY, alpha=0.5, linewidth=0, hatch=style.BEYOND)
    if kind in style.CROWD:
        return Patch(color=style.CROWD[kind], linewidth=0)
    if kind in ("low", "theory_low"):
        return Patch(color=style.KEY, alpha=0.20 if kind == "low" else 0.10, linewidth=0)
    if kind in ("nonfinite", "zero"):
        marker = "^" if kind == "nonfinite" else "v"
        return Line2D([0], [0], linestyle="", marker=marker, markersize=4, color=style.KEY)
    dashes: dict[str, Any] = {"mean": "-", "median": ":", "theory": "--"}
    return Line2D([0], [0], color=style.KEY, linestyle=dashes[kind], linewidth=1.4)
