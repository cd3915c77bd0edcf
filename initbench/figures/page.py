"""What stands around the axes of a page: the question, what was run, and footnotes."""

from __future__ import annotations

from matplotlib.figure import Figure

from . import style

EDGE = 0.15
"""Inches around a figure."""


def write(figure: Figure, header: list[str], run: list[str], footer: list[str]) -> None:
    """Lines of text from the upper edge down and from the lower edge up."""
    width, height = figure.get_size_inches()
    down = EDGE
    for text in header:
        figure.text(EDGE / width, 1 - down / height, text, fontsize=style.TITLE, fontweight="bold", va="top")
        down += 0.235
    for text in run:
        figure.text(EDGE / width, 1 - down / height, text, fontsize=style.SUBTITLE, va="top", color=style.KEY)
        down += 0.19
    for row, text in enumerate(reversed(footer)):
        up = (EDGE + style.LINE * row) / height
        figure.text(EDGE / width, up, text, fontsize=style.SMALL, va="bottom", color=style.KEY)
