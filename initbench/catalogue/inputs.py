"""Inputs: what is fed to the first layer. Laws that are drawn, and rows of data that are read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..values import frozen
from . import datafiles
from .registry import Parameter, Params, Registry, label

Array = np.ndarray[Any, Any]

LARGEST = 1e30  # of any entry's scale: both dtypes hold its tails, so no input is infinite


@frozen
class InputRecord:
    """A named distribution of inputs: either a law or rows of data.

    draw: (rng, batch_size, features, **parameters) -> (B, N) float64, for a law.
    table: (**parameters) -> (rows, N) float64, checked, for data; which rows are fed is the parameter `pick`.
    batch_size: the only batch that there is, where the law dictates it.
    """

    name: str
    equation: str
    source: str
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    draw: Callable[..., Array] | None = None
    table: Callable[..., Array] | None = None
    batch_size: int | None = None


@frozen
class Inputs:
    """A record with its parameters and, for data, the table's size and the hash of its numbers."""

    record: InputRecord
    params: Params
    rows: int | None = None
    columns: int | None = None
    data_hash: str = ""

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def label(self) -> str:
        """`pair(cosine=0.5)`"""
        return label(self.record, self.params)

    @property
    def identity(self) -> Params:
        """What tells these inputs from others: the data's content counts, not the name of its file."""
        params = tuple((name, value) for name, value in self.params if name != "path")
        return (*params, ("data", self.data_hash)) if self.data_hash else params

    def draw(self, rng: np.random.Generator, batch_size: int, features: int) -> Array:
        """One batch, (B, N) float64.

        Raises ParameterError where data changed on disk since it was checked.
        """
        keywords = dict(self.params)
        if self.record.draw is not None:
            return self.record.draw(rng, batch_size, features, **keywords)
        pick = keywords.pop("pick")
        assert self.record.table is not None
        table = self.record.table(**keywords)
        if _hash(table) != self.data_hash:
            raise ParameterError("path", f"{keywords.get('path')!r} changed while it was in use")
        rows = np.arange(batch_size) if pick == "first" else rng.permutation(len(table))[:batch_size]
        return table[rows]

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.record.name, self.params, self.rows, self.columns, self.data_hash)


def _restore(name: str, params: Params, rows: int | None, columns: int | None, data_hash: str) -> Inputs:
    return Inputs(INPUTS.find(name), params, rows, columns, data_hash)


def inputs(name: str, base: Path | None = None, **params: Any) -> Inputs:
    """The inputs of a name, with their parameters: `inputs("pair", cosine=0.5)`.

    base: the folder that a relative `path` starts from. Data is read and checked here.
    Raises UnknownNameError or ParameterError.
    """
    record, bound = INPUTS.bind(name, params)
    if record.table is None:
        return Inputs(record, bound)
    keywords = dict(bound)
    if base is not None and "path" in keywords:
        keywords["path"] = str(base / str(keywords["path"]))
        bound = tuple(keywords.items())
    table = record.table(**{key: value for key, value in keywords.items() if key != "pick"})
    rows, columns = table.shape
    return Inputs(record, bound, rows, columns, _hash(table))


def _hash(table: Array) -> str:
    return hashlib.sha256(repr(table.shape).encode() + np.ascontiguousarray(table).tobytes()).hexdigest()


def _gaussian(rng: np.random.Generator, batch_size: int, features: int, *, mean: float, stddev: float) -> Array:
    return np.asarray(mean + stddev * rng.standard_normal((batch_size, features)))


def _uniform(rng: np.random.Generator, batch_size: int, features: int, *, low: float, high: float) -> Array:
    if low > high:
        raise ParameterError("low", f"{low:g} is not allowed: low must not be above high ({high:g})")
    return rng.uniform(low, high, (batch_size, features))


def _sphere(rng: np.random.Generator, batch_size: int, features: int, *, mean_square: float) -> Array:
    # A Gaussian vector's direction is uniform; its length is then set: |x|^2 = N mean_square.
    x = rng.standard_normal((batch_size, features))
    return np.asarray(x * (math.sqrt(features * mean_square) / np.linalg.norm(x, axis=1, keepdims=True)))


def _constant(rng: np.random.Generator, batch_size: int, features: int, *, value: float) -> Array:
    return np.full((batch_size, features), value)


