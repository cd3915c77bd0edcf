"""`-s key=value` and `--grid key=v1,v2`: read like the file and put into the document before anything is checked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..values import frozen
from .document import Mapping, Node, Place, Scalar
from .messages import Findings, shorten, shown
from .named import KINDS
from .reader import MAX_KEY, read

GRID = ("sweep", "grid")
OPTION, ARGUMENT = "--grid", "the grid"
"""What an axis that stands in no file is called: that of the option, and that of Python's argument."""
_GENERATOR = re.compile(r"\{\s*(?!name\b)\w+\s*:[^:{}]*\}")
"""`{linspace: [0, 1, 5]}`, misspelled or not: a setting has a name."""


@frozen
class Override:
    """One `-s key=value` or axis. path: where it goes; the keys of a grid are dotted themselves."""

    key: str
    path: tuple[str, ...]
    node: Node


def read_overrides(texts: Iterable[str], findings: Findings) -> list[Override]:
    """The overrides, in order. What cannot be read is noted."""
    found = []
    for text in texts:
        source = f"-s {shorten(text)}"
        key, equals, value = text.partition("=")
        key = key.strip()
        path = _path(key)
        if not equals:
            findings.add(Place(source), "", "an override is key=value, such as network.depth=10")
        elif not all(path) or len(key) > MAX_KEY:
            findings.add(Place(source), "", f"{shorten(key)!r} is no dotted key, such as network.depth")
        else:
            node = read(value, source, findings, key)
            if node is not None:
                found.append(Override(key, path, node))
    return found


def read_axis_text(key: str, text: str, findings: Findings) -> Override | None:
    """`--grid key=v1,v2`: the axis [v1, v2]. Values in brackets stand as they are, as does a generator. None for what
    cannot be read, which is noted."""
    source = f"{OPTION} {shorten(f'{key}={text}')}"
    values = text.strip()
    whole = values.startswith("[") or _GENERATOR.fullmatch(values)
    node = read(values if whole else f"[{values}]", source, findings, key)
    return None if node is None else axis(key, node)


def axis(key: str, node: Node) -> Override:
    """The override that gives the grid an axis."""
    name = ".".join((*GRID, key))
    return Override(name, _path(name), node)


def axis_name(key: str, place: Place) -> str:
    """What an axis of the grid is called where something is wrong with it: as whoever gave it has written it."""
    return key if place.source == ARGUMENT or place.source.startswith(f"{OPTION} ") else ".".join((*GRID, key))


def _path(key: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in key.split("."))
    return (*GRID, ".".join(parts[2:])) if parts[:2] == GRID and len(parts) > 2 else parts


def apply(root: Node, overrides: Iterable[Override], findings: Findings) -> Node:
    """The document with the overrides in it; a later one wins."""
    for override in overrides:
        root = _put(root, override.path, override.node, (), findings)
    return root


def _put(node: Node | None, path: tuple[str, ...], value: Node, above: tuple[str, ...], findings: Findings) -> Node:
    if not path:
        return value
    key = ".".join(above)
    holder: Mapping
    if node is None or (isinstance(node, Scalar) and node.value is None):
        holder = Mapping(value.place, {}) if above or node is None else Mapping(node.place, {})
    elif isinstance(node, Mapping):
        holder = node
    elif key in KINDS and isinstance(node, Scalar) and isinstance(node.value, str):
        holder = Mapping(node.place, {}).put("name", node)
    else:
        findings.add(value.place, ".".join((*above, *path)), f"{key or 'the config'} is {shown(node)}, not a mapping")
        return node
    inner = _put(holder.get(path[0]), path[1:], value, (*above, path[0]), findings)
    # A value that is replaced as a whole is the override's from its key on: what is missing in it is missing there.
    return holder.put(path[0], inner, value.place if len(path) == 1 or path[0] not in holder.entries else None)


def conflicts(overrides: Iterable[Override], swept: Iterable[str], findings: Findings) -> None:
    """Note overrides of what the sweep sets anyway: they would change nothing, or not what they say."""
    keys, given = list(swept), list(overrides)
    options = {override.path[-1] for override in given if override.node.place.source.startswith(f"{OPTION} ")}
    for override in given:
        for key in keys:
            if override.key == key or override.key.startswith(f"{key}."):
                axis = f"{OPTION} '{key}" if key in options else f"-s '{'.'.join(GRID)}.{key}"
                instead = f"{axis}=[{shown(override.node)}]'"
                what = f"{key} is swept, so this changes nothing; set its values: {instead}"
                findings.add(override.node.place, override.key, what)
                break
