"""A sweep that goes on for hours: whether the memory of its leader and of its workers stays what it was."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from disturbed import finish, nobody_left, start, workers

CONFIG = """\
name: two_hours
network: {{depth: 8, width: 512, activation: tanh, initializer: {{name: normal, stddev: 0.1}}}}
input: {{batch_size: 64}}
engine: dense
metrics: [act_q]
seeds: 32
output: {{layers: false}}
sweep:
  max_runs: {cells}
  grid: {{network.initializer.stddev: {{linspace: [0.01, 1.0, {half}]}}, network.activation: [tanh, relu]}}
"""
CELLS = 25_000
"""For an hour: more than two processes can do in it."""
SAMPLE_SECONDS = 10
SHARE, MEGABYTES = 0.1, 20
"""How much more the last quarter may have than the second: the larger of these."""


@dataclass(frozen=True)
class Sample:
    """What a process had in memory at some second, in megabytes."""

    seconds: float
    pid: int
    megabytes: float


@dataclass(frozen=True)
class Load:
    """What came of it: the cells that were done, the code it ended with, and the medians of the second and of the last
    quarter, of the leader and of the worker that grew most."""

    hours: float
    cells: int
    code: int
    leader: tuple[float, float]
    worker: tuple[float, float]

    @property
    def flat(self) -> bool:
        """Whether nobody grew, and it ended as it was asked to."""
        grown = [after - before > max(SHARE * before, MEGABYTES) for before, after in (self.leader, self.worker)]
        return not any(grown) and self.code in (0, 143)

    def __str__(self) -> str:
        sizes = [f"{who} {before:.0f} to {after:.0f} MB" for who, (before, after) in zip(
            ("leader", "worker"), (self.leader, self.worker), strict=True
        )]  # fmt: skip
        return f"{self.hours:.2f} hours, {self.cells} cells, exit code {self.code}; {', '.join(sizes)}"


def megabytes(pid: int) -> float:
    """What a process has in memory; 0 for one that has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    except OSError:
        return 0.0


def long_load(folder: Path, hours: float, jobs: int = 2) -> Load:
    """Let a sweep go on for this long in a folder, and stop it as a scheduler does."""
    half = max(1, round(CELLS * hours / 2))
    (folder / "two_hours.yaml").write_text(CONFIG.format(cells=2 * half, half=half))
    out, began = folder / "two_hours", time.monotonic()
    process = start(folder, "run", "two_hours.yaml", "-o", out.name, "-j", str(jobs), "--no-plots")
    samples: list[Sample] = []
    with (folder / "two_hours.csv").open("w") as log:
        while process.poll() is None and (now := time.monotonic() - began) < 3600 * hours:
            found = [Sample(now, pid, megabytes(pid)) for pid in (process.pid, *sorted(workers(process.pid)))]
            samples += found
            log.writelines(f"{one.seconds:.0f},{one.pid},{one.megabytes:.1f}\n" for one in found)
            log.flush()
            time.sleep(min(SAMPLE_SECONDS, 36 * hours))
    process.terminate()  # what is started in the background ignores Ctrl-C
    lasted = (time.monotonic() - began) / 3600
    code, _ = finish(process)
    assert nobody_left(process.pid)
    grown = [quarters(samples, pid) for pid in {one.pid for one in samples} - {process.pid}]
    most = max((pair for pair in grown if pair), key=lambda pair: pair[1] - pair[0])
    done = len({path.parent for path in out.rglob("*.block")})
    return Load(lasted, done, code, quarters(samples, process.pid) or (0.0, 0.0), most)


def quarters(samples: list[Sample], pid: int) -> tuple[float, float] | None:
    """The medians of the second and of the last quarter; None where the process was not there in one of them."""
    end = max(one.seconds for one in samples)
    parts: tuple[list[float], list[float]] = ([], [])
    for one in samples:
        if one.pid == pid and (place := int(4 * one.seconds / end * (1 - 1e-9))) in (1, 3):
            parts[place == 3].append(one.megabytes)
    return (statistics.median(parts[0]), statistics.median(parts[1])) if all(parts) else None
