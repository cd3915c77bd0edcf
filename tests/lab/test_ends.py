"""What an expectation keeps of a table that may be larger than memory: the layers that it asks for."""

from __future__ import annotations

import initbench
from initbench.lab.ends import asked, asked_at_ends
from initbench.lab.expectations import Evidence
from initbench.lab.result import Result
from initbench.spec import Expectation

COLUMNS = ("cell", "layer", "metric")
ROWS = [(cell, layer, metric) for cell in "ab" for layer in range(4) for metric in ("q", "var")]
CONFIG = {
    "name": "ends",
    "network": {"depth": 4, "width": 8, "activation": "relu", "initializer": "he_normal"},
    "seeds": 2,
    "sweep": {"grid": {"network.width": [8, 9]}},
}


def run(*expect: dict[str, object], **more: object) -> Result:
    named = [{"name": str(place), "at_least": 0, **one} for place, one in enumerate(expect)]
    return initbench.run({**CONFIG, "expect": named, **more})


def expected(*expect: dict[str, object]) -> tuple[Expectation, ...]:
    return run(*expect).experiment.expect


def layers(metrics: set[str], at_ends: set[str]) -> list[tuple[object, ...]]:
    return list(asked(iter(ROWS), COLUMNS, frozenset(metrics), frozenset(at_ends)))


def test_of_ends_no_layer_between_is_kept() -> None:
    found = layers({"q", "var"}, {"q"})
    for cell in "ab":
        assert [layer for one, layer, metric in found if (one, metric) == (cell, "q")] == [1, 3]
        assert [layer for one, layer, metric in found if (one, metric) == (cell, "var")] == [0, 1, 2, 3]
    assert layers({"q"}, set()) == [row for row in ROWS if row[2] == "q"]


def test_one_layer_is_both_ends() -> None:
    rows = [("a", 0, "q"), ("a", 1, "q"), ("b", 0, "q")]
    assert list(asked(rows, COLUMNS, frozenset({"q"}), frozenset({"q"}))) == [("a", 1, "q")]


def test_what_asks_for_more_than_the_ends() -> None:
    """Another layer, every layer, and a ratio, whose theory counts them."""
    last = {"metric": "act_q", "layer": "last"}
    assert asked_at_ends(expected(last, {"metric": "act_var", "layer": "first"})) == {"act_q", "act_var"}
    for more in ({"metric": "act_q", "layer": 2}, {"metric": "act_q", "layer": "all"}, {"metric": "act_q_ratio"}):
        assert "act_q" not in asked_at_ends(expected(last, more)), more


def test_the_outcome_is_that_of_all_rows() -> None:
    both = [{"metric": "act_q", "layer": end} for end in ("first", "last")]
    few, all_of_them = run(*both), run(*both, {"metric": "act_q", "layer": "all"})
    assert few.outcomes == all_of_them.outcomes[:2]


def test_of_a_deep_network_little_stays() -> None:
    result = run({"metric": "act_q", "layer": "last"})
    evidence = Evidence(result.experiment.expect)
    for name, table in result.tables.items():
        evidence.open(name, table.columns)
        evidence.add(name, table.rows)
    assert len(evidence.tables["summary.csv"].rows) == 2 * 2
    assert list(evidence.cells) == ["cells.csv"]
