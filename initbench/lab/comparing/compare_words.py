"""Comparisons and rankings for readers: headings, sentences and tables, the same on the console and in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from ...values import frozen
from .. import markdown
from .compare import PAIRED, Comparison, Difference, Pair
from .criteria import ALIKE_AT, DEAD, LOST
from .ends import DIVERGED, ENDS, FELL
from .intervals import LEVEL, Interval
from .quantities import BACKWARD, FORWARD
from .ranking import TIES, Ranking, Standing
from .settings import Differing

PAIRS, LEFT_OUT, PLACES = 12, 8, 40
"""What is written out of each; of more, --json has all."""


@frozen
class Block:
    """A heading, a table and sentences under it, each of which may be missing. left: columns of text, from the left."""

    title: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    sentences: tuple[str, ...] = ()
    left: int = 1


def as_markdown(blocks: Sequence[Block]) -> str:
    """A document: the first heading is its title."""
    parts = []
    for place, block in enumerate(blocks):
        if block.title:
            parts.append(f"{'#' if place == 0 else '##'} {markdown.escape(block.title)}\n")
        if block.rows:
            parts.append(markdown.table(block.header, block.rows))
        if block.sentences:
            parts.append("".join(f"- {markdown.escape(sentence)}\n" for sentence in block.sentences))
    return "\n".join(parts)


def comparison_blocks(comparison: Comparison) -> tuple[Block, ...]:
    """Settings that differ, then every pair of cells, then what it rests on."""
    a, b = comparison.names
    return (
        Block("Two results compared", sentences=(f"A: {a}", f"B: {b}")),
        _settings(comparison.settings, ("A", "B")),
        Block("Cells", sentences=tuple(_matching(comparison))),
        *(_pair(pair) for pair in comparison.pairs[:PAIRS]),
        Block("What this rests on", sentences=(*_reading(comparison), *comparison.notes)),
    )


def _settings(settings: Sequence[Differing], names: tuple[str, ...]) -> Block:
    rows = tuple((one.key, *one.values) for one in settings)
    same = () if rows else ("no setting differs",)
    return Block("Settings that differ", ("setting", *names), rows, same, left=1 + len(names))


def _matching(comparison: Comparison) -> Iterator[str]:
    count = len(comparison.pairs)
    yield f"matched: {comparison.matched}" + (f"; {count} pairs" if count > 1 else "")
    for name, labels in zip("AB", comparison.left_out, strict=True):
        if labels:
            more = f" and {len(labels) - LEFT_OUT} more" if len(labels) > LEFT_OUT else ""
            shown = "; ".join(label or "its only cell" for label in labels[:LEFT_OUT])
            yield f"left out of {name}, without a partner: {shown}{more}"
    if count > PAIRS:
        yield f"the first {PAIRS} pairs are shown; --json has all"


def _pair(pair: Pair) -> Block:
    a, b = (label or "its only cell" for label in pair.labels)
    title = "Measurements" if pair.labels == ("", "") else f"A: {a}; B: {b}" if a != b else a
    header = ("quantity", "pairs", "A", "B", "B against A", "95 % interval", "differs", "remarks")
    blank = (f"not compared, as not there in both: {'; '.join(pair.unmeasured)}",) if pair.unmeasured else ()
    rows = tuple(map(_row, pair.differences))
    return Block(title, header, rows, (*_verdicts(pair), *_count(pair), *_gain(pair), *blank))


def _row(row: Difference) -> tuple[str, ...]:
    shown = _factor if row.factor else _plain
    apart = ("", "") if not row.how else (_apart(row, row.difference), _between(row))
    n = "" if not row.how else str(row.n[0]) if row.how == PAIRED else f"{row.n[0]} and {row.n[1]}"
    differs = "" if math.isnan(row.low) else "yes" if row.differs else "no"
    return (row.quantity, n, shown(row.a), shown(row.b), *apart, differs, "; ".join(row.notes))


def _apart(row: Difference, number: float) -> str:
    return f"x {_factor(number)}" if row.factor else f"{number:+.4g}"


def _between(row: Difference) -> str:
    return "" if math.isnan(row.low) else f"{_apart(row, row.low)} to {_apart(row, row.high)}"


def _plain(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.4g}"


def _factor(decades: float) -> str:
    """10^decades, whatever the range of numbers."""
    if math.isnan(decades):
        return ""
    if abs(decades) < 300 or math.isinf(decades):
        return f"{10**decades:.4g}"
    whole = math.floor(decades)
    digits = f"{10 ** (decades - whole):.4g}"
    return f"{digits}e{whole:+d}" if digits != "10" else f"1e{whole + 1:+d}"


def _verdicts(pair: Pair) -> Iterator[str]:
    a, b = pair.verdicts
    if a or b:
        yield f"verdict: {a or 'none'} in both" if a == b else f"verdict: {a or 'none'} in A, {b or 'none'} in B"


def _count(pair: Pair) -> Iterator[str]:
    judged = [row for row in pair.differences if not math.isnan(row.low)]
    if judged:
        differ = sum(row.differs for row in judged)
        chance = (1 - LEVEL) * len(judged)
        yield f"{differ} of {len(judged)} quantities differ; by chance alone about {chance:.1g} would"


def _gain(pair: Pair) -> Iterator[str]:
    """Whether it helps that networks of the same seed have something in common."""
    paired = [row for row in pair.differences if row.how == PAIRED and not math.isnan(row.narrower)]
    known = [row.correlation for row in paired if not math.isnan(row.correlation)]
    if not known:
        return
    narrower, r = median(row.narrower for row in paired), median(known)
    if narrower > 1.05:
        yield f"pairing by seed helps: intervals are {narrower:.2g} times narrower (median; correlation {r:.2f})"
    else:
        yield f"pairing by seed does not help: networks of one seed have little in common (median correlation {r:.2f})"


def _reading(comparison: Comparison) -> Iterator[str]:
    rows = [row for pair in comparison.pairs for row in pair.differences]
    if any(row.how == PAIRED for row in rows):
        yield (
            "each network of A is held against the network of B with the same seed; "
            "the interval is Student's, 95 %, of the mean difference"
        )
        if any(row.factor for row in rows):
            yield (
                "mean squares and their ratios are compared by logarithms: A and B are geometric means over networks, "
                "and B against A is a factor"
            )
    if any(row.quantity.startswith((FORWARD, BACKWARD)) for row in rows):
        yield (
            "forward drift: act_q of the last layer over that of the first; "
            "backward drift: grad_q of the first layer over that of the last"
        )
    if any(row.quantity in ENDS for row in rows):
        yield (
            f"{', '.join(name for name in ENDS if any(row.quantity == name for row in rows))}: at the last step of "
            "training, of the examples that were trained on or kept for the test; all else is measured before training"
        )
    if any("diverged" in note for row in rows if row.quantity in ENDS for note in row.notes):
        yield FELL


def ranking_blocks(ranking: Ranking) -> tuple[Block, ...]:
    """The order with every criterion's value, the rule, and the settings in which the results differ."""
    columns = list(_columns(ranking))
    header = ("place", "setting", *(_heading(name, ranking) for name in columns), "behind in", "verdict")
    rows = tuple(_place(one, columns, ranking) for one in ranking.standings[:PLACES])
    order = Block(f"{len(ranking.standings)} settings, best first", header, rows, tuple(_under(ranking)), left=2)
    rules = (*(f"criterion {place}, {rule}" for place, rule in enumerate(ranking.rules, 1)), TIES, *ranking.notes)
    rule = Block("How they are ranked", sentences=rules)
    return (order, rule, _settings(ranking.settings, ranking.names)) if ranking.settings else (order, rule)


