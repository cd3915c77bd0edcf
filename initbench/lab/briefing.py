"""A report in GitHub's Markdown, for a pull request: what was asked, what came out, what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .account import Account
from .expectations import PASSED, Outcome
from .markdown import escape, table
from .overview import overview
from .theory_words import theory_summary

ROWS = 40
"""Rows of a table; the rest stand in cells.csv."""


def briefing(found: Account, pictures: Mapping[str, str], unlinked: Sequence[str] = ()) -> str:
    """The text. pictures: the question that each answers, by its link; unlinked: lines in Markdown on those that are
    left out."""
    manifest = found.tables.manifest
    paragraphs = [
        f"# {escape(found.experiment.name)}",
        escape(found.experiment.description),
        escape(str(manifest.get("title", ""))),
        *_verdict(found),
        *_expectations(found.outcomes),
        *_pictures(pictures, unlinked),
        _provenance(manifest),
    ]
    return "\n\n".join(paragraph.strip() for paragraph in paragraphs if paragraph.strip()) + "\n"


def _verdict(found: Account) -> Iterator[str]:
    """The table of all settings, and the sentences of the first without their remarks, which are indented."""
    yield "## Verdict"
    header, rows = overview(found.cells, found.tables.axes)
    yield "Mean squares over the depth, as ratios: forward of the activations, backward of the gradients."
    yield table(header, rows[:ROWS])
    if len(rows) > ROWS:
        yield f"The first {ROWS} of {len(rows)} rows; all of them stand in cells.csv."
    labels = [grid.label for grid in found.experiment.cells]
    for label, said in zip(labels, found.sentences, strict=False):
        told = [escape(sentence) for sentence in said if not sentence.startswith(" ")]
        if told:
            title = [f"**{escape(label)}**\n"] if label else []
            yield "\n".join([*title, *(f"- {sentence}" for sentence in told)])
    if len(rows) > 1:
        yield f"{theory_summary(found.cells).capitalize()}."


def _expectations(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if outcomes:
        passed = sum(outcome.status == PASSED for outcome in outcomes)
        yield "## Expectations"
        yield f"{passed} of {len(outcomes)} hold."
        yield table(
            ("outcome", "expectation", "found"),
            [(outcome.status, outcome.expectation.name, outcome.message) for outcome in outcomes],
        )


def _pictures(pictures: Mapping[str, str], unlinked: Sequence[str]) -> Iterator[str]:
    if pictures or unlinked:
        yield "## Pictures"
    yield from unlinked
    for link, question in pictures.items():
        yield f"![{escape(question)}](<{link}>)"


def _provenance(manifest: dict[str, Any]) -> str:
    """What computed it, in a line."""
    code = manifest.get("code") or {}
    parts = [
        f"initbench {manifest.get('initbench', '')}",
        f"code {str(code['sha'])[:12]}{' with changes' if code.get('dirty') else ''}" if code.get("sha") else "",
        *(f"{name} {manifest[key]}" for key, name in (("numpy", "NumPy"), ("python", "Python")) if key in manifest),
        str(manifest.get("platform", "")),
    ]
    return f"<sub>{escape(', '.join(filter(None, parts)))}</sub>"
