"""Draws the heat maps. Lightness alone tells small from large, so that grey print does; small maps carry their
numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from . import page, style
from .heatmap_series import VERDICTS, WRITTEN, crossing

Array = np.ndarray[Any, Any]

TONES = ("#F4F4F4", "#9ECAE9", "#F2B27A", "#B8A5D6", "#7A6A5A", "#5B8C6E", "#A6322B", "#2B2B2B")
"""Of the verdicts; their letters stand in the map as well."""
DECADES = 12.0
"""The colours end here: whatever is further from 1 is as good as gone, or as bad."""
LEVELS = ("share", "size")
"""Panels of plain numbers from 0 up; those of other kinds show ratios or verdicts."""
_CELL, _LEAST, _MOST = 0.44, 2.2, 5.2  # inches of a cell, of the map's sides
_NARROWEST = 6.0  # room for the title
_LETTER, _BOTTOM, _TOP, _BAR, _GAP = 0.075, 0.5, 0.34, 0.75, 0.35
_BOLD, _WIDEST, _LINES = 14.0, 13.0, 4
"""Letters of a title to the inch, where most are wide, and the lines of a facet at most."""


def draw(series: dict[str, Any]) -> Figure:
    """The figure that these data describe; the canvas needs no display."""
    with style.context():
        panels, columns = series["panels"], series["columns"]
        rows = len(panels) // columns
        left = 0.45 + _LETTER * max(len(_label(label)) for panel in panels for label in panel["y"])
        low = _BOTTOM + _tall(panels)
        width_of = [_side(len(panel["x"])) for panel in panels[:columns]]
        height_of = [_side(len(panels[row * columns]["y"])) for row in range(rows)]
        titles = [_title(panel, width_of[place % columns]) for place, panel in enumerate(panels)]
        lines = [max(map(_above, titles[row * columns :][:columns])) for row in range(rows)]
        top_of = [_TOP + style.LINE * above for above in lines]
        width = max(_NARROWEST, left + sum(width_of) + columns * _BAR + (columns - 1) * _GAP + 2 * page.EDGE)
        header = style.wrapped(series["question"], int(width * 10.2), 2).splitlines()
        run = style.wrapped(series["run"], int(width * 13.2), 2).splitlines()
        footer = [line for note in series["footnotes"] for line in style.wrapped(note, int(width * 15), 3).split("\n")]
        top = page.EDGE + 0.235 * len(header) + 0.19 * len(run) + 0.05
        text = style.LINE * (len(footer) + sum(lines))
        height = top + sum(height_of) + rows * (_TOP + low) + text + page.EDGE
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        page.write(figure, header, run, footer)
        down, ranges = top, _ranges(panels)
        for row in range(rows):
            across = page.EDGE + left
            for column in range(columns):
                box, place = (across, down + top_of[row], width_of[column], height_of[row]), row * columns + column
                panel = panels[place]
                _panel(figure, panel, titles[place], box, ranges.get(panel.get("label")), named=column == 0)
                across += width_of[column] + _BAR + _GAP
            down += top_of[row] + height_of[row] + low
        return figure


def _title(panel: dict[str, Any], wide: float) -> str:
    """A panel's title. Where it is longer than its map, the facet has lines of its own."""
    title = style.plain(style.rounded(panel["title"]))
    if len(title) <= wide * _BOLD:
        return title
    name, opening, facet = title.partition(" (")
    lines = style.wrapped(f"{opening.strip()}{facet}", int((wide + _BAR) * _WIDEST), _LINES)
    return f"{name}\n{lines}"


def _above(title: str) -> int:
    """Lines that a title needs beyond its first: one of them is left to the bar's own title, above which it reaches."""
    return title.count("\n") + ("\n" in title)


def _side(cells: int) -> float:
    return min(max(_LEAST, cells * _CELL), _MOST)


