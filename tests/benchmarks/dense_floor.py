"""How far is the dense engine from its floor: the same random numbers and matrix products alone, on the same cores?

    python tests/benchmarks/dense_floor.py [--rounds 5] [--jobs 2] [--depth 50 --width 512 --batch 64 --seeds 32]

Both sides run the same chunks of seeds in the same worker processes, in turn, several rounds; start-up and CSV are
outside. Prints the median seconds of each side and the median of the ratios, round by round. It judges nothing:
machines are noisy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np

from initbench import config, engine
from initbench.lab.plan import plan
from initbench.spec import Cell
from initbench.streams import fill_normals

_workspace = engine.Workspace()


def measure(cell: Cell, seeds: tuple[int, ...], budget: int) -> None:
    """One chunk through the engine, every default metric."""
    engine.propagate(cell, seeds, _workspace, budget)


def floor(cell: Cell, seeds: tuple[int, ...], budget: int) -> None:
    """The same chunk's random numbers and matrix products, and nothing else."""
    batch, networks = cell.batch.batch_size, len(seeds)
    generators = [np.random.default_rng(seed) for seed in seeds]
    held = []
    h = _workspace.array("floor h", (networks, batch, cell.batch.features), np.float32)
    for generator, rows in zip(generators, h, strict=True):
        generator.standard_normal(dtype=np.float32, out=rows)
    for slot, layer in enumerate(cell.network.layers):
        weights = _workspace.array("weights", (networks, layer.fan_in, layer.fan_out), np.float32, slot)
        fill_normals(generators, weights)
        held.append(weights)
        z = _workspace.array("floor z", (networks, batch, layer.fan_out), np.float32, slot % 2)
        h = np.matmul(h, weights, out=z)
        h *= (2 / layer.fan_in) ** 0.5  # keeps the numbers in range, so that no side multiplies infinities
    for slot, weights in reversed(list(enumerate(held))):
        below = _workspace.array("floor d", (networks, batch, weights.shape[1]), np.float32, slot % 2)
        h = np.matmul(h, weights.transpose(0, 2, 1), out=below)
        h *= (2 / weights.shape[1]) ** 0.5


def timed(pool: ProcessPoolExecutor, side: str, cell: Cell, chunks: list[tuple[int, ...]], budget: int) -> float:
    """Seconds for all chunks on the pool."""
    work = {"initbench": measure, "floor": floor}[side]
    start = time.perf_counter()
    for done in [pool.submit(work, cell, chunk, budget) for chunk in chunks]:
        done.result()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (
        ("rounds", 5),
        ("jobs", 2),
        ("depth", 50),
        ("width", 512),
        ("batch", 64),
        ("seeds", 32),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    network = {
        "depth": options.depth,
        "width": options.width,
        "activation": "relu",
        "initializer": "he_normal",
    }
    experiment = config.from_mapping(
        {
            "network": network,
            "engine": "dense",
            "input": {"batch_size": options.batch},
            "seeds": options.seeds,
        }
    )
    cell = plan(experiment)[0].cell
    size = min(engine.chunk_size(cell), -(-options.seeds // options.jobs))
    chunks = [experiment.seeds[k : k + size] for k in range(0, options.seeds, size)]
    budget = engine.BUDGET // options.jobs
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for side in ("initbench", "floor"):  # warm up: imports, memory
            timed(pool, side, cell, chunks[: 2 * options.jobs], budget)
        rounds = [
            {side: timed(pool, side, cell, chunks, budget) for side in ("initbench", "floor")}
            for _ in range(options.rounds)
        ]
    print(
        f"relu, he_normal, depth {options.depth}, width {options.width}, batch {options.batch}, "
        f"{options.seeds} seeds, {options.jobs} jobs"
    )
    for side in ("initbench", "floor"):
        print(f"{side:10} median {statistics.median(entry[side] for entry in rounds):.3f} s")
    ratios = sorted(entry["initbench"] / entry["floor"] for entry in rounds)
    print(
        f"ratio      median {statistics.median(ratios):.3f}  "
        f"(from {ratios[0]:.3f} to {ratios[-1]:.3f} over {len(ratios)} rounds)"
    )


if __name__ == "__main__":
    main()
