"""The harness of the full figures: what was counted is not tried again, what failed is; a load that grows is told."""

from __future__ import annotations

import ast
import os
import sys
import warnings
from pathlib import Path

import pytest
from disturbed import warn_as_python_does
from full import Count, keep, kept, table, to_do
from goals import GOALS, OTHERS, WHAT, Goal
from long_load import Load, Sample, quarters

HERE = Path(__file__).parent
KILLS = "tests/faults/test_any_moment.py::test_kill_9_at_any_moment[group-2]"
CELLS = "tests/faults/test_many_cells.py::test_a_thousand_cells"
ONCE = "tests/faults/test_sync_order.py::test_bytes_then_name_then_folder"


def counts(node: str, *tries: int) -> list[Count]:
    """As they were counted: 0 for a batch that failed."""
    return [Count("p", node, number, "passed" if number else "failed", "12:00:00") for number in tries]


def test_what_is_to_do_is_what_was_not_counted() -> None:
    before = [*counts(KILLS, 20, 0, 100), *counts(CELLS, 10_000)]
    found = [(item.nodes, item.times) for item in to_do([KILLS, CELLS, ONCE], 1.0, before)]
    assert found == [((ONCE,), 1), *[((KILLS,), 20)] * 4]
    assert not list(to_do([KILLS, CELLS, ONCE], 0.5, [*before, *counts(ONCE, 1)]))


def test_every_row_of_the_table_has_a_name_of_its_own() -> None:
    assert len({*WHAT.values(), *OTHERS.values()}) == len(WHAT) + len(OTHERS)


def test_a_share_of_a_size_is_a_smaller_size() -> None:
    (item,) = to_do([CELLS], 0.02, [])
    assert (item.times, item.goal.variable) == (200, "INITBENCH_FAULT_CELLS")


def test_counts_are_of_one_program(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    assert kept(path, "p") == []
    keep(path, counts(KILLS, 20))
    keep(path, [Count("older", KILLS, 40, "passed", "11:00:00")])
    assert kept(path, "p") == counts(KILLS, 20)


def test_the_table_adds_up_the_cases_of_a_test() -> None:
    leader = KILLS.replace("group", "leader")
    lines = table([*counts(KILLS, 20, 20), *counts(leader, 20, 0), *counts(ONCE, 1)]).splitlines()
    assert lines[2:] == [
        f"| {WHAT['test_bytes_then_name_then_folder']} | 1 | 0 | 0 |",
        f"| {WHAT['test_kill_9_at_any_moment']} | 60 | 1 | 0 |",
    ]


def test_the_goals_are_those_of_tests_that_there_are() -> None:
    """A test that was renamed would be tried once, and be told under another name."""
    places = [*HERE.glob("test_*.py"), *(path for stem in OTHERS for path in HERE.parent.rglob(f"{stem}.py"))]
    places.append(HERE.parent / "lab" / "test_cluster.py")
    there = {node.name for path in places for node in ast.parse(path.read_text()).body if hasattr(node, "name")}
    assert {name.partition("[")[0] for name in (*GOALS, *WHAT)} - {"hours"} <= there
    assert all((isinstance(goal, Goal) and goal.tries >= goal.batch) or not goal.split for goal in GOALS.values())


@pytest.mark.parametrize(("last", "flat"), [(300, True), (332, False)])
def test_a_load_is_flat_or_not(last: int, flat: bool) -> None:
    """A process counts where it was there in both quarters."""
    samples = [Sample(second, 1, 300 + (last - 300) * (second >= 75)) for second in range(101)]
    samples += [Sample(second, 2, 50) for second in range(30)]
    assert quarters(samples, 2) is None
    found = quarters(samples, 1)
    assert found == (300, last)
    assert found
    assert Load(2.0, 9, 143, found, (50, 50)).flat == flat
    assert not Load(2.0, 9, 1, (300, 300), (50, 50)).flat


def test_what_is_disturbed_warns_as_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that an interrupt leaves open is no line on stderr for anybody, but an error to pytest."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    with warnings.catch_warnings():
        open(os.devnull)  # noqa: SIM115
        assert said
        said.clear()
        warn_as_python_does()
        open(os.devnull)  # noqa: SIM115
    assert not said
