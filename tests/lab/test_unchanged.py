"""Nothing is built again where the tables are those that would be written; anything else, and they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from initbench.lab import runner, unchanged
from initbench.lab.conclude import Told
from initbench.lab.plan import open_experiment

CONFIG: dict[str, Any] = {
    "name": "grid",
    "network": {"depth": 2, "width": 8, "activation": "tanh", "initializer": "lecun_normal"},
    "metrics": ["act_q", "grad_q", "dead_fraction", "histograms"],
    "seeds": 3,
    "sweep": {"grid": {"network.depth": [2, 3], "network.initializer": ["he_normal", {"name": "normal", "stddev": 9}]}},
    "expect": [
        {"name": "alive", "metric": "act_q", "layer": "all", "between": [0.001, 10]},
        {"name": "verdict", "metric": "verdict", "equals": "stable", "where": {"network.initializer": "he_normal"}},
        {"name": "most", "metric": "grad_q", "layer": "last", "over": "max", "at_most": 3},
        {"name": "theory", "metric": "act_q", "layer": "last", "near_theory": 4},
        {"name": "z", "metric": "theory_z", "between": [-4, 4]},
    ],
}


def run(out: Path, *overrides: str, **keywords: Any) -> runner.Result:
    return runner.run(open_experiment(CONFIG, overrides), out, jobs=1, **keywords)


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture
def built(tmp_path: Path) -> runner.Result:
    result = run(tmp_path)
    assert not result.unchanged
    return result


def test_the_second_run_tells_the_same_without_making_it(
    built: runner.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {path: path.stat().st_ino for path in tmp_path.glob("*.csv")}
    monkeypatch.setattr(runner, "_carry_out", lambda *_: pytest.fail("the tables were built again"))
    again = run(tmp_path)
    assert again.unchanged
    assert isinstance(again.results, Told)
    assert again.outcomes == built.outcomes
    assert again.tables["cells.csv"].rows == built.tables["cells.csv"].rows
    assert [cell.sentences for cell in again.results] == [cell.sentences for cell in built.results]
    assert [cell.verdict for cell in again.results[1:3]] == [cell.verdict for cell in built.results[1:3]]
    assert again.absent == built.absent
    assert {path: path.stat().st_ino for path in tmp_path.glob("*.csv")} == tables
    assert again.cells.equals(built.cells)
    mine, theirs = dict(again.manifest), dict(built.manifest)
    assert mine.pop("seconds") == 0 != theirs.pop("seconds")
    assert mine == theirs


CHANGES: dict[str, Callable[[Path], object]] = {
    "a table is gone": lambda out: (out / "theory.csv").unlink(),
    "a table is another": lambda out: (out / "summary.csv").write_bytes((out / "summary.csv").read_bytes()[:-1]),
    "a bit of the manifest": lambda out: (out / "manifest.json").write_bytes(
        (out / "manifest.json").read_bytes().replace(b'"made_from": "', b'"made_from": "0', 1)
    ),
    "no manifest": lambda out: (out / "manifest.json").unlink(),
    "a manifest of nothing": lambda out: (out / "manifest.json").write_text('{"axes": [], "files": 3}'),
    "a block": lambda out: next(out.rglob("*.block")).write_bytes(b""),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.usefixtures("built")
def test_whatever_is_not_as_it_was_is_made_again(tmp_path: Path, change: str) -> None:
    before = files(tmp_path)
    CHANGES[change](tmp_path)
    assert not run(tmp_path).unchanged
    after = files(tmp_path)
    assert {name: data for name, data in after.items() if name != "manifest.json"} == {
        name: data for name, data in before.items() if name != "manifest.json"
    }
    assert run(tmp_path).unchanged


@pytest.mark.parametrize("override", ["verdict.factor=5", "seeds=2", "expect=[]", "name=other"])
@pytest.mark.usefixtures("built")
def test_another_config_has_other_tables(tmp_path: Path, override: str) -> None:
    assert not run(tmp_path, override).unchanged
    assert run(tmp_path, override).unchanged
    assert not run(tmp_path).unchanged


@pytest.mark.usefixtures("built")
def test_another_code_has_other_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(unchanged, "code", lambda: ("another state of the checkout",))
        assert not run(tmp_path).unchanged
    assert not run(tmp_path).unchanged
    assert run(tmp_path).unchanged
    assert not run(tmp_path, force=True).unchanged


@pytest.mark.usefixtures("built")
def test_a_table_that_has_nothing_to_say_goes(tmp_path: Path) -> None:
    (tmp_path / "failures.csv").write_text("cell,reason\n")
    assert run(tmp_path).unchanged
    assert not (tmp_path / "failures.csv").exists()
