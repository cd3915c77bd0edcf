"""The columns of the stored tables, after `cell` and the swept keys: what is written and what is read back agree."""

from __future__ import annotations

LAYERS = ("seed", "layer", "fan_in", "fan_out")  # the metrics that were measured follow
SUMMARY = (
    *("layer", "metric", "n", "mean", "sd", "stderr", "median", "q05", "q95", "nonfinite"),
    *("theory", "theory_sd"),
)
CELLS = (
    *("n_seeds", "engine_used", "status"),
    *("act_q_ratio", "act_q_ratio_median", "grad_q_ratio", "grad_q_ratio_median", "forward_rate", "backward_rate"),
    *("forward", "backward", "flags", "verdict", "theory_z", "theory_z_layer"),
)
TRAINED = (
    *("learning_rate", "final_loss", "final_accuracy", "test_loss", "test_accuracy"),
    *("diverged", "disagreement", "xi_c"),
)
"""What cells.csv has after CELLS where networks are trained."""
TRAINING = (
    *("seed", "learning_rate", "step", "loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm"),
    "distinct_units",
)
TRAINING_LAYERS = ("seed", "step", "layer", "fan_in", "fan_out")  # the metrics that were measured follow
TRAINING_SEARCH = ("seed", "learning_rate", "loss", "accuracy", "diverged_at", "kept")
HISTOGRAMS = ("layer", "quantity", "low", "high", "count")
THEORY = ("layer", "metric", "infinite_width", "mean", "sd", "within", "reason")
FAILURES = ("reason",)

TABLES = (
    *("layers.csv", "summary.csv", "cells.csv", "histograms.csv", "theory.csv", "failures.csv"),
    *("training.csv", "training_layers.csv", "training_search.csv"),
)
"""Every table that there can be."""
PARQUET = {name: f"{name.removesuffix('.csv')}.parquet" for name in ("layers.csv", "summary.csv", "theory.csv")}
"""The tables that can be had as Parquet too."""

TEXT = frozenset(
    {
        *("cell", "metric", "quantity", "engine_used", "status", "forward", "backward", "flags", "verdict"),
        *("within", "reason"),
    }
)
"""Columns of text; swept keys are text too."""
WHOLE = frozenset({"seed", "layer", "n", "n_seeds", "nonfinite", "count", "step", "kept"})
"""Columns of whole numbers; the rest are numbers."""
