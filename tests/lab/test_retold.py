"""What a report says of stored results is what the run said of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_folders import without_checksums

from initbench import api
from initbench.lab.check import stored_experiment
from initbench.lab.retold import retold
from initbench.lab.tables import read_tables

CONFIG = {
    "name": "x",
    "network": {"depth": 6, "width": 16, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 8},
    "seeds": 5,
    "sweep": {"grid": {"network.initializer": ["he_normal", "zeros", {"name": "normal", "stddev": 1e9}]}},
}


def both(folder: Path, **settings: Any) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What the run said of every cell, and what is said again."""
    result = api.run(CONFIG | settings, folder, 1)
    return [cell.sentences for cell in result.results], again(folder)


def again(folder: Path, most: int = 12) -> list[tuple[str, ...]]:
    return list(retold(folder, stored_experiment(folder), read_tables(folder), most))


def test_sentences_are_those_of_the_run(tmp_path: Path) -> None:
    said, repeated = both(tmp_path)
    assert repeated == said
    assert any("range of float32" in sentence for sentence in said[2])  # inf in layers.csv comes back as it was
    assert again(tmp_path, 2) == said[:2]


def test_blanks_and_swept_metrics_come_back(tmp_path: Path) -> None:
    said, repeated = both(tmp_path, metrics=["act_q", "saturated_fraction"], gradient={"source": "none"})
    assert repeated == said


@pytest.mark.parametrize("store", [True, False])
def test_without_raw_rows_the_store_is_asked(tmp_path: Path, store: bool) -> None:
    said, repeated = both(tmp_path, output={"layers": False})
    assert repeated == said
    if not store:
        shutil.rmtree(tmp_path / "cells")
        assert again(tmp_path) == [(), (), ()]


def test_another_version_s_ids_are_no_obstacle(tmp_path: Path) -> None:
    said, _ = both(tmp_path)
    without_checksums(tmp_path)
    for name in ("cells.csv", "layers.csv", "summary.csv", "theory.csv"):
        path, ids = tmp_path / name, read_tables(tmp_path).cells["cell"]
        text = path.read_text()
        for number, cell in enumerate(ids):
            text = text.replace(cell, f"{number:016d}")
        (tmp_path / f"new-{name}").write_text(text)
    for name in ("cells.csv", "layers.csv", "summary.csv", "theory.csv"):
        (tmp_path / f"new-{name}").replace(tmp_path / name)
    assert again(tmp_path) == said


def test_data_need_not_be_there_any_more(tmp_path: Path) -> None:
    data = tmp_path / "d.csv"
    np.savetxt(data, np.random.default_rng(0).normal(size=(20, 16)), delimiter=",")
    inputs = {"distribution": {"name": "csv", "path": str(data)}, "batch_size": 8}
    said, _ = both(tmp_path / "out", input=inputs)
    data.unlink()
    for before, now in zip(said, again(tmp_path / "out"), strict=True):
        kept = [[text for text in told if not text.startswith(" ")] for told in (before, now)]  # all but remarks
        assert kept[0] == kept[1]
        assert set(now) - {*before} <= {text for text in now if text.startswith("  Not compared: ")}


def test_failed_cells_say_why(tmp_path: Path) -> None:
    both(tmp_path)
    without_checksums(tmp_path)
    first = read_tables(tmp_path).cells["cell"][0]
    cells = tmp_path / "cells.csv"
    cells.write_text(cells.read_text().replace(",ok,", ",failed,", 1))
    for name in ("layers.csv", "summary.csv", "theory.csv"):
        path = tmp_path / name
        path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith(first)))
    (tmp_path / "failures.csv").write_text(f"cell,network.initializer,reason\n{first},he_normal,no memory\n")
    assert again(tmp_path)[0] == ("failed: no memory",)
    assert again(tmp_path)[1][0].startswith("All units")