def _slanted(panel: dict[str, Any]) -> bool:
    """Whether the labels along x have no room side by side."""
    room = _side(len(panel["x"])) / (len(_shown(panel["x"])) * _LETTER)
    return max(map(len, map(_label, panel["x"]))) + 1 > room


def _tall(panels: Sequence[dict[str, Any]]) -> float:
    """Inches that slanted labels need."""
    return max((_LETTER * max(map(len, map(_label, panel["x"]))) for panel in panels if _slanted(panel)), default=0.05)


def _shown(labels: Sequence[str]) -> list[int]:
    """Which labels are written: all of a few, else about ten."""
    return list(range(0, len(labels), max(1, math.ceil(len(labels) / 12))))


def _label(text: str) -> str:
    return style.plain(style.rounded(text))


def _panel(
    figure: Figure,
    panel: dict[str, Any],
    title: str,
    box: tuple[float, float, float, float],
    shades: tuple[float, float] | None,
    named: bool,
) -> None:
    """shades: where the colours begin and end; verdicts have none. named: whether the rows are named here; panels side
    by side have the same rows."""
    width, height = figure.get_size_inches()
    left, down, wide, high = box
    axes = figure.add_axes((left / width, 1 - (down + high) / height, wide / width, high / height))
    axes.grid(visible=False)
    axes.set_title(title, loc="left", fontweight="bold", pad=5 + 72 * style.LINE * ("\n" in title))
    axes.set_xlabel(panel["xlabel"])
    x, y = _shown(panel["x"]), _shown(panel["y"])
    axes.set_xticks(x, [_label(panel["x"][k]) for k in x], rotation=90 if _slanted(panel) else 0)
    axes.set_yticks(y, [_label(panel["y"][k]) if named else "" for k in y])
    if named:
        axes.set_ylabel(panel["ylabel"])
    if shades is None:
        _verdicts(axes, panel, (left + wide) / width)
        return
    image = (_levels if panel["kind"] in LEVELS else _ratios)(axes, panel, *shades)
    bar = figure.add_axes(((left + wide + 0.1) / width, 1 - (down + high) / height, 0.12 / width, high / height))
    if panel["kind"] in LEVELS:
        figure.colorbar(image, bar).set_label(panel["label"])
        return
    ticks = _ticks(*image.get_clim())
    figure.colorbar(image, bar, ticks=ticks, format=lambda power, _: f"$10^{{{power:.0f}}}$" if power else "1")
    bar.set_title("ratio", fontsize=style.SMALL - 1, loc="left", pad=5)


def _ticks(low: float, high: float) -> list[float]:
    step = max(1, math.ceil((high - low) / 6))
    return [float(power) for power in range(math.ceil(low), math.floor(high) + 1) if power % step == 0]


def _ranges(panels: Sequence[dict[str, Any]]) -> dict[str | None, tuple[float, float]]:
    """Where the colours of each quantity begin and end, by its label: the same in all its panels, so that one shade is
    one value wherever it stands."""
    found: dict[str | None, tuple[float, float]] = {}
    for panel in panels:
        if panel["kind"] == "verdict":
            continue
        if panel["kind"] == "share":
            low, high = 0.0, 1.0
        elif panel["kind"] == "size":
            low, high = 0.0, float(np.nanmax(_plain(panel), initial=0.0))
        else:
            powers = _powers(panel)
            seen = np.clip(powers[~np.isnan(powers)], -DECADES, DECADES)
            low, high = float(seen.min(initial=-1.0)), float(seen.max(initial=1.0))
        before = found.get(panel["label"], (low, high))
        found[panel["label"]] = min(low, before[0]), max(high, before[1])
    return found


def _powers(panel: dict[str, Any]) -> Array:
    return np.array([[_power(value) for value in row] for row in panel["values"]])


def _plain(panel: dict[str, Any]) -> Array:
    return np.array([[value if isinstance(value, float) else math.nan for value in row] for row in panel["values"]])


