"""What is said of how far a run is."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from initbench.cli import progress as home
from initbench.cli.progress import Pace, progress
from initbench.lab import runner
from initbench.lab.plan import open_experiment


class Clock:
    """Time as a test has it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pace_counts_what_was_made_and_not_what_was_stored() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.said(900, 1000) == ""
    clock.now += 10
    assert pace.said(900, 1000) == ""
    assert pace.said(920, 1000) == "2 a second, 0:40 left"
    clock.now += 10
    assert pace.said(921, 7321 + 921) == "1.05 a second, 1:56:12 left"


def test_lines_are_sparse_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    clock = Clock()
    monkeypatch.setattr(home.time, "monotonic", clock)
    with progress("mine", quiet=False) as update:
        assert update is not None
        for done in range(0, 50, 2):
            update(done, 50)
            clock.now += 1
    assert capsys.readouterr().err == (
        "mine: 20 of 50 networks, 2 a second, 0:15 left\nmine: 40 of 50 networks, 2 a second, 0:05 left\n"
    )
    with progress("mine", quiet=True) as update:
        assert update is None


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("mine", quiet=False) as update:
        assert update is not None
        update(0, 4)
        update(3, 4)
    assert "3/4" in terminal.getvalue()
    assert "left" in terminal.getvalue()


def test_a_run_starts_from_what_is_stored(tmp_path: Any) -> None:
    config: dict[str, Any] = {
        "network": {"depth": 2, "width": 4, "activation": "relu", "initializer": "he_normal"},
        "seeds": 2,
    }
    seen: list[tuple[int, int]] = []
    runner.run(open_experiment(config), tmp_path, 1, lambda *counts: seen.append(counts))
    assert seen == [(0, 2), (2, 2)]
    seen.clear()
    runner.run(open_experiment(config, ["seeds=5"]), tmp_path, 1, lambda *counts: seen.append(counts))
    assert (seen[0], seen[-1]) == ((2, 5), (5, 5))
