"""From a figure's data to a matplotlib Figure. Nothing is computed from results here.

All panels of a figure have one size in inches, and the figure grows with what it shows:
title, rows of panels, footnotes below, legend on the right of the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..values import frozen
from . import heatmap, heatmap_series, lines, ridges, style, trainability_series

_LEFT, _RIGHT, _BOTTOM = 0.85, 0.2, 0.58  # around every panel
_EDGE = 0.15  # around the figure
_TITLES = 0.34  # over every panel


MAPS = (heatmap_series.STEM, trainability_series.STEM)


@frozen
class _Sizes:
    """Inches. right: beside every panel, for what is written there; notes: over the panels of each row."""

    columns: int
    rows: int
    width: float
    height: float
    right: float
    notes: tuple[float, ...]

    def top(self, row: int) -> float:
        """From the first row's upper edge to the axes of a row."""
        above = row * (_TITLES + self.height + _BOTTOM) + sum(self.notes[: row + 1])
        return above + _TITLES


def draw(series: dict[str, Any]) -> Figure:
    """The figure that these data describe, ready to be saved; the canvas needs no display."""
    if series["stem"] in MAPS:
        return heatmap.draw(series)
    with style.context():
        panels = series["panels"]
        sizes = _sizes(panels, series["columns"])
        figure = Figure(figsize=(1, 1))
        FigureCanvasAgg(figure)
        legend = _legend(figure, series)
        legend_width, legend_height = _measure(figure, legend)
        plot_width = sizes.columns * (_LEFT + sizes.width + sizes.right)
        plot_height = sizes.top(sizes.rows - 1) + sizes.height + _BOTTOM
        width = plot_width + (legend_width + _EDGE if legend else 0.0) + _EDGE
        header, footer = _header(series, width), _footer(series, width)
        top = _EDGE + 0.235 * len(header[0]) + 0.19 * len(header[1]) + 0.03
        bottom = _EDGE + style.LINE * len(footer) if footer else 0.0
        height = top + max(plot_height, legend_height + 0.3) + bottom
        figure.set_size_inches(width, height)
        _write(figure, header, footer, width, height)
        for index, panel in enumerate(panels):
            row, column = divmod(index, sizes.columns)
            left = column * (_LEFT + sizes.width + sizes.right) + _LEFT
            down = top + sizes.top(row)
            box = (
                left / width,
                1 - (down + sizes.height) / height,
                sizes.width / width,
                sizes.height / height,
            )
            axes = figure.add_axes(box)
            _panel(axes, panel, sizes, sizes.notes[row])
        if legend:
            legend.set_bbox_to_anchor((plot_width / width, 1 - (top + 0.2) / height), figure.transFigure)
        return figure


def _sizes(panels: Sequence[dict[str, Any]], columns: int) -> _Sizes:
    rows = -(-len(panels) // columns)
    ridged = panels[0]["kind"] == "ridges"
    if ridged:
        width, height = (3.4, 3.6) if rows == 1 else (3.0, 2.6)
    elif rows > 2 or columns > 2:
        width, height = 2.5, 1.7
    else:
        width, height = 3.5, 2.5
    high = [len(lines.notes(panel, width)) for panel in panels]
    notes = tuple(style.LINE * max(high[first : first + columns]) for first in range(0, len(high), columns))
    return _Sizes(columns, rows, width, height, ridges.MARGIN if ridged else _RIGHT, notes)


def _header(series: dict[str, Any], width: float) -> tuple[list[str], list[str]]:
    """The question and what was run, each in as many lines as the figure's width asks for."""
    question = style.wrapped(series["question"], int(width * 10.2), 3).split("\n")
    run = style.wrapped(series["run"], int(width * 13.2), 3).split("\n")
    return [text for text in question if text], [text for text in run if text]


def _footer(series: dict[str, Any], width: float) -> list[str]:
    notes = map(style.rounded, series["footnotes"])
    return [text for note in notes for text in style.wrapped(note, int(width * 15), 3).split("\n")]


def _write(figure: Figure, header: tuple[list[str], list[str]], footer: list[str], width: float, height: float) -> None:
    down = _EDGE
    for text in header[0]:
        figure.text(_EDGE / width, 1 - down / height, text, fontsize=style.TITLE, fontweight="bold", va="top")
        down += 0.235
    for text in header[1]:
        figure.text(_EDGE / width, 1 - down / height, text, fontsize=style.SUBTITLE, va="top", color=style.KEY)
        down += 0.19
    up = _EDGE + style.LINE * (len(footer) - 1)
    for text in footer:
        figure.text(_EDGE / width, up / height, text, fontsize=style.SMALL, va="bottom", color=style.KEY)
        up -= style.LINE


def _panel(axes: Axes, panel: dict[str, Any], sizes: _Sizes, strip: float) -> None:
    axes.set_xlabel(panel["xlabel"])
    axes.set_ylabel(panel["ylabel"])
    letters, title = int(sizes.width * 14 + (sizes.right - _RIGHT) * 8), panel["title"]
    if len(title) > letters:  # of `key = value`, the value says more
        title = title.partition(" = ")[2] or title
    title = style.wrapped(title, letters, 1)
    axes.annotate(
        title,
        (0, 1),
        (0, 6 + 72 * strip),
        xycoords="axes fraction",
        textcoords="offset points",
        fontweight="bold",
        annotation_clip=False,
    )
    if panel["kind"] == "ridges":
        ridges.draw(axes, panel)
    else:
        lines.draw(axes, panel, sizes.width, strip)


def _legend(figure: Figure, series: dict[str, Any]) -> Legend | None:
    """Which line is which, then what the styles mean; outside of the axes, where it covers nothing."""
    handles: list[Line2D | Patch] = []
    labels: list[str] = []
    entries = series["legend"]["entries"]
    few = [style.rounded(entry["label"]) for entry in entries]
    for entry, text in zip(entries, few, strict=True):
        handles.append(
            Line2D(
                [0],
                [0],
                color=style.colour(entry["style"]),
                marker=style.marker(entry["style"]),
                linewidth=1.0 if entry["style"] is None else 1.5,
            )
        )
        labels.append(style.wrapped(text if few.count(text) == 1 else entry["label"], 30, 3))
    if handles and series["key"]:
        handles.append(Patch(alpha=0))
        labels.append(" ")
    for entry in series["key"]:
        handles.append(lines.key(entry["kind"]))
        labels.append(style.wrapped(entry["label"], 30, 3))
    if not handles:
        return None
    title = style.wrapped(series["legend"]["title"], 34, 2)
    legend = figure.legend(handles, labels, loc="upper left", title=title or None, borderaxespad=0, handlelength=2.4)
    legend.get_title().set_fontweight("bold")
    legend.set_alignment("left")
    return legend


def _measure(figure: Figure, legend: Legend | None) -> tuple[float, float]:
    """The legend's size in inches, from the letters themselves."""
    if legend is None:
        return 0.0, 0.0
    canvas: Any = figure.canvas
    box = legend.get_window_extent(canvas.get_renderer())
    return box.width / figure.dpi, box.height / figure.dpi
