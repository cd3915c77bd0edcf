"""Every command: what it prints where, what it writes, how it ends."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import SMALL, Cli

TABLES = {"config.yaml", "resolved.yaml", "manifest.json", "layers.csv", "summary.csv", "cells.csv", "theory.csv"}


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def test_run_writes_the_whole_folder(cli: Cli, small: Path, tmp_path: Path) -> None:
    done = cli("run", "small.yaml")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / "small"
    assert {path.name for path in folder.iterdir()} == TABLES | {"plots", "cells"}
    pictures = {path.name for path in (folder / "plots").iterdir()}
    assert {
        f"{stem}.{end}" for stem in ("variance", "gradients", "health", "cosine") for end in ("png", "svg", "json")
    } == pictures
    assert (folder / "config.yaml").read_text() == SMALL
    assert "stable" in done.stdout
    assert "expectations: 1 of 1 hold" in done.stdout
    assert "written" in done.stderr
    with (folder / "layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["layer"]) for row in rows] == [(str(s), str(k)) for s in range(4) for k in range(4)]
    assert rows[0]["preact_q"] == "" != rows[0]["act_q"]
    manifest = (folder / "manifest.json").read_text()
    assert str(tmp_path) not in manifest
    assert json.loads(manifest)["seeds"] == 4


def test_run_json_is_one_document(cli: Cli, small: Path) -> None:
    done = cli("run", "small.yaml", "--json", "--no-plots")
    document = json.loads(done.stdout)
    assert document["cells"][0]["verdict"] == "stable"
    assert document["expect"] == [
        {"name": "it stays", "status": "passed", "message": "verdict is stable, expected stable"}
    ]


@pytest.mark.parametrize("closed", ["1", "2", "0 1 2"])
def test_a_service_without_outputs_is_served(small: Path, tmp_path: Path, closed: str) -> None:
    close = "".join(f"{number}>&- " for number in closed.split())
    words = f'"{sys.executable}" -c "from initbench.cli import main; main()" run {small.name} -o out -j 2 {close}'
    done = subprocess.run(["sh", "-c", words], cwd=small.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "manifest.json").exists()


def test_dry_run_writes_nothing(cli: Cli, small: Path, tmp_path: Path) -> None:
    done = cli("run", "small.yaml", "--dry-run")
    assert done.returncode == 0
    assert "1 cell x 4 seeds" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"small.yaml"}


def test_overrides_reach_the_result(cli: Cli, small: Path, tmp_path: Path) -> None:
    done = cli("run", "small.yaml", "-s", "network.depth=5", "-s", "seeds=2", "--no-plots", "-o", "there")
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "there" / "layers.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 6


def test_jobs_change_no_byte(cli: Cli, small: Path, tmp_path: Path) -> None:
    assert cli("run", "small.yaml", "-o", "one", "--executor", "serial").returncode == 0
    for words in (("-j", "1"), ("-j", "2"), ("--executor", "process"), ("--executor", "serial")):
        two = "".join(words)
        assert cli("run", "small.yaml", "-o", two, *words).returncode == 0
        for path in sorted((tmp_path / "one").rglob("*")):
            if path.is_file() and path.name != "manifest.json":
                same = tmp_path / two / path.relative_to(tmp_path / "one")
                assert path.read_bytes() == same.read_bytes(), (words, path.name)


def test_no_picture_outlives_its_tables(cli: Cli, small: Path, tmp_path: Path) -> None:
    plots = tmp_path / "out" / "plots"
    assert cli("run", "small.yaml", "-o", "out").returncode == 0
    (plots / "mine.png").write_bytes(b"kept")
    assert cli("run", "small.yaml", "-o", "out", "-s", "network.depth=2", "--no-plots").returncode == 0
    assert [path.name for path in plots.iterdir()] == ["mine.png"]


def test_pictures_of_these_very_tables_are_kept_without_being_asked_for(cli: Cli, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def drawn() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (out / "plots").iterdir()}

    assert cli("run", "small.yaml", "-o", "out").returncode == 0
    before = drawn()
    assert before
    assert "nothing had to run" in cli("run", "small.yaml", "-o", "out", "--no-plots").stderr
    assert drawn() == before
    # As if the run had been killed between its tables and its pictures: these are of nobody knows what.
    manifest = json.loads((out / "manifest.json").read_text())
    del manifest["plots"]
    (out / "manifest.json").write_text(json.dumps(manifest))
    assert cli("run", "small.yaml", "-o", "out", "--no-plots").returncode == 0
    assert drawn() == {}


def test_pictures_are_drawn_again_only_where_they_must(cli: Cli, small: Path, tmp_path: Path) -> None:
    plots = tmp_path / "out" / "plots"

    def drawn() -> dict[str, tuple[int, bytes]]:
        assert cli("run", "small.yaml", "-o", "out").returncode == 0
        return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(plots.iterdir())}

    first = drawn()
    assert drawn() == first
    (plots / "variance.png").write_bytes(b"")
    again = drawn()
    assert {name: data for name, (_, data) in again.items()} == {name: data for name, (_, data) in first.items()}
    assert not {time for time, _ in again.values()} & {time for time, _ in first.values()}
    assert cli("plot", "out", "--format", "png").returncode == 0
    assert drawn().keys() == first.keys()
    (plots / "health.svg").unlink()
    assert drawn().keys() == first.keys()


def test_histograms_alone(cli: Cli, small: Path, tmp_path: Path) -> None:
    done = cli("run", "small.yaml", "-s", "metrics=[histograms]", "-s", "expect=[]", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out" / "plots").iterdir()} == {
        f"histograms.{end}" for end in ("png", "svg", "json")
    }
    assert cli("plot", "out").returncode == 0


def test_every_problem_at_once_and_nothing_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        "network:\n  depth: ten\n  width: 16\n  activation: rellu\n  initializer: he_normal\nsedes: 3\n"
    )
    done = cli("run", "bad.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    shown = lines(done.stderr)
    assert len(shown) == 3
    assert shown[0].startswith("bad.yaml:2:10: network.depth:")
    assert shown[1].startswith("bad.yaml:4:15: network.activation:")
    assert "did you mean 'relu'" in shown[1]
    assert shown[2].startswith("bad.yaml:6:1: sedes:")
    assert "did you mean 'seeds'" in shown[2]
    assert {path.name for path in tmp_path.iterdir()} == {"bad.yaml"}


def test_at_most_twenty_problems_are_printed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("".join(f"wrong{k}: 1\n" for k in range(30)))
    shown = lines(cli("validate", "bad.yaml").stderr)
    assert len(shown) == 21
    assert shown[-1] == "and 11 more"  # the network is missing too


def test_a_width_that_cannot_be_is_refused_by_its_memory(cli: Cli, small: Path) -> None:
    done = cli("run", "small.yaml", "-s", "network.width=1000000", "-s", "engine=dense")
    assert done.returncode == 2
    assert "3.64 TiB" in done.stderr
    assert len(lines(done.stderr)) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "absent.yaml"), 2, "absent.yaml"),
        (("run", "."), 2, "."),
        (("run", "small.yaml", "-j", "0"), 2, "jobs"),
        (("run", "small.yaml", "--executor", "slurm"), 2, "serial, process, dask"),
        (("run", "small.yaml", "-o", "small.yaml"), 2, "is a file"),
        (("run", "small.yaml", "-o", "."), 2, "not results"),
        (("run", "small.yaml", "-s", "network.depth"), 2, "network.depth"),
        (("plot", "absent"), 74, "absent"),
        (("check", "absent"), 74, "absent"),
        (("explain", "he_norml"), 2, "he_normal"),
        (("explain", "keras:he_nromal"), 2, "keras:he_normal"),
        (("explain", "normal", "-s", "stdev=1"), 2, "stddev"),
        (("explain", "normal", "-s", "stddev=1", "-s", "foo=1"), 2, "foo: unknown parameter"),
        (("list", "initialisers"), 2, "initializers"),
        (("unknown",), 2, "unknown"),
    ],
)
def test_mistakes_end_with_a_line_and_a_code(
    cli: Cli, small: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = cli(*words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_check_passes_fails_and_cannot_judge(cli: Cli, small: Path, tmp_path: Path) -> None:
    cli("run", "small.yaml", "--no-plots")
    done = cli("check", "results/small")
    assert (done.returncode, "passed" in done.stdout) == (0, True)
    small.write_text(SMALL.replace("equals: stable", "equals: dead"))
    assert cli("run", "small.yaml", "--no-plots").returncode == 0  # a run reports; it is check that fails
    failed = cli("check", "results/small")
    assert failed.returncode == 1
    assert "verdict is stable, expected dead" in failed.stdout
    small.write_text(SMALL[: SMALL.index("expect:")])
    cli("run", "small.yaml", "--no-plots")
    assert cli("check", "results/small").returncode == 4


def test_check_names_a_changed_table(cli: Cli, small: Path, tmp_path: Path) -> None:
    """Nobody's slip of a digit is judged, whatever it would come to."""
    small.write_text(
        SMALL.replace("metric: verdict, equals: stable", "metric: act_q, layer: last, between: [0.01, 100]")
    )
    cli("run", "small.yaml", "--no-plots")
    assert cli("check", "results/small").returncode == 0
    table = tmp_path / "results" / "small" / "summary.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    for row in rows:
        if row[1:3] == ["3", "act_q"]:
            row[4] = "1234.5"
    table.write_text("\n".join(map(",".join, rows)) + "\n")
    done = cli("check", "results/small")
    assert done.returncode == 74
    assert "results/small/summary.csv" in done.stderr


