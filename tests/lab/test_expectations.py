"""What can be judged is judged the same by `run` and by `check`; what cannot is called unknown, never passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initbench import api
from initbench.lab.check import check_folder

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
    test = {"metric": "act_q", "over": over, "at_least": 0}
    assert outcomes(tmp_path / "with", test)[0][0] == "passed"
    status, message = outcomes(tmp_path / "without", test, output={"layers": False})[0]
    assert status == "unknown"
    assert "layers.csv" in message


@pytest.mark.parametrize("claim", [{}, {"claim": "refuted"}])
def test_one_seed_has_no_standard_error_to_judge_by(tmp_path: Path, claim: dict[str, Any]) -> None:
    test = {"metric": "act_q", "near": {"value": 1, "stderr": 3}} | claim
    assert outcomes(tmp_path / "many", test)[0][0] != "unknown"
    status, message = outcomes(tmp_path / "one", test, seeds=1)[0]
    assert status == "unknown"
    assert "one seed" in message


def test_a_blank_is_a_blank_for_run_and_check(tmp_path: Path) -> None:
    assert outcomes(tmp_path, {"metric": "flags", "equals": "dead"}) == [("failed", "flags is blank")]
