"""Training and histograms beside those of a baseline: not one number of them may be another one unseen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from lab_baselines import copied, edit, kept, rewritten

from initbench import api
from initbench.errors import StorageError
from initbench.lab.baselines.baseline import drift, held_against
from initbench.lab.baselines.side import KEYS

CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 2, "width": 6, "activation": "tanh", "initializer": "lecun_normal", "bias": "none"},
    "seeds": 3,
    "metrics": ["act_mean", "act_q", "grad_q", "distinct_units", "histograms"],
    "training": {
        "data": {"name": "gaussian_classes", "classes": 3, "features": 4, "examples": 60},
        "learning_rate": [0.1, 1e30],
        "steps": 12,
        "batch_size": 16,
        "measure_at": [0, 12],
        "record_every": 6,
    },
    "sweep": {"grid": {"network.initializer": ["lecun_normal", "zeros"]}},
}
PLACES = {
    "training.csv": {"seed": "1", "step": "6"},
    "training_layers.csv": {"seed": "2", "step": "12", "layer": "2"},
    "training_search.csv": {"seed": "0", "learning_rate": "0.1"},
    "histograms.csv": {"layer": "1", "quantity": "act", "low": "0.0"},
}
"""A row of each table, but for its cell."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "x"
    api.run(CONFIG, folder, 1)
    return folder


@pytest.fixture
def there(here: Path, tmp_path: Path) -> Path:
    return copied(here, tmp_path / "baseline")


def changed(folder: Path, name: str, column: str, factor: float) -> None:
    """Multiply one number of a table."""
    found = []

    def change(row: dict[str, str]) -> None:
        at = PLACES[name] | {"network.initializer": "lecun_normal"}
        if all(row[key] == value for key, value in at.items()):
            found.append(row[column])
            row[column] = repr(float(row[column]) * factor) if "." in row[column] else str(int(row[column]) + 1)

    edit(folder / name, change)
    assert len(found) == 1


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_tables_do_not_differ(here: Path, there: Path) -> None:
    found = drift(here, there)
    assert (found.mode, found.drifted, found.worst, found.left_out) == ("exact", False, (), ())
    tables = "summary.csv, cells.csv, training.csv, training_layers.csv, training_search.csv and histograms.csv"
    assert found.rule.startswith(f"numbers of {tables} may differ")
    rows = {name: len(rows_of(there / name)) for name in KEYS}
    assert found.comparisons > 6 * rows["training.csv"] + 2 * rows["training_layers.csv"] + rows["histograms.csv"]


@pytest.mark.parametrize(
    ("name", "column", "place"),
    [
        ("training.csv", "loss", "seed 1, step 6"),
        ("training.csv", "accuracy", "seed 1, step 6"),
        ("training.csv", "gradient_norm", "seed 1, step 6"),
        ("training_layers.csv", "act_q", "seed 2, step 12, layer 2"),
        ("training_layers.csv", "act_mean", "seed 2, step 12, layer 2"),
        ("training_search.csv", "loss", "seed 0, learning_rate 0.1"),
        ("training_search.csv", "kept", "seed 0, learning_rate 0.1"),
        ("histograms.csv", "count", "layer 1, quantity act, low 0, high 0.02"),
    ],
)
def test_one_other_number_is_drift_and_rounding_is_none(
    here: Path, there: Path, name: str, column: str, place: str
) -> None:
    """Of layers that two signals passed, 3e-6 of a number may be rounding, the input's layer counted."""
    if column not in ("count", "kept"):
        changed(there, name, column, 1 + 5e-7)
        assert not drift(here, there).drifted
    changed(there, name, column, 1 + 5e-5)
    found = drift(here, there)
    assert (found.drifted, found.off) == (True, 1)
    assert found.worst[0].place == f"{column} of {name}, {place}, initializer=lecun_normal"


@pytest.mark.parametrize("name", PLACES)
def test_a_row_that_is_gone_is_drift(here: Path, there: Path, name: str) -> None:
    rows = rows_of(there / name)
    rewritten(there / name, rows[:3] + rows[4:])
    numbers = len([value for key, value in rows[3].items() if key not in KEYS[name] and value])
    for one, other in ((here, there), (there, here)):
        found = drift(one, other)
        assert 1 <= found.off < numbers
        assert "nothing" in found.worst[0].message


@pytest.mark.parametrize("name", PLACES)
def test_rows_in_another_order_are_the_same(here: Path, there: Path, name: str) -> None:
    rows = rows_of(there / name)
    rewritten(there / name, [rows[1], rows[0], *rows[2:]])
    assert not drift(here, there).drifted


def test_a_row_that_stands_there_twice_is_damage(here: Path, there: Path) -> None:
    rows = rows_of(there / "training.csv")
    rewritten(there / "training.csv", [rows[0], *rows])
    with pytest.raises(StorageError):
        drift(here, there)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("who", ["this result", "the baseline"])
def test_a_table_that_is_not_kept_is_not_compared(here: Path, tmp_path: Path, name: str, who: str) -> None:
    api.run(CONFIG, tmp_path / "part", 1)
    (tmp_path / "part" / name).unlink()
    pair = (here, tmp_path / "part") if who == "the baseline" else (tmp_path / "part", here)
    found = drift(*pair)
    assert (found.mode, found.drifted, found.left_out) == ("exact", False, (f"{name}: {who} does not keep it",))
    assert name not in found.rule
    assert found.comparisons < drift(here, copied(here, tmp_path / "whole")).comparisons


def test_a_table_that_was_never_written_has_no_rows(here: Path, there: Path) -> None:
    """As training_search.csv, where no network diverged: on the other side one did."""
    (there / "training_search.csv").unlink()
    found = held_against(kept(here), kept(there))
    assert found.left_out == ()
    assert found.off > 0
    assert all("training_search.csv" in offence.place for offence in found.worst)
