"""Comparisons and rankings as they are read."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pytest
from lab_results import Layers, make_result
from lab_traces import signal

from initbench.lab.comparing.compare import compare
from initbench.lab.comparing.compare_words import PAIRS, PLACES, Block, as_markdown, comparison_blocks, ranking_blocks
from initbench.lab.comparing.ranking import rank
from initbench.lab.result import Result

INF = math.inf


def text(blocks: Sequence[Block]) -> str:
    found = as_markdown(blocks)
    assert not re.search(r"\b(nan|inf|None)\b", found), found
    return found


def test_a_comparison_to_the_letter() -> None:
    a = make_result({"act_q": [1.0, 1, [1, 10, 100]], "cosine": [0, 0, 0.5]}, name="a")
    b = make_result(
        {"act_q": [1.0, 1, [1e3, 1e5, INF]], "cosine": [0, 0, [0.5, 0.75, 0.25]]}, name="b", dtype="float64"
    )
    assert text(comparison_blocks(compare(a, b))) == COMPARISON


COMPARISON = """\
# Two results compared

- A: a
- B: b

## Settings that differ

| setting | A | B |
| --- | --- | --- |
| dtype | float32 | float64 |

## Cells

- matched: one cell each

## Measurements

| quantity | pairs | A | B | B against A | 95 % interval | differs | remarks |
| --- | ---: | ---: | ---: | --- | --- | --- | --- |
| forward drift | 2 | 3.162 | 1e+04 | x 3162 | x 0.001402 to x 7.13e+09 | no | B: not finite in 1 of 3 |
| act_q, last layer | 2 | 3.162 | 1e+04 | x 3162 | x 0.001402 to x 7.13e+09 | no | B: not finite in 1 of 3 |
| cosine, last layer | 3 | 0.5 | 0.5 | +0 | -0.621 to +0.621 | no |  |

- verdict: stable in A, overflow in B
- 0 of 3 quantities differ; by chance alone about 0.2 would

## What this rests on

- each network of A is held against the network of B with the same seed; the interval is Student's, 95 %, of the mean \
difference
- mean squares and their ratios are compared by logarithms: A and B are geometric means over networks, and B against A \
is a factor
- forward drift: act_q of the last layer over that of the first; backward drift: grad_q of the first layer over that \
of the last
"""


def sweep(*cells: Layers, **config: object) -> Result:
    axis = {"grid": {"network.bias.value": [float(k) for k in range(len(cells))]}}
    return make_result(*cells, sweep=axis, network={"bias": "constant"}, **config)  # type: ignore[arg-type]


def test_a_ranking_to_the_letter() -> None:
    cells = (
        signal(2, [1.0, 10, 100], [0.1, 0.01, 0.001], dead_fraction=[None, 0, 0.5], cosine=[0, 0.5, 0.995]),
        signal(2, 1.0, 0.5, dead_fraction=[None, 0, 0], cosine=[0, 0.5, 0.6]),
        signal(2, 0.0, 0.0, dead_fraction=[None, 1, 1], cosine=[0, None, None]),
        signal(2, INF, dead_fraction=[None, 0, 0], cosine=[0, 0.5, 0.6]),
    )
    assert text(ranking_blocks(rank(sweep(*cells)))) == RANKING


RANKING = """\
# 4 settings, best first

| place | setting | lost | forward, decades | backward, decades | dead | correlation depth | behind in | verdict |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 1 | value=1 | 0 % | 0 | -0.301 | 0 % | &gt; 2 |  | stable |
| 2 | value=0 | 0 % | 1 ± 2.5 | -2 ± 2.5 | 25 % | 2 | dead | dead |
| 3 (tie) | value=3 | 100 % |  | 0 | 0 % | &gt; 2 | lost | overflow |
| 3 (tie) | value=2 | 100 % |  |  | 100 % |  | lost | dead |

- first: value=1

## How they are ranked

- criterion 1, lost: fewest networks that overflow, whose signal is exactly 0 at the end of either way, or whose units \
are all alike; where all are lost, nothing else counts
- criterion 2, drift: least change in the worse direction, log10 of the mean square from first to last layer (forward: \
activations; backward: gradients), mean over networks
- criterion 3, dead: smallest share of dead units in the whole network
- criterion 4, correlation depth: the latest layer at which inputs first look alike (mean cosine 0.99 or more); a \
network where they never do counts as 3
- Two settings tie in a criterion where the 95 % interval of their difference, paired by seed, holds 0; each is held \
against the best one left. The next criterion decides between them; those that tie in all of them share a place. \
One such comparison takes equals for different in 5 % of cases.
"""


class TestSentences:
    def test_more_pairs_than_are_shown(self) -> None:
        many = [signal(2, 1.0 + k) for k in range(PAIRS + 3)]
        blocks = comparison_blocks(compare(sweep(*many), sweep(*many, seeds=[1, 2, 5])))
        assert len([block for block in blocks if block.header[:1] == ("quantity",)]) == PAIRS
        (cells,) = (block for block in blocks if block.title == "Cells")
        assert cells.sentences == (
            "matched: cells with the same network.bias (what is swept in either: a fixed value counts); 15 pairs",
            "the first 12 pairs are shown; --json has all",
        )

    def test_more_places_than_are_shown(self) -> None:
        order, *_ = ranking_blocks(rank(sweep(*(signal(2, 10.0**k) for k in range(PLACES + 2)))))
        assert len(order.rows) == PLACES
        assert "the first 40 are shown; --json has all" in order.sentences

    def test_cells_without_a_partner(self) -> None:
        cells = [signal(2, 1.0 + k) for k in range(12)]
        (found,) = (
            block for block in comparison_blocks(compare(sweep(*cells), sweep(*cells[:2]))) if block.title == "Cells"
        )
        assert found.sentences[1] == (
            "left out of A, without a partner: value=2; value=3; value=4; value=5; value=6; value=7; value=8; value=9 "
            "and 2 more"
        )

    def test_whether_pairing_helps(self) -> None:
        a = make_result({"act_q": [1, 1, [1, 10, 100, 1000]]}, seeds=range(4))
        near = make_result({"act_q": [1, 1, [1, 11, 100, 1100]]}, seeds=range(4))
        other = make_result({"act_q": [1, 1, [1000, 1, 100, 10]]}, seeds=range(4))
        assert "pairing by seed helps" in text(comparison_blocks(compare(a, near)))
        assert "pairing by seed does not help" in text(comparison_blocks(compare(a, other)))

    def test_no_setting_differs(self) -> None:
        one = make_result(signal(2))
        assert "- no setting differs\n" in text(comparison_blocks(compare(one, one)))

    @pytest.mark.parametrize(
        ("end", "shown"), [(1e-310, "1e-310"), (0.0, "| 0 |"), (1e300, "1e+300"), (1.5, "| 1.5 |")]
    )
    def test_numbers_of_any_size(self, end: float, shown: str) -> None:
        a, b = make_result({"act_q": [1, 1, 1.0]}), make_result({"act_q": [1, 1, end]}, dtype="float64")
        assert shown in text(comparison_blocks(compare(a, b, ["act_q"])))

    def test_factors_beyond_all_numbers(self) -> None:
        a, b = make_result({"act_q": [1, 1, 1e-300]}), make_result({"act_q": [1, 1, 2e300]}, dtype="float64")
        assert "x 2e+600" in text(comparison_blocks(compare(a, b, ["act_q"])))
