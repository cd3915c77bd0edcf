"""The results of frameworks.py as tables: for the terminal with what is aimed at, for the README without."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from works import Work, available_cores

Results = Sequence[tuple[Work, dict[str, float]]]

LABELS = {"initbench": "initbench", "pytorch": "PyTorch", "jax": "JAX"}
RATIOS = {
    "pytorch": "PyTorch / initbench",
    "jax": "JAX / initbench",
    "best": "better of both / initbench",
    "loop:pytorch": "PyTorch / initbench, loop alone",
    "loop:jax": "JAX / initbench, loop alone",
    "memory:pytorch": "PyTorch / initbench, memory",
    "memory:jax": "JAX / initbench, memory",
}


def facts() -> str:
    """The machine and the software in a sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = [f"{available_cores()} cores ({_processor()})", f"{memory:.0f} GiB", f"Python {platform.python_version()}"]
    for label, package in (("NumPy", "numpy"), ("PyTorch", "torch"), ("JAX", "jax")):
        try:
            found.append(f"{label} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def console(results: Results, machine: str, rounds: int) -> str:
    """Every figure, line by line, with what is aimed at."""
    lines = [f"\n{machine}; {_rounds(rounds)}"]
    for work, found in results:
        lines += [f"\n{work.name}: {work.title}", f"  {'':12}{'whole':>10}{'loop':>10}{'memory':>12}"]
        for side, label in LABELS.items():
            if f"seconds:{side}" in found:
                memory = f"{found[f'memory:{side}'] / 1e6:.0f} MB"
                lines.append(f"  {label:12}{found[f'seconds:{side}']:8.2f} s{found[f'loop:{side}']:8.2f} s{memory:>12}")
        for key, label in RATIOS.items():
            if (ratio := _figure(found, key)) is not None:
                aim = f"   aim: {work.targets[key]:g}" if key in work.targets else ""
                lines.append(f"  {label:34}{ratio:8.2f}{aim}")
        if "gigabytes" in work.targets and "memory:initbench" in found:
            lines.append(
                f"  {'initbench, GB':34}{found['memory:initbench'] / 1e9:8.2f}   "
                f"aim: under {work.targets['gigabytes']:g}"
            )
    return "\n".join(lines)


def _figure(found: dict[str, float], key: str) -> float | None:
    """A ratio by the name that the targets have for it."""
    return found.get(f"ratio:{key}" if ":" in key else key)


def markdown(results: Results, machine: str, rounds: int) -> str:
    """The README's table."""
    sides = list(LABELS.values())
    head = [
        "relu, forward and backward",
        *(f"{side}, s" for side in sides),
        *(f"{side} / {sides[0]}" for side in sides[1:]),
        f"memory, MB: {' / '.join(sides)}",
    ]
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    for work, found in results:
        cells = [work.title]
        cells += [_pair(found.get(f"seconds:{side}"), found.get(f"loop:{side}")) for side in LABELS]
        cells += [_pair(found.get(side), found.get(f"ratio:loop:{side}")) for side in list(LABELS)[1:]]
        cells.append(" / ".join(_megabytes(found.get(f"memory:{side}")) for side in LABELS))
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        f"Whole processes, in brackets their loops alone; {machine}; {_rounds(rounds)}.",
    ]
    return "\n".join(lines) + "\n"


def _rounds(number: int) -> str:
    return f"medians of {number} rounds" if number > 1 else "one round"


def _pair(whole: float | None, loop: float | None) -> str:
    if whole is None or loop is None:
        return ""
    return f"{whole:.3g} ({loop:.3g})"


def _megabytes(size: float | None) -> str:
    return f"{size / 1e6:.0f}" if size else "-"
