"""How far is the engine from its floor: the same random numbers and matrix products alone, on the same cores?

    python tests/benchmarks/floor.py [--rounds 5] [--jobs 2] [--only NAME ...] [--bare]

For each work of works.py that draws normals or uniforms. Drawn matrices: their numbers, those of a uniform law twice,
one product each way, and, for the weight gradients' squares, two Gram matrices in float64, which cost less than the
gradients themselves; `--bare` leaves them out. Matrices that are never drawn: 2 B N normals a layer, two Gram matrices
in float64 with their Cholesky factors, and five products of B x B or B x N matrices. No metrics, no activations.

Both sides run the same chunks of seeds in the same worker processes, in turn, several rounds; start-up and CSV are
outside. Prints the median seconds of each side and the median of the ratios, round by round. It judges nothing:
machines are noisy.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from engine_side import Chunk, Loop, loaded, measure, workspace  # first: it tells BLAS how many threads to have
from works import WORKS, Work

from initbench import engine
from initbench.spec import Cell
from initbench.streams import fill_normals, fill_uniforms

Array = np.ndarray[Any, Any]


def drawn(cell: Cell, seeds: Chunk, _: int) -> None:
    """The random numbers and products of a chunk whose matrices are drawn, with those of its weight gradients."""
    products(cell, seeds, _)
    wide = workspace.array("wide", (len(seeds), cell.batch.batch_size, cell.network.layers[0].fan_out), np.float64)
    wide.fill(1.0)
    for _ in cell.network.layers:
        for _ in ("activations", "gradients"):
            np.matmul(wide, wide.transpose(0, 2, 1))


def products(cell: Cell, seeds: Chunk, _: int) -> None:
    """The random numbers of matrices that are drawn, kept normals or uniforms drawn twice, and one product each way."""
    generators = [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]
    layers, uniform = cell.network.layers, cell.network.layers[0].initializer.name == "he_uniform"
    h = _normals("h", generators, cell.batch.batch_size, cell.network.features)
    for slot, layer in enumerate(layers):
        weights = _matrices(generators, layer.fan_in, layer.fan_out, -1 if uniform else slot, uniform)
        h = _product(h, weights, slot)
    for slot, layer in reversed(list(enumerate(layers))):
        weights = workspace.array("weights", (len(seeds), layer.fan_in, layer.fan_out), np.float32, slot)
        if uniform:
            weights = _matrices(generators, layer.fan_in, layer.fan_out, -1, uniform)
        h = _product(h, weights.transpose(0, 2, 1), slot)


def _matrices(generators: Sequence[np.random.Generator], rows: int, columns: int, slot: int, uniform: bool) -> Array:
    weights = workspace.array("weights", (len(generators), rows, columns), np.float32, slot)
    if uniform:
        fill_uniforms(generators, weights, -1.0, 1.0)
    else:
        fill_normals(generators, weights)
    return weights


def _product(h: Array, weights: Array, slot: int) -> Array:
    z = workspace.array("z", (*h.shape[:2], weights.shape[2]), np.float32, slot % 2)
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
        np.matmul(r, g, out=workspace.array("z", h.shape, np.float32, slot % 2))
    for _ in cell.network.layers:
        r = _factor(wide)
        f = _normals("f", generators, batch, h.shape[2])
        seen = np.matmul(h, g.transpose(0, 2, 1)) + np.matmul(f, h.transpose(0, 2, 1))
        np.matmul(seen, h, out=workspace.array("z", h.shape, np.float32, 0))
        np.matmul(r, f, out=workspace.array("z", h.shape, np.float32, 1))


def _factor(wide: Array) -> Array:
    gram = np.matmul(wide, wide.transpose(0, 2, 1))
    return np.asarray(np.linalg.cholesky(gram), np.float32)


def _normals(name: str, generators: Sequence[np.random.Generator], batch: int, units: int) -> Array:
    array = workspace.array(name, (len(generators), batch, units), np.float32)
    fill_normals(generators, array)
    return array


def compare(pool: ProcessPoolExecutor, work: Work, jobs: int, rounds: int, gradients: bool) -> str:
    """A line of a table in Markdown: the work, the seconds of both sides, and their ratio."""
    loop = Loop.of(work, jobs)
    floor = undrawn if all(engine.resolve(loop.cell).implicit) else drawn if gradients else products
    sides = (measure, floor)
    for side in sides:  # warm up: memory
        Loop(loop.cell, loop.chunks[: 2 * jobs], loop.budget).seconds(pool, side)
    took = [[loop.seconds(pool, side) for side in sides] for _ in range(rounds)]
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
    parser.add_argument("--bare", action="store_true", help="without the Gram matrices of drawn layers")
    options = parser.parse_args()
    print("| work | engine, s | bare numbers and products, s | ratio |\n| --- | ---: | ---: | ---: |")
    with loaded(options.jobs) as pool:
        for name in options.only:
            print(compare(pool, works[name], options.jobs, options.rounds, not options.bare), flush=True)


if __name__ == "__main__":
    main()
