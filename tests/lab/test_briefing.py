"""What is told of a folder, and how a pull request reads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from lab_folders import without_checksums

from initbench import api
from initbench.lab.account import account
from initbench.lab.briefing import ROWS, briefing
from initbench.lab.check import check_folder
from initbench.lab.overview import overview

CONFIG: dict[str, Any] = {
    "name": "x",
    "description": "Is *this* <b>kept</b> | as it is?",
    "network": {"depth": 4, "width": 16, "activation": "relu", "initializer": {"name": "he_normal", "gain": 1.0}},
    "input": {"batch_size": 8},
    "seeds": 4,
    "sweep": {"grid": {"network.initializer.gain": [1.0, 3.0]}},
    "expect": [
        {"name": "kept", "where": {"network.initializer.gain": 1.0}, "metric": "act_q_ratio", "between": [0.01, 100]},
        {"name": "fast", "metric": "act_q", "layer": "all", "over": "max", "at_least": 1e9},
        {"name": "theory", "metric": "act_q", "near_theory": 50},
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("briefing") / "x"
    api.run(CONFIG, path, 1)
    return path


def test_expectations_come_out_as_check_says(folder: Path) -> None:
    found = account(folder, 12).outcomes
    assert [one.status for one in found] == ["passed", "failed", "passed"]
    assert [(one.status, one.message) for one in found] == [(one.status, one.message) for one in check_folder(folder)]


def test_every_setting_is_in_the_overview(folder: Path) -> None:
    header, rows = overview(account(folder, 12).cells, ("network.initializer.gain",))
    assert header == ("gain", "forward", "a layer", "backward", "a layer", "verdict")
    assert [(row[0], row[-1]) for row in rows] == [("1", "stable"), ("3", "exploding")]


def test_folders_that_keep_a_part_are_told_as_far_as_that_goes(tmp_path: Path) -> None:
    api.run(CONFIG, tmp_path / "x", 1)
    for name in ("layers.csv", "theory.csv"):
        (tmp_path / "x" / name).unlink()
    shutil.rmtree(tmp_path / "x" / "cells")
    found = account(tmp_path / "x", 12)
    assert found.absent == ("layers.csv", "theory.csv")
    assert [one.status for one in found.outcomes] == ["passed", "unknown", "passed"]
    assert found.sentences == ((), ())
    assert "does not keep layers.csv, theory.csv" in api.report(tmp_path / "x")
    (tmp_path / "x" / "summary.csv").unlink()
    assert [one.status for one in account(tmp_path / "x", 12).outcomes] == ["passed", "unknown", "unknown"]
    assert "<svg" not in api.report(tmp_path / "x")


def test_flags_and_blanks_of_the_overview(tmp_path: Path) -> None:
    network = {"depth": 3, "width": 8, "activation": "relu", "initializer": "zeros"}
    api.run({"name": "z", "network": network, "seeds": 2}, tmp_path / "z", 1)
    _, (row,) = overview(account(tmp_path / "z", 12).cells, ())
    assert row[0] == ""  # 0/0
    assert row[-1] == "symmetric (dead)"


def test_the_text_says_all_and_marks_up_nothing(folder: Path) -> None:
    text = briefing(account(folder, 12), {"plots/a b.png": "Does it [survive]?"})
    assert "Is \\*this\\* &lt;b&gt;kept&lt;/b&gt; \\| as it is?" in text
    assert "| 1 | " in text
    assert "**initializer.gain=1**" in text or "**gain=1**" in text
    assert "- Forward: stable." in text
    assert "2 of 3 hold." in text
    assert "| failed | fast |" in text
    assert "![Does it \\[survive\\]?](<plots/a b.png>)" in text
    remarks = [one.strip() for said in account(folder, 12).sentences for one in said if one.startswith(" ")]
    assert remarks
    assert not any(remark[:40] in text for remark in remarks)
    assert text.count("\n# ") + text.startswith("# ") == 1


def test_many_settings_are_cut(tmp_path: Path) -> None:
    gains = [round(0.1 * k, 1) for k in range(1, ROWS + 3)]
    network = {"depth": 2, "width": 4, "activation": "relu", "initializer": "he_normal"}
    config = {"name": "m", "network": network, "seeds": 2, "sweep": {"grid": {"network.initializer.gain": gains}}}
    api.run(config, tmp_path / "m", 1)
    text = briefing(account(tmp_path / "m", 3), {})
    assert f"The first {ROWS} of {ROWS + 2} rows" in text
    assert text.count("\n**gain=") == 3
    assert "## Expectations" not in text
    assert "## Pictures" not in text


def test_the_verdict_is_that_of_the_tables(folder: Path) -> None:
    """Who changes a table changes the report: nothing of it is computed apart."""
    without_checksums(folder)
    cells = folder / "cells.csv"
    cells.write_text(cells.read_text().replace("exploding,,exploding", "exploding,,stable"))
    assert overview(account(folder, 12).cells, ("network.initializer.gain",))[1][1][-1] == "stable"