def _pair(rng: np.random.Generator, batch_size: int, features: int, *, cosine: float, mean_square: float) -> Array:
    # x_1 = r u, x_2 = r (c u + sqrt(1 - c^2) v) with u, v orthonormal and r^2 = N mean_square: the cosine is c exactly.
    if features < 2 and abs(cosine) != 1:
        raise ParameterError("cosine", f"{cosine:g} needs at least 2 features: on a line it is 1 or -1")
    u = rng.standard_normal(features)
    u /= np.linalg.norm(u)
    v = rng.standard_normal(features)
    for _ in range(2):  # a v that lies near u needs it twice to come out orthogonal to all digits
        v -= (v @ u) * u
        v /= np.linalg.norm(v) if features > 1 else 1.0
    sine = math.sqrt((1 - cosine) * (1 + cosine))
    return math.sqrt(features * mean_square) * np.stack([u, cosine * u + sine * v])


@lru_cache(maxsize=2)
def _digits(*, scale: str) -> Array:
    table = datafiles.digits()
    scaled = table / 16.0 if scale == "unit" else (table - table.mean()) / table.std()
    scaled.flags.writeable = False
    return scaled


_PATH = Parameter("path", kind="text", meaning="the file, relative to the config's folder")
_PICK = Parameter(
    "pick",
    "first",
    kind="choice",
    choices=("first", "random"),
    meaning="the first rows for every seed, or rows drawn without replacement",
)
_MEAN_SQUARE = Parameter("mean_square", 1.0, above=0.0, maximum=LARGEST, meaning="|x|^2 / N of every input")

INPUTS: Registry[InputRecord] = Registry(
    "input",
    (
        InputRecord(
            "gaussian",
            "x ~ N(mean, stddev^2), independent",
            "the standard input of signal-propagation theory",
            "generic inputs: cosines near 0 in wide layers",
            (
                Parameter("mean", 0.0, minimum=-LARGEST, maximum=LARGEST, meaning="mean of every entry"),
                Parameter("stddev", 1.0, minimum=0.0, maximum=LARGEST, meaning="standard deviation of every entry"),
            ),
            ("normal",),
            draw=_gaussian,
        ),
        InputRecord(
            "uniform",
            "x ~ U[low, high], independent",
            "teaching texts",
            "bounded inputs, such as scaled pixels with low 0 and high 1",
            (
                Parameter(
                    "low",
                    -math.sqrt(3.0),
                    minimum=-LARGEST,
                    maximum=LARGEST,
                    meaning="lower end; the default range has variance 1",
                ),
                Parameter("high", math.sqrt(3.0), minimum=-LARGEST, maximum=LARGEST, meaning="upper end"),
            ),
            draw=_uniform,
        ),
        InputRecord(
            "sphere",
            "x uniform on |x|^2 = N mean_square",
            "Poole et al. 2016",
            "inputs of one length, so that q of layer 1 has no spread from the input",
            (_MEAN_SQUARE,),
            draw=_sphere,
        ),
        InputRecord(
            "ones",
            "x = 1",
            "a course's 250 inputs of value 1",
            "every input the same: what the weights alone do",
            draw=lambda rng, batch_size, features: np.ones((batch_size, features)),
        ),
        InputRecord(
            "constant",
            "x = value",
            "teaching texts",
            "every input the same, of any size",
            (Parameter("value", minimum=-LARGEST, maximum=LARGEST, meaning="the entry"),),
            draw=_constant,
        ),
        InputRecord(
            "pair",
            "two inputs with x_1 . x_2 = cosine |x_1| |x_2|, of a random direction",
            "Poole et al. 2016",
            "how the angle between two inputs changes with depth",
            (
                Parameter("cosine", minimum=-1.0, maximum=1.0, meaning="the cosine of the two inputs, exactly"),
                _MEAN_SQUARE,
            ),
            draw=_pair,
            batch_size=2,
        ),
        InputRecord(
            "csv",
            "rows of a CSV file of numbers",
            "the user's own data",
            "what the initializer does to your inputs",
            (
                _PATH,
                Parameter("header", False, kind="boolean", meaning="whether the first line names the columns"),
                Parameter("delimiter", ",", kind="text", meaning="what stands between two numbers"),
                _PICK,
            ),
            table=datafiles.read_csv,
        ),
        InputRecord(
            "npy",
            "rows of a NumPy .npy file of shape (rows, features)",
            "the user's own data",
            "what the initializer does to your inputs",
            (_PATH, _PICK),
            table=datafiles.read_npy,
        ),
        InputRecord(
            "digits",
            "rows of scikit-learn's 1797 8x8 digits, 64 pixels",
            "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits",
            "real, correlated inputs without a download; needs the extra initbench[digits]",
            (
                Parameter(
                    "scale",
                    "standard",
                    kind="choice",
                    choices=("standard", "unit"),
                    meaning="standard: mean 0 and variance 1 over all pixels; unit: pixels from 0 to 1",
                ),
                _PICK,
            ),
            table=_digits,
        ),
    ),
)
