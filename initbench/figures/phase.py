"""Draws the plane of sigma_w and sigma_b: where signals live, die and explode, and over how many layers.

Grey tells the phases apart as well as colour does: ordered is light, chaotic darker, and where nothing settles it is
hatched. Contours carry their own numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke

from . import page, style

Array = np.ndarray[Any, Any]

TONES = {"ordered": "#E3EEF8", "critical": "#000000", "chaotic": "#F2BE8C", "diverges": "#CFCFCF"}
_HATCHED, _HATCH, _HATCH_INK = "diverges", "///", "#9A9A9A"
_PATCHES = ("ordered", "chaotic", _HATCHED)  # critical is a line

_WIDTH, _HEIGHT = 4.9, 3.9  # of the axes, in inches
_LEFT, _BOTTOM, _GAP, _LEGEND = 0.75, 0.52, 0.25, 2.45
_LINES = ((True, "-"), (False, (0, (4, 2))))
"""Whether lengths are stable on the critical line, and how that part of it is drawn."""
CONTOURS: dict[str, dict[str, Any]] = {
    "xi_q": {"colors": "#00664D", "linewidths": 1.1, "linestyles": [(0, (1, 1.6))]},
    "xi_c": {"colors": style.INK, "linewidths": 0.8, "linestyles": ["solid"]},
}
_SHORT = 0.1  # of the axes: what is shorter of a contour has no room for its number, and is not drawn
_ALONG = {"xi_c": (0.42, 0.58, 0.5), "xi_q": (0.16, 0.28, 0.22)}
"""Of a contour: where its number stands, so that neighbours' keep apart."""


def draw(series: dict[str, Any]) -> Figure:
    """The figure that these data describe (phase_series.compute), ready to be saved; the canvas needs no display."""
    with style.context():
        width = _LEFT + _WIDTH + _GAP + _LEGEND + page.EDGE
        header = style.wrapped(series["question"], int(width * 10.2), 2).split("\n")
        run = style.wrapped(series["run"], int(width * 13.2), 2).split("\n")
        footer = [line for note in series["footnotes"] for line in style.wrapped(note, int(width * 15), 3).split("\n")]
        top = page.EDGE + 0.235 * len(header) + 0.19 * len(run) + 0.12
        foot = page.EDGE + style.LINE * len(footer)
        height = top + _HEIGHT + _BOTTOM + foot
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((_LEFT / width, (foot + _BOTTOM) / height, _WIDTH / width, _HEIGHT / height))
        numbered = _plane(axes, series)
        page.write(figure, header, run, footer)
        handles, labels = _legend(series, numbered)
        figure.legend(
            handles,
            [style.wrapped(label, 34, 4) for label in labels],
            loc="upper left",
            bbox_to_anchor=((_LEFT + _WIDTH + _GAP) / width, 1 - top / height),
            borderaxespad=0,
            handleheight=1.1,
            labelspacing=0.9,
        )
        return figure


def _plane(axes: Axes, series: dict[str, Any]) -> list[str]:
    """Fill the axes; the names of the depth scales that have contours."""
    x, y = np.array(series["sigma_w"]), np.array(series["sigma_b"])
    axes.set_xlabel(series["xlabel"])
    axes.set_ylabel(series["ylabel"])
    axes.grid(visible=False)
    _phases(axes, x, y, series)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    numbered = _contours(axes, x, y, series)
    for stable, dashes in _LINES:
        for part in series["critical"]:
            if part["stable"] is stable:
                axes.plot(part["sigma_w"], part["sigma_b"], **_critical(dashes, part), zorder=3, clip_on=_is_line(part))
    return numbered


def _phases(axes: Axes, x: Array, y: Array, series: dict[str, Any]) -> None:
    """A coloured cell around every point, but that divergence ends where it does."""
    names = list(series["phases"].values())
    letters = list(series["phases"])
    codes = np.array([[letters.index(letter) for letter in row] for row in series["phase"]])
    runs_away = codes == names.index(_HATCHED)
    for here, beside in (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :-1], np.s_[:, 1:]):
        codes[here] = np.where(runs_away[here] & ~runs_away[beside], codes[beside], codes[here])
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    axes.imshow(
        codes,
        ListedColormap([TONES[name] for name in names]),
        vmin=-0.5,
        vmax=len(names) - 0.5,
        aspect="auto",
        origin="lower",
        extent=(x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y),
        interpolation="nearest",
        zorder=0,
    )
    for k in range(max(map(len, series["diverges"]))):
        ends = [row[k] if k < len(row) else (np.nan, np.nan) for row in series["diverges"]]
        area = axes.fill_betweenx(y, *np.transpose(ends), facecolor=TONES[_HATCHED], hatch=_HATCH, zorder=0.5)
        area.set_edgecolor(_HATCH_INK)
        area.set_linewidth(0)


