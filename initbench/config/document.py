"""What a config is made of before anything is known about it: values, each with its place.

    Node
    ├── Scalar      a text, number, boolean or null, and how it was written
    ├── Sequence    a list
    └── Mapping     keys in the order of the file, each with its own place

Nodes are never changed: an override makes new ones along its path, so what aliases share stays shared.
(They are not frozen dataclasses: a hundred thousand are made within a second, and freezing costs a share of it.)
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

Value = str | int | float | bool | None
Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Where something stands: a file's name or an override, line and column from 1, 0 where there is none."""

    source: str
    line: int = 0
    column: int = 0


@dataclass(eq=False, slots=True)
class Scalar:
    """One value, and its text as written (empty for null that was left out)."""

    place: Place
    value: Value
    text: str
    size: ClassVar[int] = 1
    height: ClassVar[int] = 0


@dataclass(eq=False)
class Sequence:
    """A list. size: how many nodes it comes to with every alias written out; height: how deep it nests."""

    place: Place
    items: tuple[Node, ...]
    size: int = field(init=False)
    height: int = field(init=False)

    def __post_init__(self) -> None:
        _measure(self, self.items)


@dataclass(eq=False, slots=True)
class Entry:
    """A value under its key; `place` is the key's."""

    place: Place
    node: Node


@dataclass(eq=False)
class Mapping:
    """Keys and values in the order of the file. size and height as in Sequence."""

    place: Place
    entries: AnyMapping[str, Entry]
    size: int = field(init=False)
    height: int = field(init=False)

    def __post_init__(self) -> None:
        _measure(self, (entry.node for entry in self.entries.values()))

    def get(self, key: str) -> Node | None:
        """The value of a key, None where it is not there."""
        entry = self.entries.get(key)
        return entry.node if entry else None

    def put(self, key: str, node: Node, place: Place | None = None) -> Mapping:
        """The same mapping with one value set; a new key goes last."""
        old = self.entries.get(key)
        where = place or (old.place if old else node.place)
        return Mapping(self.place, {**self.entries, key: Entry(where, node)})


Node = Scalar | Sequence | Mapping


def _measure(node: Sequence | Mapping, children: Iterable[Node]) -> None:
    size, height = 1, 0
    for child in children:
        size += child.size
        height = max(height, child.height)
    node.size, node.height = size, height + 1


def plain(node: Node) -> Any:
    """The node as dicts, lists and plain values. Its size was bounded when it was read."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def locate(root: Node, path: AnySequence[str | int], key: bool = False) -> tuple[Place, Node | None]:
    """The place of what stands at a path, or of the nearest thing around it; the node if it is there.

    key: the place of the last key instead of its value.
    """
    node: Node = root
    for position, part in enumerate(path):
        if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
            entry = node.entries[part]
            if key and position == len(path) - 1:
                return entry.place, entry.node
            node = entry.node
        elif isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
            node = node.items[part]
        else:
            return node.place, None
    return node.place, node


def name_path(path: Iterable[str | int]) -> str:
    """A path as people write it: `network.width[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
