"""Dense weights: every matrix is drawn, and either kept for the backward pass or drawn again from the same stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..catalogue.initializers import Law
from ..catalogue.initializers.laws import fill_stack
from .signal import Signal
from .workspace import Workspace

Array = np.ndarray[Any, Any]


class DenseWeights:
    """W of one layer in S networks, drawn from `law`, one generator a network.

    keep: hold the matrices until the backward pass; otherwise they are drawn again there. Both give the same numbers.
    slot: where in the workspace the matrices live; layers that are kept need a slot of their own.
    """

    def __init__(
        self,
        law: Law,
        shape: tuple[int, int],
        generators: Sequence[np.random.Generator],
        workspace: Workspace,
        dtype: Any,
        keep: bool,
        slot: int,
    ) -> None:
        self._law = law
        self._keep = keep
        self._states = [] if keep else [generator.bit_generator.state for generator in generators]
        self._matrices = workspace.array("weights", (len(generators), *shape), dtype, slot if keep else -1)
        self._fill(generators)

    def apply(self, h: Signal, out: Array) -> Array:
        """h W: (S, B, N_in) -> (S, B, N_out)."""
        return np.matmul(h.rows, self._matrices, out=out)

    def apply_transpose(self, d: Signal, out: Array) -> Array:
        """d W^T: (S, B, N_out) -> (S, B, N_in)."""
        return np.matmul(d.rows, self.as_array().transpose(0, 2, 1), out=out)

    def as_array(self) -> Array:
        """W, (S, N_in, N_out). Where it was not kept, it is drawn again: other layers may have used its memory
        since."""
        if not self._keep:
            self._fill([_generator(state) for state in self._states])
        return self._matrices

    def _fill(self, generators: Sequence[np.random.Generator]) -> None:
        fill_stack(self._law, generators, self._matrices)


def _generator(state: Any) -> np.random.Generator:
    generator = np.random.Generator(np.random.PCG64())
    generator.bit_generator.state = state
    return generator
