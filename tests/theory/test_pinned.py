"""The theory of finite width says today what it said when it was held against networks.

Simulations that a test can afford leave its finer terms room: a correction of a few per cent of a variance may go
missing unseen. Here the numbers themselves are pinned, of networks in which every term has a say.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pinned_cells import FIELDS, METRICS, cells, numbers

PINNED = Path(__file__).with_name("pinned.txt")
CELLS = cells()


def pinned(name: str) -> dict[tuple[str, str], list[float | None]]:
    found = {}
    for row in PINNED.read_text("utf-8").splitlines():
        cell, metric, field, values = row.split("; ")
        if cell == name:
            found[metric, field] = [None if word == "-" else float(word) for word in values.split()]
    return found


@pytest.mark.parametrize("name", CELLS)
def test_numbers_are_what_they_were(name: str) -> None:
    today, before = numbers(CELLS[name]), pinned(name)
    assert len(before) > len(METRICS)
    for key, values in today.items():
        nothing = [None] * len(values)
        for layer, (now, then) in enumerate(zip(values, before.pop(key, nothing), strict=True), start=1):
            assert (now is None) == (then is None), (*key, layer)
            if then is not None:
                assert now == pytest.approx(then, rel=1e-6, abs=1e-10), (*key, layer)
    assert not before


def test_every_metric_is_pinned_somewhere() -> None:
    rows = [key for name in CELLS for key in pinned(name)]
    assert {metric for metric, field in rows if field == "sd"} == {*METRICS} - {"act_var_batch"}
    assert {field for _, field in rows} == {*FIELDS}
