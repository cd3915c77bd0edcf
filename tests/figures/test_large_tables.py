"""Pictures of very many settings: what a row of their tables takes in memory while they are made."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from initbench.figures.series import available, compute, quantities
from initbench.lab.tables import read_tables

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]

CELLS = 400
BYTES = 145
"""Of a row of summary.csv and its row of theory.csv, at most: 11 numbers and 5 short codes, half as much to find the
curves; and what a table of this size has beside its rows."""


def many(folder: Path) -> Path:
    """The one cell of a folder so many times, under other names."""
    for name in ("cells.csv", "summary.csv", "theory.csv"):
        header, *rows = (folder / name).read_text().splitlines(keepends=True)
        start = rows[0].split(",")[0] + ",0"
        named = [[row.replace(start, f"{cell:016x},{cell}", 1) for row in rows] for cell in range(CELLS)]
        (folder / name).write_text(header + "".join("".join(rows) for rows in named))
    return folder


def test_a_row_takes_little(write_results: Write, simulated: Make) -> None:
    cell = simulated({"a.gain": "0"}, depth=10, seeds=2)
    theory = {(metric, layer): (1.0, 0.1) for metric in ("act_q", "act_var", "preact_q") for layer in range(11)}
    cell |= {"theory": theory, "outside": set(theory)}
    folder = many(write_results([cell], layers=False))
    read_tables(folder, pictured=True)  # what is loaded by need is loaded
    tracemalloc.start()
    tables = read_tables(folder, pictured=True)
    found = quantities(tables)
    for stem in available(tables, found):
        compute(tables, stem, found)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most / len(tables.summary) < BYTES
