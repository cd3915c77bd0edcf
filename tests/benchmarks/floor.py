"""How far is the engine from its floor: the same random numbers and matrix products alone, on the same cores?

    python tests/benchmarks/floor.py [--rounds 5] [--jobs 2] [--only NAME ...]

For each work of works.py that draws normals or uniforms. Drawn matrices: their numbers, those of a uniform law twice,
and one product each way. Matrices that are never drawn: 2 B N normals a layer, two Gram matrices in float64 with their
Cholesky factors, and five products of B x B or B x N matrices. No metrics, no activations.

Both sides run the same chunks of seeds in the same worker processes, in turn, several rounds; start-up and CSV are
outside. Prints the median seconds of each side and the median of the ratios, round by round. It judges nothing:
machines are noisy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np
from works import WORKS, Work

from initbench import config, engine
from initbench.lab.plan import plan
from initbench.spec import Cell
from initbench.streams import fill_normals, fill_uniforms

Array = np.ndarray[Any, Any]
Chunk = tuple[int, ...]

_workspace = engine.Workspace()


def measure(cell: Cell, seeds: Chunk, budget: int) -> None:
    """One chunk through the engine, every default metric."""
    engine.propagate(cell, seeds, _workspace, budget)


def drawn(cell: Cell, seeds: Chunk, _: int) -> None:
    """The random numbers and products of a chunk whose matrices are drawn: kept normals, or uniforms drawn twice."""
    generators = [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]
    layers, uniform = cell.network.layers, cell.network.layers[0].initializer.name == "he_uniform"
    h = _normals("h", generators, cell.batch.batch_size, cell.network.features)
    for slot, layer in enumerate(layers):
        weights = _matrices(generators, layer.fan_in, layer.fan_out, -1 if uniform else slot, uniform)
        h = _product(h, weights, slot)
    for slot, layer in reversed(list(enumerate(layers))):
        weights = _workspace.array("weights", (len(seeds), layer.fan_in, layer.fan_out), np.float32, slot)
        if uniform:
            weights = _matrices(generators, layer.fan_in, layer.fan_out, -1, uniform)
        h = _product(h, weights.transpose(0, 2, 1), slot)


def _matrices(generators: Sequence[np.random.Generator], rows: int, columns: int, slot: int, uniform: bool) -> Array:
    weights = _workspace.array("weights", (len(generators), rows, columns), np.float32, slot)
    if uniform:
        fill_uniforms(generators, weights, -1.0, 1.0)
    else:
        fill_normals(generators, weights)
    return weights


def _product(h: Array, weights: Array, slot: int) -> Array:
    z = _workspace.array("z", (*h.shape[:2], weights.shape[2]), np.float32, slot % 2)
    np.matmul(h, weights, out=z)
    z *= weights.shape[1] ** -0.5  # keeps the numbers in range, so that no side multiplies infinities
    return z


def undrawn(cell: Cell, seeds: Chunk, _: int) -> None:
    """The random numbers and products of a chunk whose matrices are not drawn."""
    generators = [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]
    batch = cell.batch.batch_size
    h = _normals("h", generators, batch, cell.network.features)
    wide = h.astype(np.float64)
    for slot, layer in enumerate(cell.network.layers):
        r = _factor(wide)
        g = _normals("g", generators, batch, layer.fan_out)
        np.matmul(r, g, out=_workspace.array("z", h.shape, np.float32, slot % 2))
    for _ in cell.network.layers:
        r = _factor(wide)
        f = _normals("f", generators, batch, h.shape[2])
        seen = np.matmul(h, g.transpose(0, 2, 1)) + np.matmul(f, h.transpose(0, 2, 1))
        np.matmul(seen, h, out=_workspace.array("z", h.shape, np.float32, 0))
        np.matmul(r, f, out=_workspace.array("z", h.shape, np.float32, 1))


def _factor(wide: Array) -> Array:
    gram = np.matmul(wide, wide.transpose(0, 2, 1))
    return np.asarray(np.linalg.cholesky(gram), np.float32)


def _normals(name: str, generators: Sequence[np.random.Generator], batch: int, units: int) -> Array:
    array = _workspace.array(name, (len(generators), batch, units), np.float32)
    fill_normals(generators, array)
    return array


def timed(pool: ProcessPoolExecutor, side: Callable[..., None], cell: Cell, chunks: list[Chunk], budget: int) -> float:
    """Seconds for all chunks on the pool."""
    start = time.perf_counter()
    for done in [pool.submit(side, cell, chunk, budget) for chunk in chunks]:
        done.result()
    return time.perf_counter() - start


def compare(pool: ProcessPoolExecutor, work: Work, jobs: int, rounds: int) -> str:
    """A line of a table in Markdown: the work, the seconds of both sides, and their ratio."""
    experiment = config.from_mapping(work.config())
    cell = plan(experiment)[0].cell
    size = min(engine.chunk_size(cell), -(-work.seeds // jobs))
    chunks = [experiment.seeds[k : k + size] for k in range(0, work.seeds, size)]
    floor = undrawn if all(engine.resolve(cell).implicit) else drawn
    sides = (measure, floor)
    budget = engine.BUDGET // jobs
    for side in sides:  # warm up: imports, memory
        timed(pool, side, cell, chunks[: 2 * jobs], budget)
    took = [[timed(pool, side, cell, chunks, budget) for side in sides] for _ in range(rounds)]
    ours, bare = (statistics.median(entry[place] for entry in took) for place in (0, 1))
    ratios = sorted(entry[0] / entry[1] for entry in took)
    middle = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return f"| {work.title} | {ours:.2f} | {bare:.2f} | {middle} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    works = {work.name: work for work in WORKS if work.initializer != "orthogonal" and work.name != "huge"}
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=list(works), default=list(works), metavar="NAME")
    options = parser.parse_args()
    print("| work | engine, s | bare numbers and products, s | ratio |\n| --- | ---: | ---: | ---: |")
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for name in options.only:
            print(compare(pool, works[name], options.jobs, options.rounds), flush=True)


if __name__ == "__main__":
    main()
