"""`initbench report` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli


@pytest.fixture
def folder(cli: Cli, small: Path) -> Path:
    assert cli("run", str(small), "-o", "out", "-q").returncode == 0
    return small.parent / "out"


def test_the_page_is_in_the_folder(cli: Cli, folder: Path) -> None:
    done = cli("report", "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out/report.html\n", "")
    first = (folder / "report.html").read_bytes()
    assert first.startswith(b"<!DOCTYPE html>\n<html lang=")
    assert b"it stays" in first
    assert len(first) < 2_000_000
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    assert cli("report", "out", "-q").stdout == ""
    assert (folder / "report.html").read_bytes() == first


def test_a_run_goes_on_beside_a_report(cli: Cli, folder: Path, small: Path) -> None:
    assert cli("report", "out").returncode == 0
    assert cli("run", str(small), "-o", "out", "-q").returncode == 0
    assert cli("check", "out").returncode == 0
    assert (folder / "report.html").exists()  # nothing has changed


def test_a_report_of_other_numbers_does_not_stay(cli: Cli, folder: Path, small: Path) -> None:
    assert cli("report", "out").returncode == 0
    assert cli("run", str(small), "-o", "out", "-q", "-s", "seeds=5").returncode == 0
    assert not (folder / "report.html").exists()


def test_markdown_links_the_plots_from_where_it_is(cli: Cli, folder: Path) -> None:
    assert cli("report", "out", "--markdown").stdout == "out/report.md\n"
    assert "](<plots/variance.png>)" in (folder / "report.md").read_text()
    assert cli("report", "out", "--markdown", "-o", "notes/pr.md").stdout == "notes/pr.md\n"
    text = (folder.parent / "notes" / "pr.md").read_text()
    assert "](<../out/plots/variance.png>)" in text
    for line in ("# small", "## Verdict", "1 of 1 hold.", "| passed | it stays |"):
        assert line in text
    assert text.endswith("</sub>\n")


def test_pictures_that_were_not_drawn_are_not_linked(cli: Cli, small: Path) -> None:
    assert cli("run", str(small), "-o", "bare", "-q", "--no-plots").returncode == 0
    assert cli("report", "bare", "--markdown").returncode == 0
    assert "plots/" not in (small.parent / "bare" / "report.md").read_text()
    assert cli("report", "bare").returncode == 0
    assert "<svg" in (small.parent / "bare" / "report.html").read_text()  # the page draws its own


def test_pictures_of_other_numbers_are_not_linked_but_named(cli: Cli, folder: Path, small: Path) -> None:
    """The folder was computed again, and its pictures are those of before."""
    before = {path.name: path.read_bytes() for path in (folder / "plots").iterdir()}
    assert cli("run", str(small), "-o", "out", "-q", "-s", "root_seed=1", "--no-plots").returncode == 0
    assert cli("run", str(small), "-o", "new", "-q").returncode == 0
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    for name, data in before.items():
        (plots / name).write_bytes(data)
    shown = [name for name in before if name.endswith("png")]
    assert cli("report", "out", "--markdown").returncode == 0
    text = (folder / "report.md").read_text()
    assert "](<plots/" not in text
    (line,) = (line for line in text.splitlines() if line.startswith("Left out, as not drawn from these tables: "))
    assert all(name in line for name in shown)
    assert line.endswith(". `initbench plot out` draws them again.")
    assert cli("plot", "out", "-q").returncode == 0
    assert cli("report", "out", "--markdown").returncode == 0
    assert (folder / "report.md").read_text().count("](<plots/") == len(shown)
    assert "Left out" not in (folder / "report.md").read_text()


def test_what_cannot_be_held_against_tables_is_said(cli: Cli, folder: Path) -> None:
    """A folder as it is kept in a repository: of histograms.csv there is the picture alone."""
    small = folder.parent / "small.yaml"
    assert cli("run", str(small), "-o", "out", "-q", "-s", "metrics=[act_q, histograms]").returncode == 0
    for name in ("histograms.csv", "theory.csv", "plots/histograms.json", "plots/histograms.svg"):
        (folder / name).unlink()
    (folder / "plots" / "variance.png").write_bytes((folder / "plots" / "histograms.png").read_bytes())
    assert cli("report", "out", "--markdown").returncode == 0
    text = (folder / "report.md").read_text()
    assert (
        "Left out, as not drawn from these tables: variance.png. `initbench run CONFIG -o out` draws it again.\n"
        in text
    )
    assert "Left out, as the tables that they were drawn from are not kept here: histograms.png.\n" in text
    assert "](<plots/" not in text


def test_nothing_but_a_report_is_replaced(cli: Cli, folder: Path) -> None:
    (folder / "theory.csv").unlink()
    (folder.parent / "notes.txt").write_text("mine")
    (folder.parent / "link").symlink_to(folder)
    (folder.parent / "x.html").symlink_to(folder / "cells.csv")
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    for name in ("cells.csv", "config.yaml", "manifest.json", "plots/variance.png", "theory.csv", "plots/new.png"):
        done = cli("report", "out", "-o", f"link/{name}" if name == "cells.csv" else f"out/{name}")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "report" in done.stderr
    for name in ("notes.txt", "x.html"):
        assert cli("report", "out", "-o", name).returncode == 2
    assert {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()} == before
    for name in ("out/other.HTML", "out/other.HTML", "page"):
        assert cli("report", "out", "-o", name).returncode == 0


def test_a_name_says_what_is_in_it(cli: Cli, folder: Path) -> None:
    for words, says in (
        (("-o", "x.md"), "x.md: a report is HTML; for Markdown add --markdown"),
        (("-o", "x.HTML", "--markdown"), "x.HTML: with --markdown a report is no HTML; name it .md"),
    ):
        done = cli("report", "out", *words)
        assert (done.returncode, done.stdout, done.stderr.strip()) == (2, "", f"error: {says}")
        assert not (folder.parent / words[1]).exists()
    assert cli("report", "out", "-o", "x.txt", "--markdown").returncode == 0


def test_what_stands_in_the_way_is_said_in_a_line(cli: Cli, folder: Path, tmp_path: Path) -> None:
    for words, says in (
        (("report", "nowhere"), "nowhere: no such results folder"),
        (("report", "out", "-o", "out/manifest.json/x.html"), "manifest.json: cannot be made a folder"),
    ):
        done = cli(*words)
        assert done.returncode == 74
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "cells.csv").write_text("cell\n")
    done = cli("report", "out")
    assert manifest["files"]["cells.csv"]
    assert done.returncode == 74
    assert "is not the file that manifest.json was written with" in done.stderr
    assert not (folder / "report.html").exists()
