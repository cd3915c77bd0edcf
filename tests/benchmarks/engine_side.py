"""initbench's loop alone, for frameworks.py: one work, a whole process; the last line of stdout is JSON.

    python engine_side.py NAME [--small]

Worker processes that have loaded everything send the networks of a work through the engine, every default metric, in
the chunks of a run: what the loops over seeds of torch_side.py and jax_side.py do. Neither start-up nor theory, tables
and verdict are in it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

from works import WORKS, Work, available_cores

from initbench import config, engine
from initbench.lab.executors.tasks import settle
from initbench.lab.plan import plan
from initbench.spec import Cell

Chunk = tuple[int, ...]

workspace = engine.Workspace()


def measure(cell: Cell, seeds: Chunk, budget: int) -> None:
    """One chunk through the engine, every default metric."""
    engine.propagate(cell, seeds, workspace, budget)


@dataclass(frozen=True)
class Loop:
    """A work, cut into chunks for so many worker processes."""

    cell: Cell
    chunks: list[Chunk]
    budget: int

    @staticmethod
    def of(work: Work, jobs: int) -> Loop:
        experiment = config.from_mapping(work.config())
        cell = plan(experiment)[0].cell
        size = min(engine.chunk_size(cell), -(-work.seeds // jobs))
        chunks = [experiment.seeds[k : k + size] for k in range(0, work.seeds, size)]
        return Loop(cell, chunks, engine.BUDGET // jobs)

    def seconds(self, pool: ProcessPoolExecutor, side: Callable[[Cell, Chunk, int], None]) -> float:
        """All chunks on the pool."""
        start = time.perf_counter()
        for done in [pool.submit(side, self.cell, chunk, self.budget) for chunk in self.chunks]:
            done.result()
        return time.perf_counter() - start


def loaded(jobs: int) -> ProcessPoolExecutor:
    """Worker processes as a run has them, with all modules in memory."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=settle)
    for done in [pool.submit(time.sleep, 0.5) for _ in range(jobs)]:  # one for each, while none of them is free
        done.result()
    return pool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    works = {work.name: work for work in WORKS}
    parser.add_argument("name", choices=list(works))
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    work = works[options.name].small() if options.small else works[options.name]
    jobs = available_cores()
    with loaded(jobs) as pool:
        print(json.dumps({"loop": Loop.of(work, jobs).seconds(pool, measure)}), flush=True)


if __name__ == "__main__":
    main()
