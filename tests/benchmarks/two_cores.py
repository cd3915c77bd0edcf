"""What a second worker brings, and what a cell costs beside its networks: whole processes in turn, several rounds.

    python tests/benchmarks/two_cores.py [--rounds 3] [--cells 200]

Cells of about 50 ms, then as many tiny ones, with `-j 1` and `-j 2`, tables written and no pictures. `efficiency` is
seconds with one worker over seconds with two, of whole processes and of the run alone (`seconds` of manifest.json,
which include starting the workers). What a cell takes beside its networks is theory, tables and the store.

Processor time is told as well, which other work on the machine changes little: of all processes, and of the one that
leads the workers. Two cores can bring no more than the first comes to over half of the second's, nor over what the
leader alone takes.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
from dataclasses import dataclass, fields
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


LEADING = """
import resource, sys
from initbench.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime)
"""
"""The command, and the processor time of its own process as the last line."""


@dataclass(frozen=True)
class Measured:
    """Seconds of the whole process, and of the run alone; processor time of all processes, and of the first."""

    whole: float
    inner: float
    processors: float
    leader: float


def measured(size: str, cells: int, jobs: int) -> Measured:
    """A sweep from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "cells.yaml", Path(folder) / "out"
        path.write_text(json.dumps(config(size, cells)))  # JSON is YAML
        words = ["run", str(path), "--no-plots", "-q", "-o", str(out), "-j", str(jobs)]
        before = _of_children()
        ran = run([sys.executable, "-c", LEADING, *words], {})
        inner = json.loads((out / "manifest.json").read_text())["seconds"]
        return Measured(ran.seconds, inner, _of_children() - before, float(ran.output.split()[-1]))


def _of_children() -> float:
    """Processor time of all processes that have come from this one and ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
        whole, inner, processors, leader = (
            [statistics.median(getattr(one[jobs], kind.name) for one in found) for jobs in (0, 1)]
            for kind in fields(Measured)
        )
        most = processors[0] / max(processors[1] / 2, leader[1])
        beside = (inner[0] / chosen.cells - alone) * 1e3
        print(f"{chosen.cells} cells, {size} ({alone * 1e3:.1f} ms of networks, {beside:.1f} ms beside them)")
        print(f"  {whole[0]:.2f} s with one worker, {whole[1]:.2f} s with two: efficiency {whole[0] / whole[1]:.2f}")
        print(f"  the run alone {inner[0]:.2f} and {inner[1]:.2f} s: {inner[0] / inner[1]:.2f}")
        print(f"  processor time {processors[0]:.2f} and {processors[1]:.2f} s, of that the leader {leader[1]:.2f} s:")
        print(f"  the efficiency can be {most:.2f} where nothing else runs")


if __name__ == "__main__":
    main()
