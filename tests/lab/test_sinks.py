"""Streamed tables are the kept ones, byte for byte, and appear together or not at all."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from initbench.lab.csvtext import Lines
from initbench.lab.sinks import LARGE, Kept, Row, Sink, Streamed

COLUMNS = ("cell", "x", "text")
ROWS: list[Row] = [("a", 0.1, None), ("a", float("inf"), "=1+1"), ("b", -0.0, 'say "x", y'), ("b", 1e-320, "")]


def fill(sink: Sink) -> None:
    sink.open("one.csv", COLUMNS)
    sink.open("empty.csv", ("only", "a header"))
    for row in ROWS:
        sink.add("one.csv", [row])
    sink.add("one.csv", [])


def test_streamed_and_kept_tables_are_the_same_bytes(tmp_path: Path) -> None:
    kept = Kept()
    fill(kept)
    with Streamed(tmp_path) as streamed:
        fill(streamed)
        assert not list(tmp_path.glob("*.csv"))
    for name, table in kept.tables.items():
        data = (tmp_path / name).read_bytes()
        assert data == table.encode()
        assert streamed.checksums[name] == hashlib.sha256(data).hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.csv", "one.csv"]


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, 3 * LARGE + 1])
def test_large_pieces_are_summed_up_as_they_are_written(tmp_path: Path, size: int) -> None:
    pieces = tuple(bytes([letter]) * size + b"\n" for letter in b"abc")
    with Streamed(tmp_path) as streamed:
        streamed.open("one.csv", ("x",))
        streamed.add("one.csv", Lines(pieces))
    data = (tmp_path / "one.csv").read_bytes()
    assert data == b"".join([b"x\n", *pieces])
    assert streamed.checksums == {"one.csv": hashlib.sha256(data).hexdigest()}
    assert threading.active_count() == 1 + sum(thread.daemon for thread in threading.enumerate())


def test_what_breaks_off_leaves_the_old_tables_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("old")

    def broken_off() -> None:
        with Streamed(tmp_path) as streamed:
            fill(streamed)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("one.csv", "old")]
