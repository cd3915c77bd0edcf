"""The gallery of published results, as a page of Markdown: a picture, the command and the numbers of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..values import frozen
from .csvtext import Value
from .markdown import escape, table
from .papers import Comparison, Paper

PAGE = "README.md"
_HEAD = """\
# Published results

Figures and tables of papers and courses, measured again: each by the command under its picture, all of them by
`initbench papers --all`, which writes this page too. Published is what the paper gives, predicted what theory says of
so many layers of that width, measured the mean over networks. The configs, with their tolerances, are in
`configs/papers/`.
"""
_ANSWERS = {True: "yes", False: "no", None: "nothing to judge by"}
_PICTURES = (
    ("gradient_cosine", "cosine"),
    ("jacobian", "jacobian"),
    ("jacobian", "metrics"),
    ("layer_jacobian", "metrics"),
    ("cosine", "cosine"),
    ("grad", "gradients"),
    ("weight_grad", "gradients"),
    ("backward", "gradients"),
    ("loss", "training"),
    ("accuracy", "training"),
    ("final_loss", "training"),
    ("final", "trainability"),
    ("final", "training"),
    ("test", "trainability"),
    ("test", "training"),
    ("act_var", "histograms"),
    ("", "variance"),
)
"""What a claim's metric begins with, and the picture that shows it; the first that fits."""


@frozen
class Entry:
    """A paper with its results. folder: where they are, from the page; drawn: its pictures' stems."""

    paper: Paper
    folder: str
    drawn: Sequence[str]
    comparisons: Sequence[Comparison]


def shown(value: Value) -> str:
    """A number in five digits, a text as it is, blank for None."""
    return "" if value is None else f"{value:.5g}" if isinstance(value, int | float) else value


def picture(entry: Entry) -> str | None:
    """The stem of the picture that shows what most claims are about, of those that were drawn."""
    order = list(dict.fromkeys(stem for _, stem in _PICTURES if stem in entry.drawn))
    votes = Counter(_shows(claim.metric, order) for claim in entry.paper.experiment.expect)
    return max(order, key=lambda stem: votes[stem], default=entry.drawn[0] if entry.drawn else None)


def _shows(metric: str, drawn: Sequence[str]) -> str:
    return next((stem for head, stem in _PICTURES if metric.startswith(head) and stem in drawn), "")


def page(entries: Sequence[Entry]) -> str:
    """The page of these papers, in their order."""
    return "\n".join([_HEAD, *map(_section, entries)])


def _section(entry: Entry) -> str:
    paper = entry.paper
    text = paper.experiment.description.partition(": ")[2]
    stem = picture(entry)
    image = f"![{paper.name}]({entry.folder}/plots/{stem}.png)\n\n" if stem else ""
    holds = sum(one.passes is True for one in entry.comparisons)
    rows = [
        (one.claim, *map(shown, (one.published, one.predicted, one.measured)), _ANSWERS[one.passes])
        for one in entry.comparisons
    ]
    numbers = table(("claim", "published", "predicted", "measured", "passes"), rows)
    heading = f"**{escape(paper.source)}, {escape(paper.place)}.** {escape(text[:1].upper() + text[1:])}"
    return (
        f"## {paper.name}\n\n{heading}\n\n"
        f"{image}```sh\ninitbench papers {paper.name}\n```\n\n"
        f"<details><summary>{holds} of {len(entry.comparisons)} claims hold</summary>\n\n{numbers}\n</details>\n"
    )
