"""The implicit engine's cost per layer from width 1024 to 65536, as a table and a picture.

    python tests/benchmarks/linear_width.py [OUT.png] [--batch 16] [--depth 10] [--rounds 3] [--largest 65536]

On one core, he_normal and relu, forward and backward, all default metrics, the loop alone; the quickest round counts.
`growth` is the power of the width between one line and the next: 1 is linear, a dense matrix would be 2.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from one_core import cell, chunks, prepare, seconds

WIDTHS = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
NETWORKS = 4


def measure(width: int, options: argparse.Namespace) -> float:
    """Seconds a layer and network."""
    some = cell("he_normal", options.depth, width, options.batch, "implicit")
    work = chunks(some, NETWORKS)
    seconds(some, work[:1])  # memory is taken, libraries are loaded
    networks = sum(map(len, work))
    return min(seconds(some, work) for _ in range(options.rounds)) / (networks * options.depth)


def draw(costs: dict[int, float], batch: int, out: Path) -> None:
    """Both axes logarithmic, with a line of slope 1 through the widest point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    widths = list(costs)
    widest = widths[-1]
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(widths, [1e3 * costs[width] for width in widths], "o-", label="implicit engine")
    guide = [1e3 * costs[widest] * width / widest for width in widths]
    axes.loglog(widths, guide, "--", color="grey", label="slope 1: linear in width")
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.minorticks_off()
    axes.set_xlabel("width")
    axes.set_ylabel("milliseconds a layer and network")
    axes.set_title(f"he_normal, relu, batch {batch}, forward and backward, one core", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, help="where the picture goes; without it only the table is made")
    for name, default in (("batch", 16), ("depth", 10), ("rounds", 3), ("largest", WIDTHS[-1])):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    prepare()
    costs: dict[int, float] = {}
    print(f"he_normal, relu, depth {options.depth}, batch {options.batch}, one core")
    print(f"{'width':>6}{'ms a layer':>12}{'ns a unit and input':>21}{'growth':>8}")
    for width in (width for width in WIDTHS if width <= options.largest):
        before = costs.get(width // 2)
        costs[width] = measure(width, options)
        growth = f"{math.log2(costs[width] / before):8.2f}" if before else ""
        print(
            f"{width:6}{1e3 * costs[width]:12.3f}{1e9 * costs[width] / (width * options.batch):21.1f}{growth}",
            flush=True,
        )
    first, last = min(costs), max(costs)
    if first < last:
        power = math.log(costs[last] / costs[first]) / math.log(last / first)
        print(f"from {first} to {last}: width to the power of {power:.2f}")
    if options.out:
        draw(costs, options.batch, options.out)
        print(f"written: {options.out}")


if __name__ == "__main__":
    main()
