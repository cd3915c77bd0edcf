"""The ways in: a file, or a mapping."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError, Problem, StorageError
from ..spec import Cell, Experiment
from .build import Inspect, Source, build
from .document import Entry, Mapping, Node, Place, Scalar, Sequence, name_path
from .messages import Findings, shorten, shown
from .overrides import ARGUMENT, GRID, Override, apply, axis, read_axis_text, read_overrides
from .reader import MAX_DEPTH, MAX_KEY, MAX_NODES, read
from .scalars import MAX_DIGITS, UNSAFE

MAX_BYTES = 1_000_000
_NAMES = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.ENODEV})
"""What the system says of names that no file can have, of sockets and of devices."""


def nothing(cell: Cell) -> Iterable[tuple[str, str]]:
    """An Inspect that has nothing to say."""
    return ()


def load(
    path: str | os.PathLike[str],
    overrides: AnySequence[str] = (),
    inspect: Inspect = nothing,
    data: bool = True,
    grid: AnyMapping[str, Any] | None = None,
) -> Experiment:
    """The experiment of a config file, with `key=value` overrides put in first.

    grid: axes for its sweep, instead of those that it has of the same keys: by dotted key the values, a list, a
    generator such as {"linspace": [0, 1, 5]}, or a text as after --grid key=.
    inspect: asked about every cell, (key, message) for each problem that it sees. data: whether the data that it names
    is read; without it, the experiment can be asked what it expects but not run.
    Raises ConfigError with every problem of the file, StorageError where the file cannot be read.
    """
    name = os.fspath(path)
    text = read_text(path)
    findings = Findings()
    root = read(text, name, findings)
    if root is None:
        raise findings.error()
    file = Path(path)
    return _experiment(root, overrides, grid or {}, Source(name, file.stem, file.parent, text, data), inspect, findings)


def from_mapping(
    mapping: AnyMapping[str, Any],
    overrides: AnySequence[str] = (),
    inspect: Inspect = nothing,
    name: str = "config",
    grid: AnyMapping[str, Any] | None = None,
) -> Experiment:
    """The experiment of a config that is given as a mapping. grid: as for load.

    The mapping is not changed. Data files are found from the current folder.

    Raises ConfigError with every problem, without lines.
    """
    findings = Findings()
    root = _Converter(findings).node(mapping, (), 1)
    if root is None:
        raise findings.error()
    experiment = _experiment(root, overrides, grid or {}, Source("config", name, None, None), inspect, findings)
    return replace(experiment, source=experiment.resolved)


def _experiment(
    root: Node,
    texts: AnySequence[str],
    grid: AnyMapping[str, Any],
    source: Source,
    inspect: Inspect,
    findings: Findings,
) -> Experiment:
    overrides = [*read_overrides(texts, findings), *_axes(grid, findings)]
    root = apply(root, overrides, findings)
    if not isinstance(root, Mapping):
        empty = isinstance(root, Scalar) and root.value is None
        what = "the config is empty" if empty else f"{shown(root)} is no config"
        findings.add(root.place, "", f"{what}; it needs network: with depth, width, activation and initializer")
        raise findings.error()
    return build(root, overrides, source, inspect, findings)


def _axes(grid: AnyMapping[str, Any], findings: Findings) -> Iterator[Override]:
    """The axes that are given beside a config."""
    for key, values in grid.items():
        if isinstance(key, str) and isinstance(values, str):
            found = read_axis_text(key, values, findings)
            if found is not None:
                yield found
        else:
            node = _Converter(findings, ARGUMENT).mapping({key: values}, GRID, 1)
            for known, entry in node.entries.items() if node is not None else ():
                yield axis(known, entry.node)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a config file: a regular file of UTF-8, with or without a byte order mark, of at most 1 MB.

    Raises ConfigError for what is no such file, StorageError where reading fails.
    """
    name = os.fspath(path)
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise _no_config(name, "not a regular file" + (" but a folder" if os.path.isdir(name) else ""))
        data = _read_bytes(name)
    except (FileNotFoundError, NotADirectoryError):
        raise _no_config(name, "there is no such file") from None
    except ValueError:  # a path with a NUL in it
        raise _no_config(repr(name), "not the name of a file") from None
    except OSError as error:
        if error.errno in _NAMES:
            raise _no_config(name, f"not the name of a file ({error.strerror})") from None
        raise StorageError(f"{shorten(name, 200)}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise _no_config(name, f"larger than {MAX_BYTES} bytes, the most that a config may have")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problem = Problem(shorten(name, 200), line, column, "", "not UTF-8; save the file as UTF-8 text")
        raise ConfigError([problem]) from None


def _read_bytes(name: str) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(name, flags)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it may have been replaced by a pipe since stat
            raise _no_config(name, "not a regular file")
        return file.read(MAX_BYTES + 1)


def _no_config(name: str, what: str) -> ConfigError:
    return ConfigError([Problem(shorten(name, 200), 0, 0, "", what)])


class _Converter:
    """Python values as nodes, under the same limits as a file."""

    def __init__(self, findings: Findings, source: str = "config") -> None:
        self.findings = findings
        self.place = Place(source)
        self.nodes = 0

    def note(self, path: tuple[str | int, ...], message: str) -> None:
        key = name_path(path[:12])
        self.findings.add(self.place, key, message)
        self.findings.spoil(key)

    def node(self, value: Any, path: tuple[str | int, ...], depth: int) -> Node | None:
        """None once a limit is crossed."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            limit = f"{MAX_NODES} values" if self.nodes > MAX_NODES else f"{MAX_DEPTH} levels"
            self.note(path, f"the config comes to more than {limit}")
            return None
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist() if value.size <= MAX_NODES else [0] * (MAX_NODES + 1)
        if isinstance(value, AnyMapping):
            return self.mapping(value, path, depth)
        if isinstance(value, list | tuple | range):
            items = []
            for index, item in enumerate(value):
                node = self.node(item, (*path, index), depth + 1)
                if node is None:
                    return None
                items.append(node)
            return Sequence(self.place, tuple(items))
        return self.scalar(value, path)

    def mapping(self, value: AnyMapping[Any, Any], path: tuple[str | int, ...], depth: int) -> Mapping | None:
        entries: dict[str, Entry] = {}
        for key, inner in value.items():
            if not isinstance(key, str) or len(key) > MAX_KEY or UNSAFE.search(key):
                self.note(path, f"the key {shorten(ascii(key))} is not a text of at most {MAX_KEY} plain characters")
                continue
            node = self.node(inner, (*path, str(key)), depth + 1)
            if node is None:
                return None
            entries[str(key)] = Entry(self.place, node)
        return Mapping(self.place, entries)

    def scalar(self, value: Any, path: tuple[str | int, ...]) -> Scalar:
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if value is None or isinstance(value, bool):
            return Scalar(self.place, value, str(value).lower())
        if isinstance(value, float):
            return Scalar(self.place, float(value), repr(float(value)))
        if isinstance(value, int):
            if abs(value) < 10**MAX_DIGITS:
                return Scalar(self.place, int(value), str(int(value)))
            self.note(path, f"an integer of more than {MAX_DIGITS} digits")
        elif isinstance(value, str):
            if not UNSAFE.search(value):
                return Scalar(self.place, str(value), str(value))
            self.note(path, "a text with characters that are not allowed in a config")
        else:
            self.note(path, f"a {type(value).__name__} is not allowed in a config")
        return Scalar(self.place, None, "")
