"""Dense against implicit against auto, on one core: what a layer of one network costs, and what auto loses.

    python tests/benchmarks/engines.py [--rounds 3] [--seconds 0.15] [--limit 4] [--laws he_normal orthogonal]
                                       [--widths 16 32 ...] [--batches 1 4 ...] [--fit]

The loop alone, in this process, one BLAS thread, chunks of the engine's own size, all default metrics. Every point
takes about `--seconds` for a side and a round; the sides run in turn, and the quickest round counts, since other work
on the machine only adds. An engine of which even four layers are expected to take longer than `--limit` seconds is
skipped, and the other one stands as the better. Prints nanoseconds a layer and network, what auto picks, how many
times slower that is than the better one (aim: at most 1.3 anywhere), and the worst points.

`--fit` prints the raw timings as CSV instead, every round: what the constants of initbench/engine/costs.py are fitted
to. Its last columns are the model's own estimates.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from one_core import LAWS, cell, chunks, prepare, seconds

from initbench import engine
from initbench.spec import Cell

WIDTHS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
BATCHES = (1, 4, 16, 64, 256, 512)
ENGINES = ("dense", "implicit")
SHALLOWEST, DEEPEST = 4, 32  # the first layer sends nothing back, so that few layers look cheaper than many
AIM = 1.3


@dataclass(frozen=True)
class Side:
    """One engine at one point. work: its chunks; rounds: nanoseconds a layer and network."""

    engine: str
    cell: Cell
    work: list[Sequence[int]]
    rounds: list[float]

    @property
    def networks(self) -> int:
        return sum(map(len, self.work))

    @property
    def best(self) -> float:
        return min(self.rounds)

    def run(self) -> None:
        self.rounds.append(seconds(self.cell, self.work) * 1e9 / (self.networks * self.cell.network.depth))


@dataclass(frozen=True)
class Point:
    """sides: by engine; what is not possible or too slow is not there."""

    law: str
    width: int
    batch: int
    picked: str
    sides: dict[str, Side]

    @property
    def slower(self) -> float | None:
        """How many times slower auto's pick is than the better one; None where it was not measured."""
        if self.picked not in self.sides:
            return None
        return self.sides[self.picked].best / min(side.best for side in self.sides.values())


def estimate(some: Cell) -> float:
    """Seconds that one chunk is expected to take."""
    return engine.nanoseconds(some) * engine.chunk_size(some) / 1e9


def side(name: str, law: str, width: int, batch: int, options: argparse.Namespace) -> Side | None:
    """An engine with enough layers and seeds for the time asked; None where it is not possible or too slow."""
    shallow = cell(law, SHALLOWEST, width, batch, name)
    if engine.resolve(shallow).engine not in (name, "mixed") or estimate(shallow) > options.limit:
        return None
    prepared = chunks(shallow, 1)
    if estimate(shallow) < options.seconds:
        seconds(shallow, prepared)  # memory is taken, libraries are loaded
    a_layer = seconds(shallow, prepared) / SHALLOWEST
    depth = max(SHALLOWEST, min(DEEPEST, round(options.seconds / a_layer)))
    some = cell(law, depth, width, batch, name)
    repeats = max(1, round(options.seconds / (a_layer * depth)))
    return Side(name, some, chunks(some, repeats * engine.chunk_size(some)), [])


def measure(law: str, width: int, batch: int, options: argparse.Namespace) -> Point:
    """All rounds of one point, the engines in turn; auto only where it mixes them."""
    picked = engine.resolve(cell(law, SHALLOWEST, width, batch, "auto")).engine
    names = ENGINES if picked in ENGINES else (*ENGINES, picked)
    sides = {}
    for name in names:
        one = side("auto" if name == picked == "mixed" else name, law, width, batch, options)
        if one is not None:
            sides[name] = one
    for _ in range(options.rounds):
        for one in sides.values():
            one.run()
    return Point(law, width, batch, picked, sides)


def grid(options: argparse.Namespace) -> Iterator[Point]:
    """Every point, measured."""
    for law in options.laws:
        for width in options.widths:
            for batch in options.batches:
                yield measure(law, width, batch, options)


def fit(points: Iterator[Point]) -> None:
    """Raw timings, as CSV."""
    out = csv.writer(sys.stdout)
    out.writerow(("law", "width", "batch", "engine", "depth", "networks", "chunk", "round", "ns", "picked", "model_ns"))
    for point in points:
        for name, one in point.sides.items():
            depth, size = one.cell.network.depth, len(one.work[0])
            model = engine.nanoseconds(one.cell) / depth
            for number, ns in enumerate(one.rounds):
                row = (point.law, point.width, point.batch, name, depth, one.networks, size, number)
                out.writerow((*row, f"{ns:.0f}", point.picked, f"{model:.0f}"))
        sys.stdout.flush()


def report(points: Iterator[Point]) -> None:
    """The table, and the worst of it."""
    print(f"{'law':12}{'width':>6}{'batch':>6}{'dense, ns':>14}{'implicit, ns':>14}  {'auto':10}{'slower':>7}")
    known = []
    for point in points:
        figures = (f"{point.sides[name].best:14.0f}" if name in point.sides else f"{'-':>14}" for name in ENGINES)
        slower = point.slower
        if slower is not None:
            known.append((slower, point))
        mark = "" if slower is None else f"{slower:7.2f}" + (" !" if slower > AIM else "")
        print(f"{point.law:12}{point.width:6}{point.batch:6}{''.join(figures)}  {point.picked:10}{mark}", flush=True)
    known.sort(key=lambda pair: -pair[0])
    missed = sum(slower > AIM for slower, _ in known)
    print(f"\n{missed} of {len(known)} points over {AIM}; the worst:")
    for slower, point in known[:5]:
        print(f"  {slower:.2f}  {point.law}, width {point.width}, batch {point.batch}: auto picks {point.picked}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.15, help="aimed at for a side and a round")
    parser.add_argument("--limit", type=float, default=4.0, help="seconds over which an engine is skipped")
    parser.add_argument("--laws", nargs="+", choices=tuple(LAWS), default=tuple(LAWS))
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--fit", action="store_true", help="raw timings as CSV")
    options = parser.parse_args()
    prepare()
    (fit if options.fit else report)(grid(options))


if __name__ == "__main__":
    main()
