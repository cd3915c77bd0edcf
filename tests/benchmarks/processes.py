"""A command, whole: its seconds, what it says, and the most memory that it and its children take together."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.02
"""Seconds between two looks at the memory."""
FAMILY = 5
"""Looks after which the children are looked for again, which is dearer."""


@dataclass(frozen=True)
class Ran:
    """memory: the most bytes at one time, summed over the process tree; 0 where there is no /proc to tell."""

    seconds: float
    memory: int
    output: str


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command to its end. Raises RuntimeError with its last words where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = _Watch(process.pid)
    watch.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - start
    watch.ended.set()
    watch.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{errors[-2000:]}")
    return Ran(seconds, watch.peak, output)


class _Watch(threading.Thread):
    """Looks at a process and all that come from it, every 20 ms, and keeps the largest sum."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.ended = root, 0, threading.Event()

    def run(self) -> None:
        looks, tree = 0, [self.root]
        while not self.ended.wait(EVERY):
            if looks % FAMILY == 0:
                tree = _tree(self.root)
            looks += 1
            self.peak = max(self.peak, _bytes(tree))


def _bytes(processes: Sequence[int]) -> int:
    """Memory of some processes: every one's own pages, and the files that they map (libraries) once.

    The workers map the same libraries as their parent; the largest mapping stands for all. Resident memory summed
    plainly would count them once for each process.
    """
    own = mapped = 0
    for process in processes:
        try:
            words = Path(f"/proc/{process}/statm").read_text().split()
        except OSError:  # it has ended meanwhile, or there is no /proc
            continue
        own += int(words[1]) - int(words[2])
        mapped = max(mapped, int(words[2]))
    return (own + mapped) * os.sysconf("SC_PAGE_SIZE")


def _tree(root: int) -> list[int]:
    """A process and all that come from it."""
    found = [root]
    for process in found:  # grows while it is walked
        for thread in Path(f"/proc/{process}/task").glob("[0-9]*"):
            try:
                found += map(int, (thread / "children").read_text().split())
            except OSError:  # it has ended meanwhile
                continue
    return found
