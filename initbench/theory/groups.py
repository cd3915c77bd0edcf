"""Many inputs, and pairs of them, as a few groups of equal size that are alike in length and angle."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

GROUPS = 64
"""Up to so many inputs, and pairs of them, are followed one by one; more of them in so many groups of equal size."""
STRATA, UNEQUAL = 8, 0.02
"""Pairs whose lengths vary by more than UNEQUAL of their mean are told apart by length, in STRATA steps."""


def grouped_pairs(a: Array, b: Array, e: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Many pairs of lengths a and b as GROUPS pairs: indices of their inputs, (P,) each, e, weights, and the mean
    squares of these inputs, (2 P,).

    Grouped by length, if lengths differ, and then by e. A group's pair has its mean a b, its mean (a - b)^2 and its
    mean a b e, so that the first layer, which is linear in these, loses nothing.
    """
    product, apart = a * b, (a - b) ** 2
    if not len(e):
        return (*np.zeros((2, 0), np.intp), *np.zeros((3, 0)))
    strata = groups(product, STRATA if product.std() > UNEQUAL * product.mean() else 1)
    pairs = [stratum[part] for stratum in strata for part in groups(e[stratum], GROUPS // len(strata))]
    product, common, apart = (means(values, pairs) for values in (product, product * e, apart))
    longer = (np.sqrt(apart) + np.sqrt(apart + 4 * product)) / 2
    lengths = np.concatenate([longer, longer - np.sqrt(apart)])
    e = np.divide(common, product, out=np.zeros_like(common), where=product > 0)
    first = np.arange(len(pairs))
    return first, first + len(pairs), e, sizes(pairs), lengths**2


def groups(values: Array, number: int) -> list[Array]:
    """Indices in up to `number` parts of equal size, by ascending value."""
    return np.array_split(np.argsort(values, kind="stable"), min(number, len(values)))


def means(values: Array, parts: list[Array]) -> Array:
    """Of every part of the last axis, (..., X) -> (..., parts)."""
    return np.stack([values[..., part].mean(axis=-1) for part in parts], axis=-1)


def sizes(parts: list[Array]) -> Array:
    """Shares of the whole, (parts,)."""
    found = np.array([len(part) for part in parts], np.float64)
    return np.asarray(found / found.sum())
