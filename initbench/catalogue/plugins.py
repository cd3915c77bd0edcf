"""Installed plug-ins: what other packages declare as entry points, found without running any of their code.

A plug-in is loaded when a config names it. It is somebody else's code: whatever goes wrong in there comes out as a
PluginError that names it, and what it does to the process while it runs (prints, the current folder, NumPy's error
state) ends with it.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import Interrupted, ParameterError, PluginError
from ..values import frozen

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")

GROUPS = {
    "activation": "initbench.activations",
    "initializer": "initbench.initializers",
    "metric": "initbench.metrics",
}
"""Kind -> the group of its entry points."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}(:[A-Za-z][A-Za-z0-9_]{0,63})?")
NAME_WORDS = "letters, digits and _, the first a letter, at most 64; one `prefix:` before it may be of the same kind"
WORDS = frozenset(
    {*("none", "null", "true", "false", "yes", "no", "on", "off", "y", "n"), *("nan", "inf", "default", "name")}
)
"""What a config may mean otherwise."""


@frozen
class Plugin:
    """One entry point of a package. origin: the package and its version; empty where its metadata do not tell."""

    kind: str
    name: str
    origin: str
    entry: EntryPoint

    def __str__(self) -> str:
        """`the activation 'softclip' of mypackage 1.0`"""
        return f"the {self.kind} '{plain(self.name, 64)}' of {self.origin or 'a package without name or version'}"

    @property
    def place(self) -> str:
        """`entry point softclip = mypackage:softclip in initbench.activations`"""
        return f"entry point {plain(self.name, 64)} = {plain(self.entry.value, 100)} in {self.entry.group}"

    def error(self, what: str) -> PluginError:
        """What is wrong with it, once it is loaded."""
        return PluginError(f"{self}: {what}")

    def refused(self, what: str) -> PluginError:
        """Why it cannot be used at all, with the entry point, which is where its author looks first."""
        return PluginError(f"{self} ({self.place}) {what}")

    def load(self) -> Any:
        """What the entry point stands for. Raises PluginError, whatever the package does when it is imported."""
        try:
            with _undisturbed():
                return self.entry.load()
        except BaseException as error:
            if _asks_to_stop(error):
                raise
            raise self.refused(f"cannot be loaded: {said(error)}") from error

    def call(self, what: str, function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """The result of one of its functions, called `what` where it goes wrong. Raises PluginError, and ParameterError
        where `build` says so itself: parameters that do not go together.
        """
        try:
            with _undisturbed():
                return function(*arguments, **keywords)
        except BaseException as error:
            if _asks_to_stop(error) or (what == "build" and isinstance(error, ParameterError)):
                raise
            raise self.error(f"{what} raised {said(error)}") from error


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Prints go to stderr, where they spoil no table; the current folder and NumPy's error state come back."""
    folder = _folder()
    with redirect_stdout(sys.stderr), np.errstate(all="ignore"):
        try:
            yield
        finally:
            if folder and _folder() != folder:
                os.chdir(folder)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _asks_to_stop(error: BaseException) -> bool:
    """Whether a signal's handler raised this while the plug-in ran.

    Python's own raises KeyboardInterrupt; where another handler stands, only the plug-in can have raised that.
    """
    if isinstance(error, KeyboardInterrupt):
        return signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, Interrupted)


def said(error: BaseException) -> str:
    """`ValueError: what it says`, on one line, however the error is made."""
    try:
        text = plain(str(error))
    except (Exception, SystemExit):
        text = ""
    kind = plain(type(error).__name__, 80)
    return f"{kind}: {text}" if text else kind


def plain(text: str, most: int = 300) -> str:
    """A text on one line, cut where it is long, without characters that would steer a terminal."""
    line = " ".join(text[: 4 * most].split())
    cut = line if len(line) <= most else line[: most - 3] + "..."
    return "".join(letter if letter.isprintable() else "?" for letter in cut)


def declared(kind: str) -> Mapping[str, tuple[Plugin, ...]]:
    """What installed packages declare of a kind, by name, in the alphabet's order; several may claim one."""
    return _declared().get(GROUPS.get(kind, ""), {})


def refusal(claims: Sequence[Plugin], ours: Sequence[str], reserved: Container[str]) -> PluginError | None:
    """Why the plug-in, or the plug-ins, that claim one name cannot have it.

    ours: every name and alias of our own records. reserved: names that mean something else.
    """
    plugin, *others = claims
    prefixes = {name.partition(":")[0] for name in ours if ":" in name}
    remedy = f"uninstall {plugin.origin.partition(' ')[0] or 'the package'}, or have the plug-in renamed"
    if plugin.name in ours:
        return plugin.refused(f"may not take a name of initbench's own: {remedy}")
    if not NAME.fullmatch(plugin.name):
        return plugin.refused(f"has a name that is not allowed: {NAME_WORDS}")
    if plugin.name.lower() in WORDS or plugin.name in reserved or plugin.name.partition(":")[0] in prefixes:
        return plugin.refused("has a name that means something else here: its author must choose another")
    if others:
        rival = f"by {others[0].origin} too" if others[0].origin != plugin.origin else "twice"
        return plugin.refused(f"is declared {rival}: {remedy}")
    if not plugin.origin:
        return plugin.refused("cannot be told from other versions of itself: its package's metadata are damaged")
    return None


def forget() -> None:
    """Look again at what is installed."""
    _declared.cache_clear()


@lru_cache(maxsize=1)
def _declared() -> dict[str, dict[str, tuple[Plugin, ...]]]:
    found: dict[str, dict[str, tuple[Plugin, ...]]] = {group: {} for group in GROUPS.values()}
    kinds = {group: kind for kind, group in GROUPS.items()}
    for entry in sorted(_entries(), key=lambda entry: (entry.name, entry.value)):
        plugin = Plugin(kinds[entry.group], entry.name, _origin(entry), entry)
        found[entry.group][entry.name] = (*found[entry.group].get(entry.name, ()), plugin)
    return found


def _entries() -> Iterable[EntryPoint]:
    """Every entry point of our groups."""
    from importlib import metadata

    try:
        every = metadata.entry_points()
        return [entry for group in GROUPS.values() for entry in every.select(group=group)]
    except Exception:  # one package's file is damaged: the others' are read
        return [entry for entry in _readable_entries(metadata.distributions()) if entry.group in GROUPS.values()]


def _readable_entries(packages: Iterable[Any]) -> Iterator[EntryPoint]:
    seen = set()
    for package in packages:
        try:
            name, entries = package.metadata["Name"], tuple(package.entry_points)
        except Exception:
            continue
        if name not in seen:
            yield from entries
        seen.add(name)


def _origin(entry: EntryPoint) -> str:
    """`mypackage 1.0`; empty where the package's metadata do not tell."""
    try:
        package = entry.dist
        name, version = (package.name, package.version) if package is not None else ("", "")
    except Exception:
        return ""
    return f"{plain(name, 100)} {plain(version, 100)}" if name and version else ""
