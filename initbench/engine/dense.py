"""Dense weights: every matrix is drawn, and either kept for the backward pass or drawn again from the same stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..catalogue.initializers import Law
from ..catalogue.initializers.laws import fill_stack
from .signal import Signal
from .workspace import Workspace

Array = np.ndarray[Any, Any]

GROUP = 1 << 18
"""Entries of the matrices that are drawn together: they are still in cache when they are multiplied."""


class DenseWeights:
    """W of one layer in S networks, drawn from `law`, one generator a network, in `apply`.

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
        self._law, self._shape = law, shape
        self._generators = generators
        self._together = max(1, GROUP // max(1, shape[0] * shape[1]))
        self._states = None if keep else [generator.bit_generator.state for generator in generators]
        held = len(generators) if keep else min(self._together, len(generators))
        self._matrices = workspace.array("weights", (held, *shape), dtype, slot if keep else -1)

    def apply(self, h: Signal, out: Array) -> Array:
        """h W: (S, B, N_in) -> (S, B, N_out)."""
        for group, matrices in self._drawn():
            np.matmul(h.rows[group], matrices, out=out[group])
        return out

    def apply_transpose(self, d: Signal, out: Array) -> Array:
        """d W^T: (S, B, N_out) -> (S, B, N_in)."""
        if self._states is None:
            return np.matmul(d.rows, self._matrices.transpose(0, 2, 1), out=out)
        for group, matrices in self._drawn_again():
            np.matmul(d.rows[group], matrices.transpose(0, 2, 1), out=out[group])
        return out

    def as_array(self) -> Array:
        """W, (S, N_in, N_out), once it has been applied. Where it was not kept, it is drawn again."""
        if self._states is None:
            return self._matrices
        return np.concatenate([matrices.copy() for _, matrices in self._drawn_again()])

    def _drawn_again(self) -> Iterator[tuple[slice, Array]]:
        """The same once more, from where the generators stood; they go on from where they stand."""
        assert self._states is not None
        now = [generator.bit_generator.state for generator in self._generators]
        _set(self._generators, self._states)
        yield from self._drawn()
        _set(self._generators, now)

    def _drawn(self) -> Iterator[tuple[slice, Array]]:
        """Draw the matrices a few networks at a time: which networks, and their matrices."""
        for start in range(0, len(self._generators), self._together):
            group = slice(start, min(start + self._together, len(self._generators)))
            place = group if self._states is None else slice(0, group.stop - start)
            matrices = self._matrices[place]
            fill_stack(self._law, self._generators[group], matrices)
            yield group, matrices


def _set(generators: Sequence[np.random.Generator], states: Sequence[Any]) -> None:
    for generator, state in zip(generators, states, strict=True):
        generator.bit_generator.state = state
