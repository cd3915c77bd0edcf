"""`initbench theory` and `initbench recommend`: what they print where, what they write, how they end."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Cli

import initbench
from initbench.config import from_mapping

README = Path(__file__).parents[2] / "README.md"
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
KEYS = ["q_star", "fixed_points", "c_star", "chi", "xi_q", "xi_c", "phase", "notes"]
GRID = """\
name: grid
network: {depth: 40, width: 32, activation: relu, initializer: he_normal}
input: {batch_size: 1}
sweep: {grid: {network.initializer: [he_normal, lecun_normal, ones]}}
"""


def document(text: str) -> Any:
    """JSON as the standard has it: NaN and Infinity are errors."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_point_in_words_and_as_json(cli: Cli) -> None:
    words = ("theory", "--activation", "tanh", "--sigma-w", "1.5", "--sigma-b", "0.3")
    done = cli(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tanh, sigma_w = 1.5, sigma_b = 0.3: chaotic\n")
    shown = {
        line.split()[0]: line.split()[1] for line in done.stdout.splitlines() if line[:2] in ("q_", "c_", "ch", "xi")
    }
    found = document(cli(*words, "--json").stdout)
    assert [key for key in found if key in KEYS] == KEYS
    point = initbench.predict("tanh", 1.5, 0.3)
    for key in ("q_star", "c_star", "chi", "xi_q", "xi_c"):
        assert found[key] == getattr(point, key)
        assert float(shown[key]) == pytest.approx(found[key], rel=1e-5)
    assert found["fixed_points"] == [
        {"q": point.q_star, "slope": point.fixed_points[0].slope, "stable": True, "chi": point.chi}
    ]
    assert found["phase"] == "chaotic"


def test_what_does_not_exist_is_null_with_a_note(cli: Cli) -> None:
    done = cli("theory", "--activation", "relu", "--sigma-w", repr(math.sqrt(2)), "--json")
    found = document(done.stdout)
    assert (found["phase"], found["q_star"], found["xi_c"], found["sigma_b"]) == ("critical", None, None, 0)
    assert any("xi_c is infinite" in note for note in found["notes"])
    told = cli("theory", "--activation", "relu", "--sigma-w", repr(math.sqrt(2)))
    assert "xi_c" in told.stdout
    assert "infinite" in told.stdout
    assert told.stderr.startswith("note: relu is homogeneous")
    assert cli("theory", "--activation", "relu", "--sigma-w", repr(math.sqrt(2)), "-q").stderr == ""


def test_where_lengths_start_decides_where_they_end(cli: Cli) -> None:
    words = ("theory", "--activation", "gelu", "--sigma-w", "1.547", "--sigma-b", "0.2", "--json")
    assert document(cli(*words).stdout)["q_star"] is None
    low = document(cli(*words, "--q0", "0.1").stdout)
    assert low["q_star"] == pytest.approx(0.15188, rel=1e-3)
    assert low["q0"] == 0.1


def test_without_a_scale_the_critical_ones_are_shown(cli: Cli) -> None:
    done = cli("theory", "--activation", "tanh", "--sigma-b", "0.2", "--json")
    (point,) = document(done.stdout)["critical"]
    assert point["sigma_w"] == pytest.approx(1.30414584006, rel=1e-9)
    shown = cli("theory", "--activation", "gelu")
    assert "unstable" in shown.stdout
    assert "run away" in shown.stderr
    assert "none" in cli("theory", "--activation", "softplus").stdout


def test_parameters_of_the_activation(cli: Cli) -> None:
    done = cli("theory", "--activation", "leaky_relu", "-s", "negative_slope=0.5", "--sigma-w", "1", "--json")
    found = document(done.stdout)
    assert found["activation"] == "leaky_relu(negative_slope=0.5)"
    assert found["chi"] == pytest.approx(1.25 / 2)


def test_every_cell_of_a_config_layer_by_layer(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(GRID)
    done = cli("theory", "--config", "grid.yaml", "-s", "network.depth=30")
    assert done.returncode == 0, done.stderr
    blocks = done.stdout.split("\n\n")
    assert blocks[0] == "grid: infinitely wide networks, and the mean +- sd over seeds of these"
    assert [block.splitlines()[0] for block in blocks[1:]] == [
        "initializer=he_normal", "initializer=lecun_normal", "initializer=ones",
    ]  # fmt: skip
    rows = blocks[1].splitlines()[2:]
    assert [row.split()[0] for row in rows] == ["0", "1", "2", "3", "5", "10", "20", "30"]
    # z has twice the mean square of h; theory knows nothing of equal weights, and says so once
    assert rows[1].split()[2] == "2"
    assert done.stderr.count("not random") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"grid.yaml"}


def test_a_config_as_json_has_everything(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(GRID)
    found = document(cli("theory", "--config", "grid.yaml", "--json").stdout)
    he, lecun, ones = found["cells"]
    assert he["settings"] == {"network.initializer": "he_normal"}
    assert he["layer"] == list(range(41))
    act_q = he["metrics"]["act_q"]
    assert act_q["infinite"] == pytest.approx([1.0] * 41)
    # a relu network's relative variance is that of prod(1 + 5 / n), times (1 + 2 / n) for the inputs
    assert act_q["sd"][40] == pytest.approx((1.15625**40 * 1.0625 - 1) ** 0.5, rel=0.01)
    assert lecun["metrics"]["act_q"]["infinite"][40] == pytest.approx(2.0**-40)
    assert ones["metrics"]["act_q"]["infinite"][1:] == [None] * 40
    assert "not random" in ones["metrics"]["act_q"]["reasons"][1]
    for metric in he["metrics"].values():
        assert {len(column) for column in metric.values()} == {41}


def test_the_table_can_show_any_metrics(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(GRID)
    done = cli("theory", "--config", "grid.yaml", "-s", "metrics=[inactive_fraction]", "-s", "sweep={}")
    assert "inactive_fraction" in done.stdout
    assert "0.5" in done.stdout


def test_a_phase_diagram_and_its_numbers(cli: Cli, tmp_path: Path) -> None:
    done = cli("theory", "--activation", "leaky_relu", "-s", "negative_slope=0.5", "--phase-diagram")
    assert done.returncode == 0, done.stderr
    stem = "phase-leaky_relu_negative_slope=0.5"
    assert done.stdout == f"{stem}.png, {stem}.json\n"
    assert (tmp_path / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
    data = document((tmp_path / f"{stem}.json").read_text())
    assert len(data["phase"]) == len(data["xi_c"]) == len(data["sigma_b"]) == 200
    assert set("".join(data["phase"])) == {"o", "d"}
    told = cli("theory", "--activation", "tanh", "--phase-diagram", "-o", "sub/a.svg", "--sigma-w-range", "0.5,3",
               "--sigma-b-range", "0,2", "--json")  # fmt: skip
    assert document(told.stdout) == {
        "picture": "sub/a.svg", "data": "sub/a.json", "sigma_w": [0.5, 3], "sigma_b": [0, 2], "q0": 1,
    }  # fmt: skip
    assert (tmp_path / "sub" / "a.svg").read_text().startswith("<?xml")
    assert document((tmp_path / "sub" / "a.json").read_text())["sigma_w"][0] == 0.5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("theory",), "--activation"),
        (("theory", "--activation", "rellu", "--sigma-w", "1"), "did you mean 'relu'"),
        (
            ("theory", "--activation", "leaky_relu", "-s", "slope=1", "--sigma-w", "1"),
            "leaky_relu takes negative_slope",
        ),
        (("theory", "--activation", "threshold", "--sigma-w", "1"), "threshold needs threshold"),
        (("theory", "--activation", "tanh", "--sigma-w", "-1"), "sigma_w"),
        (("theory", "--activation", "tanh", "--sigma-w", "nan"), "sigma_w"),
        (("theory", "--activation", "tanh", "--sigma-w", "1", "--sigma-b", "-1"), "sigma_b"),
        (("theory", "--activation", "tanh", "--sigma-w", "1", "--q0", "0"), "q0"),
        (("theory", "--activation", "tanh", "--q0", "2"), "--q0"),
        (("theory", "--activation", "tanh", "--sigma-w", "1", "-o", "a.png"), "--phase-diagram"),
        (("theory", "--activation", "tanh", "--phase-diagram", "--sigma-w", "1"), "whole plane"),
        (("theory", "--activation", "tanh", "--phase-diagram", "-o", "a.pdf"), ".png or .svg"),
        (("theory", "--activation", "tanh", "--phase-diagram", "--sigma-w-range", "3,1"), "A < B"),
        (("theory", "--activation", "tanh", "--phase-diagram", "--sigma-b-range", "1"), "A < B"),
        (("theory", "--config", "absent.yaml"), "absent.yaml"),
        (("theory", "--config", "absent.yaml", "--activation", "tanh"), "--activation"),
        (("theory", "--config", "absent.yaml", "--sigma-w", "1"), "--sigma-w"),
        (("recommend", "gleu"), "did you mean 'gelu'"),
        (("recommend", "gelu", "--depth", "1"), "depth"),
        (("recommend", "gelu", "-s", "a=1"), "gelu takes no parameters"),
    ],
)
def test_mistakes_end_with_2_and_say_which(cli: Cli, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = cli(*words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_picture_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli("theory", "--activation", "relu", "--phase-diagram", "-o", "file/a.png")
    assert done.returncode == 74
    assert "Traceback" not in done.stderr


def test_a_recommendation_can_be_pasted_into_a_config(cli: Cli) -> None:
    for words in (("relu",), ("tanh",), ("gelu", "--depth", "100", "--width", "256")):
        done = cli("recommend", *words)
        assert done.returncode == 0, done.stderr
        lines = [
            line.strip() for line in done.stdout.splitlines() if line.strip().startswith(("initializer:", "bias:"))
        ]
        network = {"depth": 4, "width": 8, "activation": words[0], **yaml.safe_load("\n".join(lines))}
        layer = from_mapping({"network": network}).cells[0].cell.network.layers[0]
        found = document(cli("recommend", *words, "--json").stdout)
        chosen = found["recommended"] or found["with_biases"]
        assert layer.initializer.name == chosen["initializers"][0]["name"]
        assert chosen["yaml"] == lines


def test_a_recommendation_as_json(cli: Cli) -> None:
    found = document(cli("recommend", "relu", "--depth", "10", "--width", "64", "--json").stdout)
    assert found["recommended"]["initializers"][0] == {
        "name": "he_normal", "gain": 1.0, "mode": "fan_in", "negative_slope": 0.0,
    }  # fmt: skip
    assert found["second_moment_gain"]["sigma_w"] == pytest.approx(math.sqrt(2))
    assert [point["sigma_w"] for point in found["chi_one_gains"]] == pytest.approx([math.sqrt(2)])
    assert found["torch_gain"] == pytest.approx(math.sqrt(2))
    assert found["with_biases"] is None
    assert found["ranking"][0]["yaml"] == ["initializer: he_normal"]
    assert document(cli("recommend", "sign", "--json").stdout)["recommended"] is None


def test_a_refusal_in_words(cli: Cli) -> None:
    done = cli("recommend", "sign")
    assert done.returncode == 0
    assert "no initializer keeps signals and gradients over 50 layers" in done.stdout
    assert "No gradient passes" in done.stdout
    assert done.stderr.startswith("note: ")
    assert cli("recommend", "sign", "-q").stderr == ""


def test_drifts_that_numbers_do_not_hold(cli: Cli) -> None:
    words = ("recommend", "relu", "--depth", "10000", "--width", "2")
    done = cli(*words)
    lines = done.stdout.splitlines()
    said = "biases 0: at best, signals of a typical network drift by more than numbers hold, gradients by more than"
    assert lines[2] == f"{said} numbers hold"
    assert lines[-1] == "-: nothing arrives, or nothing is finite"
    assert "inf" not in done.stdout.replace("finite", "")
    found = document(cli(*words, "--json").stdout)["recommended"]
    assert (found["drift"], found["forward"]["drift"]) == (None, None)
    assert "nothing arrives" not in cli("recommend", "relu").stdout


def test_the_readme_shows_what_is_printed(cli: Cli) -> None:
    """To the digits that another processor may round otherwise."""
    blocks = re.findall(r"^```console\n\$ initbench (.*?)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert {command.split()[0] for command, _ in blocks} >= {"theory", "recommend"}
    for command, shown in blocks:
        printed = cli(*command.split()).stdout
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", shown), command
        numbers = [[float(number) for number in NUMBER.findall(text)] for text in (printed, shown)]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.02), command


@pytest.mark.parametrize("command", ["theory", "recommend"])
def test_help_and_no_numerics_for_it(command: str) -> None:
    code = (
        "import sys\nfrom initbench.cli.main import app\n"
        f"try:\n    app([{command!r}, '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'scipy', 'matplotlib', 'yaml'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "--json" in done.stdout


def test_colours_off_without_a_terminal(cli: Cli) -> None:
    assert "\x1b" not in cli("recommend", "relu").stdout + cli("theory", "--activation", "tanh").stdout
