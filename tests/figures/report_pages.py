"""Results whose config tries to break out of a page, and a reader of HTML that is stricter than browsers."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from initbench import api

EVIL = "</script></style><img src=x onerror=alert(1)> & \"quoted\" 'too' <b>"
CONFIG: dict[str, Any] = {
    "name": "evil",
    "description": f"{EVIL}\n\nA second paragraph.",
    "network": {"depth": 4, "width": 16, "activation": "tanh", "initializer": "he_normal"},
    "input": {"batch_size": 8},
    "seeds": 4,
    "sweep": {"grid": {"network.initializer": ["he_normal", {"name": "normal", "stddev": 0.001}, "zeros"]}},
    "expect": [
        {"name": EVIL, "where": {"network.initializer": "zeros"}, "metric": "verdict", "equals": "stable"},
        {"name": "it lives", "where": {"network.initializer": "he_normal"}, "metric": "verdict", "equals": "stable"},
    ],
}
VOID = {"meta", "wbr", "br", "hr", "link", "img"}


def evil_results(folder: Path, **settings: Any) -> Path:
    """A results folder of this config."""
    api.run(CONFIG | settings, folder, 1)
    return folder


class Document(HTMLParser):
    """What stands in a page. Raises AssertionError where an element is closed by another one, or never."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.within: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len(dict(attributes)) == len(attributes), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert "svg" in self._open, f"<{tag} /> is nothing in HTML"
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1:] == [tag], f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.within.setdefault(tag, []).append(data)

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [str(found[attribute]) for _, found in self.elements if attribute in found]

    def text(self, tag: str) -> str:
        """All text inside of elements of a kind."""
        return "".join(self.within.get(tag, []))
