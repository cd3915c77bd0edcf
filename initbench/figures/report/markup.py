"""HTML and MathML that are escaped by construction: what is not Markup is text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

VOID = frozenset({"meta", "wbr", "br", "hr", "link"})
_BLOCKS = frozenset(
    {
        *("html", "head", "body", "header", "main", "footer", "nav", "section", "article", "figure", "details", "div"),
        *("table", "thead", "tbody", "tr", "ul", "ol", "dl", "li", "p", "h1", "h2", "h3", "h4", "dt", "dd", "summary"),
        *("meta", "title", "style", "figcaption", "caption"),
    }
)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What HTML must not hold, not even as a character reference."""


@dataclass(frozen=True, slots=True)
class Markup:
    """A piece of a document, safe as it stands."""

    text: str


Child = str | Markup | None
Children = Child | Iterable["Children"]


def element(name: str, /, *children: Children, **attributes: str | int | bool | None) -> Markup:
    """An element. Strings are escaped, sequences are taken apart, None is left out.

    attributes: `class_` is class, other underscores are hyphens; True stands without a value, False and None are left
    out.
    """
    shown = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    end = "\n" if name in _BLOCKS else ""
    if name in VOID:
        return Markup(f"<{name}{shown}>{end}")
    return Markup(f"<{name}{shown}>{join(children).text}</{name}>{end}")


def join(children: Children) -> Markup:
    """Several pieces as one."""
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return Markup(escape(_FORBIDDEN.sub("\ufffd", children), quote=False))
    return Markup("".join(join(child).text for child in children))


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{escape(_FORBIDDEN.sub(chr(0xFFFD), str(value)))}"'
