"""The workflow that the README gives to users does what it says, and our own runs what it names."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from initbench import __version__
from initbench.cli.main import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SECTION = README.partition("## In continuous integration\n")[2].partition("\n## ")[0]
(WORKFLOW,) = re.findall(r"^```yml\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
CONFIG = """\
name: mine
network: {depth: 6, width: 24, activation: relu, initializer: he_normal}
seeds: 6
expect:
  - {name: he keeps the signal, metric: verdict, equals: stable}
"""


def steps(workflow: Any) -> list[str]:
    """What its one job runs, after everything is installed."""
    (job,) = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step and "install" not in step["run"]]


def commands(text: str) -> list[list[str]]:
    """Every initbench command in a script, as words."""
    joined = text.replace("\\\n", " ")
    found = re.findall(r"(?:^|[\s/&|;(])initbench (\w[^\n|;&)]*)", joined, re.MULTILINE)
    return [[word for word in shlex.split(command) if not word.startswith(">")] for command in found]


def options(command: str) -> set[str]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return {
        name for parameter in group.commands[command].params for name in (*parameter.opts, *parameter.secondary_opts)
    }


def test_it_is_ten_lines_and_valid() -> None:
    assert len(WORKFLOW.splitlines()) == 10
    workflow = yaml.load(WORKFLOW, yaml.BaseLoader)
    assert workflow["on"] == ["push", "pull_request"]
    (job,) = workflow["jobs"].values()
    assert job["runs-on"] == "ubuntu-latest"
    assert job["steps"][0] == {"uses": "actions/checkout@v4"}
    assert job["steps"][1] == {"run": f"pipx install initbench=={__version__}"}


SCRIPTS = {
    "README": WORKFLOW,
    ".ci/run": (ROOT / ".ci" / "run").read_text(),
    ".ci/gallery": (ROOT / ".ci" / "gallery").read_text(),
    "ci.yml": (ROOT / ".github" / "workflows" / "ci.yml").read_text(),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_its_commands_and_options_exist(name: str) -> None:
    found = commands(SCRIPTS[name])
    assert found or name == ".ci/run"
    for command, *words in found:
        assert {word for word in words if re.match(r"-{1,2}\w", word)} <= options(command), (command, words)


def test_options_that_do_not_exist_would_be_seen() -> None:
    (one, other) = commands(
        '  initbench plot "$x" --chekc || held=1\n      - run: initbench check now --summary "$Y" >/dev/null\n'
    )
    assert one == ["plot", "$x", "--chekc"]
    assert "--chekc" not in options("plot")
    assert other == ["check", "now", "--summary", "$Y"]


def test_the_project_does_what_it_tells_others_to_do() -> None:
    ours = {(command, word) for name in (".ci/run", ".ci/gallery") for command, *words in commands(SCRIPTS[name])
            for word in words if word.startswith("--")}  # fmt: skip
    theirs = {(command, word) for command, *words in commands(WORKFLOW) for word in words if word.startswith("--")}
    assert theirs <= ours
    assert ".ci/run" in SCRIPTS["ci.yml"]
    assert ".ci/gallery" in SCRIPTS[".ci/run"]


@pytest.mark.parametrize("path", [".ci/run", ".ci/gallery"])
def test_our_scripts_are_bash_and_can_be_run(path: str) -> None:
    assert os.access(ROOT / path, os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / path)], check=True)


def gallery(place: Path, fails: str) -> tuple[int, list[list[str]]]:
    """.ci/gallery with an initbench that only notes what it is told, and fails where that has some text in it."""
    (place / "bin").mkdir(parents=True)
    stub = place / "bin" / "initbench"
    stub.write_text(f'#!/bin/sh\necho "$@" >> "{place}/told"\ncase "$*" in {fails}) exit 1;; esac\n')
    stub.chmod(0o755)
    env = {**os.environ, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    env.pop("GITHUB_STEP_SUMMARY", None)
    done = subprocess.run([ROOT / ".ci" / "gallery", place / "out"], env=env, capture_output=True, text=True)
    return done.returncode, [line.split() for line in (place / "told").read_text().splitlines()]


def test_our_gallery_is_held_whole_and_fails_where_any_of_it_does(tmp_path: Path) -> None:
    status, told = gallery(tmp_path / "well", "nothing")
    assert status == 0
    rooms = ("basics", "training")
    configs = [
        ROOT / "configs" / "quickstart.yaml",
        *(path for room in rooms for path in (ROOT / "configs" / room).glob("*.yaml")),
    ]
    for command in ("run", "check"):
        assert {words[1].rpartition("/")[2].removesuffix(".yaml") for words in told if words[0] == command} == {
            path.stem for path in configs
        }
    assert all(words[words.index("--baseline") + 1].startswith("results/") for words in told if words[0] == "check")
    compared = {words[1] for words in told if words[0] == "plot" and "--check" in words}
    assert compared == {f"results/{path.parent.name}" for path in (ROOT / "results").glob("*/manifest.json")}
    assert any(words[0] == "report" for words in told)
    for name, fails in (("drift", "'check '*zeros*"), ("stale", "'plot results/zeros '*")):
        assert gallery(tmp_path / name, fails)[0] == 1
        assert len(gallery(tmp_path / f"{name}-all", fails)[1]) == len(told), "one that fails hides no other"


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of a user: a config and what it gave, without the store."""
    place = tmp_path_factory.mktemp("repository")
    (place / "mine.yaml").write_text(CONFIG)
    done = CliRunner().invoke(app, ["run", str(place / "mine.yaml"), "-o", str(place / "results" / "mine"), "-q"])
    assert done.exit_code == 0
    shutil.rmtree(place / "results" / "mine" / "cells")
    return place


