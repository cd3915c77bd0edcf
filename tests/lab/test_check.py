"""Stored results held against what their config expects; a damaged folder is an error that names the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab_folders import without_checksums

import initbench
from initbench.errors import StorageError
from initbench.lab.check import check_folder
from initbench.lab.stored import other

CONFIG = {
    "name": "x",
    "network": {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"},
    "seeds": 2,
    "expect": [{"name": "it stays", "metric": "verdict", "equals": "stable"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    initbench.run(CONFIG, out=tmp_path / "out")
    return tmp_path / "out"


def test_the_outcomes_are_those_of_the_tables(folder: Path) -> None:
    assert [outcome.status for outcome in check_folder(folder)] == ["passed"]
    without_checksums(folder)
    cells = folder / "cells.csv"
    cells.write_text(re.sub(r",stable,([^,]*,[^,]*)\n", r",dead,\1\n", cells.read_text()))
    assert [outcome.status for outcome in check_folder(folder)] == ["failed"]


def test_config_yaml_is_not_needed(folder: Path) -> None:
    (folder / "config.yaml").unlink()
    assert len(check_folder(folder)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"name: x\nnetwork: {depth: 2,",
        b"name: x\nnetwork: {depth: 2, width: 8}\n",
        b"\xff\xfe\x00",
        b"expect: 5\n",
        None,
    ],
)
def test_a_damaged_config_is_damage(folder: Path, damage: bytes | None) -> None:
    without_checksums(folder)
    path = folder / "resolved.yaml"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    with pytest.raises(StorageError) as caught:
        check_folder(folder)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "run the config again" in message
    assert "\n" not in message
    assert caught.value.exit_code == 74


def test_a_config_that_is_no_file_is_damage(folder: Path) -> None:
    (folder / "resolved.yaml").unlink()
    (folder / "resolved.yaml").mkdir()
    with pytest.raises(StorageError, match=r"resolved\.yaml"):
        check_folder(folder)


def test_a_lock_is_no_damage(folder: Path) -> None:
    (folder / ".lock").write_text("initbench pid 1 on another")
    assert len(check_folder(folder)) == 1


def without(folder: Path, *names: str) -> Path:
    """A folder of which tables were left out, as repositories leave out large ones."""
    for name in names:
        (folder / name).unlink()
    return folder


KEPT = (
    {"name": "a column of cells.csv", "metric": "verdict", "equals": "stable"},
    {"name": "a mean", "metric": "act_q", "at_least": 0},
    {"name": "the least", "metric": "act_q", "over": "min", "at_least": 0},
    {"name": "at a step", "metric": "act_q", "step": 0, "at_least": 0},
    {"name": "of the least at a step", "metric": "loss", "step": "last", "over": "min", "at_least": 0},
)
TRAINED = {"data": {"name": "gaussian_classes", "examples": 40}, "steps": 3, "learning_rate": 0.1, "batch_size": 8}


@pytest.mark.parametrize(
    ("gone", "by"),
    [
        (["layers.csv", "theory.csv"], {"the least": "layers.csv"}),
        (["summary.csv"], dict.fromkeys(("a mean", "the least"), "summary.csv")),
        (["training_layers.csv"], {"at a step": "training_layers.csv"}),
        (["training.csv", "layers.csv"], {"of the least at a step": "training.csv", "the least": "layers.csv"}),
    ],
)
def test_what_needs_a_table_that_is_not_there_is_not_judged(
    tmp_path: Path, gone: list[str], by: dict[str, str]
) -> None:
    initbench.run(CONFIG | {"expect": KEPT, "training": TRAINED}, out=tmp_path / "out")
    whole = check_folder(tmp_path / "out")
    assert {outcome.status for outcome in whole} == {"passed"}
    for outcome, before in zip(check_folder(without(tmp_path / "out", *gone)), whole, strict=True):
        name = outcome.expectation.name
        assert name == before.expectation.name
        if name in by:
            assert (outcome.status, outcome.message) == ("unknown", f"not judged: {by[name]} is not there")
        else:
            assert outcome == before


def test_a_missing_table_is_missing_and_a_changed_one_another(folder: Path) -> None:
    assert str(other(folder / "nothing.csv")).startswith(f"{folder / 'nothing.csv'}: missing; run the experiment again")
    assert "is not the file that manifest.json was written with" in str(other(folder / "cells.csv"))
    without(folder, "cells.csv")
    with pytest.raises(StorageError, match=r"cells\.csv: missing; run"):
        check_folder(folder)
