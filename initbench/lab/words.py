"""The verdict in words that a student understands, with its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from ..spec import Cell, VerdictRules
from .summary import Summary
from .verdict import Drift, Verdict


def sentences(cell: Cell, verdict: Verdict, summary: Summary, rules: VerdictRules) -> tuple[str, ...]:
    """What happened in a cell, most important first."""
    return tuple(_sentences(cell, verdict, summary, rules))


def in_turn(cells: Iterable[Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """The sentences of one cell after another: of a remark, which is indented, that an earlier cell had too, only the
    first sentence. It is no less true of this cell, but its why has been said."""
    said: set[str] = set()
    for told in map(tuple, cells):
        yield tuple(_first(text) if text.startswith(" ") and text in said else text for text in told)
        said.update(told)


def _first(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.strip()


def _sentences(cell: Cell, verdict: Verdict, summary: Summary, rules: VerdictRules) -> Iterator[str]:
    if "overflow" in verdict.flags:
        yield _overflow(cell, verdict)
    if "symmetric" in verdict.flags:
        yield (
            "All units of a layer compute the same thing (distinct_units = 1): the symmetry is not broken, "
            "and equal units get equal updates."
        )
    if "dead" in verdict.flags:
        layer = _worst(summary, "dead_fraction")
        share = summary.of("mean", "dead_fraction")[layer]
        yield (
            f"Layer {layer} has {share:.0%} dead units: zero output and zero slope for every input, "
            "so they cannot learn."
        )
    if cell.network.depth == 1:
        yield from _single_layer(summary)
    else:
        yield from _directions(cell, verdict, summary, rules)
    if "saturated" in verdict.flags:
        layer = _worst(summary, "saturated_fraction")
        share = summary.of("mean", "saturated_fraction")[layer]
        yield (
            f"Layer {layer} has {share:.0%} of its units on the flat part of the activation, "
            "where the slope is under 1 % of its largest."
        )
    yield from _certainty(verdict)


def _single_layer(summary: Summary) -> Iterator[str]:
    """One layer has no drift; its own mean squares are what there is to say."""
    names = {"preact_q": "preactivations", "act_q": "activations", "grad_q": "gradients"}
    values = {what: summary.of("mean", metric)[1] for metric, what in names.items()}
    said = [f"{what} {_number(value)}" for what, value in values.items() if math.isfinite(value)]
    if said:
        yield f"A single layer has no drift over depth. Its mean squares: {', '.join(said)}."


def _directions(cell: Cell, verdict: Verdict, summary: Summary, rules: VerdictRules) -> Iterator[str]:
    """Both ways, as far as they were measured."""
    if "act_q" in summary.metrics:
        yield from _direction("Forward", "activations", verdict.forward, rules.factor, cell.network.depth)
    if not cell.backward or "grad_q" not in summary.metrics:
        return
    if verdict.broken_share == 1 and math.isnan(verdict.backward.ratio):
        yield "Backward: not measured, since no network came through."
    else:
        yield from _direction("Backward", "gradients", verdict.backward, rules.factor, cell.network.depth)


def _overflow(cell: Cell, verdict: Verdict) -> str:
    broken = round(verdict.broken_share * verdict.seeds)
    who = "Every network leaves" if broken == verdict.seeds else f"{broken} of {verdict.seeds} networks leave"
    return f"{who} the range of {cell.dtype} numbers: the first at layer {verdict.broken_layer}."


def _direction(way: str, what: str, drift: Drift, factor: float, depth: int) -> Iterator[str]:
    """How the signal fares in one direction: ratio, rate, and the depth of a thousandfold change."""
    path = f"from layer 1 to layer {depth}" if way == "Forward" else f"from layer {depth} to layer 1"
    if math.isnan(drift.ratio):
        yield f"{way}: nothing to compare: the {what} are 0, or beyond all numbers, from the start."
        return
    if drift.ratio == 0:
        end = depth if way == "Forward" else 1
        yield f"{way}: vanishing. The {what} are exactly 0 at layer {end}: nothing arrives there."
        return
    if math.isinf(drift.ratio):
        yield f"{way}: exploding. The {what} grow beyond all numbers."
        return
    change = f"The mean square of the {what} is {_change(drift.ratio)} {path}"
    text = f"{way}: {drift.state}. {change}, a factor {drift.rate:.4g} per layer"
    if drift.state == "stable":
        yield f"{text}{_slow(drift)}."
    else:
        yield f"{text}: a thousandfold every {_layers(drift.thousandfold)}."
    yield from _mean_against_median(what, drift, factor)


def _change(ratio: float) -> str:
    if 0.995 < ratio < 1.005:
        return "unchanged"
    if ratio >= 1 or math.isinf(1 / ratio):  # the smallest of ratios have no reciprocal
        return f"multiplied by {_number(ratio)}"
    return f"divided by {_number(1 / ratio)}"


def _slow(drift: Drift) -> str:
    """When a slow drift would matter; not said of one that the spread over seeds explains."""
    noise = not abs(math.log(drift.ratio)) > 2 * drift.spread and not math.isnan(drift.spread)
    if noise or not drift.thousandfold < 1e4:
        return ""
    return f" (a thousandfold would take {_layers(drift.thousandfold)})"


def _layers(number: float) -> str:
    if number < 1:
        return f"{number:.2g} layers"
    return f"{number:.1f} layers" if number < 20 else f"{number:.0f} layers"


def _mean_against_median(what: str, drift: Drift, factor: float) -> Iterator[str]:
    """A mean that stays while the median falls is what finite width does, not a bad initializer."""
    if not (0 <= drift.median < math.inf) or drift.state != "stable":
        return
    if drift.median < 0.5 * drift.ratio:
        yield (
            f"  The typical (median) network keeps less: a factor {_number(drift.median)} in all, "
            f"against {_number(drift.ratio)} for the mean. That is the spread of finite width "
            "(a few networks carry the mean), not a fault of the initializer; wider layers narrow it."
        )


def _certainty(verdict: Verdict) -> Iterator[str]:
    if verdict.seeds == 1:
        yield "One network has no error bars: raise `seeds` to see the spread."
    for way in verdict.undecided:
        yield f"{verdict.seeds} seeds are too few to tell whether the {way} signal passes the threshold: raise `seeds`."


def _worst(summary: Summary, metric: str) -> int:
    values = summary.of("mean", metric)
    return max(range(len(values)), key=lambda layer: -math.inf if math.isnan(values[layer]) else values[layer])


def _number(number: float) -> str:
    return f"{number:.3g}"