def test_plot_redraws_the_same_bytes_from_the_tables(cli: Cli, small: Path, tmp_path: Path) -> None:
    cli("run", "small.yaml")
    plots = tmp_path / "results" / "small" / "plots"
    before = {path.name: path.read_bytes() for path in plots.iterdir()}
    for path in plots.iterdir():
        path.unlink()
    assert cli("plot", "results/small").returncode == 0
    assert {path.name: path.read_bytes() for path in plots.iterdir()} == before


def test_damaged_tables_are_named(cli: Cli, small: Path, tmp_path: Path) -> None:
    cli("run", "small.yaml", "--no-plots")
    table = tmp_path / "results" / "small" / "summary.csv"
    table.write_text(table.read_text()[:-30])
    for command in ("plot", "check"):
        done = cli(command, "results/small")
        assert done.returncode == 74
        assert "summary.csv" in done.stderr
        assert len(lines(done.stderr)) == 1


def test_new_writes_a_config_that_holds(cli: Cli, tmp_path: Path) -> None:
    assert cli("new", "mine").returncode == 0
    text = (tmp_path / "mine.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=initbench.schema.json\n")
    assert json.loads((tmp_path / "initbench.schema.json").read_text())["$schema"].startswith(
        "http://json-schema.org/draft-07"
    )
    assert cli("validate", "mine.yaml").returncode == 0
    again = cli("new", "mine")
    assert again.returncode == 2
    assert (tmp_path / "mine.yaml").read_text() == text


