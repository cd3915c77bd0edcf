"""Folders of which a part was left out."""

from __future__ import annotations

from pathlib import Path

import pytest

import initbench
from initbench.errors import StorageError
from initbench.lab.partial import kept_tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network = {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"}
    initbench.run({"network": network, "seeds": 2, "sweep": {"grid": {"network.depth": [2, 3]}}}, tmp_path / "out", 1)
    return tmp_path / "out"


def test_a_whole_folder_is_whole(folder: Path) -> None:
    tables, absent = kept_tables(folder)
    assert absent == frozenset()
    assert len(tables.summary)


def test_what_was_left_out_is_said(folder: Path) -> None:
    whole, _ = kept_tables(folder)
    for name in ("layers.csv", "summary.csv", "theory.csv"):
        (folder / name).unlink()
    tables, absent = kept_tables(folder)
    assert absent == {"layers.csv", "summary.csv", "theory.csv"}
    assert tables.layers is tables.theory is None
    assert len(tables.summary) == 0
    assert tables.axes == ("network.depth",)
    assert tables.cells.equals(whole.cells)


def test_a_table_that_never_was_is_not_left_out(tmp_path: Path) -> None:
    network = {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"}
    initbench.run({"network": network, "seeds": 2, "output": {"layers": False}}, tmp_path / "out", 1)
    assert kept_tables(tmp_path / "out")[1] == frozenset()


@pytest.mark.parametrize("gone", ["cells.csv", "manifest.json"])
def test_without_cells_or_manifest_there_is_nothing(folder: Path, gone: str) -> None:
    (folder / "summary.csv").unlink()
    (folder / gone).unlink()
    with pytest.raises(StorageError, match=gone):
        kept_tables(folder)


def test_what_is_there_must_be_sound(folder: Path) -> None:
    (folder / "layers.csv").unlink()
    with (folder / "summary.csv").open("a") as file:
        file.write("more\n")
    with pytest.raises(StorageError, match=r"summary\.csv: is not the file"):
        kept_tables(folder)
    with pytest.raises(StorageError, match="no such results folder"):
        kept_tables(folder / "nowhere")
