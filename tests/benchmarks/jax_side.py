"""JAX's side of frameworks.py: one work, a whole process; the last line of stdout is JSON.

    python jax_side.py '{"initializer": "he_normal", "depth": 5, "width": 64, "batch": 16, "seeds": 4}'

One compiled function, a scan over the layers and vmap over a block of seeds. Compiling is timed on its own; the loop is
the calls of the compiled function.

Plain, as JAX is meant to be written: the weights are drawn, jax.vjp goes backward, and zeros that are added to the
preactivations bring their gradients. With `"tuned": true` the scan forward draws each matrix and keeps it, the scan
backward is written out by hand (no weight gradient is stored, each is measured and dropped), and, as XLA draws random
numbers on one core, as many blocks are under way as there are cores.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from works import METRICS, SQUARES, available_cores

BLOCK = 1 << 16
"""Weights of a layer that a block of seeds aims at: of 1, 2, 4, ... networks the quickest at every width tried."""


def block_size(work: dict[str, Any]) -> int:
    """How many networks go through one call: a divisor of the seeds, so that one function is compiled."""
    if "block" in work:
        return int(work["block"])
    fitting = max(1, BLOCK // work["width"] ** 2)
    return max(size for size in range(1, fitting + 1) if work["seeds"] % size == 0)


def law_of(work: dict[str, Any]) -> Callable[..., jax.Array]:
    """The work's law, by JAX's own functions."""
    return {
        "he_normal": jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal"),
        "he_uniform": jax.nn.initializers.variance_scaling(2.0, "fan_in", "uniform"),
        "orthogonal": jax.nn.initializers.orthogonal(scale=2**0.5),
    }[work["initializer"]]


Taken = dict[str, jax.Array]


def of_layer(z: jax.Array, h: jax.Array) -> Taken:
    """The metrics of one layer on the way forward. What nobody reads is not computed: XLA sees to that."""
    idle = h == 0
    rows = h / jnp.linalg.norm(h, axis=1, keepdims=True)
    return {
        "preact_mean": z.mean(),
        "preact_var": z.var(),
        "preact_q": jnp.mean(z * z),
        "act_mean": h.mean(),
        "act_var": h.var(),
        "act_q": jnp.mean(h * h),
        "act_var_batch": h.var(axis=0).mean(),
        "cosine": ((rows @ rows.T).sum() - len(h)) / (len(h) * (len(h) - 1)),
        "dead_fraction": idle.all(axis=0).mean(),
        "inactive_fraction": idle.mean(),
    }


def plain(key: jax.Array, work: dict[str, Any]) -> Taken:
    """The metrics of one network, each (layer,)."""
    depth, width, batch = work["depth"], work["width"], work["batch"]
    law = law_of(work)
    of_input, of_gradient, of_weights = jax.random.split(key, 3)
    x = jax.random.normal(of_input, (batch, width))

    def layer(h: jax.Array, given: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, Taken]:
        weights, nothing = given
        z = h @ weights + nothing
        out = jax.nn.relu(z)
        return out, of_layer(z, out)

    def forward(weights: jax.Array, nothing: jax.Array) -> tuple[jax.Array, Taken]:
        return jax.lax.scan(layer, x, (weights, nothing))

    weights = jax.vmap(lambda one: law(one, (width, width), jnp.float32))(jax.random.split(of_weights, depth))
    _, backward, forwards = jax.vjp(forward, weights, jnp.zeros((depth, batch, width)), has_aux=True)
    of_weight, of_z = backward(jax.random.normal(of_gradient, (batch, width)))
    return forwards | {"grad_q": jnp.mean(of_z**2, axis=(1, 2)), "weight_grad_q": jnp.mean(of_weight**2, axis=(1, 2))}


def tuned(key: jax.Array, work: dict[str, Any]) -> Taken:
    """The same, written for speed."""
    depth, width, batch = work["depth"], work["width"], work["batch"]
    law = law_of(work)
    of_input, of_gradient, of_weights = jax.random.split(key, 3)

    def forward(h: jax.Array, layer_key: jax.Array) -> tuple[jax.Array, tuple[Any, ...]]:
        weights = law(layer_key, (width, width), jnp.float32)
        z = h @ weights
        out = jax.nn.relu(z)
        return out, (weights, h, z > 0, of_layer(z, out))

    def backward(d: jax.Array, held: tuple[jax.Array, ...]) -> tuple[jax.Array, Taken]:
        weights, h, slope = held
        d = d * slope
        of_weight = h.T @ d
        below = (weights @ d.T).T  # turns the small matrix round, where d @ weights.T would copy the large one
        return below, {"grad_q": jnp.mean(d * d), "weight_grad_q": jnp.mean(of_weight * of_weight)}

    x = jax.random.normal(of_input, (batch, width))
    _, (weights, inputs, slopes, forwards) = jax.lax.scan(forward, x, jax.random.split(of_weights, depth))
    cotangent = jax.random.normal(of_gradient, (batch, width))
    _, backwards = jax.lax.scan(backward, cotangent, (weights, inputs, slopes), reverse=True)
    return dict(forwards | backwards)


def main() -> None:
    work = json.loads(sys.argv[1])
    network = tuned if work.get("tuned", False) else plain
    wanted = SQUARES if work.get("squares", False) else METRICS
    block = block_size(work)
    keys = jax.vmap(jax.random.key)(jnp.arange(work["seeds"]))
    start = time.perf_counter()

    def measured(key: jax.Array) -> jax.Array:
        """(metric, layer)"""
        taken = network(key, work)
        return jnp.stack([taken[name] for name in wanted])

    compiled = jax.jit(jax.vmap(measured)).lower(keys[:block]).compile()
    compiling = time.perf_counter() - start
    start = time.perf_counter()
    with ThreadPoolExecutor(available_cores() if network is tuned else 1) as pool:
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
                "first": dict(zip(wanted, median[:, 0].tolist(), strict=True)),
                "last": dict(zip(wanted, median[:, -1].tolist(), strict=True)),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
