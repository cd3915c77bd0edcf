"""Pictures inside the page: SVG whose text can be selected, with its words beside it."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from matplotlib.figure import Figure

from ..draw import draw
from ..render import encode
from .markup import Markup, element
from .words import in_words

MOST = 100
"""Lines of a figure that are drawn one by one."""
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_LAID_OUT = re.compile("font-family: 'DejaVu Sans'(?:, sans-serif)?")
_FONTS = "font-family: 'DejaVu Sans', Verdana, 'Bitstream Vera Sans', sans-serif"
"""Letters of one width: what the figure was laid out with, and what other systems have in its place."""


def picture(series: dict[str, Any]) -> Markup:
    """One figure: its question over it, its footnotes under it. The ids of its parts start with its stem."""
    stem, question = series["stem"], series["question"]
    bare = {**series, "question": "", "run": "", "footnotes": []}
    words = f"{stem}-in-words"
    name = f"{stem}-title"
    svg = inline(encode(_drawn(bare), "svg", series), stem, name, words)
    said = [
        element("li", element("strong", title), element("ul", [element("li", text) for text in sentences]))
        for title, sentences in in_words(series)
        if sentences
    ]
    return element(
        "figure",
        element("h3", question, id=name),
        element("div", svg, class_="scroll card", tabindex=0, role="region", aria_label=f"Picture: {question}"),
        element(
            "figcaption",
            [element("p", note) for note in series["footnotes"]],
            element(
                "details", element("summary", "This picture in words"), element("ul", said, id=words, class_="words")
            ),
        ),
        id=stem,
    )


def _drawn(series: dict[str, Any]) -> Figure:
    """The figure; where it has many lines, they are one image, as pages have to stay of a size that can be sent. What
    is written stays text."""
    figure = draw(series)
    if sum(len(panel.get("lines", ())) for panel in series["panels"]) > MOST:
        for axes in figure.axes:
            for artist in (*axes.lines, *axes.collections, *axes.patches):
                artist.set_rasterized(True)
    return figure


def inline(svg: bytes, prefix: str, name: str, words: str) -> Markup:
    """The <svg> element of a file for use inside HTML: nothing in it reaches what is outside of it.

    Ids that are referred to get a prefix, others go; the file's one style, which would hold for the whole page, is
    given to the root alone. name, words: ids of the elements that name and describe it.
    """
    root = ElementTree.fromstring(svg)
    parents = {child: parent for parent in root.iter() for child in parent}
    for node in list(root.iter()):
        node.tag = node.tag.rpartition("}")[2]
        if node.tag in ("style", "metadata"):
            parents[node].remove(node)
    used = {found for node in root.iter() for value in node.attrib.values() for found in _referred(value)}
    for node in root.iter():
        node.attrib = {
            key.rpartition("}")[2]: _rewritten(key, value, prefix)
            for key, value in node.attrib.items()
            if key != "id" or value in used
        }
        node.text, node.tail = _stripped(node.text), _stripped(node.tail)
    width, height = root.attrib["viewBox"].split()[2:]
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": name,
        "aria-describedby": words,
        "style": f"--width: {width}; aspect-ratio: {width} / {height}",
    }
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _referred(value: str) -> list[str]:
    return [value[1:]] if value.startswith("#") else _REFERENCE.findall(value)


def _rewritten(key: str, value: str, prefix: str) -> str:
    if key == "id":
        return f"{prefix}-{value}"
    if key.endswith("href") and value.startswith("#"):
        return f"#{prefix}-{value[1:]}"
    if key == "style":
        value = _LAID_OUT.sub(_FONTS, value)
    return _REFERENCE.sub(rf"url(#{prefix}-\1)", value)


def _stripped(text: str | None) -> str | None:
    """Without the indentation; spaces inside of a text stay."""
    return text if text and text.strip() else None
