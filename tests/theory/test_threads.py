"""Predictions have the same digits however many threads BLAS has, and whatever was asked before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib, sys
import initbench
from initbench.lab.plan import open_experiment
from initbench.theory.predict_cell import predict_cell

network = {"depth": 60, "width": 64, "activation": sys.argv[1], "initializer": "he_normal"}
if sys.argv[2] == "asked":
    initbench.predict(sys.argv[1], 1.3, 0.2)
cell = open_experiment({"name": "a", "network": network, "input": {"batch_size": 16}, "seeds": 2}).cells[0].cell
digest = hashlib.sha256()
for curve in predict_cell(cell).curves.values():
    for line in (curve.infinite, curve.mean, curve.sd):
        digest.update(line.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("activation", ["arctan", "softplus"])
def test_threads_and_history_change_no_digit(activation: str) -> None:
    """Both differ in two threads where nothing keeps them from it."""
    found = set()
    for threads, before in (("1", ""), ("2", ""), ("2", "asked")):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads}
        words = [sys.executable, "-c", CODE, activation, before]
        found.add(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1
