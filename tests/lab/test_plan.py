"""A cell's identity is its science: nothing else changes it, and nothing of that leaves it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initbench.lab.plan import open_experiment, plan, seconds

TINY: dict[str, Any] = {
    "name": "tiny",
    "network": {"depth": 2, "width": 4, "activation": "relu", "initializer": "he_normal"},
    "engine": "dense",
}


def ids(*overrides: str, **changes: Any) -> list[str]:
    return [planned.id for planned in plan(open_experiment(TINY | changes, overrides))]


def test_the_id_of_a_fixed_config() -> None:
    """Stored results are found by it: it may change with NUMERICS_VERSION alone."""
    assert ids() == ["415305b6d2a53ef3"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"description": "something else"},
        {"seeds": 3},
        {"seeds": [5, 7]},
        {"output": {"layers": False}},
        {"verdict": {"factor": 10, "saturated": 0.1, "dead": 0.1}},
        {"expect": [{"name": "a", "metric": "verdict", "equals": "stable"}]},
        {"input": {"features": 4, "batch_size": 64, "resample": True}},
        {"gradient": {"source": "gaussian"}},
        {"network": TINY["network"] | {"width": [4, 4], "activation": ["relu", "relu"], "bias": "zeros"}},
        {"network": TINY["network"] | {"initializer": "kaiming_normal"}},
        {"network": TINY["network"] | {"initializer": {"name": "he_normal", "gain": 1}}},
        {"sweep": {"grid": {"network.depth": [2]}}},
        dict(reversed(TINY.items())),
    ],
)
def test_what_is_no_science_changes_no_id(changes: dict[str, Any]) -> None:
    assert ids(**changes) == ids()


def test_order_of_the_grid_changes_no_id() -> None:
    forth = ids(sweep={"grid": {"network.depth": [2, 3], "network.initializer": ["zeros", "he_normal"]}})
    back = ids(sweep={"grid": {"network.initializer": ["he_normal", "zeros"], "network.depth": [3, 2]}})
    assert len(set(forth)) == 4
    assert sorted(forth) == sorted(back)
    assert forth != back


def test_the_file_and_its_place_change_no_id(tmp_path: Path) -> None:
    text = "network:\n  initializer: he_normal\n  activation: relu\n  width: 4\n  depth: 2\nengine: dense # as above\n"
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text)
        assert [planned.id for planned in plan(open_experiment(tmp_path / name))] == ids()


SCIENCE = [
    "network.depth=3", "network.width=5", "network.activation=tanh", "network.initializer=zeros",
    "network.initializer.gain=2", "network.bias=none", "network.bias=ones", "input.batch_size=3", "input.features=5",
    "input.resample=false", "input.distribution=ones", "gradient.source=ones", "gradient.source=none",
    "dtype=float64", "root_seed=1", "metrics=[act_q]",
]  # fmt: skip


def test_science_changes_the_id() -> None:
    found = [ids()[0], *(ids(override)[0] for override in SCIENCE)]
    assert len(set(found)) == len(found)
    assert all(len(one) == 16 and set(one) <= set("0123456789abcdef") for one in found)


def test_the_engine_that_is_taken_counts_not_the_one_that_was_asked_for() -> None:
    wide = {"network": TINY["network"] | {"width": 512}, "input": {"batch_size": 8}}
    asked = {engine: ids(**wide, engine=engine)[0] for engine in ("auto", "dense", "implicit")}
    assert asked["dense"] != asked["implicit"] == asked["auto"]


def test_engines_that_come_to_the_same_are_one_cell() -> None:
    drawn = {"network": TINY["network"] | {"initializer": "zeros"}}
    experiment = open_experiment(TINY | drawn | {"sweep": {"grid": {"engine": ["auto", "dense"]}}})
    (planned,) = plan(experiment)
    assert planned.grid.axes == (("engine", "auto"),)
    assert planned.id == ids(**drawn)[0]


def test_cells_stand_in_grid_order() -> None:
    cells = plan(open_experiment(TINY | {"sweep": {"grid": {"network.depth": [4, 2, 3]}}}))
    assert [planned.cell.network.depth for planned in cells] == [4, 2, 3]


def test_the_time_grows_with_the_work() -> None:
    small, large = (plan(open_experiment(TINY, [f"network.width={width}"]))[0].cell for width in (4, 400))
    assert 0 < seconds(small, 1) < seconds(large, 1)
    assert seconds(small, 10) == pytest.approx(10 * seconds(small, 1))
