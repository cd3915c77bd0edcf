"""`initbench check` as CI uses it: what it says, what it writes, and what it ends with."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import SMALL
from typer.testing import CliRunner, Result

from initbench import api
from initbench.cli.check import say_outcomes
from initbench.cli.main import _guarded, app
from initbench.lab.check import check_folder

LOUDER = SMALL.replace("he_normal", "{name: he_normal, gain: 3.0}")
FAILING = SMALL.replace("  - {name: it stays", "  # what is hoped for\n  - {name: 'it stays, 100%'").replace(
    "stable}", "dead}"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somewhere else than on GitHub."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    return tmp_path


def made(name: str, text: str = SMALL, *overrides: str) -> None:
    """Results of a config in a folder."""
    path = Path(f"{name}.yaml")
    path.write_text(text)
    api.run(path, name, 1, overrides)


class Done:
    """What a command printed and ended with, in this process."""

    def __init__(self, result: Result, code: int) -> None:
        self.code, self.out, self.err = code, result.stdout, result.stderr


def check(*words: str) -> Done:
    codes: list[int] = []

    def command() -> Result:
        result = CliRunner().invoke(app, ["check", *words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            kept.append(result)
            raise result.exception
        codes.append(result.exit_code)
        return result

    kept: list[Result] = []
    code = _guarded(lambda: kept.append(command()))
    return Done(kept[-1], codes[0] if codes else code)


def test_without_a_baseline_expectations_are_all(folder: Path) -> None:
    made("x")
    done = check("x")
    assert (done.code, "baseline" in done.out) == (0, False)
    assert json.loads(check("x", "--json").out) == {
        "expect": [{"name": "it stays", "status": "passed", "message": "verdict is stable, expected stable"}],
        "drift": None,
        "updated": [],
        "unjudged": "",
    }


def test_update_then_check_passes(folder: Path) -> None:
    made("x")
    assert check("x", "--baseline", "kept", "--update").code == 0
    done = check("x", "--baseline", "kept")
    assert done.code == 0
    assert "No drift from the baseline kept: 1 cell, 4 layers, 13 metrics: " in done.out
    assert "exact: config, seeds and software are the baseline's" in done.out
    assert check("x", "--baseline", "kept", "-q").out == ""


def test_drift_fails_until_it_is_accepted(folder: Path) -> None:
    made("x")
    check("x", "--baseline", "kept", "--update")
    made("x", LOUDER, "seeds=30")
    done = check("x", "--baseline", "kept")
    assert done.code == 1
    assert "Drift from the baseline kept" in done.out
    assert "network.initializer he_normal(gain=3) here, he_normal in the baseline" in done.out
    assert "the worst:\n    geometric mean of " in done.out
    assert "standard errors apart" in done.out
    assert "if the change was meant: initbench check x --baseline kept --update" in done.out
    assert "Drift from" in check("x", "--baseline", "kept", "-q").out
    update = check("x", "--baseline", "kept", "--update")
    assert update.code == 0
    assert "kept holds x now: " in update.out
    assert check("x", "--baseline", "kept").code == 0


def test_nothing_compared_is_no_pass(folder: Path) -> None:
    made("x")
    made("other", SMALL + "sweep: {grid: {network.depth: [2, 3]}}\n")
    done = check("x", "--baseline", "other")
    assert done.code == 4
    assert "Nothing to compare with the baseline other" in done.out
    assert check("x", "--baseline", "other", "--update").code == 0
    made("silent", SMALL[: SMALL.index("expect:")])
    assert check("silent").code == 4
    assert check("silent", "--baseline", "x").code == 0


def test_an_update_of_failed_expectations_still_fails(folder: Path) -> None:
    made("x", FAILING)
    assert check("x", "--baseline", "kept", "--update").code == 1
    assert Path("kept/manifest.json").exists()


def test_a_broken_baseline_is_named_and_can_be_made_again(folder: Path) -> None:
    made("x")
    check("x", "--baseline", "kept", "--update")
    table = Path("kept/summary.csv")
    table.write_bytes(table.read_bytes()[:-20])
    assert check("x", "--baseline", "kept").code == 74
    assert check("x", "--baseline", "kept", "--update").code == 0
    assert check("x", "--baseline", "kept").code == 0


@pytest.mark.parametrize("option", ["--update", "--statistical"])
def test_what_needs_a_baseline_says_so(folder: Path, option: str) -> None:
    made("x")
    assert check("x", option).code == 2


def test_json_holds_all_of_it(folder: Path) -> None:
    made("x")
    check("x", "--baseline", "kept", "--update")
    made("x", SMALL, "root_seed=1")
    document = json.loads(check("x", "--baseline", "kept", "--json").out)
    drift = document["drift"]
    assert (drift["drifted"], drift["mode"], drift["off"], drift["cells"]) == (False, "statistical", 0, 1)
    assert drift["why"] == "root_seed 1 here, 0 in the baseline"
    (worst,) = drift["worst"]
    assert set(worst) == {"place", "here", "there", "apart", "allowed", "unit", "message"}
    assert worst["apart"] < worst["allowed"]
    assert document["expect"][0]["status"] == "passed"


def test_github_is_shown_the_line_of_the_config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored config stands for the source; overrides have moved nothing in it."""
    made("x", FAILING, "seeds=5")
    assert "::error" not in check("x").out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    line = "line=7,col=5,title=it stays%2C 100%25::failed: verdict is stable, expected dead"
    assert f"\n::error file=x/config.yaml,{line}\n" in check("x").out
    assert f"\n::error file=x.yaml,{line}\n" in check("x", "--config", "x.yaml", "-q").out
    done = check("x", "--json")
    assert json.loads(done.out)["expect"][0]["status"] == "failed"
    assert f"::error file=x/config.yaml,{line}\n" in done.err


