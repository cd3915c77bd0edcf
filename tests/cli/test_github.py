"""Workflow commands, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from initbench.cli import github


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def test_an_error_has_its_place_and_title() -> None:
    line = github.error(Path("configs/x.yaml"), (3, 5), "it stays", "verdict is dead")
    assert line == "::error file=configs/x.yaml,line=3,col=5,title=it stays::verdict is dead"


def test_what_is_not_known_is_left_out() -> None:
    assert github.error(Path("x.yaml"), (0, 0), "a", "b") == "::error file=x.yaml,title=a::b"


def test_marks_are_escaped_as_github_documents() -> None:
    line = github.error(Path("a,b:c.yaml"), (1, 0), "5%, at most: 3\r\n", "5%, at most: 3\r\n::stop")
    assert line == "::error file=a%2Cb%3Ac.yaml,line=1,title=5%25%2C at most%3A 3%0D%0A::5%25, at most: 3%0D%0A::stop"


def test_files_are_named_from_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path / "sub")
    assert github.error(Path("x.yaml"), (1, 1), "a", "b").startswith("::error file=sub/x.yaml,")
    assert github.error(tmp_path / "y.yaml", (1, 1), "a", "b").startswith("::error file=y.yaml,")
    assert github.error(Path("/elsewhere/z.yaml"), (1, 1), "a", "b").startswith("::error file=/elsewhere/z.yaml,")


@pytest.mark.parametrize(("value", "wanted"), [("true", True), ("false", False), ("", False), (None, False)])
def test_only_github_is_spoken_to(monkeypatch: pytest.MonkeyPatch, value: str | None, wanted: bool) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    if value is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", value)
    assert github.wanted() is wanted
