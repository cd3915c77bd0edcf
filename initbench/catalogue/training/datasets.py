"""Data sets to train on: laws that are drawn, and scikit-learn's digits. Features have a mean square of about 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...values import frozen
from .. import datafiles
from ..registry import Parameter, Registry

Array = np.ndarray[Any, Any]

MOST = 1_000_000
"""Examples, features, classes or outputs at most."""
DIGITS = (1797, 64, 10)


class Shape(NamedTuple):
    """The sizes of a data set; outputs: numbers of a target, or classes."""

    examples: int
    features: int
    outputs: int


@frozen
class Examples:
    """inputs: (n, features) float64. targets: (n,) int64 labels, or (n, outputs) float64 numbers."""

    inputs: Array
    targets: Array


@frozen
class DatasetRecord:
    """A named data set.

    draw: (rng, **parameters) -> Examples in random order. shape: (**parameters) -> Shape. classes: its targets are
    labels. ready: raises ParameterError where the data cannot be had; None for laws.
    """

    name: str
    equation: str
    source: str
    purpose: str
    draw: Callable[..., Examples]
    shape: Callable[..., Shape]
    classes: bool
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    ready: Callable[[], object] | None = None


def _gaussian_classes(
    rng: np.random.Generator, *, classes: int, features: int, examples: int, separation: float
) -> Examples:
    centres = rng.standard_normal((classes, features))
    centres *= separation / np.linalg.norm(centres, axis=1, keepdims=True)
    labels = rng.permutation(np.arange(examples) % classes)  # classes of one size, or as nearly as can be
    inputs = centres[labels] + rng.standard_normal((examples, features))
    # E |x|^2 = separation^2 + features
    inputs /= math.sqrt(1 + separation**2 / features)
    return Examples(inputs, labels)


def _teacher_student(
    rng: np.random.Generator, *, features: int, examples: int, outputs: int, hidden: int, noise: float
) -> Examples:
    inputs = rng.standard_normal((examples, features))
    below = inputs
    if hidden:
        below = np.tanh(inputs @ rng.standard_normal((features, hidden)) / math.sqrt(features))
    targets = below @ rng.standard_normal((below.shape[1], outputs))
    targets /= math.sqrt(np.mean(targets**2))
    return Examples(inputs, targets + noise * rng.standard_normal(targets.shape))


def _two_spirals(rng: np.random.Generator, *, examples: int, noise: float, turns: float) -> Examples:
    labels = rng.permutation(np.arange(examples) % 2)
    # As many examples on each stretch of an arm: the arm's length grows with the square of the angle.
    share = np.sqrt(rng.random(examples))
    angle = 2 * math.pi * turns * share + math.pi * labels
    inputs = share[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inputs *= 2.0  # E share^2 = 1/2, on two features
    return Examples(inputs + noise * rng.standard_normal(inputs.shape), labels)


def _digits(rng: np.random.Generator, *, scale: str) -> Examples:
    pixels, labels = _all_digits()
    order = rng.permutation(len(pixels))
    scaled = pixels / 16.0 if scale == "unit" else (pixels - pixels.mean()) / pixels.std()
    return Examples(scaled[order], labels[order])


@lru_cache(maxsize=1)
def _all_digits() -> tuple[Array, Array]:
    return datafiles.digits(), datafiles.digit_labels()


def _count(name: str, default: int, meaning: str, minimum: int = 1) -> Parameter:
    return Parameter(name, default, kind="integer", minimum=minimum, maximum=MOST, meaning=meaning)


_EXAMPLES = _count("examples", 1000, "examples in all, those of the test set included", minimum=2)

DATASETS: Registry[DatasetRecord] = Registry(
    "dataset",
    (
        DatasetRecord(
            "gaussian_classes",
            "x ~ N(m_c, I) / sqrt(1 + separation^2 / features), m_c of length `separation` in a random direction",
            "Fisher 1936, The Use of Multiple Measurements in Taxonomic Problems: the model of linear discriminants",
            "an easy task: what does not learn this does not learn",
            _gaussian_classes,
            lambda *, classes, features, examples, **_: Shape(examples, features, classes),
            True,
            (
                _count("classes", 4, "how many classes, of one size", minimum=2),
                _count("features", 16, "numbers in one input"),
                _EXAMPLES,
                Parameter("separation", 4.0, minimum=0.0, maximum=1e6, meaning="length of the classes' means"),
            ),
        ),
        DatasetRecord(
            "teacher_student",
            "x ~ N(0, I), y = V tanh(U x) of a random teacher, scaled to mean square 1, plus noise",
            "Gardner & Derrida 1989, Three unfinished works on the optimal storage capacity of networks; Saad & Solla "
            "1995, On-line learning in soft committee machines",
            "numbers to learn that a network can give; hidden: 0 is a linear teacher, y = V x",
            _teacher_student,
            lambda *, features, examples, outputs, **_: Shape(examples, features, outputs),
            False,
            (
                _count("features", 16, "numbers in one input"),
                _EXAMPLES,
                _count("outputs", 1, "numbers in one target"),
                _count("hidden", 16, "the teacher's hidden units; 0 for a linear one", minimum=0),
                Parameter("noise", 0.0, minimum=0.0, maximum=1e6, meaning="standard deviation of what is added to y"),
            ),
        ),
        DatasetRecord(
            "two_spirals",
            "x = 2 s (cos a, sin a) + noise, a = 2 pi turns s + pi y, s^2 ~ U[0, 1], y in {0, 1}",
            "Lang & Witbrock 1988, Learning to Tell Two Spirals Apart",
            "a hard task in two dimensions: no line tells its classes apart",
            _two_spirals,
            lambda *, examples, **_: Shape(examples, 2, 2),
            True,
            (
                _EXAMPLES,
                Parameter("noise", 0.05, minimum=0.0, maximum=1e6, meaning="standard deviation of what is added to x"),
                Parameter("turns", 1.0, above=0.0, maximum=100.0, meaning="how often each arm goes round"),
            ),
        ),
        DatasetRecord(
            "digits",
            "scikit-learn's 1797 8x8 digits, 64 pixels, 10 classes",
            "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits",
            "real images without a download; needs the extra initbench[digits]",
            _digits,
            lambda **_: Shape(*DIGITS),
            True,
            (
                Parameter(
                    "scale",
                    "standard",
                    kind="choice",
                    choices=("standard", "unit"),
                    meaning="standard: mean 0 and variance 1 over all pixels; unit: pixels from 0 to 1",
                ),
            ),
            ready=_all_digits,
        ),
    ),
)