def _ratios(axes: Axes, panel: dict[str, Any], low: float, high: float) -> AxesImage:
    """Powers of ten; gone is the darkest colour, overflow the lightest, nothing at all stays white."""
    powers = _powers(panel)
    shown = np.clip(powers, low, high)
    image = axes.imshow(shown, "cividis", vmin=low, vmax=high, aspect="auto", origin=_origin(panel))
    _write(axes, panel, (shown - low) / (high - low))
    if crossing(panel):
        predicted = np.array(
            [[math.nan if value is None else math.log10(value) for value in row] for row in panel["theory"]]
        )
        axes.contour(np.ma.masked_invalid(predicted), [0.0], colors="white", linewidths=3.0)
        axes.contour(np.ma.masked_invalid(predicted), [0.0], colors="black", linewidths=1.6, linestyles="dashed")
    return image


def _levels(axes: Axes, panel: dict[str, Any], low: float, high: float) -> AxesImage:
    """Shares from 0 to 1, or sizes from 0 up to their largest; theory's depth of memory runs through them, dashed."""
    values, high = _plain(panel), high or 1.0
    image = axes.imshow(values, "cividis", vmin=low, vmax=high, aspect="auto", origin=_origin(panel))
    _write(axes, panel, values / high)
    if panel["curve"]:
        x, y = zip(*panel["curve"], strict=True)
        axes.plot(x, y, color="white", linewidth=3.0)
        axes.plot(x, y, color="black", linewidth=1.6, linestyle="dashed")
        axes.set_xlim(-0.5, len(panel["x"]) - 0.5)
        axes.set_ylim(*((-0.5, len(panel["y"]) - 0.5)[:: 1 if panel["upward"] else -1]))
    return image


def _write(axes: Axes, panel: dict[str, Any], shade: Array) -> None:
    """The numbers of a small map, in an ink that is seen on a shade from 0, dark, to 1."""
    if len(panel["x"]) > WRITTEN or len(panel["y"]) > WRITTEN:
        return
    for (row, column), light in np.ndenumerate(shade):
        text = _text(panel["values"][row][column])
        ink = "white" if light < 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=style.SMALL - 1.5, color=ink)


def _origin(panel: dict[str, Any]) -> Literal["lower", "upper"]:
    return "lower" if panel["upward"] else "upper"


def _power(value: float | str | None) -> float:
    if value is None:
        return math.nan
    if value == "inf":
        return math.inf
    return math.log10(float(value)) if value else -math.inf


def _text(value: float | str | None) -> str:
    """`0.31`, `2e-5`, `inf`; a dot where there is nothing."""
    if value is None or isinstance(value, str):
        return value or "·"
    if value == 0 or 0.01 <= value < 100:
        return f"{value:.2g}"
    digit, _, power = f"{value:.0e}".partition("e")
    return f"{digit}e{int(power)}"


def _verdicts(axes: Axes, panel: dict[str, Any], right: float) -> None:
    codes = np.array([[VERDICTS.index(word) if word in VERDICTS else -1 for word in row] for row in panel["words"]])
    shown = np.ma.masked_less(codes, 0)
    axes.imshow(
        shown,
        ListedColormap(list(TONES)),
        vmin=-0.5,
        vmax=len(TONES) - 0.5,
        aspect="auto",
        origin=_origin(panel),
    )
    if len(panel["x"]) <= 2 * WRITTEN:
        for (row, column), code in np.ndenumerate(codes):
            if code >= 0:
                ink = "white" if code in (4, 5, 6, 7) else style.INK
                letter = VERDICTS[code][:2]
                axes.text(column, row, letter, ha="center", va="center", fontsize=style.SMALL - 1.5, color=ink)
    there = [code for code in range(len(VERDICTS)) if (codes == code).any()]
    handles = [Patch(facecolor=TONES[code], edgecolor="#666666", linewidth=0.6) for code in there]
    axes.legend(
        handles,
        [VERDICTS[code] for code in there],
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0,
        handlelength=1.0,
        handleheight=1.0,
        fontsize=style.SMALL - 1,
    )
