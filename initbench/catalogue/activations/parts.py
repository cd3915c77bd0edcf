"""The steps that the formulas share.

Masks become numbers here: on data without order a product with 0 or 1 is many times faster than np.where,
which guesses at every entry. Long chains work in place: each array less is memory that need not be fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .record import Array, Formula

Shared = TypeVar("Shared")


def number(mask: Array, z: Array) -> Array:
    """1 where the mask holds and 0 elsewhere, in the dtype of z."""
    return np.asarray(mask).astype(z.dtype)


def step(z: Array, at: float = 0.0) -> Array:
    """1 above `at`, 0 at it, below it and at NaN."""
    return number(z > at, z)


def inside(z: Array, low: float, high: float) -> Array:
    """1 strictly between `low` and `high`, else 0."""
    return number((z > low) & (z < high), z)


def mirrored(z: Array, tail: Array) -> Array:
    """A function with f(z) + f(-z) = 1 from its values at -|z|, which keep their precision far out."""
    up = step(z)
    result = -2 * up
    result += 1
    result *= tail
    result += up
    return result


def sigmoid_mirrored(z: Array, tail: Array) -> Array:
    """As `mirrored`, for a tail that is never negative: one pass less."""
    result = step(z)
    result -= tail
    return np.abs(result)


def formula(
    common: Callable[[Array], Shared],
    value: Callable[[Array, Shared], Array],
    slope: Callable[[Array, Shared], Array],
    **facts: Any,
) -> Formula:
    """A formula whose value and slope start from the same intermediate results.

    Alone or together they give the same numbers; neither may change what they share.
    """

    def both(z: Array) -> tuple[Array, Array]:
        shared = common(z)
        return value(z, shared), slope(z, shared)

    return Formula(
        value=lambda z: value(z, common(z)),
        slope=lambda z: slope(z, common(z)),
        both=both,
        **facts,
    )
