"""Initializers: the papers' laws under bare names, and those of Keras, torch and JAX behind a prefix.

A bare name is the paper's law, untruncated unless it says truncated; the same word after `keras:`, `torch:`
or `jax:` can be another law. Each name is one record (papers, keras, torch, jax), which turns parameters and
fans into one of seven laws (laws, truncated, matrices); a plug-in's record (adopt) may also make a law that is known
by its samples alone (sampled).
"""

from __future__ import annotations

from typing import Any

from ..registry import Registry
from . import jax, keras, papers, torch
from .adopt import adopt_initializer
from .explain import Facts as Facts
from .explain import facts as facts
from .gain import calculate_gain as calculate_gain
from .laws import Constant as Constant
from .laws import Law as Law
from .laws import Normal as Normal
from .laws import Uniform as Uniform
from .matrices import Identity as Identity
from .matrices import Orthogonal as Orthogonal
from .matrices import Sparse as Sparse
from .record import Initializer as Initializer
from .record import InitializerRecord as InitializerRecord
from .sampled import Sampled as Sampled
from .truncated import TruncatedNormal as TruncatedNormal

INITIALIZERS: Registry[InitializerRecord] = Registry(
    "initializer", (*papers.RECORDS, *keras.RECORDS, *torch.RECORDS, *jax.RECORDS), adopt_initializer
)


def initializer(name: str, **params: Any) -> Initializer:
    """The initializer of a name, with its parameters: `initializer("normal", stddev=0.01)`.

    Raises UnknownNameError, ParameterError or PluginError.
    """
    return Initializer(*INITIALIZERS.bind(name, params))
