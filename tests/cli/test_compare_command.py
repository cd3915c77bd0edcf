"""`initbench compare`: what it prints where, and how it ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli

import initbench
from initbench.cli.main import _guarded, app

Ended = Callable[..., tuple[int, str, str]]
CONFIG = {
    "network": {"depth": 4, "width": 16, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 8},
    "seeds": 4,
}
FOLDERS: dict[str, dict[str, Any]] = {
    "a": {},
    "b": {"network": {**CONFIG["network"], "initializer": "glorot_normal"}, "seeds": 6},  # type: ignore[dict-item]
    "c": {"sweep": {"grid": {"network.initializer": ["he_normal", "zeros"]}}},
    "d": {"output": {"layers": False}},
    "e": {"sweep": {"grid": {"network.depth": [2, 3]}}},
    "f": {"sweep": {"grid": {"network.depth": [5, 6]}}},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders a and b of one cell each, c, e and f with two, d without layers.csv, and one that is damaged."""
    place = tmp_path_factory.mktemp("results")
    for name, settings in FOLDERS.items():
        initbench.run({"name": name, **CONFIG, **settings}, out=place / name)
    shutil.copytree(place / "b", place / "broken")
    table = place / "broken" / "layers.csv"
    table.write_text(table.read_text().replace("1", "2", 1))
    (place / "file").write_text("")
    return place


@pytest.fixture
def results(made: Path, cli: Cli) -> Cli:
    """`initbench` in the folder that they are in."""
    return partial(cli, cwd=made)


