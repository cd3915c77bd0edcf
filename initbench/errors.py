"""Every error that initbench raises on purpose, and the exit code it ends a command with.

InitbenchError                 70  a fault of ours
├── UsageError                  2  what was asked for cannot be done
│   ├── UnknownNameError        2  a name that the catalogue does not have
│   ├── ParameterError          2  a parameter that a named thing does not take
│   ├── PluginError             2  an installed plug-in that cannot be loaded; while a cell runs, the cell fails (3)
│   └── ConfigError             2  a config that does not hold: every problem of it, at once
├── StorageError               74  reading or writing failed
├── BusyError                  75  try later
└── JudgeError                  4  there is nothing to judge by

Other outcomes are values, not errors: a failed check exits with 1, failed cells with 3.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class InitbenchError(Exception):
    """The root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 70


class UsageError(InitbenchError):
    """What was asked for cannot be done as asked."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is in no catalogue; the message carries the nearest names."""


class ParameterError(UsageError):
    """A parameter that is unknown, missing, of the wrong type or out of range.

    `parameter` is its name, so that a config reader can point at the line it stands in.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class PluginError(UsageError):
    """An installed plug-in that cannot be loaded, raises, or gives what it must not.

    The message names the plug-in and its package.
    """


class StorageError(InitbenchError):
    """Reading or writing a file failed: disk full, read-only, damaged."""

    exit_code = 74


class BusyError(InitbenchError):
    """Something else holds what is needed; the same command works later."""

    exit_code = 75


class JudgeError(InitbenchError):
    """There is nothing to compare, so neither pass nor fail can be said."""

    exit_code = 4


class Interrupted(BaseException):
    """A signal asked us to stop: not an error, and nothing should catch it on the way."""

    def __init__(self, number: int) -> None:
        self.number = number


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a config, and where it stands.

    source: the file's name, or `-s key=value` for an override. line and column count from 1; 0 means unknown.
    """

    source: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(UsageError):
    """Everything that is wrong with a config, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'relu'?` where a name is near, else an empty string."""
    near = difflib.get_close_matches(word.lower(), list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
