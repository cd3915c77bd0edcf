"""Training in initbench and in a PyTorch loop over seeds: whole processes in turn, several rounds.

    python tests/benchmarks/training.py [--rounds 3] [--only 32 128 ...] [--optimizer sgd] [--steps 1000]
                                        [--torch-threads 1 2] [--small]

Three hidden layers of relu, 1000 examples of four Gaussian classes (800 to train on), minibatches of 64; every 100th
part of the steps the losses and accuracies of all training and test examples and the norm of the gradient. initbench
is the command, `initbench run CONFIG --no-plots`, with its tables written and its layers measured at five steps;
PyTorch is training_torch_side.py, once with one thread and once with all, of which the faster counts. `loop` is what
each side says of its own: initbench's `seconds` of manifest.json, the starting of its workers included, and the
other's loop.

Ratios are medians over the rounds of (PyTorch / initbench). Nothing is judged: machines are noisy, and what is aimed at
stands beside what was measured.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from processes import run
from table import facts
from works import available_cores

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Work:
    """aim: the ratio of the loops that is aimed at."""

    width: int
    seeds: int
    aim: float
    depth: int = 3
    steps: int = 1000
    batch: int = 64
    optimizer: str = "sgd"
    rate: float = 0.1

    def config(self) -> dict[str, object]:
        """The same work as initbench's config."""
        network = {"depth": self.depth, "width": self.width, "activation": "relu", "initializer": "he_normal"}
        training = {
            "data": "gaussian_classes",
            "optimizer": self.optimizer,
            "learning_rate": self.rate,
            "steps": self.steps,
            "batch_size": self.batch,
        }
        return {"name": f"width-{self.width}", "network": network, "seeds": self.seeds, "training": training}


WORKS = (Work(32, 32, 1.5), Work(64, 32, 1.5), Work(128, 16, 1.5), Work(512, 4, 0.7))


@dataclass(frozen=True)
class Measured:
    """seconds of the process and of the loop; loss, accuracy: of the training examples at the end, over the seeds."""

    seconds: float
    loop: float
    loss: float
    accuracy: float


def initbench(work: Work) -> Measured:
    """The command, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config, out = Path(folder) / "work.yaml", Path(folder) / "out"
        config.write_text(json.dumps(work.config()))  # JSON is YAML
        command = Path(sys.executable).with_name("initbench")
        ran = run([str(command), "run", str(config), "--no-plots", "-q", "-o", str(out)], {})
        seconds = json.loads((out / "manifest.json").read_text())["seconds"]
        with (out / "cells.csv").open() as file:
            (cell,) = csv.DictReader(file)
    return Measured(ran.seconds, seconds, float(cell["final_loss"]), float(cell["final_accuracy"]))


def pytorch(work: Work, choices: list[int]) -> Measured:
    """The fastest of several numbers of threads."""
    found = []
    for threads in choices:
        told = json.dumps(asdict(work) | {"threads": threads})
        ran = run([sys.executable, str(HERE / "training_torch_side.py"), told], {})
        said = json.loads(ran.output.splitlines()[-1])
        found.append(Measured(ran.seconds, said["loop"], said["loss"], said["accuracy"]))
    return min(found, key=lambda one: one.loop)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=int, nargs="*", help="widths")
    parser.add_argument("--optimizer", default="sgd", choices=["sgd", "momentum", "adam"])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--torch-threads", type=int, nargs="+", default=sorted({1, available_cores()}))
    parser.add_argument("--small", action="store_true", help="a moment's work, to try the scripts")
    options = parser.parse_args()
    rate = {"sgd": 0.1, "momentum": 0.01, "adam": 0.001}[options.optimizer]
    print(f"{facts()}; {options.optimizer}, {options.steps} steps, {options.rounds} rounds")
    for work in WORKS:
        if options.only and work.width not in options.only:
            continue
        work = replace(work, optimizer=options.optimizer, rate=rate, steps=options.steps)
        if options.small:
            work = replace(work, seeds=2, steps=20)
        rounds = [(initbench(work), pytorch(work, options.torch_threads)) for _ in range(options.rounds)]
        whole = statistics.median(theirs.seconds / ours.seconds for ours, theirs in rounds)
        loop = statistics.median(theirs.loop / ours.loop for ours, theirs in rounds)
        ours, theirs = rounds[-1]
        print(
            f"width {work.width}, {work.seeds} seeds: initbench {ours.seconds:.2f} s ({ours.loop:.2f}), "
            f"PyTorch {theirs.seconds:.2f} s ({theirs.loop:.2f}); PyTorch / initbench {whole:.2f} ({loop:.2f}, "
            f"aimed at {work.aim:g}); loss {ours.loss:.3g} and {theirs.loss:.3g}, "
            f"accuracy {ours.accuracy:.3f} and {theirs.accuracy:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
