"""What a second worker brings, and what a cell costs beside its networks: whole processes in turn, several rounds.

    python tests/benchmarks/two_cores.py [--rounds 3] [--cells 200]

Cells of about 50 ms, then as many tiny ones, with `-j 1` and `-j 2`, tables written and no pictures. `efficiency` is
seconds with one worker over seconds with two, of whole processes and of the run alone (`seconds` of manifest.json,
which include starting the workers). What a cell takes beside its networks is theory, tables and the store.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from one_core import prepare, seconds
from processes import run

from initbench.config import from_mapping

SIZES: dict[str, dict[str, Any]] = {
    "50 ms": {"network": {"depth": 30, "width": 128}, "input": {"batch_size": 32}, "seeds": 12},
    "tiny": {"network": {"depth": 3, "width": 8}, "input": {"batch_size": 4}, "seeds": 4},
}


def config(size: str, cells: int) -> dict[str, Any]:
    """A sweep of so many cells of a size."""
    made = json.loads(json.dumps(SIZES[size]))
    made["network"] |= {"activation": "tanh", "initializer": {"name": "normal", "stddev": 0.1}}
    axis = {"linspace": [0.05, 0.15, cells]}
    return {
        **made,
        "name": "cells",
        "output": {"layers": False},
        "sweep": {"grid": {"network.initializer.stddev": axis}},
    }


def measured(size: str, cells: int, jobs: int) -> tuple[float, float]:
    """Seconds of the whole process, and of the run alone."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "cells.yaml", Path(folder) / "out"
        path.write_text(json.dumps(config(size, cells)))  # JSON is YAML
        command = str(Path(sys.executable).with_name("initbench"))
        ran = run([command, "run", str(path), "--no-plots", "-q", "-o", str(out), "-j", str(jobs)], {})
        return ran.seconds, json.loads((out / "manifest.json").read_text())["seconds"]


def main() -> None:
    """Run both sizes with one and with two workers, and print what the second brings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cells", type=int, default=200)
    chosen = parser.parse_args()
    prepare()
    for size in SIZES:
        experiment = from_mapping(config(size, 2))
        cell = experiment.cells[0].cell
        work = [experiment.seeds] * 20  # the first time warms up
        alone = (seconds(cell, work) - seconds(cell, work[:1])) / (len(work) - 1)
        found = [[measured(size, chosen.cells, jobs) for jobs in (1, 2)] for _ in range(chosen.rounds)]
        whole, inner = ([statistics.median(one[jobs][kind] for one in found) for jobs in (0, 1)] for kind in (0, 1))
        beside = (inner[0] / chosen.cells - alone) * 1e3
        print(f"{chosen.cells} cells, {size} ({alone * 1e3:.1f} ms of networks, {beside:.1f} ms beside them)")
        print(f"  {whole[0]:.2f} s with one worker, {whole[1]:.2f} s with two: efficiency {whole[0] / whole[1]:.2f}")
        print(f"  the run alone {inner[0]:.2f} and {inner[1]:.2f} s: {inner[0] / inner[1]:.2f}")


if __name__ == "__main__":
    main()
