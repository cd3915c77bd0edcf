"""What a comparison has to do without, where a folder does not keep all that its run measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .measured import Opened

LEFT_OUT, NOT_KEPT = "output: {layers: false}", "its run wrote it, the folder does not keep it"


def comparison_notes(a: Opened, b: Opened) -> Iterator[str]:
    """Which tables are missing of two results, and what their intervals rest on instead."""
    named = (("A", a), ("B", b))
    when = " as they start" if a.by_network and b.by_network else ""
    if missing := _without_layers(named):
        yield (
            f"{missing}: networks cannot be paired{when}. Intervals are Welch's, from summary.csv; mean squares are "
            "compared by their means over networks, and drifts, by those of cells.csv, have no interval"
        )
    if missing := _without_summary(named):
        yield f"{missing}: drifts are compared by cells.csv, and other metrics not at all"
    if missing := _without(named, "training.csv"):
        yield f"{missing}: what training came to is compared by the means of cells.csv, without intervals"


def ranking_notes(results: Sequence[Opened]) -> Iterator[str]:
    """The same for results that are ranked. One that has no rows of its networks takes theirs from all."""
    named = tuple((one.title, one) for one in results)
    if missing := _without_layers(named):
        yield (
            f"{missing}: ranked by the means of summary.csv and cells.csv, without intervals, and so without ties but "
            "for equal numbers"
        )
    if missing := _without_summary(named):
        yield (
            f"{missing}: its drifts are those of cells.csv, its networks are lost all or none, as the verdict says, "
            "and the other criteria do not count"
        )


def _without(named: Sequence[tuple[str, Opened]], table: str) -> str:
    """Who lost a table that its run wrote; empty where nobody did."""
    return _said([name for name, one in named if table in one.absent], table, NOT_KEPT)


def _without_layers(named: Sequence[tuple[str, Opened]]) -> str:
    never = [name for name, one in named if not one.raw and "layers.csv" not in one.absent]
    found = (_said(never, "layers.csv", LEFT_OUT), _without(named, "layers.csv"))
    return "; ".join(filter(None, found))


def _without_summary(named: Sequence[tuple[str, Opened]]) -> str:
    """Rows of the networks are as good as a summary."""
    return _without([(name, one) for name, one in named if not one.raw], "summary.csv")


def _said(names: Sequence[str], table: str, why: str) -> str:
    return f"{' and '.join(names)} ha{'ve' if len(names) > 1 else 's'} no {table} ({why})" if names else ""
