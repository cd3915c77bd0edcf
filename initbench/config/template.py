"""The config that `initbench new` starts people with."""

from __future__ import annotations

import re

from ..errors import UsageError
from .messages import shorten
from .scalars import resolve
from .schema import NAME

SCHEMA_FILE = "initbench.schema.json"
"""What the template's first line calls the schema: `initbench schema` writes it beside the config."""

_TEXT = """\
# yaml-language-server: $schema={schema}
# `initbench run {name}.yaml` runs it, `initbench validate` checks it, `initbench list` shows names.

name: {name}
description: ""

network:
  depth: 50                   # weight layers, each z = h W + b, h = phi(z)
  width: 256                  # or a list of `depth` widths
  activation: relu            # or {{name: leaky_relu, negative_slope: 0.1}}, or a list of `depth` of those
  initializer: he_normal      # a name, {{name: normal, stddev: 0.01}}, or a list of `depth` of those
  bias: zeros                 # an initializer, a list of them, or none

input:
  distribution: gaussian      # or {{name: csv, path: data.csv}}
  batch_size: 64
  resample: true              # false: all networks see the same inputs

gradient:
  source: gaussian            # gaussian, shared, ones, or none for the forward pass only

seeds: 32                     # how many networks, or a list of seed numbers
root_seed: 0
dtype: float32                # or float64
metrics: default              # or a list from `initbench list metrics`

verdict:                      # what counts as vanishing or exploding, saturated, dead
  factor: 100
  saturated: 0.5
  dead: 0.5

# Networks can be trained, too, with a linear readout; `initbench list datasets` shows what they can learn.
# training:
#   data: gaussian_classes
#   learning_rate: [0.01, 0.1]  # a number, or a list of which the best is kept
#   steps: 1000                 # or epochs
#   optimizer: sgd              # or momentum, adam
#   readout: {{initializer: lecun_normal}}

# Every combination of these values is one cell of the grid; dotted keys reach into parameters.
# sweep:
#   grid:
#     network.depth: [10, 50]
#     network.initializer: [he_normal, glorot_uniform, {{name: normal, stddev: 0.01}}]

# Claims that `initbench check` judges.
# expect:
#   - {{name: the signal keeps its strength, metric: act_q_ratio, between: [0.5, 2]}}
"""


def template(name: str) -> str:
    """The text of a commented starter config.

    Raises UsageError for what cannot name an experiment, so the name is safe in a path too.
    """
    if not re.fullmatch(NAME.strip("^$"), name):
        allowed = "a name of 1 to 100 letters, digits and . _ -, the first a letter or a digit"
        raise UsageError(f"{shorten(ascii(name))} is not allowed here: {allowed}")
    return _TEXT.format(schema=SCHEMA_FILE, name=name if isinstance(resolve(name), str) else f"'{name}'")
