"""Figures: from the stored tables to pictures, and to nothing else.

    Tables -> series (what is plotted, as plain data) -> figure (what it looks like) -> bytes

    curves       summary.csv as curves               grouping   which cells share a panel
    panels       curves as lines, marks and axes     remarks    what these cannot show, in words
    crowd        bands in place of too many lines
    series       the panels of every figure          histograms   those of the histograms
    draw         the figure                          lines, ridges   its panels
    heatmap(_series)   maps over two swept keys         phase(_series)   the plane of sigma_w and sigma_b
    style, page  sizes, colours, markers, titles     render       PNG and SVG, byte for byte the same
    training(_layers), trainability _series   the data of what was trained
    differences  of two sets of such data            stale      whether pictures are those of the tables

One figure per question: `variance` and `gradients` (does the signal survive, forward and backward),
`histograms`, `health` (dead, inactive, saturated, distinct units), `cosine` (can inputs still be told apart). Where
Jacobians or plug-ins' metrics were measured, `metrics` shows them. Where networks were trained, `training` (does it
learn), `training_layers` (what becomes of the layers) and `trainability` (which settings can be trained at all).

Apart from the results: `phase_series` and `phase`, the plane of sigma_w and sigma_b, from theory's arrays alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from initbench.errors import UsageError, did_you_mean
from initbench.lab.tables import Tables

from .draw import draw
from .render import FORMATS, encode, to_json
from .series import EVERY, STEMS, available, compute, quantities

__all__ = ["EVERY", "FORMATS", "STEMS", "Figure", "available", "draw_all", "figure", "render", "series"]


def series(tables: Tables, stem: str) -> dict[str, Any]:
    """What the figure shows, as data that JSON can hold: panels with lines with x, y, low and high."""
    _known(stem, EVERY, "figure")
    if stem not in (drawable := available(tables)):
        have = f"they have {', '.join(drawable)}" if drawable else "they have none"
        raise UsageError(f"these results have nothing to draw for {stem!r}; {have}")
    return compute(tables, stem)


def figure(tables: Tables, stem: str) -> Figure:
    """The figure, for a notebook or a script of one's own."""
    return draw(series(tables, stem))


def render(tables: Tables, stem: str, fmt: str) -> bytes:
    """The figure as a file of the format png or svg, the same bytes for the same tables."""
    _known(fmt, FORMATS, "format")
    data = series(tables, stem)
    return encode(draw(data), fmt, data)


def draw_all(tables: Tables, formats: Sequence[str] = FORMATS) -> dict[str, bytes]:
    """Every figure that the tables have, and its data as <stem>.json: file name -> content."""
    for fmt in formats:
        _known(fmt, FORMATS, "format")
    files: dict[str, bytes] = {}
    found = quantities(tables)
    for stem in available(tables, found):
        data = compute(tables, stem, found)
        files |= {f"{stem}.{fmt}": encode(draw(data), fmt, data) for fmt in formats}
        files[f"{stem}.json"] = to_json(data)
    return files


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        raise UsageError(f"unknown {what} {name!r}{did_you_mean(name, names)} (have: {', '.join(names)})")