def _columns(ranking: Ranking) -> Iterator[str]:
    """Criteria that were measured; of trained networks loss, accuracy and test, and the share that diverged if any."""
    there = {name for one in ranking.standings for name in one.scores}
    fell = any(one.scores[DIVERGED].mean > 0 for one in ranking.standings if DIVERGED in one.scores)
    test = "test_accuracy" if "test_accuracy" in there else "test_loss"
    shown = (LOST, FORWARD, BACKWARD, DEAD, ALIKE_AT, *([DIVERGED] if fell else []))
    yield from (name for name in (*shown, "final_loss", "final_accuracy", test) if name in there)


def _heading(name: str, ranking: Ranking) -> str:
    if name not in (FORWARD, BACKWARD):
        return name
    return name.removesuffix(" drift") + (", decades a layer" if ranking.a_layer else ", decades")


def _place(one: Standing, columns: Sequence[str], ranking: Ranking) -> tuple[str, ...]:
    place = f"{one.place} (tie)" if one.tied else str(one.place)
    scores = (_score(name, one.scores[name], ranking.depth) if name in one.scores else "" for name in columns)
    return (place, one.label, *scores, one.decided, one.verdict)


def _score(name: str, score: Interval, depth: int) -> str:
    if math.isnan(score.mean):
        return ""
    if name == ALIKE_AT and score.mean == depth + 1:
        return f"> {depth}"
    percent = name in (LOST, DEAD, DIVERGED)
    size, unit = (100, " %") if percent else (1, "")
    spread = f" ± {size * score.half:.2g}" if score.half > 0 else ""
    return f"{size * score.mean:.3g}{spread}{unit}"


def _under(ranking: Ranking) -> Iterator[str]:
    first = [one.label for one in ranking.standings if one.place == 1]
    if len(first) == 1:
        yield f"first: {first[0]}"
    else:
        more = f" and {len(first) - LEFT_OUT} more" if len(first) > LEFT_OUT else ""
        yield f"first, and not to be told apart: {'; '.join(first[:LEFT_OUT])}{more}"
    if len(ranking.standings) > PLACES:
        yield f"the first {PLACES} are shown; --json has all"
    if ranking.unranked:
        more = f" and {len(ranking.unranked) - LEFT_OUT} more" if len(ranking.unranked) > LEFT_OUT else ""
        yield f"not ranked, since they failed: {'; '.join(ranking.unranked[:LEFT_OUT])}{more}"
