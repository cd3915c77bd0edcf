"""What the tests of the command line share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

SMALL = """\
name: small
network: {depth: 3, width: 16, activation: relu, initializer: he_normal}
input: {batch_size: 8}
seeds: 4
expect:
  - {name: it stays, metric: verdict, equals: stable}
"""

Cli = Callable[..., subprocess.CompletedProcess[str]]
