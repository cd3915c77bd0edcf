"""The works of frameworks.py: the same networks for every side, and the ratios that are aimed at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

SQUARES = ("preact_q", "act_q", "grad_q", "weight_grad_q")
"""Mean squares, the least that anybody measures at a layer."""
METRICS = (
    *("preact_mean", "preact_var", "preact_q", "act_mean", "act_var", "act_q", "act_var_batch", "cosine"),
    *("dead_fraction", "inactive_fraction", "grad_q", "weight_grad_q"),
)
"""What initbench measures at every layer of a relu network by default, but for distinct_units."""

SIDES = ("initbench", "pytorch", "jax")


@dataclass(frozen=True)
class Work:
    """relu, forward and backward, float32, no biases.

    targets: what is aimed at, by the name of a ratio; `gigabytes` is the most memory that initbench may take.
    """

    name: str
    depth: int
    width: int
    batch: int
    seeds: int
    initializer: str = "he_normal"
    engine: str = "auto"
    sides: tuple[str, ...] = SIDES
    targets: dict[str, float] = field(default_factory=dict)

    def small(self) -> Work:
        """The same kind of work in a moment, to try the scripts."""
        return replace(self, depth=max(2, self.depth // 10), width=min(self.width, 512), seeds=4)

    @property
    def title(self) -> str:
        asked = "" if self.engine == "auto" else f" (`engine: {self.engine}`)"
        return (
            f"{self.initializer}{asked}, depth {self.depth}, width {self.width}, batch {self.batch}, "
            f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        )

    def config(self) -> dict[str, Any]:
        """The same work as initbench's config."""
        gain = {"name": "orthogonal", "gain": 2**0.5}
        return {
            "name": self.name,
            "network": {
                "depth": self.depth,
                "width": self.width,
                "activation": "relu",
                "initializer": gain if self.initializer == "orthogonal" else self.initializer,
            },
            "input": {"batch_size": self.batch},
            "engine": self.engine,
            "seeds": self.seeds,
        }

    def plain(self) -> dict[str, Any]:
        """What the other sides are told."""
        return {
            "initializer": self.initializer,
            "depth": self.depth,
            "width": self.width,
            "batch": self.batch,
            "seeds": self.seeds,
        }


WORKS = (
    Work("wide", 20, 4096, 16, 8, targets={"pytorch": 45, "loop:pytorch": 150, "memory:pytorch": 15}),
    Work("w1024", 50, 1024, 64, 32, targets={"pytorch": 8, "jax": 8}),
    Work("w256", 50, 256, 64, 200, targets={"best": 3.5}),
    Work("w64", 50, 64, 16, 2000, targets={"best": 4}),
    Work("dense", 50, 512, 64, 32, engine="dense", targets={"best": 2.5}),
    Work("uniform", 50, 512, 64, 32, initializer="he_uniform", targets={"best": 4}),
    Work("orthogonal", 50, 1024, 64, 8, initializer="orthogonal", targets={"pytorch": 15}),
    Work("huge", 100, 65536, 16, 4, sides=("initbench",), targets={"gigabytes": 4}),
)


def available_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
