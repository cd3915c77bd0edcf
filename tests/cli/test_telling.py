"""What a run says of its cells, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from initbench.cli.telling import _explain

RANGE = "  From layer 3 on, act_q: outside the range in which theory's numbers of finite networks hold."
LONG = "  act_q of layer 20: the mean is about 3.29 times the median. Every layer multiplies it. It falls."


@dataclass
class Told:
    """A cell with nothing but its label and its sentences."""

    label: str
    sentences: tuple[str, ...]
    failure: Any = None
    planned: Any = field(init=False)

    def __post_init__(self) -> None:
        self.planned = SimpleNamespace(grid=SimpleNamespace(label=self.label))


def test_remarks_of_later_cells_are_shortened_and_never_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """A range is no less true of the second cell that has it; the why of a remark is said once."""
    verdict = "Forward: stable. All is well."
    said: set[str] = set()
    for label in ("relu", "tanh"):
        _explain(Told(label, (verdict, LONG, RANGE)), said)  # type: ignore[arg-type]
    assert capsys.readouterr().out.splitlines() == [
        "", "relu", f"  {verdict}", f"  {LONG}", f"  {RANGE}",
        "", "tanh", f"  {verdict}", f"  {LONG.split('. ')[0]}.", f"  {RANGE}",
    ]  # fmt: skip
