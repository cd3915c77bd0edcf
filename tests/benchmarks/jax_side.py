"""JAX's side of frameworks.py: one work, a whole process; the last line of stdout is JSON.

    python jax_side.py '{"initializer": "he_normal", "depth": 5, "width": 64, "batch": 16, "seeds": 4}'

One compiled function: a scan over the layers forward that draws each matrix and keeps it, a scan backward written out
by hand (no weight gradient is stored, each is measured and dropped), vmap over a block of seeds. XLA draws random
numbers on one core, so as many blocks are under way as there are cores. Compiling is timed on its own; the loop is the
calls of the compiled function.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from works import METRICS, available_cores

BLOCK = 1 << 16
"""Weights of a layer that a block of seeds aims at: of 1, 2, 4, ... networks the quickest at every width tried."""


def block_size(work: dict[str, Any]) -> int:
    """How many networks go through one call: a divisor of the seeds, so that one function is compiled."""
    if "block" in work:
        return int(work["block"])
    fitting = max(1, BLOCK // work["width"] ** 2)
    return max(size for size in range(1, fitting + 1) if work["seeds"] % size == 0)


def network(key: jax.Array, work: dict[str, Any]) -> jax.Array:
    """The mean squares of one network, (metric, layer)."""
    depth, width, batch = work["depth"], work["width"], work["batch"]
    law = {
        "he_normal": jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal"),
        "he_uniform": jax.nn.initializers.variance_scaling(2.0, "fan_in", "uniform"),
        "orthogonal": jax.nn.initializers.orthogonal(scale=2**0.5),
    }[work["initializer"]]
    of_input, of_gradient, of_weights = jax.random.split(key, 3)

    def forward(h: jax.Array, layer_key: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        weights = law(layer_key, (width, width), jnp.float32)
        z = h @ weights
        out = jax.nn.relu(z)
        return out, (weights, h, z > 0, jnp.mean(z * z), jnp.mean(out * out))

    def backward(d: jax.Array, held: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        weights, h, slope = held
        d = d * slope
        of_weight = h.T @ d
        below = (weights @ d.T).T  # turns the small matrix round, where d @ weights.T would copy the large one
        return below, (jnp.mean(d * d), jnp.mean(of_weight * of_weight))

    x = jax.random.normal(of_input, (batch, width))
    _, (weights, inputs, slopes, *forwards) = jax.lax.scan(forward, x, jax.random.split(of_weights, depth))
    cotangent = jax.random.normal(of_gradient, (batch, width))
    _, backwards = jax.lax.scan(backward, cotangent, (weights, inputs, slopes), reverse=True)
    return jnp.stack([*forwards, *backwards])


def main() -> None:
    work = json.loads(sys.argv[1])
    block = block_size(work)
    keys = jax.vmap(jax.random.key)(jnp.arange(work["seeds"]))
    start = time.perf_counter()
    compiled = jax.jit(jax.vmap(lambda key: network(key, work))).lower(keys[:block]).compile()
    compiling = time.perf_counter() - start
    start = time.perf_counter()
    with ThreadPoolExecutor(work.get("threads") or available_cores()) as pool:
        blocks = [keys[k : k + block] for k in range(0, work["seeds"], block)]
        parts = list(pool.map(lambda some: np.asarray(compiled(some)), blocks))
    loop = time.perf_counter() - start
    median = np.median(np.concatenate(parts), axis=0)
    print(
        json.dumps(
            {
                "loop": loop,
                "compile": compiling,
                "block": block,
                "first": dict(zip(METRICS, median[:, 0].tolist(), strict=True)),
                "last": dict(zip(METRICS, median[:, -1].tolist(), strict=True)),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
