"""What can be judged is judged the same by `run` and by `check`; what cannot is called unknown, never passed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from lab_folders import without_checksums

from initbench import api
from initbench.lab.check import check_folder
from initbench.lab.expectations import Evidence

NETWORK = {"depth": 3, "width": 8, "activation": "tanh", "initializer": "he_normal"}


def outcomes(folder: Path, *tests: dict[str, Any], **settings: Any) -> list[tuple[str, str]]:
    """(status, message) of every expectation; run and check must agree on them."""
    expect = [{"name": str(k), **test} for k, test in enumerate(tests)]
    result = api.run({"name": "x", "network": NETWORK, "seeds": 3, "expect": expect} | settings, folder, 1)
    found = [(outcome.status, outcome.message) for outcome in result.outcomes]
    assert found == [(outcome.status, outcome.message) for outcome in check_folder(folder)]
    return found


@pytest.mark.parametrize("over", ["min", "max"])
def test_extremes_need_the_raw_rows(tmp_path: Path, over: str) -> None:
    assert outcomes(tmp_path, {"metric": "act_q", "over": over, "at_least": 0})[0][0] == "passed"
    without_checksums(tmp_path)
    (tmp_path / "layers.csv").unlink()
    (outcome,) = check_folder(tmp_path)
    assert outcome.status == "unknown"
    assert "layers.csv" in outcome.message


@pytest.mark.parametrize("claim", [{}, {"claim": "refuted"}])
def test_one_seed_has_no_standard_error_to_judge_by(claim: dict[str, Any]) -> None:
    config = {"name": "x", "network": NETWORK}
    test = {"name": "a", "metric": "act_q", "near": {"value": 1, "stderr": 3}} | claim
    many = api.run(config | {"seeds": 3, "expect": [test]}, jobs=1)
    assert many.outcomes[0].status != "unknown"
    # A config with one seed is refused; tables with one can still come before an expectation.
    one = api.run(config | {"seeds": 1}, jobs=1)
    evidence = Evidence(many.experiment.expect)
    for name, table in one.tables.items():
        evidence.open(name, table.columns)
        evidence.add(name, table.rows)
    (outcome,) = evidence.outcomes()
    assert outcome.status == "unknown"
    assert "one seed" in outcome.message


def test_a_blank_is_a_blank_for_run_and_check(tmp_path: Path) -> None:
    assert outcomes(tmp_path, {"metric": "flags", "equals": "dead"}) == [("failed", "flags is blank")]


def test_an_outcome_holds_the_number_that_decided_it_and_theorys() -> None:
    tests = [
        {"metric": "act_q", "layer": 2, "at_least": 0},
        {"metric": "act_q", "layer": 2, "at_least": 9, "claim": "refuted"},
        {"metric": "act_q", "layer": 2, "over": "median", "at_least": 0},
        {"metric": "act_q", "layer": 2, "over": "sd", "at_least": 0},
        {"metric": "act_q_ratio", "at_least": 0},
        {"metric": "backward_rate", "at_least": 0},
        {"metric": "act_q_ratio_median", "at_least": 0},
    ]
    expect = [{"name": str(k), **test} for k, test in enumerate(tests)]
    result = api.run({"name": "x", "network": NETWORK, "seeds": 3, "expect": expect}, jobs=1)
    rows = result.summary
    (row,) = rows[(rows["metric"] == "act_q") & (rows["layer"] == 2)].to_dict("records")
    said = [(one.measured, None if math.isnan(one.predicted) else one.predicted) for one in result.outcomes]
    theory = {
        (one["metric"], one["layer"]): one["theory"]
        for one in rows.to_dict("records")
        if one["metric"] in ("act_q", "grad_q")
    }
    (cell,) = result.cells.to_dict("records")
    both = (row["mean"], row["theory"])
    assert said == [
        *(both, both, (row["median"], None), (row["sd"], row["theory_sd"])),
        (cell["act_q_ratio"], theory["act_q", 3] / theory["act_q", 1]),
        (cell["backward_rate"], (theory["grad_q", 1] / theory["grad_q", 3]) ** 0.5),
        (cell["act_q_ratio_median"], None),
    ]
    assert math.isfinite(row["theory"])
