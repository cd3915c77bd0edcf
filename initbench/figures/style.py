"""How every figure looks.

Colours are those of Okabe and Ito, told apart by the colour-blind. In grey print markers tell lines apart:
dashes and dots are taken: dashed is the theory, dotted the median, wherever they appear.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8B6C1F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MAX_LINES = len(COLOURS)
MUTED = "#B8B8B8"
CROWD = {"crowd": "#F0F0F0", "crowd_most": "#E0E0E0", "crowd_half": "#CCCCCC"}
"""Of the bands of many settings."""
KEY = "#555555"  # small text, and the legend's lines that explain a style whatever the colour
INK = "#222222"

DPI = 150
TITLE, SUBTITLE, BODY, SMALL = 12.0, 9.5, 9.0, 8.0
BEYOND = "/////"  # hatches theory's band where it is out of its range
LINE = 0.165  # the height of a line of small text, in inches

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": BODY,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#666666",
    "axes.labelsize": BODY,
    "axes.titlesize": BODY,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "hatch.linewidth": 0.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "initbench",
    "path.simplify": False,
}


@contextmanager
def context() -> Iterator[None]:
    """Matplotlib's own defaults and then ours, whatever the user's matplotlibrc says; restored on leaving."""
    kept = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk.")
    defaults: Any = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(kept)}
    with mpl.rc_context(defaults | _STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks is drawn as boxes
        yield


def marker(style: int | float | None) -> str:
    """Only lines of the palette carry markers: ramps are told apart by their order."""
    return MARKERS[style] if isinstance(style, int) else ""


def colour(style: int | float | None) -> str:
    """style: an index of the palette, a place between 0 and 1 on the ramp, or None for muted lines."""
    if style is None:
        return MUTED
    if isinstance(style, int):
        return COLOURS[style]
    return str(mpl.colors.to_hex(mpl.colormaps["viridis"](0.92 * style)))


def darker(tone: str) -> str:
    """For the theory's dashes, which lie on the measured line where the theory holds."""
    red, green, blue = mpl.colors.to_rgb(tone)
    return str(mpl.colors.to_hex((0.45 * red, 0.45 * green, 0.45 * blue)))


def plain(text: str) -> str:
    """Text as it stands: no dollar starts a formula, no control character spoils an SVG."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    shown = " ".join(shown.split()).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def rounded(text: str) -> str:
    """Numbers with no more digits than can be read: `orthogonal(gain=1.414)`."""
    return re.sub(r"\d+\.\d{4,}", lambda found: f"{float(found[0]):.4g}", text)


def wrapped(text: str, columns: int, lines: int) -> str:
    """At most `lines` lines of about `columns` letters, the rest cut with an ellipsis."""
    return "\n".join(textwrap.wrap(plain(text), columns, max_lines=lines, placeholder=" …", break_on_hyphens=False))
