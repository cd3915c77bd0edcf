"""Strict YAML: the events of PyYAML's parser, turned into nodes under a budget.

PyYAML composes first and asks later, so a file of 600 bytes can keep it busy for ever and nested brackets can
exhaust the stack. Here nothing is built before it was counted: depth, and nodes with every alias and merge
written out.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from .document import Entry, Mapping, Node, Place, Scalar, Sequence, name_path
from .messages import Findings, shorten
from .scalars import UNSAFE, resolve
from .yaml_words import explain

MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_KEY = 200  # characters

Trail = tuple["Trail", str | int] | None
"""The way to a node, last part outermost: it costs nothing until a message needs it."""


class _Stop(Exception):
    """The rest cannot be read; why has been noted."""


def read(text: str, source: str, findings: Findings, prefix: str = "") -> Node | None:
    """The one document of a text. None where it could not be built; what is wrong with it is in the findings.

    prefix: the key that the text is the value of, for an override.
    """
    unsafe = UNSAFE.search(text)
    if unsafe:
        place = Place(source) if prefix else place_of(text, unsafe.start(), source)
        findings.add(place, prefix, f"the character U+{ord(unsafe[0]):04X} is not allowed in a config")
        return None
    try:
        return _Builder(text, source, findings, prefix).document()
    except _Stop:
        return None
    except yaml.YAMLError as error:
        line, column, words = explain(error)
        where = Place(source) if prefix else Place(source, line, column)
        findings.add(where, prefix, f"not valid YAML: {words}")
    except (RecursionError, ValueError, OverflowError) as error:
        findings.add(Place(source), prefix, f"not readable as YAML ({type(error).__name__})")
    return None


def _name(trail: Trail, prefix: str) -> str:
    parts: list[str | int] = []
    while trail is not None:
        trail, part = trail
        parts.append(part)
    return name_path([prefix, *reversed(parts)] if prefix else reversed(parts))


def place_of(text: str, index: int, source: str) -> Place:
    """Line and column of a character."""
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Place(source, before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Builder:
    """One pass over the events. Recursion is as deep as the document, which is at most MAX_DEPTH."""

    def __init__(self, text: str, source: str, findings: Findings, prefix: str) -> None:
        self.events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self.source = source
        self.findings = findings
        self.prefix = prefix
        self.placed = not prefix  # an override is one line on a command line: its columns would help nobody
        self.anchors: dict[str, Node | None] = {}  # None while it is being built
        self.nodes = 0

    def document(self) -> Node | None:
        next(self.events)  # the stream starts
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return Scalar(Place(self.source, 1, 1) if self.placed else Place(self.source), None, "")
        root = self.node(next(self.events), None, 1)
        next(self.events)  # the document ends
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.note(self.place(event), None, "a second document starts here; a config is one document")
        return root

    def place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        assert mark is not None
        return Place(self.source, mark.line + 1, mark.column + 1) if self.placed else Place(self.source)

    def note(self, place: Place, trail: Trail, message: str) -> None:
        self.findings.add(place, _name(trail, self.prefix), message)

    def spoil(self, trail: Trail) -> None:
        self.findings.spoil(_name(trail, self.prefix))

    def stop(self, place: Place, trail: Trail, message: str) -> _Stop:
        self.note(place, trail, message)
        return _Stop()

    def count(self, size: int, place: Place, trail: Trail) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise self.stop(place, trail, f"the config comes to more than {MAX_NODES} values, aliases written out")

    def node(self, event: yaml.Event, trail: Trail, depth: int) -> Node:
        place = self.place(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, place, trail, depth)
        self.count(1, place, trail)
        if depth > MAX_DEPTH:
            raise self.stop(place, trail, f"nested more than {MAX_DEPTH} levels deep")
        assert isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent)
        if event.tag is not None:
            self.note(
                place,
                trail,
                f"tags are not allowed: {shorten('!' + event.tag.rpartition(':')[2].lstrip('!'))}",
            )
            self.spoil(trail)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        built: Node
        if isinstance(event, yaml.ScalarEvent):
            built = self.scalar(event, place, trail)
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self.sequence(place, trail, depth)
        else:
            built = self.mapping(place, trail, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = built
        return built

    def alias(self, event: yaml.AliasEvent, place: Place, trail: Trail, depth: int) -> Node:
        name = shorten(str(event.anchor))
        if event.anchor not in self.anchors:
            raise self.stop(place, trail, f"the alias *{name} has no anchor &{name} before it")
        target = self.anchors[event.anchor]
        if target is None:
            raise self.stop(place, trail, f"the alias *{name} stands inside its own anchor")
        self.count(target.size, place, trail)
        if depth + target.height > MAX_DEPTH:
            raise self.stop(place, trail, f"nested more than {MAX_DEPTH} levels deep, aliases written out")
        return target

    def scalar(self, event: yaml.ScalarEvent, place: Place, trail: Trail) -> Scalar:
        text: str = event.value
        unsafe = UNSAFE.search(text)
        if unsafe:
            self.note(place, trail, f"the character U+{ord(unsafe[0]):04X} is not allowed in a config")
            self.spoil(trail)
            text = UNSAFE.sub("?", text)
        if event.style not in (None, ""):
            return Scalar(place, text, text)
        try:
            return Scalar(place, resolve(text), text)
        except ValueError as error:
            self.note(place, trail, str(error))
            self.spoil(trail)
            return Scalar(place, 0, "0")

    def sequence(self, place: Place, trail: Trail, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, (trail, len(items)), depth + 1))
        return Sequence(place, tuple(items))

    def mapping(self, place: Place, trail: Trail, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] | None = None
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            where = self.place(event)
            plain = isinstance(event, yaml.ScalarEvent) and event.style in (None, "")
            name = self.key(event, trail, depth)
            node = self.node(next(self.events), (trail, name or "?"), depth + 1)
            if name is None:
                continue
            if name == "<<" and plain:
                if merged is not None:
                    self.note(where, trail, "a second merge key << in the same mapping; write << : [*a, *b]")
                merged = self.merge(node, place, trail) if merged is None else merged
            elif name in entries:
                first = entries[name].place
                since = f" (first on line {first.line})" if first.line else ""
                self.note(where, (trail, name), f"this key stands here twice{since}")
            else:
                entries[name] = Entry(where, node)
        if merged:
            entries = {**merged, **entries}
        return Mapping(place, entries)

    def key(self, event: yaml.Event, parent: Trail, depth: int) -> str | None:
        """The name of a key; None, with a note, where it is not a text."""
        place = self.place(event)
        node = self.node(event, parent, depth + 1)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if len(node.value) <= MAX_KEY:
                return node.value
            self.note(place, parent, f"a key of {len(node.value)} characters; at most {MAX_KEY} are read")
            return None
        if isinstance(node, Scalar) and node.text:
            what = f"the key {shorten(node.text)} is not a text; write '{shorten(node.text)}' in quotes"
        else:
            what = "a key is missing" if isinstance(node, Scalar) else "a key must be a text, not a list or a mapping"
        self.note(place, parent, what)
        return None

    def merge(self, node: Node, place: Place, trail: Trail) -> dict[str, Entry]:
        """What `<<` brings in: the first of several mappings wins."""
        sources = node.items if isinstance(node, Sequence) else (node,)
        entries: dict[str, Entry] = {}
        for source in sources:
            if not isinstance(source, Mapping):
                self.note(source.place, trail, "a merge key << takes a mapping or a list of mappings")
                continue
            self.count(len(source.entries), place, trail)
            for name, entry in source.entries.items():
                entries.setdefault(name, entry)
        return entries
