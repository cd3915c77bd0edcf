"""The stored tables come back as they were written, and damage never passes for data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from initbench.errors import StorageError
from initbench.lab import tables as tables_module
from initbench.lab.tables import Tables, read_tables

AXES = ["network.initializer", "network.depth"]
CELLS = """\
cell,network.initializer,network.depth,n_seeds,engine_used,status,act_q_ratio,\
act_q_ratio_median,grad_q_ratio,grad_q_ratio_median,forward_rate,backward_rate,forward,backward,\
flags,verdict,theory_z,theory_z_layer
1234567890123456,none,01,2,dense,ok,1.0,0.9,,,1.0,,stable,,,stable,,
00000000000012e4,"normal(mean=0, stddev=1)",1e3,2,dense,overflow,inf,nan,-inf,,1.0,,\
exploding,,overflow,overflow,,
abcdef0123456789,NA,null,2,dense,failed,,,,,,,,,,failed,,
"""
LAYERS = """\
cell,network.initializer,network.depth,seed,layer,fan_in,fan_out,act_q,cosine
1234567890123456,none,01,0,0,4,4,0.1,nan
1234567890123456,none,01,0,1,4,4,0.30000000000000004,
1234567890123456,none,01,7,0,4,4,1e-300,0.5
1234567890123456,none,01,7,1,4,4,0,0.25
00000000000012e4,"normal(mean=0, stddev=1)",1e3,0,0,4,4,inf,
00000000000012e4,"normal(mean=0, stddev=1)",1e3,7,0,4,4,-inf,
"""
SUMMARY = """\
cell,network.initializer,network.depth,layer,metric,n,mean,sd,stderr,median,q05,q95,nonfinite,theory,theory_sd
1234567890123456,none,01,1,act_q,2,0.1,0.2,0.3,0.1,0.05,0.15,0,,
00000000000012e4,"normal(mean=0, stddev=1)",1e3,1,act_q,0,,,,,,,2,1.5,0.5
"""
HISTOGRAMS = """\
cell,network.initializer,network.depth,layer,quantity,low,high,count
1234567890123456,none,01,1,act,-inf,-1.0,3
1234567890123456,none,01,1,act,-1.0,inf,5
"""
THEORY = """\
cell,network.initializer,network.depth,layer,metric,infinite_width,mean,sd,within,reason
1234567890123456,none,01,1,act_q,1.0,1.5,0.25,yes,
00000000000012e4,"normal(mean=0, stddev=1)",1e3,1,act_q,inf,,,,"weights, all of them, are constant"
"""
FILES = {
    "cells.csv": CELLS,
    "layers.csv": LAYERS,
    "summary.csv": SUMMARY,
    "theory.csv": THEORY,
    "histograms.csv": HISTOGRAMS,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text.encode())
    manifest = {"name": "x", "description": "", "axes": AXES, "title": "t"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


@pytest.fixture
def tables(folder: Path) -> Tables:
    return read_tables(folder)


def test_text_stays_text(tables: Tables) -> None:
    assert tables.axes == tuple(AXES)
    assert tables.cells["cell"].tolist() == ["1234567890123456", "00000000000012e4", "abcdef0123456789"]
    assert tables.cells["network.initializer"].tolist() == ["none", "normal(mean=0, stddev=1)", "NA"]
    assert tables.cells["network.depth"].tolist() == ["01", "1e3", "null"]
    assert tables.cells["flags"].tolist() == ["", "overflow", ""]


def test_numbers_come_back_exactly(tables: Tables) -> None:
    assert tables.layers is not None
    values = tables.layers["act_q"]
    assert values.dtype == np.float64
    assert values.tolist() == [0.1, 0.30000000000000004, 1e-300, 0.0, np.inf, -np.inf]
    assert np.isnan(tables.layers["cosine"]).tolist() == [True, True, False, False, True, True]
    assert tables.summary["theory"].isna().tolist() == [True, False]
    assert tables.cells["act_q_ratio"].tolist()[:2] == [1.0, np.inf]


def test_theory_comes_back_with_its_reasons(tables: Tables) -> None:
    assert tables.theory is not None
    assert tables.theory["infinite_width"].tolist() == [1.0, np.inf]
    assert np.isnan(tables.theory["mean"]).tolist() == [False, True]
    assert tables.theory["within"].tolist() == ["yes", ""]
    assert tables.theory["reason"].tolist() == ["", "weights, all of them, are constant"]


def test_whole_numbers_are_whole(tables: Tables) -> None:
    assert tables.layers is not None
    assert tables.histograms is not None
    for column in (
        tables.layers["seed"],
        tables.summary["n"],
        tables.cells["n_seeds"],
        tables.histograms["count"],
    ):
        assert column.dtype == np.int64
    assert tables.layers["seed"].tolist() == [0, 0, 7, 7, 0, 7]


def test_the_rows_keep_their_order(tables: Tables) -> None:
    assert tables.summary["cell"].tolist() == ["1234567890123456", "00000000000012e4"]


def test_a_huge_seed_is_no_damage(folder: Path) -> None:
    path = folder / "layers.csv"
    path.write_text(LAYERS.replace(",7,", f",{2**70},"), encoding="utf-8")
    assert read_tables(folder).layers is not None


def test_some_tables_may_be_absent(folder: Path) -> None:
    (folder / "layers.csv").unlink()
    (folder / "histograms.csv").unlink()
    (folder / "theory.csv").unlink()
    found = read_tables(folder)
    assert found.layers is None
    assert found.theory is None
    assert found.histograms is None


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere.*initbench run"):
        read_tables(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["cells.csv", "summary.csv", "manifest.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(StorageError, match=f"{name}: missing.*again"):
        read_tables(folder)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "header only": lambda data: data.split(b"\n")[0] + b"\n",
    "last line cut": lambda data: data[:-3],
    "a field short": lambda data: data.rstrip(b"\n").rpartition(b",")[0] + b"\n",
    "a field too many": lambda data: data.rstrip(b"\n") + b",1\n",
    "a column renamed": lambda data: data.replace(b"network.depth", b"network.width", 1),
    "a column twice": lambda data: data.replace(b"\n", b",cell\n", 1),
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "not UTF-8": lambda data: data.replace(b"none", b"n\xffne"),
    "a stray quote": lambda data: data + b'"\n',
    "an unknown cell": lambda data: data.replace(b"1234567890123456,none", b"9999999999999999,none"),
    "binary": lambda data: bytes(range(1, 256)) + b"\n",
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in FILES for kind in DAMAGE if (name, kind) != ("cells.csv", "an unknown cell")],
)
def test_damage_is_named(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    with pytest.raises(StorageError, match=name) as caught:
        read_tables(folder)
    assert "again" in str(caught.value)


def test_tables_of_different_runs_do_not_mix(folder: Path) -> None:
    path = folder / "cells.csv"
    path.write_text(CELLS.replace("1234567890123456", "9999999999999999"), encoding="utf-8")
    with pytest.raises(StorageError, match=r"summary\.csv"):
        read_tables(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("layers.csv", "0.30000000000000004", "0.3x", r"row 3, column act_q: '0.3x' is not a number"),
        ("layers.csv", ",7,1,4", ",7.5,1,4", r"column seed: '7.5' is not a whole number"),
        ("summary.csv", "act_q,2", "act_q,", r"column n: '' is not a whole number"),
        ("histograms.csv", "inf,5", "inf,five", r"column count: 'five'"),
        ("cells.csv", "inf,nan", "inf,nothing", r"row 3, column act_q_ratio_median: 'nothing'"),
    ],
)
def test_a_wrong_number_is_pointed_at(folder: Path, name: str, old: str, new: str, said: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StorageError, match=said):
        read_tables(folder)


@pytest.mark.parametrize("lines", [1, 2])
def test_layers_cut_at_a_line_end_are_noticed(folder: Path, lines: int) -> None:
    text = LAYERS.rstrip("\n").split("\n")
    (folder / "layers.csv").write_text("\n".join(text[:-lines]) + "\n", encoding="utf-8")
    with pytest.raises(StorageError, match=r"layers\.csv"):
        read_tables(folder)


def test_a_cell_stands_once(folder: Path) -> None:
    lines = CELLS.rstrip("\n").split("\n")
    (folder / "cells.csv").write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    with pytest.raises(StorageError, match=r"cells\.csv.*twice"):
        read_tables(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"axes": "seed"}', '{"axes": [1]}', "\x00"])
def test_a_broken_manifest_is_named(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(StorageError, match=r"manifest\.json"):
        read_tables(folder)


def test_a_folder_in_place_of_a_file_is_named(folder: Path) -> None:
    (folder / "layers.csv").unlink()
    (folder / "layers.csv").mkdir()
    with pytest.raises(StorageError, match=r"layers\.csv"):
        read_tables(folder)


def test_more_rows_than_are_converted_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_tables(folder)
    monkeypatch.setattr("initbench.lab.parsing._ROWS", 1)
    parts = read_tables(folder)
    assert whole.layers is not None
    assert parts.layers is not None
    assert whole.layers.equals(parts.layers)


def test_pictures_need_less(folder: Path, tables: Tables) -> None:
    """The same numbers in fewer columns, texts as categories; what is damaged is damaged all the same."""
    lean = read_tables(folder, pictured=True)
    for few, whole in ((lean.layers, tables.layers), (lean.summary, tables.summary), (lean.theory, tables.theory)):
        assert few is not None
        assert whole is not None
        assert {"cell", "layer"} <= set(few) < set(whole)
        for name in few:
            assert few[name].tolist() == pytest.approx(whole[name].tolist(), nan_ok=True)
        assert isinstance(few["cell"].dtype, pd.CategoricalDtype)
    assert lean.cells.equals(tables.cells)
    (folder / "layers.csv").write_text(LAYERS.replace(",4,inf,", ",4,"), encoding="utf-8")
    with pytest.raises(StorageError, match=r"layers\.csv: row 6 has 8 fields"):
        read_tables(folder, pictured=True)


def test_no_metric_to_summarise_is_no_damage(folder: Path) -> None:
    """`metrics: [histograms]`: the summary has a header alone, layers.csv has no metric."""
    (folder / "summary.csv").write_text(SUMMARY.partition("\n")[0] + "\n")
    with pytest.raises(StorageError, match="summary"):
        read_tables(folder)
    layers = [line.rsplit(",", 2)[0] for line in LAYERS.splitlines()]
    (folder / "layers.csv").write_text("\n".join([*layers, ""]))
    assert read_tables(folder).summary.empty


def publish(path: Path, text: str) -> None:
    """As a run does it."""
    path.with_suffix(".new").write_text(text, encoding="utf-8")
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize("failing", [False, True])
def test_tables_that_a_run_publishes_while_they_are_read_are_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: bool
) -> None:
    """Some of the older tables and some of the newer ones are nobody's results, even where they fit together."""
    read, published = tables_module._table, []

    def disturbed(path: Path, *given: Any, **more: Any) -> pd.DataFrame:
        found = read(path, *given, **more)
        if path.name == "cells.csv" and not published:
            published.append(path)
            publish(folder / "cells.csv", CELLS.replace("1.0,0.9", "3.0,0.9"))
            publish(folder / "summary.csv", SUMMARY.replace("0.1,0.2,0.3", "3.1,0.2,0.3"))
            if failing:
                raise StorageError("cut short")
        return found

    monkeypatch.setattr(tables_module, "_table", disturbed)
    found = read_tables(folder)
    assert (found.cells["act_q_ratio"][0], found.summary["mean"][0]) == (3.0, 3.1)
