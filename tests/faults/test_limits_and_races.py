"""A disk that takes no more, a folder that may not be written, readers and rivals while a sweep runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from disturbed import TIMES, contents, finish, start
from sabotage import DONE, forked

from initbench.errors import StorageError
from initbench.lab import runner
from initbench.lab.plan import open_experiment
from initbench.lab.tables import read_tables

CONFIG = """\
name: many
network: {depth: 30, width: 64, activation: tanh, initializer: {name: normal, stddev: 0.1}}
input: {batch_size: 32}
engine: dense
metrics: [act_q, grad_q]
seeds: 16
sweep: {grid: {network.initializer.stddev: [0.05, 0.1, 0.125, 0.15], network.activation: [tanh, relu]}}
"""
UNPRIVILEGED = 65534


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("limits")
    (folder / "many.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    assert finish(start(folder, "run", "many.yaml", "-o", "whole", "-j", "1"))[0] == 0
    return contents(folder / "whole")


@pytest.mark.parametrize("limit", [0, 300, 5_000, 20_000, 80_000, 250_000])
def test_a_file_size_limit(folder: Path, whole: dict[str, bytes], limit: int) -> None:
    largest = max(map(len, whole.values()))
    out = f"limited-{limit}"
    code, error = finish(start(folder, "run", "many.yaml", "-o", out, "-j", "1", limit=limit))
    assert limit < largest
    assert code == 74, error
    assert len(error.splitlines()) == 1, error
    assert out in error
    assert "File too large" in error
    there = contents(folder / out)
    assert {name: data for name, data in there.items() if whole[name] != data} == {}
    assert not list((folder / out).rglob("*.tmp"))
    assert finish(start(folder, "run", "many.yaml", "-o", out)) == (0, "")
    assert contents(folder / out) == whole


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that anybody may read: pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_is_read_only(public: Path) -> None:
    """Root may write anywhere: somebody else must try."""
    experiment = open_experiment(yaml.safe_load(CONFIG), ["seeds=2", "network.depth=2"])
    runner.run(experiment, public / "out", 1)
    before = contents(public / "out")

    def by_somebody(out: Path) -> str:
        def run() -> None:
            os.setgid(UNPRIVILEGED)
            os.setuid(UNPRIVILEGED)
            try:
                runner.run(experiment, out, 1)
            except StorageError as error:
                os.write(writing, str(error).encode())

        reading, writing = os.pipe()
        assert forked(run, public / "log") == DONE
        os.close(writing)
        with open(reading, encoding="utf-8") as file:
            return file.read()

    assert by_somebody(public / "out") == f"{public / 'out'}: is read-only"
    assert by_somebody(public / "new").startswith(f"{public / 'new'}: cannot be made a folder: ")
    assert contents(public / "out") == before
    assert not (public / "new").exists()


def test_whoever_reads_during_a_sweep_reads_whole_tables(folder: Path, whole: dict[str, bytes]) -> None:
    """Over an older run's results: old tables, new tables, or a line that says what is missing."""
    for number in range(TIMES):
        out = f"read-{number}"
        old = ("run", "many.yaml", "-o", out, "--no-plots")
        assert finish(start(folder, *old, "-s", "seeds=2")) == (0, "")
        process = start(folder, *old, "-j", "1")
        seen = set[int]()
        while process.poll() is None:
            try:
                read = read_tables(folder / out)
            except StorageError:  # the tables come one after the other: that is said, never drawn
                continue
            assert read.layers is not None
            seen.add(len(read.layers))
            assert set(read.cells["n_seeds"]) == {len(read.layers) // len(read.cells) // 31}
        assert finish(process) == (0, "")
        rows = 8 * 31
        assert seen <= {2 * rows, 16 * rows}
        tables = {name: data for name, data in contents(folder / out).items() if name.endswith(".csv")}
        assert tables == {name: data for name, data in whole.items() if name.endswith(".csv")}
