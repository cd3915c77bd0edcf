"""A thousand cells: nothing is held, nothing is done twice, and the second run is told from what is there. Pictures of
a table of many rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from disturbed import Record

CELLS = int(os.environ.get("INITBENCH_FAULT_CELLS", "1000"))
"""The full figures are those of 10000."""
CONFIG = f"""\
name: load
network: {{depth: 10, width: 8, activation: tanh, initializer: {{name: normal, stddev: 0.1}}}}
input: {{batch_size: 2}}
seeds: 4
output: {{layers: false}}
sweep: {{grid: {{network.initializer.stddev: {{linspace: [0.01, 1.0, {CELLS}]}}}}}}
expect: [{{name: alive, metric: act_q, layer: last, at_least: 0}}]
"""
ROWS = int(os.environ.get("INITBENCH_FAULT_ROWS", "100000"))
"""The full figures are those of a million."""
LONG = f"""\
name: load
network: {{depth: 99, width: 4, activation: tanh, initializer: {{name: normal, stddev: 0.1}}}}
input: {{batch_size: 2}}
metrics: [act_q]
seeds: 100
sweep: {{grid: {{network.initializer.stddev: {{linspace: [0.1, 2.0, {max(2, ROWS // 10_000)}]}}}}}}
"""
MEASURED = """\
import json, pathlib, sys, time
from initbench.cli import main
try:
    main()
finally:
    # Of this program alone: ru_maxrss begins at what the process that started it had used.
    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"cpu": time.process_time(), "mb": int(status["VmHWM"].split()[0]) / 1024}), file=sys.stderr)
"""


def run(folder: Path, *words: str) -> tuple[dict[str, float], str]:
    """What a command took, and what it said."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", MEASURED, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stderr.splitlines()[-1]), "seconds": time.monotonic() - began}, done.stdout


def test_a_thousand_cells(tmp_path: Path, record_property: Record) -> None:
    record_property("tried", CELLS)
    (tmp_path / "load.yaml").write_text(CONFIG)
    words = ("run", "load.yaml", "-o", "out", "-j", "1", "-q")
    first, said = run(tmp_path, *words)
    before = {path: (path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.suffix in (".csv", ".block")}
    second, again = run(tmp_path, *words)
    assert again == said
    assert len(said.splitlines()) < 200
    assert f"and {CELLS - 40} more in cells.csv" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert first["mb"] < 500
    assert second["mb"] < 500
    assert second["cpu"] < 2 + 13 * CELLS / 10_000  # 15 s for 10000
    print(f"\n{CELLS} cells: first run {first}, second run {second}")


def test_pictures_of_many_rows(tmp_path: Path, record_property: Record) -> None:
    record_property("tried", ROWS)
    (tmp_path / "load.yaml").write_text(LONG)
    run(tmp_path, "run", "load.yaml", "-o", "out", "-j", "1", "-q", "--no-plots")
    with (tmp_path / "out" / "layers.csv").open() as table:
        assert sum(1 for _ in table) > ROWS
    drawing, _ = run(tmp_path, "plot", "out")
    assert (tmp_path / "out" / "plots" / "variance.png").exists()
    assert drawing["cpu"] < 60 * max(0.1, ROWS / 1e6)
    assert drawing["mb"] < 1000
    print(f"\n{ROWS} rows: {drawing}")
