"""The engine alone, in this process, with one BLAS thread: what engines.py and linear_width.py share."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np
from threadpoolctl import threadpool_limits

from initbench import config, engine
from initbench.lab.plan import plan
from initbench.spec import Cell

BUDGET = engine.BUDGET // 2
"""Bytes for kept weights: a worker's share on two cores."""
LAWS: dict[str, Any] = {"he_normal": "he_normal", "orthogonal": {"name": "orthogonal", "gain": 2**0.5}}

_workspace = engine.Workspace()


def prepare() -> None:
    """As in a worker: one BLAS thread, and freed memory is kept."""
    threadpool_limits(1, user_api="blas")
    np.empty(24_000_000, np.uint8)


def cell(law: str, depth: int, width: int, batch: int, asked: str) -> Cell:
    """A relu network with all default metrics; asked: auto | dense | implicit."""
    network = {"depth": depth, "width": width, "activation": "relu", "initializer": LAWS[law]}
    experiment = config.from_mapping(
        {"network": network, "engine": asked, "input": {"batch_size": batch}, "seeds": 1},
    )
    return plan(experiment)[0].cell


def chunks(some: Cell, networks: int) -> list[Sequence[int]]:
    """Seeds in chunks of the engine's own size, at least one whole chunk."""
    size = engine.chunk_size(some)
    number = max(1, round(networks / size))
    return [range(k * size, (k + 1) * size) for k in range(number)]


def seconds(some: Cell, work: Sequence[Sequence[int]]) -> float:
    """Of this process, for all chunks one after another: other work on the machine adds less than by the clock."""
    start = time.process_time()
    for seeds in work:
        engine.propagate(some, seeds, _workspace, BUDGET)
    return time.process_time() - start
