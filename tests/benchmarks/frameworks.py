"""initbench, PyTorch and JAX on the same work: whole processes in turn, several rounds.

    python tests/benchmarks/frameworks.py [--rounds 3] [--only NAME ...] [--sides initbench pytorch jax]
                                          [--markdown FILE] [--squares] [--tuned] [--list]

initbench is the command as anybody would run it, `initbench run CONFIG --no-plots`, with all default metrics and its
tables written. The other two measure the same at every layer (torch_side.py, jax_side.py), but for the number of
distinct units, and write nothing: plainly, or with --tuned written for speed. With --squares they measure no more than
the mean squares of preactivations, activations, gradients and weight gradients, and initbench all the same.

Seconds are those of the whole process, imports and compiling included; `loop` is the loop over seeds alone, of
processes that have loaded everything (engine_side.py for initbench). Memory is the most that a process and its children
took together at one time.

Ratios are medians over the rounds of (other / initbench). A round of all works takes several minutes.
Nothing is judged: machines are noisy, and what is aimed at stands beside what was measured.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import run
from table import console, facts, markdown
from works import METRICS, SIDES, WORKS, Work

import initbench as package

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Measured:
    """One run of one side. seconds, loop: s; memory: bytes; first, last: medians over seeds of the metrics there."""

    seconds: float
    loop: float
    memory: int
    first: dict[str, float]
    last: dict[str, float]


def initbench(work: Work, small: bool) -> Measured:
    """The command, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config, out = Path(folder) / "work.yaml", Path(folder) / "out"
        config.write_text(json.dumps(work.config()))  # JSON is YAML
        command = Path(sys.executable).with_name("initbench")
        ran = run([str(command), "run", str(config), "--no-plots", "-q", "-o", str(out)], {})
        first, last = _medians(out / "summary.csv", work.depth)
    script = [sys.executable, str(HERE / "engine_side.py"), work.name, *(["--small"] if small else [])]
    said = json.loads(run(script, {}).output.splitlines()[-1])
    return Measured(ran.seconds, said["loop"], ran.memory, first, last)


def _medians(summary: Path, depth: int) -> tuple[dict[str, float], dict[str, float]]:
    """The medians over seeds at the first and the last layer."""
    found: dict[int, dict[str, float]] = {1: {}, depth: {}}
    with summary.open() as file:
        for row in csv.DictReader(file):
            if int(row["layer"]) in found and row["metric"] in METRICS:
                found[int(row["layer"])][row["metric"]] = float(row["median"])
    return found[1], found[depth]


def framework(side: str, work: Work, options: argparse.Namespace) -> Measured:
    """torch_side.py or jax_side.py."""
    told: dict[str, Any] = work.plain() | {"tuned": options.tuned, "squares": options.squares}
    script = HERE / {"pytorch": "torch_side.py", "jax": "jax_side.py"}[side]
    ran = run([sys.executable, str(script), json.dumps(told)], {"JAX_PLATFORMS": "cpu"})
    said = json.loads(ran.output.splitlines()[-1])
    return Measured(ran.seconds, said["loop"], ran.memory, said["first"], said["last"])


def measure(work: Work, options: argparse.Namespace) -> dict[str, list[Measured]]:
    """All rounds of one work, the sides in turn. A side that fails is left out, and its error is said."""
    sides = [side for side in work.sides if side in options.sides]
    rounds: dict[str, list[Measured]] = {side: [] for side in sides}
    for number in range(options.rounds):
        for side in list(rounds):
            try:
                done = initbench(work, options.small) if side == "initbench" else framework(side, work, options)
            except RuntimeError as error:
                print(f"{work.name}: {side} failed: {error}", file=sys.stderr)
                del rounds[side]
                continue
            rounds[side].append(done)
            print(
                f"{work.name}: round {number + 1}, {side}: {done.seconds:.2f} s, loop {done.loop:.2f} s, "
                f"{done.memory / 1e6:.0f} MB",
                file=sys.stderr,
            )
    return rounds


def figures(rounds: dict[str, list[Measured]]) -> Iterator[tuple[str, float]]:
    """Medians and ratios by name: `seconds:jax`, `loop:jax`, `memory:jax`, and other / initbench as `jax`, `best`,
    `ratio:loop:jax`, `ratio:memory:jax`."""
    for side, runs in rounds.items():
        for what in ("seconds", "loop", "memory"):
            yield f"{what}:{side}", statistics.median(getattr(one, what) for one in runs)
    ours = rounds.get("initbench")
    others = [runs for side, runs in rounds.items() if side != "initbench"]
    if not ours or not others:
        return
    for side, runs in rounds.items():
        if side == "initbench":
            continue
        yield side, _ratio([one.seconds for one in runs], [one.seconds for one in ours])
        yield f"ratio:loop:{side}", _ratio([one.loop for one in runs], [one.loop for one in ours])
        if all(one.memory for one in ours):
            yield f"ratio:memory:{side}", _ratio([one.memory for one in runs], [one.memory for one in ours])
    quickest = [min(one.seconds for one in same) for same in zip(*others, strict=True)]
    yield "best", _ratio(quickest, [one.seconds for one in ours])


def _ratio(theirs: list[float], ours: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


def agreement(rounds: dict[str, list[Measured]]) -> str:
    """The sides' medians over seeds beside one another: whether it was the same work."""
    lines = []
    measured = min((runs[0].last for runs in rounds.values()), key=len)
    for metric in measured:
        end = "first" if "grad" in metric else "last"
        values = (f"{side} {getattr(runs[0], end)[metric]:.3g}" for side, runs in rounds.items())
        lines.append(f"  {metric} at the {end} layer: {', '.join(values)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [work.name for work in WORKS]
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES, metavar="SIDE", help=", ".join(SIDES))
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, too")
    parser.add_argument("--squares", action="store_true", help="PyTorch and JAX measure nothing but mean squares")
    parser.add_argument("--tuned", action="store_true", help="PyTorch and JAX written for speed")
    parser.add_argument(
        "--small", action="store_true", help="a tenth of each depth, narrow, few seeds: to try the script"
    )
    parser.add_argument("--list", action="store_true", help="say what the works are, and stop")
    options = parser.parse_args()
    works = [work.small() if options.small else work for work in WORKS if work.name in options.only]
    if options.list:
        print("\n".join(f"{work.name:12} {work.title}" for work in works))
        return
    compileall.compile_dir(Path(package.__file__).parent, quiet=1)  # a checkout as pip leaves a package
    results: list[tuple[Work, dict[str, float]]] = []
    checks = []
    for work in works:
        rounds = measure(work, options)
        if not rounds:
            continue
        results.append((work, dict(figures(rounds))))
        checks.append(f"{work.name}\n{agreement(rounds)}")
        if options.markdown:  # after every work: a run that is broken off has not been for nothing
            options.markdown.write_text(markdown(results, facts(), options.rounds))
    print(console(results, facts(), options.rounds))
    print("\nThe same work? Medians over seeds, which scatter:\n" + "\n".join(checks))


if __name__ == "__main__":
    main()