@pytest.fixture
def repository(committed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(committed, tmp_path / "repository"))


def carry_out(repository: Path) -> list[subprocess.CompletedProcess[str]]:
    """The steps as a runner takes them: one shell each, up to the first that fails."""
    tools = repository.parent / "bin"
    tools.mkdir()
    (tools / "initbench").write_text(f"#!{sys.executable}\nfrom initbench.cli import main\nmain()\n")
    (tools / "initbench").chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(repository),
        "GITHUB_STEP_SUMMARY": str(repository.parent / "summary.md"),
    }
    done = []
    for step in steps(yaml.safe_load(WORKFLOW)):
        done.append(subprocess.run(["bash", "-e", "-c", step], cwd=repository, env=env, capture_output=True, text=True))
        if done[-1].returncode:
            break
    return done


def change(folder: Path, factor: float) -> None:
    """Change the last mean of act_q, and the manifest with it."""
    with (folder / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in reversed(rows) if row["metric"] == "act_q")
    row["mean"] = repr(float(row["mean"]) * factor)
    with (folder / "summary.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["summary.csv"] = hashlib.sha256((folder / "summary.csv").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_it_passes_where_nothing_changed(repository: Path) -> None:
    done = carry_out(repository)
    assert [step.returncode for step in done] == [0, 0, 0], done[-1].stderr
    assert (repository.parent / "summary.md").read_text().strip()


def test_a_changed_result_fails_the_check(repository: Path) -> None:
    """The committed tables, and the pictures with them, are of other code."""
    change(repository / "results" / "mine", 1.2)
    assert CliRunner().invoke(app, ["plot", str(repository / "results" / "mine"), "-q"]).exit_code == 0
    done = carry_out(repository)
    assert [step.returncode for step in done] == [0, 1], done[-1].stderr
    assert "act_q, layer 6: " in done[-1].stdout
    assert re.search("^::error file=mine.yaml,line=1,title=", done[-1].stdout, re.MULTILINE), done[-1].stdout
    assert "act_q" in (repository.parent / "summary.md").read_text()


def test_an_expectation_that_fails_fails_the_check(repository: Path) -> None:
    text = (repository / "mine.yaml").read_text()
    (repository / "mine.yaml").write_text(text.replace("equals: stable", "equals: vanishing"))
    assert [step.returncode for step in carry_out(repository)] == [0, 1]


def test_stale_pictures_fail_the_last_step(repository: Path) -> None:
    plots = repository / "results" / "mine" / "plots"
    shutil.copy(plots / "variance.png", plots / "gradients.png")
    done = carry_out(repository)
    assert [step.returncode for step in done] == [0, 0, 1], done[-1].stderr
    assert "gradients.png: shows other data than gradients.json" in done[-1].stdout
