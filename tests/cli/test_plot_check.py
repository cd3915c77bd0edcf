"""`plot --check`: whose pictures are these? Exit 0, 1, 4 or 74, and the series that changed by name."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from command_line import Cli
from typer.testing import CliRunner, Result

from initbench import figures
from initbench.cli.main import _guarded, app
from initbench.figures.render import encode
from initbench.lab.tables import read_tables

CONFIG = """\
name: two
network: {depth: 4, width: 16, activation: tanh, initializer: he_normal}
input: {batch_size: 8}
seeds: 3
sweep: {grid: {network.initializer: [he_normal, {name: normal, stddev: 0.01}]}}
"""


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results as a repository would hold them, without their store."""
    place = tmp_path_factory.mktemp("ran")
    (place / "two.yaml").write_text(CONFIG)
    assert CliRunner().invoke(app, ["run", str(place / "two.yaml"), "-o", str(place / "two"), "-q"]).exit_code == 0
    shutil.rmtree(place / "two" / "cells")
    return place / "two"


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "two"))


def check(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plot", str(folder), "--check", *words])


def edit(folder: Path, layer: int, metric: str, factor: float) -> None:
    """Change one mean of summary.csv, and the manifest with it, as nobody would notice."""
    with (folder / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if (row["layer"], row["metric"]) == (str(layer), metric))
    row["mean"] = repr(float(row["mean"]) * factor)
    with (folder / "summary.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    mend(folder, "summary.csv")


def mend(folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_pictures_as_they_were_drawn_pass(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = check(folder)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{folder}: current: 4 pictures\n"
    assert check(folder, "-q").output == ""
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before, "check writes nothing"


def test_a_changed_number_is_named_by_its_series(folder: Path) -> None:
    edit(folder, 3, "act_q", 1.001)
    done = check(folder)
    assert done.exit_code == 1
    first, line, last = done.stdout.splitlines()
    assert first == f"{folder}: stale: 1 of 4 pictures"
    assert line.startswith("  variance.json: mean square of activations (mean square of h): he_normal, at layer 3: ")
    assert last == f"to draw them again: initbench plot {folder}"
    assert check(folder, "-q").stdout == done.stdout


def test_the_command_that_it_names_mends_it(folder: Path) -> None:
    edit(folder, 2, "grad_q", 2.0)
    command = check(folder).stdout.splitlines()[-1].partition(": initbench ")[2]
    assert CliRunner().invoke(app, command.split()).exit_code == 0
    assert check(folder).exit_code == 0


def test_it_mends_what_an_earlier_format_left_behind(folder: Path) -> None:
    edit(folder, 2, "grad_q", 2.0)
    assert CliRunner().invoke(app, ["plot", str(folder), "--format", "png", "-q"]).exit_code == 0
    lines = check(folder).stdout.splitlines()
    assert lines[1:] == [
        "  gradients.svg: shows other data than gradients.json",
        f"to draw them again: initbench plot {folder}",
    ]
    assert CliRunner().invoke(app, ["plot", str(folder), "-q"]).exit_code == 0
    assert check(folder).exit_code == 0


def test_the_numbers_are_in_the_document(folder: Path) -> None:
    edit(folder, 3, "act_q", 1.5)
    done = check(folder, "--json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    states = {picture["stem"]: picture["status"] for picture in document["pictures"]}
    assert states == {"variance": "stale", "gradients": "current", "health": "current", "cosine": "current"}
    (stale,) = document["pictures"][0]["stale"]
    assert stale["file"] == "variance.json"
    series = stale["series"]
    assert (series["line"], series["at"]) == ("he_normal", "at layer 3")
    assert series["tables"] == pytest.approx(1.5 * series["drawn"])
    assert document["remedy"] == f"initbench plot {folder}"


def test_a_swapped_picture_is_found_though_the_manifest_knows_nothing(folder: Path) -> None:
    for end in ("png", "svg"):
        shutil.copy(folder / "plots" / f"cosine.{end}", folder / "plots" / f"health.{end}")
    done = check(folder)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1:3] == [
        f"  health.{end}: shows other data than health.json" for end in ("png", "svg")
    ]


def test_missing_and_superfluous_pictures_are_named(folder: Path) -> None:
    (folder / "plots" / "cosine.svg").unlink()
    shutil.copy(folder / "plots" / "cosine.png", folder / "plots" / "histograms.png")
    (folder / "plots" / "mine.png").write_bytes(b"of no interest")
    lines = check(folder).stdout.splitlines()[1:-1]
    assert lines == [
        "  histograms.png: the tables have nothing that it could show",
        "  cosine.svg: is missing",
    ]


def test_pixels_are_nobodys_business(folder: Path) -> None:
    """As if another Matplotlib had drawn it: another size, the same data."""
    tables = read_tables(folder)
    data = figures.series(tables, "variance")
    picture = figures.figure(tables, "variance")
    picture.set_size_inches(3, 2)
    for fmt in ("png", "svg"):
        file = folder / "plots" / f"variance.{fmt}"
        before = file.read_bytes()
        file.write_bytes(encode(picture, fmt, data))
        assert file.read_bytes() != before
    assert check(folder).exit_code == 0


def test_one_format_is_enough_where_one_was_asked_for(folder: Path) -> None:
    for path in (folder / "plots").iterdir():
        path.unlink()
    assert CliRunner().invoke(app, ["plot", str(folder), "--format", "svg", "-q"]).exit_code == 0
    assert check(folder).exit_code == 0
    assert check(folder, "--format", "svg").exit_code == 0
    (folder / "plots" / "variance.svg").unlink()
    assert check(folder).stdout.splitlines()[-1] == f"to draw them again: initbench plot {folder} --format svg"
    done = check(folder, "--format", "png")
    assert done.exit_code == 1
    assert "variance.png: is missing" in done.stdout


def test_a_format_that_was_drawn_must_be_there(folder: Path) -> None:
    for path in (folder / "plots").glob("*.svg"):
        path.unlink()
    lines = check(folder).stdout.splitlines()[1:-1]
    assert lines == [f"  {stem}.svg: is missing" for stem in ("variance", "gradients", "health", "cosine")]


def test_a_folder_whose_manifest_forgot_the_pictures(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["plots"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert check(folder).exit_code == 0
    for path in (folder / "plots").glob("*.svg"):
        path.unlink()
    assert check(folder).exit_code == 0
    (folder / "plots" / "variance.png").unlink()
    assert check(folder).exit_code == 1


def test_a_screen_is_not_flooded(folder: Path) -> None:
    for path in (folder / "plots").iterdir():
        path.write_bytes(b"" if path.suffix == ".json" else path.read_bytes()[:-1])
    for end in ("png", "svg", "json"):
        for stem in ("histograms", "heatmap", "metrics"):
            (folder / "plots" / f"{stem}.{end}").write_bytes(b"")
    edit(folder, 3, "act_q", 1.5)
    lines = check(folder).stdout.splitlines()
    assert len(lines) <= 23
    assert len(json.loads(check(folder, "--json").stdout)["pictures"]) == 7


def test_nothing_to_compare_is_no_pass(cli: Cli, folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "plots")
    done = cli("plot", "two", "--check")
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr == "error: two: there are no pictures to compare; `initbench plot two` draws them\n"
    done = cli("plot", "two", "--check", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["pictures"] == []


def test_pictures_without_any_of_their_tables_are_not_judged(cli: Cli, folder: Path) -> None:
    for name in ("summary.csv", "layers.csv", "theory.csv"):
        (folder / name).unlink()
    done = cli("plot", "two", "--check")
    assert done.returncode == 4
    assert "note: variance was not compared: summary.csv and theory.csv are not there" in done.stderr
    assert "error: two: the tables that its pictures were drawn from are not there" in done.stderr


def test_without_theory_the_rest_is_compared_and_that_is_said(folder: Path) -> None:
    (folder / "theory.csv").unlink()
    done = check(folder)
    assert done.exit_code == 0
    assert "note: variance was compared but for theory: theory.csv is not there" in done.stderr
    assert "note" not in check(folder, "-q").stderr
    edit(folder, 1, "act_var", 1.01)
    done = check(folder)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == f"to draw them again: initbench run CONFIG -o {folder}"


@pytest.mark.parametrize("name", ["summary.csv", "cells.csv"])
def test_damaged_tables_are_damage(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / name).open("a") as file:
        file.write("more\n")
    assert _guarded(lambda: app(["plot", str(folder), "--check"])) == 74
    assert f"{name}: is not the file that manifest.json was written with" in capsys.readouterr().err


def test_a_picture_that_cannot_be_read_is_damage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "plots" / "variance.json").unlink()
    (folder / "plots" / "variance.json").mkdir()
    assert _guarded(lambda: app(["plot", str(folder), "--check"])) == 74
    assert "variance.json: cannot be read: Is a directory" in capsys.readouterr().err


def test_what_is_no_format_is_refused(folder: Path) -> None:
    assert check(folder, "--format", "pdf").exit_code == 2
    assert check(folder, "--format", "").exit_code == 2


def test_drawing_says_what_it_drew(folder: Path) -> None:
    done = CliRunner().invoke(app, ["plot", str(folder), "--format", "png", "--json"])
    assert json.loads(done.stdout) == {
        "folder": str(folder),
        "files": [f"{stem}.{end}" for stem in ("variance", "gradients", "health", "cosine") for end in ("png", "json")],
    }
