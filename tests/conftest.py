"""Tests measure and predict as the command does: with one BLAS thread, set before NumPy is loaded."""

from __future__ import annotations

from initbench import blas

blas.one_thread_unless_told()