def _contours(axes: Axes, x: Array, y: Array, series: dict[str, Any]) -> list[str]:
    """Contours of depth scales, as those of a rate: 1 / xi, that of xi_c negative where ordered, so that it crosses
    the line smoothly; none where signals diverge, which is no crossing. Gives the names of those that there are."""
    signs = {letter: {"ordered": -1.0, _HATCHED: np.nan}.get(name, 1.0) for letter, name in series["phases"].items()}
    sign = np.array([[signs[letter] for letter in row] for row in series["phase"]])
    there = []
    for name, look in CONTOURS.items():
        layers = np.array([[value or np.nan for value in row] for row in series[name]])
        rates = np.ma.masked_invalid((sign if name == "xi_c" else np.abs(sign)) / layers)
        levels = sorted(side / level for level in series["levels"][name] for side in (-1, 1))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No contour levels|All-NaN|.*to a masked")  # nothing to draw
            drawn = axes.contour(x, y, rates, levels, **look)
        size = (x[-1] - x[0], y[-1] - y[0])
        drawn.set_paths([_long(pieces, size) for pieces in drawn.allsegs])
        for index, level in enumerate(levels):
            along = _ALONG[name][index % len(_ALONG[name])]
            _number(axes, drawn, index, level, along, size)
        there += [name] if any(len(piece) for pieces in drawn.allsegs for piece in pieces) else []
    return there


def _long(pieces: Sequence[Array], size: tuple[float, float]) -> Path:
    """A contour without the pieces that have no room for a number."""
    return Path.make_compound_path(*[Path(piece) for piece in pieces if _way(piece, size)[-1] >= _SHORT])


def _way(piece: Array, size: tuple[float, float]) -> Array:
    """How far along a piece its points are, as a share of the axes."""
    return np.append(0.0, np.hypot(*(np.diff(piece, axis=0) / size).T).cumsum())


def _number(axes: Axes, drawn: ContourSet, index: int, level: float, along: float, size: tuple[float, float]) -> None:
    """Write the layers on every piece of a contour."""
    pieces = [np.asarray(piece) for piece in drawn.allsegs[index] if len(piece)]
    ways = [_way(piece, size) for piece in pieces]
    places = [piece[np.searchsorted(way, along * way[-1])] for piece, way in zip(pieces, ways, strict=True)]
    if places:
        numbers = axes.clabel(drawn, [level], fmt=f"{1 / abs(level):g}", fontsize=style.SMALL - 1, manual=places)
        for text in numbers:
            text.set_path_effects([withStroke(linewidth=2, foreground="white", alpha=0.7)])


def _is_line(part: dict[str, Any]) -> bool:
    """Or a single point."""
    return len(part["sigma_w"]) > 1


def _critical(dashes: Any, part: dict[str, Any]) -> dict[str, Any]:
    look = {"linestyle": dashes, "linewidth": 2.2} if _is_line(part) else {"linestyle": "", "marker": "o"}
    return {"color": "black", **look}


def _legend(series: dict[str, Any], numbered: list[str]) -> tuple[list[Any], list[str]]:
    """Handles and labels of what the plane has."""
    handles: list[Any] = []
    labels: list[str] = []
    for letter, name in series["phases"].items():
        if name in _PATCHES and any(letter in row for row in series["phase"]):
            hatch = _HATCH if name == _HATCHED else None
            handles.append(Patch(facecolor=TONES[name], edgecolor=_HATCH_INK, linewidth=0.6, hatch=hatch))
            labels.append(f"{name}: {series['meaning'][name]}")
    for stable, dashes in _LINES:
        part = next((part for part in series["critical"] if part["stable"] is stable), None)
        if part is not None:
            handles.append(Line2D([0], [0], **_critical(dashes, part)))
            labels.append(series["meaning"]["line" if stable else "unstable"])
    for name in sorted(numbered):
        look = CONTOURS[name]
        handles.append(
            Line2D([0], [0], color=look["colors"], linewidth=look["linewidths"], linestyle=look["linestyles"][0])
        )
        labels.append(series["meaning"][name])
    return handles, labels
