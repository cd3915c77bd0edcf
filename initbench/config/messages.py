"""Problems, collected until all are known, and the words that values are shown in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

from ..errors import ConfigError, Problem, did_you_mean
from .document import Node, Place, Scalar, Sequence
from .scalars import UNSAFE

SHOWN = 80  # characters of a value or a key that a message shows
MOST = 2000  # problems that are listed: whoever has more of them has another file than they think
HINTS = 200  # nearest names that are looked for: each takes milliseconds, and only the first are read
CANDIDATES = 500  # names among which the nearest is looked for


class Findings:
    """Every problem found so far, each once."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}
        self.noted = 0  # how often something was wrong, counted even where it is not listed (again)
        self._hints_left = HINTS
        self._spoiled: list[str] = []
        self.full = False  # there were more than MOST, so there is no point in looking for more

    def __len__(self) -> int:
        return len(self._problems)

    def add(self, place: Place, key: str, message: str) -> None:
        """Note a problem, unless the reader has found that the value there is not what was meant."""
        self.noted += 1
        if any(key == spoiled or key.startswith((spoiled + ".", spoiled + "[")) for spoiled in self._spoiled):
            return
        problem = Problem(shorten(place.source, 200), place.line, place.column, shorten(key, 120), message)
        self.full = self.full or len(self._problems) >= MOST
        if not self.full:
            self._problems[problem] = None

    def about(self, *keys: str) -> bool:
        """Whether any problem is about one of these keys, or about what stands in it."""
        heads = {re.split(r"[.\[]", problem.key, maxsplit=1)[0] for problem in self._problems}
        return not heads.isdisjoint(keys)

    def spoil(self, key: str) -> None:
        """What follows from this key is not to be reported any more: its own problem is known."""
        if len(self._spoiled) < 100 and key:
            self._spoiled.append(key)

    def hint(self, word: Any, allowed: Iterable[str]) -> str:
        """`; did you mean 'relu'?`, as long as looking for it is cheap."""
        if not isinstance(word, str) or len(word) > SHOWN or self._hints_left <= 0:
            return ""
        words = list(itertools.islice(allowed, CANDIDATES + 1))
        if len(words) > CANDIDATES:
            return ""
        self._hints_left -= 1
        return did_you_mean(word, words)

    def error(self) -> ConfigError:
        """All of them as one error."""
        problems = list(self._problems)
        if self.full:
            problems.append(Problem(problems[0].source, 0, 0, "", f"more than {MOST} problems; here are some of them"))
        return ConfigError(problems)

    def raise_any(self) -> None:
        """Raises ConfigError if there is anything to say."""
        if self._problems:
            raise self.error()


def shorten(text: str, length: int = SHOWN) -> str:
    """The text on one line, cut where it is long, without characters that would steer a terminal."""
    text = UNSAFE.sub("?", text[: 2 * length].replace("\n", " ")) + ("..." if len(text) > 2 * length else "")
    return text if len(text) <= length else text[: length - 3] + "..."


def shown(node: Node | None) -> str:
    """A value as it was written: 1e3, 'ten', [1, 2], {name: relu}."""
    return shorten(_written(node, 200))


def _written(node: Node | None, room: int) -> str:
    if node is None:
        return "nothing"
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            return repr(node.value[:room])
        return "null" if node.value is None else node.text[:room]
    parts: list[str] = []
    pairs: Iterable[tuple[str, Node]]
    if isinstance(node, Sequence):
        pairs = (("", item) for item in node.items)
    else:
        pairs = ((f"{key[:room]}: ", entry.node) for key, entry in node.entries.items())
    for prefix, child in pairs:
        if room <= 0:
            parts.append("...")
            break
        parts.append(prefix + _written(child, room))
        room -= len(parts[-1])
    return f"[{', '.join(parts)}]" if isinstance(node, Sequence) else f"{{{', '.join(parts)}}}"


def refused(node: Node | None, allowed: str, hint: str = "") -> str:
    """`'ten' is not allowed here: an integer from 1 to 100000`, with what probably went wrong."""
    return f"{shown(node)} is not allowed here: {allowed}{hint or _slip(node, allowed)}"


def _slip(node: Node | None, allowed: str) -> str:
    """The usual slips of YAML: a number that is a text, a text that is a number."""
    if not isinstance(node, Scalar):
        return ""
    if "integer" in allowed and isinstance(node.value, float) and node.value.is_integer():
        return f"; write {int(node.value)}" if abs(node.value) < 1e15 else ""
    if allowed.startswith("a text") and not isinstance(node.value, str) and node.value is not None:
        return f"; write '{shorten(node.text)}' in quotes"
    if allowed.startswith("true or false") and isinstance(node.value, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(node.value.lower())
        return f"; write {meant}" if meant else ""
    return ""