def test_explain_gives_law_and_moments(cli: Cli) -> None:
    fact = json.loads(cli("explain", "keras:he_normal", "--fan-in", "512", "--fan-out", "256", "--json").stdout)
    assert fact["moments"]["variance"] == pytest.approx(2 / 512, rel=1e-12)
    assert fact["moments"]["high"] == pytest.approx(2 / 0.87962566103423978 * (2 / 512) ** 0.5, rel=1e-12)
    text = cli("explain", "keras:he_normal", "--fan-in", "512", "--fan-out", "256").stdout
    assert "variance: 0.00390625" in text


@pytest.mark.parametrize("kind", ["initializers", "activations", "inputs", "metrics"])
def test_list_and_its_json_name_the_same(cli: Cli, kind: str) -> None:
    names = [fact["name"] for fact in json.loads(cli("list", kind, "--json").stdout)]
    shown = [line.split()[0] for line in lines(cli("list", kind).stdout)[1:]]
    assert names == shown
    assert len(set(names)) == len(names)


def test_info_and_version(cli: Cli) -> None:
    assert json.loads(cli("info", "--json").stdout)["cores"] >= 1
    assert cli("--version").stdout.startswith("initbench ")


def test_schema_is_json(cli: Cli) -> None:
    assert "network" in json.loads(cli("schema").stdout)["properties"]


def test_every_command_has_help(cli: Cli) -> None:
    for command in ("run", "plot", "check", "list", "explain", "validate", "schema", "new", "info"):
        done = cli(command, "--help")
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) > 4


def test_no_colour_codes_without_a_terminal(cli: Cli, small: Path) -> None:
    done = cli("run", "small.yaml", "--no-plots")
    assert "\x1b" not in done.stdout + done.stderr


def test_a_full_disk_is_said(cli: Cli, small: Path) -> None:
    import subprocess
    import sys

    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, which this system does not have")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from initbench.cli import main; main()", "list", "metrics"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 74
    assert "Traceback" not in done.stderr
