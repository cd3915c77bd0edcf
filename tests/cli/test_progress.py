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
from initbench.lab.tally import HowFar


class Clock:
    """Time as a test has it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pace_counts_what_was_made_and_not_what_was_stored() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.said(HowFar(900, 1000)) == ""
    clock.now += 10
    assert pace.said(HowFar(900, 1000)) == ""
    assert pace.said(HowFar(920, 1000, work=0.2)) == "2 a second, 0:40 left"
    clock.now += 10
    assert pace.said(HowFar(920, 1000, 1.0, work=0.003)) == "1.05 a second, 1:50:47 left"


def test_a_pace_of_thousands_is_a_plain_number() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.said(HowFar(0, 10_000))
    clock.now += 2
    assert pace.said(HowFar(2500, 10_000, work=0.25)) == "1250 a second, 0:06 left"


def test_time_left_is_of_the_work_and_not_of_the_networks() -> None:
    """Networks of 2 and of 98 layers: half of them is a fiftieth of the work."""
    clock = Clock()
    pace = Pace(clock)
    pace.said(HowFar(0, 20))
    clock.now += 1
    assert pace.said(HowFar(10, 20, work=0.02)) == "10 a second, 0:49 left"


def test_lines_are_sparse_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    clock = Clock()
    monkeypatch.setattr(home.time, "monotonic", clock)
    with progress("mine", quiet=False) as update:
        assert update is not None
        for done in range(0, 50, 2):
            update(HowFar(done, 50, work=done / 50))
            clock.now += 1
    assert capsys.readouterr().err == (
        "mine: 20 of 50 networks, 2 a second, 0:15 left\nmine: 40 of 50 networks, 2 a second, 0:05 left\n"
    )
    with progress("mine", quiet=True) as update:
        assert update is None


def test_training_is_told_by_steps_just_as_sparsely(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    clock = Clock()
    monkeypatch.setattr(home.time, "monotonic", clock)
    with progress("mine", quiet=False) as update:
        assert update is not None
        update(HowFar(0, 1))
        for step in range(0, 1001, 10):
            update(HowFar(0, 1, step / 1000, step / 1000, (step, 1000)))
            clock.now += 0.25
    assert capsys.readouterr().err == (
        "mine: 0 of 1 networks, step 400 of 1000, 0.04 a second, 0:15 left\n"
        "mine: 0 of 1 networks, step 800 of 1000, 0.04 a second, 0:05 left\n"
    )


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("mine", quiet=False) as update:
        assert update is not None
        update(HowFar(0, 4))
        update(HowFar(2, 4, 1.5, 0.8, (1200, 2400)))
    assert "2/4 step 1200 of 2400, " in terminal.getvalue()
    assert "left" in terminal.getvalue()


def test_a_run_starts_from_what_is_stored(tmp_path: Any) -> None:
    config: dict[str, Any] = {
        "network": {"depth": 2, "width": 4, "activation": "relu", "initializer": "he_normal"},
        "seeds": 2,
    }
    seen: list[HowFar] = []
    runner.run(open_experiment(config), tmp_path, 1, seen.append)
    assert seen == [HowFar(0, 2), HowFar(2, 2, 0, 1)]
    seen.clear()
    runner.run(open_experiment(config, ["seeds=5"]), tmp_path, 1, seen.append)
    assert (seen[0], seen[-1]) == (HowFar(2, 5), HowFar(5, 5, 0, 1))
    seen.clear()
    runner.run(open_experiment(config, ["seeds=4"]), tmp_path, 1, seen.append)
    assert (seen[0], seen[-1]) == (HowFar(4, 4), HowFar(4, 4, 0, 1))  # the tables are all that there is to do
