"""Stored results held against what their config expects; a damaged folder is an error that names the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab_folders import without_checksums

import initbench
from initbench.errors import StorageError
from initbench.lab.check import check_folder

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
