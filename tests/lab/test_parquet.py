"""The large tables as Parquet: the same rows as the CSV, streamed, whole or not there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from initbench.errors import UsageError
from initbench.lab import parquet, runner
from initbench.lab.columns import PARQUET
from initbench.lab.csvtext import Table
from initbench.lab.plan import open_experiment

CONFIG: dict[str, Any] = {
    "network": {"depth": 3, "width": 4, "activation": "relu", "initializer": {"name": "normal", "stddev": 1}},
    "seeds": 3,
    "sweep": {"grid": {"network.initializer.stddev": [0.1, 1.0, 1e30]}},
}


def run(out: Path, **keywords: Any) -> runner.Result:
    return runner.run(open_experiment(CONFIG), out, 1, **keywords)


def test_it_holds_the_rows_of_the_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "GROUP", 20)
    run(tmp_path, parquet=True)
    for name, other in PARQUET.items():
        table = arrow.read_table(tmp_path / other)
        rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
        assert Table(tuple(table.column_names), rows).encode() == (tmp_path / name).read_bytes()
        assert arrow.ParquetFile(tmp_path / other).num_row_groups > 1
    assert set(PARQUET.values()) < set(json.loads((tmp_path / "manifest.json").read_text())["files"])
    assert not list(tmp_path.glob(".*.tmp"))


def test_it_comes_and_goes_with_the_option_and_runs_nothing(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    run(tmp_path)
    blocks = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.block")}
    assert not run(tmp_path, parquet=True).unchanged
    first = {name: (tmp_path / name).read_bytes() for name in PARQUET.values()}
    assert run(tmp_path, parquet=True).unchanged
    (tmp_path / "summary.parquet").write_bytes(first["summary.parquet"][:-1])
    assert not run(tmp_path, parquet=True).unchanged
    assert {name: (tmp_path / name).read_bytes() for name in PARQUET.values()} == first
    assert run(tmp_path).unchanged
    assert not list(tmp_path.glob("*.parquet"))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.block")} == blocks


def test_an_interrupt_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parquet.Parquet, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, parquet=True)
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".csv", ".parquet", ".tmp")]


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install \"initbench\[parquet\]\""):
        run(tmp_path, parquet=True)
    assert not list(tmp_path.rglob("*.block"))
