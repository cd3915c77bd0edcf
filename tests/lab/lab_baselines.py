"""Baselines that can be changed, and what drifts from them is held against."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab_folders import without_checksums

from initbench import api
from initbench.lab.baselines.side import Side, side
from initbench.lab.check import stored_results
from initbench.lab.comparing.measured import open_results

Edit = Callable[[dict[str, str]], None]


def copied(made: Path, folder: Path) -> Path:
    """A copy whose tables can be changed."""
    shutil.copytree(made, folder)
    without_checksums(folder)
    return folder


def edit(table: Path, change: Edit) -> None:
    """Change the rows of a table."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    rewritten(table, rows)


def rewritten(table: Path, rows: list[dict[str, str]]) -> None:
    """Put other rows in the place of a table's."""
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def kept(folder: Path) -> Side:
    """A results folder."""
    return side(stored_results(folder))


def in_memory(config: dict[str, Any]) -> Side:
    """Results of a config that were never written."""
    result = api.run(config, jobs=1)
    return Side(open_results(result), result.frames)
