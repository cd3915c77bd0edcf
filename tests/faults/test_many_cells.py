"""A thousand cells: nothing is held, nothing is done twice, and the second run is told from what is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

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


def run(folder: Path) -> tuple[dict[str, float], str]:
    """What the command took, and what it said."""
    began = time.monotonic()
    words = ["run", "load.yaml", "-o", "out", "-j", "1", "-q"]
    done = subprocess.run([sys.executable, "-c", MEASURED, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stderr.splitlines()[-1]), "seconds": time.monotonic() - began}, done.stdout


def test_a_thousand_cells(tmp_path: Path) -> None:
    (tmp_path / "load.yaml").write_text(CONFIG)
    first, said = run(tmp_path)
    before = {path: (path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.suffix in (".csv", ".block")}
    second, again = run(tmp_path)
    assert again == said
    assert len(said.splitlines()) < 200
    assert f"and {CELLS - 40} more in cells.csv" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert first["mb"] < 500
    assert second["mb"] < 500
    assert second["cpu"] < 2 + 13 * CELLS / 10_000  # 15 s for 10000
    print(f"\n{CELLS} cells: first run {first}, second run {second}")
