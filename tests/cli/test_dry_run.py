"""`--dry-run`: what is there, why the rest must run, and nothing that is not so."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from command_line import Cli

from initbench.cli.main import _guarded, app

CONFIG = """\
name: twins
network: {depth: 2, width: 8, activation: relu, initializer: he_normal}
input: {batch_size: 4}
seeds: 3
sweep: {grid: {engine: [auto, dense], network.depth: [2, 3]}}
"""


@pytest.fixture
def twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config of two cells that stand twice in its grid, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twins.yaml").write_text(CONFIG)
    return tmp_path / "out"


def plan(*words: str) -> int:
    return _guarded(lambda: app(["run", "twins.yaml", "-o", "out", "--dry-run", *words], standalone_mode=False))


def ran() -> None:
    assert not _guarded(lambda: app(["run", "twins.yaml", "-o", "out", "--no-plots", "-q"], standalone_mode=False))


def test_points_that_are_one_cell_are_said(twins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not plan()
    said = capsys.readouterr()
    assert said.out.startswith(
        "twins: 2 cells x 3 seeds, 0 done already in out/; the rest takes under a second of one core, "
    )
    assert said.err.splitlines() == [
        f"note: engine=dense, depth={depth} is the same cell as engine=auto, depth={depth}: measured once"
        for depth in (2, 3)
    ]
    assert not plan("-q")
    assert capsys.readouterr().err == ""
    assert not twins.exists()


def test_what_is_done_takes_nothing(twins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran()
    capsys.readouterr()
    assert not plan()
    assert capsys.readouterr().out == "twins: 2 cells x 3 seeds, 2 done already in out/; no network has to run\n"


def test_what_is_stored_is_run_again_by_wish(twins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran()
    capsys.readouterr()
    assert not plan("--force")
    first, *cells = capsys.readouterr().out.splitlines()
    assert "2 done already in out/; with --force, all of it takes under a second " in first
    assert len(cells) == 2
    assert all("  stored, but --force (dense: auto: " in line for line in cells)
    assert not plan("--force", "--json")
    (row, _) = json.loads(capsys.readouterr().out)["cells"]
    assert (row["stored"], row["missing"], row["why"]) == (3, 3, "stored, but --force")
    assert not plan("--force", "-o", "new")
    assert "  not stored (dense: auto: " in capsys.readouterr().out


def test_a_cell_that_failed_is_told_with_its_reason(twins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As if its worker had died of memory: it is not in the store, but in failures.csv."""
    ran()
    with (twins / "cells.csv").open(newline="") as file:
        cell = next(csv.DictReader(file))["cell"]
    for block in (twins / "cells" / cell).iterdir():
        block.unlink()
    (twins / "failures.csv").write_text(f"cell,reason\n{cell},out of memory\n")
    capsys.readouterr()
    assert not plan()
    (_, line) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"  {cell}  engine=auto, depth=2  failed: out of memory (dense: ")
    assert not plan("--json")
    assert [row["why"] for row in json.loads(capsys.readouterr().out)["cells"]] == ["failed: out of memory", None]


@pytest.mark.parametrize("place", ["file", "file/in/it"])
def test_a_file_is_no_results_folder(twins: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("mine")
    for words in (("--dry-run",), ()):
        code = _guarded(lambda words=words: app(["run", "twins.yaml", "-o", place, "-q", *words]))  # type: ignore[misc]
        assert code == 2
        assert capsys.readouterr().err == "error: file: is a file; -o names the results folder\n"


def test_a_folder_of_other_things_is_refused(cli: Cli, twins: Path) -> None:
    twins.mkdir()
    (twins / "thesis.tex").write_text("mine")
    done = cli("run", "twins.yaml", "-o", "out", "--dry-run", "-q")
    assert done.returncode == 2
    assert done.stderr.startswith("error: out: holds files that are not results of initbench")
