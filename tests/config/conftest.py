"""What the tests of the config share: a good config, and ways to load texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initbench.config import load
from initbench.errors import ConfigError, Problem
from initbench.spec import Experiment

BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"


@pytest.fixture
def read_config(tmp_path: Path) -> Callable[..., Experiment]:
    """Load a text as the file `c.yaml`."""

    def read(text: str | bytes, *overrides: str, name: str = "c.yaml") -> Experiment:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(path, overrides)

    return read


@pytest.fixture
def problems(read_config: Callable[..., Experiment]) -> Callable[..., tuple[Problem, ...]]:
    """The problems of a text that must not load."""

    def find(text: str | bytes, *overrides: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            read_config(text, *overrides)
        assert caught.value.problems
        return caught.value.problems

    return find
