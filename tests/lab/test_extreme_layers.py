"""The least and the greatest over seeds, as they are without keeping a row."""

from __future__ import annotations

import random
from typing import Any

import pytest

from initbench import api
from initbench.lab.csvtext import Table
from initbench.lab.expectations import Evidence
from initbench.lab.extremes import Extremes

CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 4, "width": 8, "activation": "tanh", "initializer": "he_normal"},
    "seeds": 5,
    "sweep": {"grid": {"network.initializer": ["he_normal", "glorot_normal"]}},
}
TESTS = [
    {"metric": metric, "over": over, "layer": layer, "at_least": 0.5}
    for metric in ("act_q", "cosine", "grad_q")
    for over in ("min", "max")
    for layer in ("first", "last", "all", 2)
] + [{"metric": "act_q", "over": "median", "layer": 1, "at_least": 0}]


@pytest.fixture(scope="module")
def result() -> Any:
    return api.run(CONFIG | {"expect": [{"name": str(k), **test} for k, test in enumerate(TESTS)]}, jobs=1)


def test_they_are_those_of_all_rows_in_any_order(result: Any) -> None:
    extremes = Extremes(result.experiment.expect)
    table = result.tables["layers.csv"]
    rows = list(table.rows)
    random.Random(0).shuffle(rows)
    for k in range(0, len(rows), 7):
        extremes.add(table.columns, rows[k : k + 7])
    for (cell, layer), part in result.layers.groupby(["cell", "layer"]):
        for metric in ("act_q", "cosine", "grad_q"):
            values = part[metric].dropna().tolist()
            for over, further in (("min", min), ("max", max)):
                assert extremes.get(metric, over, (cell, layer)) == (further(values) if values else None)


def test_evidence_keeps_no_row_of_them_and_judges_the_same(result: Any) -> None:
    evidence = Evidence(result.experiment.expect)
    for name, table in result.tables.items():
        evidence.open(name, table.columns)
        for row in table.rows:
            evidence.add(name, [row])
    assert not evidence.tables["layers.csv"].rows
    assert evidence.outcomes() == result.outcomes
    assert {outcome.status for outcome in result.outcomes} == {"passed", "failed"}


def test_only_what_is_asked_for_is_kept(result: Any) -> None:
    few = [one for one in result.experiment.expect if (one.metric, one.over) == ("act_q", "max")]
    extremes = Extremes(few).add(*_layers(result.tables["layers.csv"]))
    assert extremes.get("act_q", "max", (result.tables["cells.csv"].rows[0][0], 1)) is not None
    with pytest.raises(KeyError):
        extremes.get("act_q", "min", ("", 1))
    assert not Extremes(one for one in result.experiment.expect if one.over == "median")


def _layers(table: Table) -> tuple[Any, Any]:
    return table.columns, table.rows
