"""Inputs: what is fed to the first layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from .registry import Parameter, Params, Registry, label

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class InputRecord:
    """A named distribution of inputs.

    draw: (rng, batch_size, features, **parameters) -> (B, N) float64.
    table: for inputs that are rows of data, (**parameters) -> (rows, N) float64, checked; None for a law.
    fixed: draws are always the same.
    """

    name: str
    draw: Callable[..., Array]
    equation: str
    source: str
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    table: Callable[..., Array] | None = None


@dataclass(frozen=True)
class Inputs:
    """A record with its parameters, and the hash of the data where it reads a file."""

    record: InputRecord
    params: Params
    data_hash: str = ""

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def label(self) -> str:
        return label(self.record, self.params)

    @property
    def identity(self) -> Params:
        """What tells these inputs from others: a file's bytes count, not its name."""
        params = tuple((name, value) for name, value in self.params if name != "path")
        return (*params, ("data", self.data_hash)) if self.data_hash else params
