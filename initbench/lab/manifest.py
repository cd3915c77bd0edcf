"""What produced the results: versions, BLAS, instructions, engine, code, seeds, counts, seconds. No host, user or
absolute path."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from .. import __version__
from ..spec import NUMERICS_VERSION, Experiment, plugins_of
from .plan import Planned


def manifest(
    experiment: Experiment, plan: Sequence[Planned], failed: int = 0, jobs: int = 1, seconds: float = 0.0
) -> dict[str, Any]:
    """The manifest of a run; the one file that may differ between two runs of one config."""
    return {
        "name": experiment.name,
        "description": experiment.description,
        "title": title(experiment),
        "axes": list(experiment.axes),
        "engines": [
            {"engine": engine, "reason": reason}
            for engine, reason in dict.fromkeys((cell.choice.engine, cell.choice.reason) for cell in plan)
        ],
        "plugins": {name: origin for cell in plan for name, origin in plugins_of(cell.cell).items()},
        "seeds": len(experiment.seeds),
        "cells": len(plan),
        "failed": failed,
        "jobs": jobs,
        "seconds": round(seconds, 3),
        **environment(),
    }


@cache
def environment() -> dict[str, Any]:
    """The software and the processor's kind, as this process found them first."""
    return {
        "initbench": __version__,
        "numerics": NUMERICS_VERSION,
        "code": _code(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": [
            {key: library.get(key) for key in ("internal_api", "version", "architecture")} | {"threads": 1}
            for library in threadpool_info()
            if library.get("user_api") == "blas"
        ],
        "platform": platform_name(),
        "simd": simd(),
    }


def simd() -> str:
    """The processor's instructions that NumPy has code for and found here: exp, log and tanh differ by them in their
    last digits. Source: numpy.show_config."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    return " ".join([*found.get("baseline", []), *found.get("found", [])])


def platform_name() -> str:
    """The system and the processor's kind."""
    return f"{sys.platform} {platform.machine()}"


def _code() -> dict[str, Any] | None:
    """Commit of the checkout that runs, and whether it differs from it; None for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        status = ["git", "-C", str(root), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        done = subprocess.run([*status, "--", "initbench"], capture_output=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.decode(errors="replace").split("\n")[:-1]  # a branch's name is any bytes but a line's end
    sha = next(line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid "))
    if sha == "(initial)":  # nothing is committed yet
        return None
    return {"sha": sha, "dirty": any(not line.startswith("#") for line in lines)}


def title(experiment: Experiment) -> str:
    """What was run, in a line: `relu, he_normal, depth 50, width 512, batch 64, 32 seeds`; swept settings are left
    to the legends."""
    cells = [grid.cell for grid in experiment.cells]
    words = [
        _same([_uniform([layer.activation.label for layer in cell.network.layers]) for cell in cells]),
        _same([_uniform([layer.initializer.label for layer in cell.network.layers]) for cell in cells]),
        _same([f"depth {cell.network.depth}" for cell in cells]),
        _same([f"width {_uniform([str(layer.fan_out) for layer in cell.network.layers])}" for cell in cells]),
        _same([f"{cell.batch.inputs.label} inputs, batch {cell.batch.batch_size}" for cell in cells]),
        f"{len(experiment.seeds)} seed{'s' if len(experiment.seeds) > 1 else ''}",
    ]
    return ", ".join(word for word in words if word)


def _same(words: list[str]) -> str:
    return words[0] if len(set(words)) == 1 else ""


def _uniform(words: list[str]) -> str:
    """One word where all layers agree, else the first few with what follows."""
    distinct = list(dict.fromkeys(words))
    if len(distinct) == 1:
        return distinct[0]
    return "/".join(distinct[:3]) + ("/..." if len(distinct) > 3 else "")


def encode(content: dict[str, Any]) -> bytes:
    """The bytes of manifest.json."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
