"""What the README says is what happens. (Its two set-up commands are run as they stand by CI.)"""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest
from readme_catalogue import current
from typer.testing import CliRunner

from initbench.cli.main import app
from initbench.config import from_mapping

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_two_commands_are_one_line_each() -> None:
    first, second = blocks("sh")[:2]
    assert first.strip().count("\n") == second.strip().count("\n") == 0
    assert "initbench run configs/quickstart.yaml" in first
    assert ".venv/bin/pytest" in second


def test_the_yaml_blocks_are_valid_configs() -> None:
    import yaml

    for block in blocks("yaml"):
        assert from_mapping(yaml.safe_load(block)).cells


def test_the_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_the_answer_of_the_quick_start_is_the_committed_one() -> None:
    with (ROOT / "results" / "quickstart" / "cells.csv").open() as file:
        cells = {row["network.initializer"]: row for row in csv.DictReader(file)}
    columns = ("act_q_ratio", "forward_rate", "grad_q_ratio", "backward_rate")
    lines = blocks("text")[0].strip().splitlines()[1:]
    assert len(lines) == len(cells)
    for line in lines:
        name, *shown = line.split()
        numbers = [float(cells[name][column]) for column in columns if cells[name][column]]
        # Running the quick start overwrites the folder, and another processor rounds otherwise.
        assert [float(number) for number in shown[:-1]] == pytest.approx(numbers, rel=0.01)
        assert shown[-1] == cells[name]["verdict"]


def test_every_command_is_in_the_readme() -> None:
    names = {command.name for command in app.registered_commands}
    assert names
    for name in names:
        assert f"`{name}`" in README or f"initbench {name}" in README, name


def test_the_tables_of_the_catalogue_are_those_of_the_records() -> None:
    assert current(README) == README, "run: python tests/readme_catalogue.py"


def test_files_that_it_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`((?:configs|tests)/[\w./-]+)`", README):
        assert (ROOT / name).exists(), name


def test_every_basic_config_is_in_the_readme() -> None:
    for path in (ROOT / "configs" / "basics").glob("*.yaml"):
        assert f"`{path.stem}`" in README, path.stem


def test_nothing_speaks_of_where_it_was_made() -> None:
    for path in [
        ROOT / "README.md",
        *(ROOT / "initbench").rglob("*.py"),
        *(ROOT / "configs").rglob("*.yaml"),
    ]:
        assert "/work" not in path.read_text(), path


def test_the_commands_of_the_sweeps_section_say_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = README.partition("## Sweeps\n")[2].partition("\n## ")[0]
    (tmp_path / "mine.yaml").write_text(blocks("yaml")[0])
    monkeypatch.chdir(tmp_path)
    (console,) = re.findall(r"^```shell-session\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for part in console.split("$ initbench ")[1:]:
        command, _, expected = part.partition("\n")
        done = CliRunner().invoke(app, shlex.split(command))
        assert done.exit_code == 0, done.output
        for line, said in zip(expected.splitlines(), done.stdout.splitlines(), strict="\n...\n" not in expected):
            if line == "...":
                break
            assert [number(word) for word in said.split()] == [
                pytest.approx(found, rel=0.01) if isinstance(found := number(word), float) else found
                for word in line.split()
            ]


def number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word
