"""The starter config."""

from __future__ import annotations

from pathlib import Path

import pytest

from initbench.config import load, template
from initbench.errors import UsageError


@pytest.mark.parametrize("name", ["first", "a.b-c_d", "2024-01-01", "007", "1e3", "no", "null", "true", "x" * 100])
def test_it_loads(tmp_path: Path, name: str) -> None:
    path = tmp_path / "start.yaml"
    path.write_text(template(name), encoding="utf-8")
    experiment = load(path)
    assert experiment.name == name
    assert len(experiment.cells) == 1


def test_its_comments_are_configs_too(tmp_path: Path) -> None:
    path = tmp_path / "start.yaml"
    lines = template("start").splitlines()
    code = ("# sweep", "#   ", "# expect", "# training")
    path.write_text("\n".join(line[2:] if line.startswith(code) else line for line in lines), encoding="utf-8")
    experiment = load(path)
    assert len(experiment.cells) == 6
    assert len(experiment.expect) == 1
    assert experiment.cells[0].cell.training is not None


def test_its_first_line_is_for_editors() -> None:
    assert template("a").splitlines()[0] == "# yaml-language-server: $schema=initbench.schema.json"


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", ".x", "x" * 101, "a\n", "a\x1b", "é"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="is not allowed here: a name of 1 to 100 letters"):
        template(name)
