"""The section on theory: its formulas, what it predicts for these settings, and everything that was used, with its
papers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from initbench.theory.phases import MEANINGS
from initbench.theory.points import Point

from .content import Content
from .formulas import Formula, mean_field, typeset
from .markup import Children, Markup, element
from .sheets import sheet
from .used import Used, used

KINDS = {
    "initializer": "Initializers of the weights",
    "bias initializer": "Initializers of the biases",
    "activation": "Activations",
    "input": "Inputs",
    "data": "Data to train on",
    "loss": "Losses",
    "optimizer": "Optimizers",
}
_SETTINGS = 3
"""Settings of a point that are named; of more, how many there are."""
_NAMED = 6
"""Parameters of a law that are named, likewise."""
_COMPARED = (
    "theory_z holds the measured means against theory's: the largest departure of a setting, in standard errors, "
    "corrected for how many means are compared (Sidak 1967). Where theory holds, it passes 3 in at most 3 settings of "
    "1000. The spread over seeds that it is measured by is theory's own, for networks of this width "
    "(Hanin, Rolnick 2018 for relu; derived in the same way for the others)."
)


def theory(content: Content) -> list[Markup]:
    """The section's parts."""
    entries = used(content.experiment)
    return [
        element("h3", "What was used, and whose it is"),
        *_catalogue(entries),
        element("h3", "What mean-field theory says"),
        element(
            "p",
            "Of infinitely wide networks at their start. E is the mean over g, a standard normal number; z₁ and z₂ are "
            "normal with correlation c.",
        ),
        element("div", map(_formula, mean_field()), class_="formulas"),
        *_points(content),
        element("p", _COMPARED),
    ]


def _formula(one: Formula) -> Markup:
    return element(
        "div",
        element("h4", one.title),
        element("div", one.maths, class_="scroll", tabindex=0, role="region", aria_label=f"Formula: {one.title}"),
        element("p", typeset(one.meaning), " ", element("cite", one.source), "."),
        class_="formula",
    )


def _catalogue(entries: Sequence[Used]) -> Iterator[Markup]:
    for kind, title in KINDS.items():
        if chosen := [one for one in entries if one.kind == kind]:
            yield element("h4", title)
            laws = groupby(sorted(chosen, key=_law), key=_law)
            yield element("dl", [element("div", _entry(list(alike))) for _, alike in laws], class_="used")
    metrics = [one for one in entries if one.kind == "metric"]
    if metrics:
        table = sheet(
            "metrics",
            "What is measured at every layer of every network.",
            ["metric", "what it is", "what it tells"],
            [
                [one.label, typeset(one.equation), one.purpose + (f" ({one.source})" if one.source else "")]
                for one in metrics
            ],
            left=1,
        )
        yield element("details", element("summary", f"The {len(metrics)} metrics and what they mean"), table)


def _measures(metric: Used) -> str:
    return metric.purpose + (f" ({metric.source})" if metric.source else "")


def _law(one: Used) -> tuple[str, ...]:
    """What entries of one record share, whatever their parameters."""
    return (one.source, one.equation, one.purpose, one.note)


def _entry(alike: Sequence[Used]) -> tuple[Children, ...]:
    """A law, with the numbers of all the parameters that it was used with."""
    one = alike[0]
    equation = ("φ(z) = ", typeset(one.equation)) if one.kind == "activation" else typeset(one.equation)
    shown = alike[:_NAMED]
    more = len(alike) - len(shown)
    said = [element("li", element("b", each.label), ": ", _numbers(each)) for each in shown if each.numbers]
    lines: list[Children] = [
        element("p", equation, class_="law"),
        element("p", typeset(_sentence(one.purpose))) if one.purpose else None,
        element("ul", said) if said else None,
        element("p", f"And {more} more like it.") if more else None,
        element("p", typeset(_sentence(f"note: {one.note}"))) if one.note else None,
        element("p", element("cite", one.source)) if one.source else None,
    ]
    names = ", ".join(each.label for each in shown) + (f" and {more} more" if more else "")
    return element("dt", names), element("dd", lines)


def _numbers(one: Used) -> Markup:
    return typeset(", ".join(f"{what} {value}" for what, value in one.numbers) + ".")


def _points(content: Content) -> Iterator[Markup]:
    """Where these settings stand in the plane of sigma_w and sigma_b."""
    points = content.points
    if points.points:
        yield sheet(
            "predictions",
            "What theory predicts for these settings, from a mean square of 1 on; – where there is no such number.",
            [*map(typeset, ("activation", "σ_w", "σ_b", "phase", "χ", "q*", "c*", "ξ_q", "ξ_c", "settings"))],
            [_row(point) for point in points.points],
            left=1,
            cut=f"The first {len(points.points)} of {len(points.points) + points.more} points." if points.more else "",
        )
        phases = dict.fromkeys(point.field.phase for point in points.points)
        yield element("ul", [element("li", element("b", phase), f": {MEANINGS[phase]}.") for phase in phases])
        notes = dict.fromkeys(note for point in points.points for note in point.field.notes)
        if notes:
            yield element(
                "details",
                element("summary", "Remarks on these predictions"),
                element("ul", [element("li", note) for note in notes]),
            )
    reasons: dict[str, list[str]] = {}
    for label, why in points.nowhere:
        reasons.setdefault(why, []).append(label)
    for why, labels in reasons.items():
        where = f" of {_few(labels)}" if any(labels) else ""
        yield element("p", typeset(_sentence(f"no such prediction{where}: {why.replace('sigma_', 'σ_')}")))


def _row(point: Point) -> list[Children]:
    field = point.field
    numbers = (field.chi, field.q_star, field.c_star, field.xi_q, field.xi_c)
    return [
        point.activation,
        f"{point.sigma_w:.4g}",
        f"{point.sigma_b:.4g}",
        element("b", field.phase),
        *(_number(number) for number in numbers),
        _few(point.settings) or "all",
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return "∞" if math.isinf(value) else f"{value:.4g}"


def _few(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _SETTINGS} more" if len(labels) > _SETTINGS else ""
    return "; ".join(labels[:_SETTINGS]) + more


def _sentence(text: str) -> str:
    """With a capital and a full stop, whether the record had them or not."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
