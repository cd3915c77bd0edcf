"""The command that a summary names can be read off it, whatever the folder is called."""

from __future__ import annotations

from pathlib import Path

from initbench.cli.check_summary import summary
from initbench.lab.baselines.drift import EXACT, Drift


def test_a_backtick_in_a_folder_ends_no_code() -> None:
    counts = (1, 1, 1, 1, 1, ())
    drift = Drift(EXACT, "the same config", "not at all", *counts, (), (), ())
    meant = "initbench check 'a`b' --baseline x --update"
    text = summary(Path("a`b"), (), Path("x"), drift, meant)
    assert f"\nIf the change was meant: ``{meant}``\n" in text