@pytest.fixture
def ended(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    """The same in this process, which is quicker: exit code, and what was said on stdout and on stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(made)
        code = _guarded(lambda: app(list(words), standalone_mode=True))
        return code, *capsys.readouterr()

    return call


def test_two_results(results: Cli) -> None:
    done = results("compare", "a", "b")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == ["Two results compared", "  A: a", "  B: b"]
    assert "network.initializer  he_normal   glorot_normal" in lines
    assert "seeds                4 (0 to 3)  6 (0 to 5)" in lines
    (row,) = (line.split("  ") for line in lines if line.startswith("forward drift"))
    assert [part.strip() for part in row if part.strip()][1] == "4"
    assert any(line.startswith("  pairing by seed") for line in lines)
    assert "  4 seeds in common, of 4 in A and 6 in B" in lines


def test_json_has_every_number(ended: Ended) -> None:
    document = json.loads(ended("compare", "a", "b", "--json")[1])
    assert document["names"] == ["a", "b"]
    settings = {one["key"]: one["values"] for one in document["settings"]}
    assert settings["network.initializer"] == ["he_normal", "glorot_normal"]
    (pair,) = document["pairs"]
    row = {one["quantity"]: one for one in pair["differences"]}["act_q, last layer"]
    assert (row["how"], row["n"], row["factor"]) == ("paired", [4, 4], True)
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["difference"] == pytest.approx(row["b"] - row["a"])


def test_markdown_is_a_document(ended: Ended) -> None:
    _, text, _ = ended("compare", "a", "b", "--markdown", "--metric", "act_q", "--layer", "2")
    assert text.startswith(
        "# Two results compared\n\n- A: a\n- B: b\n\n## Settings that differ\n\n| setting | A | B |\n"
    )
    assert text.count("act_q, layer 2") == 1
    assert "drift" not in text
    assert text.endswith("\n")


def test_one_folder_of_many_cells_is_ranked(results: Cli, ended: Ended) -> None:
    done = results("compare", "c")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "2 settings, best first"
    assert lines[2].startswith("1      initializer=he_normal    0 %")
    assert lines[3].startswith("2      initializer=zeros      100 %")
    assert "  first: initializer=he_normal" in lines
    document = json.loads(ended("compare", "c", "--json")[1])
    assert [one["place"] for one in document["standings"]] == [1, 2]
    assert document["standings"][1]["scores"]["drift"]["mean"] is None
    assert ended("compare", "c", "--markdown")[1].startswith("# 2 settings, best first\n\n| place | setting |")


def test_several_folders_are_ranked(ended: Ended) -> None:
    document = json.loads(ended("compare", "a", "b", "c", "--json")[1])
    labels = {one["label"] for one in document["standings"]}
    assert labels == {"a", "b", "c: initializer=he_normal", "c: initializer=zeros"}
    two = json.loads(ended("compare", "a", "b", "--rank", "--json")[1])
    assert len(two["standings"]) == 2


def test_without_layers_is_said(ended: Ended) -> None:
    code, said, _ = ended("compare", "a", "d")
    assert code == 0
    assert "B has no layers.csv (output: {layers: false}): networks cannot be paired." in said


def test_a_table_that_was_left_out_is_said(ended: Ended, made: Path) -> None:
    """As in a repository, where layers.csv is too large to be kept."""
    shutil.copytree(made / "b", made / "kept")
    (made / "kept" / "layers.csv").unlink()
    code, said, _ = ended("compare", "a", "kept")
    assert code == 0
    assert "B has no layers.csv (its run wrote it, the folder does not keep it): networks cannot be paired." in said
    assert ended("compare", "a", "kept", "--rank", "--markdown")[0] == 0
    shutil.rmtree(made / "kept")


TRAINED: dict[str, Any] = {**CONFIG, "training": {"data": "gaussian_classes", "steps": 3, "learning_rate": 0.1}}


def test_what_training_came_to(ended: Ended, made: Path) -> None:
    for name, gain in (("g", 1.0), ("h", 2.0)):
        network = {**CONFIG["network"], "initializer": {"name": "he_normal", "gain": gain}}  # type: ignore[dict-item]
        initbench.run({"name": name, **TRAINED, "network": network}, out=made / name)
    asked = ("--metric", "final_loss", "--metric", "test_accuracy")
    document = json.loads(ended("compare", "g", "h", *asked, "--json")[1])
    (loss, accuracy) = document["pairs"][0]["differences"]
    assert (loss["quantity"], loss["how"], loss["n"]) == ("final_loss", "paired", [4, 4])
    assert loss["low"] < loss["difference"] < loss["high"]
    assert accuracy["a"] == pytest.approx(initbench.load(made / "g").cells["test_accuracy"][0])
    said = ended("compare", "g", "h", *asked, "--markdown")[1]
    assert "\n| final_loss | 4 | " in said
    assert "- final_loss, test_accuracy: at the last step of training, " in said
    code, said, _ = ended("compare", "g", "h", "--rank")
    assert (code, "networks are ranked as they start, before training" in said) == (0, True)
    assert "final_loss" in said.splitlines()[1]
    assert "final_loss" in ended("compare", "g", "h")[1]
    assert "no network was trained here" in ended("compare", "a", "b", "--metric", "final_loss")[2]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a",), 4, "a: it has one cell; name other results to compare it with"),
        (("a", "a"), 2, "a: the same results twice"),
        (("a", "b", "./a"), 2, "a: the same results twice"),
        (("a", "absent"), 74, "absent: no such results folder"),
        (("a", "file"), 74, "file: no such results folder"),
        (("a", "."), 74, "manifest.json: missing"),
        (("a", "b", "--metric", "act_qq"), 2, "did you mean 'act_q'"),
        (("a", "b", "--layer", "9"), 2, "there is no layer 9: layers are 0 (the input) to 4"),
        (("a", "b", "--layer", "-1"), 2, "there is no layer -1"),
        (("a", "b", "--layer", "middle"), 2, "a number, first or last"),
        (("c", "--metric", "act_q"), 2, "a ranking has its own criteria"),
        (("a", "b", "--json", "--markdown"), 2, "one of them"),
        ((), 2, "Missing argument"),
        (("e", "f"), 4, "no cell of one has the network.depth of a cell of the other"),
        (("a", "broken"), 74, "broken/layers.csv: is not the file that manifest.json was written with"),
        (("broken", "c", "a"), 74, "broken/layers.csv: is not the file that manifest.json was written with"),
    ],
)
def test_mistakes_end_with_a_line_and_a_code(ended: Ended, words: tuple[str, ...], code: int, said: str) -> None:
    found, out, error = ended("compare", *words)
    assert found == code, error
    assert said in " ".join(error.split())
    assert out == ""


@pytest.mark.parametrize(("words", "code"), [(("a",), 4), (("a", "a"), 2), (("a", "broken"), 74)])
def test_a_process_ends_so_too(results: Cli, words: tuple[str, ...], code: int) -> None:
    done = results("compare", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_what_cannot_be_paired_can_be_ranked(ended: Ended) -> None:
    assert ended("compare", "e", "f", "--rank")[0] == 0


def test_nothing_is_written(ended: Ended, made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    for words in (("a", "b"), ("c",), ("a", "b", "--markdown")):
        assert ended("compare", *words)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
