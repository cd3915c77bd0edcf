"""`initbench papers`: what it lists, what it runs, where the results go and how it ends."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli
from typer.testing import CliRunner, Result

from initbench.cli.main import app

SHIPPED = Path(__file__).parents[2] / "configs" / "papers"
ONES = """\
name: {name}
description: "Somebody {year}, table 1: ones through N(0, 1) weights."
network: {{depth: 1, width: 50, activation: linear, initializer: {{name: normal, stddev: 1.0}}}}
input: {{distribution: ones, features: {features}, batch_size: 1}}
seeds: {seeds}
expect:
  - {{name: deviation, metric: preact_q, near: {{value: 25, stderr: 4}}, published_root: 5}}
  - {{name: it ends well, metric: status, equals: ok}}
  - {{name: the mean is large, metric: preact_mean, at_least: 2, claim: refuted, published: 2}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two papers, one of them with a larger variant."""
    where = tmp_path / "papers"
    (where / "full").mkdir(parents=True)
    for path, year, seeds in (("one", 1999, 8), ("two", 2001, 8), ("full/two", 2001, 80)):
        text = ONES.format(name=Path(path).name, year=year, features=25, seeds=seeds)
        (where / f"{path}.yaml").write_text(text)
    return where


def call(folder: Path, *words: str) -> Result:
    out = str(folder.parent / "out")
    return CliRunner().invoke(app, ["papers", *words, "--configs", str(folder), "-o", out, "--no-plots"])


def test_without_names_it_lists(folder: Path) -> None:
    done = call(folder)
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["name", "paper", "claims", "s", "figure", "or", "table"]
    assert [line[:4] for line in lines[1:3]] == [["one", "Somebody", "1999", "3"], ["two", "*", "Somebody", "2001"]]
    assert lines[1][-2:] == ["table", "1"]
    listed = json.loads(call(folder, "--json").stdout)
    assert [(one["name"], one["paper"], one["place"], one["full"]) for one in listed] == [
        ("one", "Somebody 1999", "table 1", False),
        ("two", "Somebody 2001", "table 1", True),
    ]
    assert not (folder.parent / "out").exists()


def test_published_predicted_and_measured_are_in_the_papers_units(folder: Path) -> None:
    done = call(folder, "one")
    assert done.exit_code == 0, done.output
    rows = {line[:18].strip(): line[18:].split() for line in done.stdout.splitlines()[2:]}
    published, predicted, measured, passes = rows["deviation"]
    assert (published, predicted, passes) == ("5", "5", "yes")
    assert float(measured) == pytest.approx(5, abs=1)
    assert rows["it ends well"] == ["ok", "ok", "yes"]
    assert rows["the mean is large"][-1] == "yes"
    assert (folder.parent / "out" / "one" / "summary.csv").is_file()
    (claim, _, _) = json.loads(call(folder, "one", "--json").stdout)[0]["claims"]
    assert (claim["published"], claim["predicted"], claim["passes"]) == (5, pytest.approx(5), True)
    assert f"{claim['measured']:.5g}" == measured


def test_all_of_them_and_their_sum(folder: Path) -> None:
    done = call(folder, "--all")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "2 published results: 6 of 6 claims hold"
    assert sorted(path.name for path in (folder.parent / "out").iterdir()) == ["one", "two"]


def test_the_papers_own_size(folder: Path) -> None:
    done = call(folder, "--full", "one", "two", "--json")
    assert done.exit_code == 0
    seeds = {
        name: json.loads((folder.parent / "out" / name / "manifest.json").read_text())["seeds"]
        for name in ("one", "full/two")
    }
    assert {name: len(each) if isinstance(each, list) else each for name, each in seeds.items()} == {
        "one": 8,
        "full/two": 80,
    }
    assert not (folder.parent / "out" / "two").exists()


def test_a_number_that_is_not_met_is_said_and_ends_with_1(folder: Path) -> None:
    path = folder / "one.yaml"
    path.write_text(path.read_text().replace("features: 25", "features: 100"))
    done = call(folder, "--all", "-q")
    assert done.exit_code == 1
    assert "deviation: mean preact_q is " in done.stdout
    assert done.stdout.splitlines()[-1] == "2 published results: 5 of 6 claims hold"


@pytest.mark.parametrize(
    ("words", "said"),
    [(("onee",), "'onee' is no published result; did you mean 'one'?"), (("one", "--configs", "."), "no papers here")],
)
def test_what_is_not_there(cli: Cli, folder: Path, words: tuple[str, ...], said: str) -> None:
    done = cli("papers", "--configs", str(folder), *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_broken_paper_is_reported_like_any_config(cli: Cli, folder: Path) -> None:
    shutil.copy(SHIPPED / "nielsen-2015-hidden-neuron.yaml", folder / "three.yaml")
    path = folder / "three.yaml"
    path.write_text(path.read_text().replace("activation: sigmoid", "activation: sigmod"))
    done = cli("papers", "--configs", str(folder))
    assert done.returncode == 2
    assert "three.yaml:9:" in done.stderr


def test_those_that_came_along_are_found_from_anywhere(cli: Cli) -> None:
    done = cli("papers", "--json")
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    assert [one["name"] for one in listed] == sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    assert all(one["paper"] and one["place"] and one["claims"] for one in listed)


def test_all_of_them_make_a_page(folder: Path) -> None:
    out = folder.parent / "out"
    done = CliRunner().invoke(app, ["papers", "--all", "--configs", str(folder), "-o", str(out), "-q"])
    assert done.exit_code == 0
    page = (out / "README.md").read_text()
    assert re.findall("^## (.*)$", page, re.MULTILINE) == ["one", "two"]
    assert "**Somebody 1999, table 1.** Ones through N(0, 1) weights." in page
    assert "initbench papers two\n" in page
    assert page.count("3 of 3 claims hold") == 2
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", page)
    assert pictures == ["one/plots/variance.png", "two/plots/variance.png"]
    assert all((out / name).is_file() for name in pictures)
    assert re.search(r"^\| deviation \| 5 \| 5 \| [45]\.\d+ \| yes \|$", page, re.MULTILINE)
