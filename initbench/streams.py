"""One random stream per (seed, purpose).

A stream depends on the root seed, the seed's number and the purpose alone: never on the position in a grid, on the
other seeds,
on the chunk or the worker that runs it. So a seed can be run alone, or again, and two cells that share a seed see
the same inputs.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every result: never renumber."""

    INPUTS = 1
    WEIGHTS = 2
    BIASES = 3
    GRADIENT = 4
    SHARED_INPUTS = 5  # `resample: false`: one batch for all seeds


def stream(root_seed: int, seed: int, purpose: Purpose) -> np.random.Generator:
    """The generator of one purpose in one network.

    root_seed: 0 <= root_seed < 2**128. seed: the network's number, 0 <= seed < 2**32.
    """
    sequence = np.random.SeedSequence(entropy=root_seed, spawn_key=(int(purpose), seed))
    return np.random.Generator(np.random.PCG64(sequence))