def test_github_is_told_of_drift(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made("x")
    check("x", "--baseline", "kept", "--update")
    made("x", LOUDER, "seeds=30")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (line,) = (line for line in check("x", "--baseline", "kept").out.splitlines() if line.startswith("::"))
    assert line.startswith("::error file=x/config.yaml,line=1,title=Drift from the baseline kept::1 cell, 4 layers, ")
    assert "%0Ageometric mean of " in line
    assert line.endswith("%0Aif the change was meant: initbench check x --baseline kept --update")
    assert "::error" not in check("x", "--baseline", "kept", "--update").out


def test_a_summary_is_appended(folder: Path) -> None:
    made("x", FAILING)
    made("louder", LOUDER, "seeds=30")
    Path("summary.md").write_text("# before\n")
    assert check("x", "--summary", "summary.md").code == 1
    assert check("louder", "--baseline", "x", "--summary", "summary.md").code == 1
    text = Path("summary.md").read_text()
    assert text.startswith("# before\n## initbench check: x\n\n0 of 1 expectations hold.\n\n| status |")
    assert "\n| failed | it stays, 100% | verdict is stable, expected dead |\n" in text
    assert "\n## initbench check: louder\n" in text
    assert "\n### Drift from the baseline: x\n" in text
    assert "\n| what | here | baseline | apart | allowed | in |\n" in text
    assert "If the change was meant: `initbench check louder --baseline x --update`" in text


def test_a_summary_that_cannot_be_written_is_said_before_the_baseline_is_replaced(folder: Path) -> None:
    made("x")
    assert check("x", "--baseline", "kept", "--update", "--summary", "absent/summary.md").code == 74
    assert check("x", "--baseline", "kept", "--update", "--summary", ".").code == 74
    assert not Path("kept").exists()


def test_a_summary_without_a_name_is_none(folder: Path) -> None:
    """As where the variable that should name it is not set."""
    made("x")
    assert check("x", "--summary", "").code == 0


@pytest.mark.parametrize(("before", "between"), [("- before", "\n"), ("- before\n", ""), ("", "")])
def test_a_summary_starts_on_a_line_of_its_own(folder: Path, before: str, between: str) -> None:
    made("x")
    Path("summary.md").write_text(before)
    check("x", "--summary", "summary.md")
    assert Path("summary.md").read_text().startswith(f"{before}{between}## initbench check: x\n")


def test_cells_without_a_counterpart_are_not_called_equal(folder: Path) -> None:
    made("few", SMALL + "sweep: {grid: {network.depth: [3]}}\n")
    made("more", SMALL + "sweep: {grid: {network.depth: [3, 4]}}\n")
    done = check("more", "--baseline", "few", "--summary", "summary.md")
    assert done.code == 1
    assert "only here: cell depth=4" in done.out
    for text in (done.out, Path("summary.md").read_text()):
        assert "0 off" in text
        assert "differs" not in text


@pytest.mark.parametrize("on_github", [False, True])
def test_a_config_that_is_not_there_is_said_before_anything_is_judged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, on_github: bool
) -> None:
    made("x", FAILING)
    if on_github:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = check("x", "--config", "nope.yaml", "--baseline", "kept", "--update", "--summary", "s.md")
    assert (done.code, done.out) == (2, "")
    assert not Path("kept").exists()
    assert not Path("s.md").exists()


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_failed_check_fails_without_its_stored_config(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """Only the line of the expectation is unknown then."""
    made("x", FAILING)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    Path("x/config.yaml").unlink()
    if content is not None:
        Path("x/config.yaml").write_bytes(content)
    done = check("x", "--summary", "s.md")
    assert done.code == 1
    assert "\n::error file=x/config.yaml,title=it stays%2C 100%25::failed: verdict is stable, expected dead" in done.out
    assert "0 of 1 expectations hold" in Path("s.md").read_text()


def test_no_text_of_a_config_starts_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it does, GitHub takes it for a command."""
    made("x")
    (outcome,) = check_folder(Path("x"))
    named = replace(outcome.expectation, name="a\n::error file=x::pwned")
    say_outcomes([replace(outcome, expectation=named, message="b\r\n::error::\u2028::stop-commands::c")])
    assert capsys.readouterr().out == (
        "\nexpectations: 1 of 1 hold\n  passed  a ::error file=x::pwned: b ::error:: ::stop-commands::c\n"
    )


def test_why_nothing_was_judged_is_said_wherever_the_rest_is(folder: Path) -> None:
    made("silent", SMALL[: SMALL.index("expect:")])
    done = check("silent", "--summary", "summary.md", "--json")
    assert done.code == 4
    reason = json.loads(done.out)["unjudged"]
    assert reason.startswith("silent: its config expects nothing; write `expect:` and run it again")
    assert "\nNothing to judge: silent: its config expects nothing; write" in Path("summary.md").read_text()


def test_a_check_that_failed_was_judged(folder: Path) -> None:
    made("x", FAILING)
    made("other", SMALL + "sweep: {grid: {network.depth: [2, 3]}}\n")
    assert check("x", "--baseline", "other", "--summary", "summary.md").code == 1
    assert "Nothing to judge" not in Path("summary.md").read_text()
    assert json.loads(check("x", "--baseline", "other", "--json").out)["unjudged"] == ""


def test_a_table_that_was_left_out_stops_only_what_needs_it(folder: Path) -> None:
    made("x")
    Path("x/layers.csv").unlink()
    done = check("x")
    assert (done.code, done.err) == (0, "")
    made("least", SMALL + "  - {name: the least, metric: act_q, over: min, at_least: 0}\n")
    Path("least/layers.csv").unlink()
    done = check("least")
    assert done.code == 4
    assert "  unknown the least: not judged: layers.csv is not there\n" in done.out
    assert "  passed  it stays: " in done.out


LEARNING = SMALL + "training: {data: gaussian_classes, learning_rate: 0.1, steps: 50, test_fraction: 0.2}\n"


@pytest.mark.parametrize("options", [(), ("--statistical",)])
def test_a_training_that_changed_is_drift(folder: Path, options: tuple[str, ...]) -> None:
    made("fast", LEARNING, "seeds=6")
    made("slow", LEARNING, "seeds=6", "training.learning_rate=0.0001")
    done = check("slow", "--baseline", "fast", *options)
    assert done.code == 1
    assert "    geometric mean of final_loss: " in done.out
    assert "differs" not in done.out


def test_what_is_equal_is_only_what_was_compared(folder: Path) -> None:
    made("x", LEARNING)
    check("x", "--baseline", "kept", "--update")
    tables = "numbers of summary.csv, cells.csv, training.csv and training_layers.csv may differ"
    assert tables in check("x", "--baseline", "kept").out
    Path("kept/training.csv").unlink()
    Path("x/layers.csv").unlink()
    done = check("x", "--baseline", "kept", "--summary", "summary.md")
    assert done.code == 0
    for text in (done.out, Path("summary.md").read_text()):
        assert "not compared: training.csv: the baseline does not keep it\n" in text
        assert "no number that was compared differs at all" in text.lower()
    sampled = check("x", "--baseline", "kept", "--statistical").out
    assert "  no number that was compared differs by more than rounding may do\n" in sampled
