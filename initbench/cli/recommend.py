"""`initbench recommend`: which initializer for this activation, with which gain, and why."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import emit_json, note, table

if TYPE_CHECKING:
    from ..catalogue.initializers import Initializer
    from ..theory.drift import Drift
    from ..theory.recommend import Candidate, Recommendation


LINE = 110
MUCH = 10.0  # a drift that is no recommendation by itself
NOTHING = "-"
NOTES = (
    "forward and backward: the mean square at the end over that at the beginning, in infinitely wide networks",
    "drift: how far a typical network of this width is off at the end, in its worse direction, either way; with a ? "
    "beyond the range in which the spread of finite width is claimed to hold",
    "initializers in one line have one variance where fan_in = fan_out: they tie, and are told apart by width alone",
)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("recommend")(recommend)


def recommend(
    activation: Annotated[str, typer.Argument(metavar="ACTIVATION", help="An activation, e.g. gelu or torch:silu.")],
    depth: Annotated[int, typer.Option("--depth", min=2, max=10_000, help="Layers of the network.")] = 50,
    width: Annotated[int, typer.Option("--width", min=2, help="Units of each layer.")] = 512,
    params: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="KEY=VALUE", help="A parameter of the activation."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No notes.")] = False,
) -> None:
    """Say which initializer suits ACTIVATION over that depth and width, with which gain and why.

    The usual initializers are ranked by how far theory predicts signals and gradients to drift.
    """
    from ..theory import recommend
    from .theory import named

    found = recommend.recommend(named(activation, params or []), depth, width)
    if as_json:
        emit_json(_document(found))
        return
    _say(found)
    if not quiet:
        for text in NOTES:
            note(f"note: {text}")


def _yaml(initializer: Initializer) -> str:
    """The initializer as a config writes it: `he_normal`, `{name: lecun_normal, gain: 1.5}`."""
    defaults = {parameter.name: parameter.default for parameter in initializer.record.parameters}
    changed = [f"{name}: {value}" for name, value in initializer.params if value != defaults[name]]
    return f"{{name: {', '.join([initializer.name, *changed])}}}" if changed else initializer.name


def _lines(candidate: Candidate) -> list[str]:
    """What a config's `network:` says."""
    bias = [] if candidate.bias is None else [f"bias: {_yaml(candidate.bias)}"]
    return [f"initializer: {_yaml(candidate.initializers[0])}", *bias]


def _say(found: Recommendation) -> None:
    typer.echo(f"{found.activation.label}, {found.depth} layers of width {found.width}")
    if found.best is None:
        typer.echo(f"\nbiases 0: no initializer keeps signals and gradients over {found.depth} layers")
    for choice in (found.best, found.biased):
        if choice is not None:
            _say_choice(choice)
    typer.echo("")
    for text in found.reasons:
        typer.echo(textwrap.fill(text, LINE, subsequent_indent="  "))
    typer.echo("")
    rows = [
        (
            str(one.rank),
            ", ".join(initializer.label for initializer in one.initializers),
            f"{one.sigma_w:.4g}",
            _factor(one.drifts.forward.ratio),
            _factor(one.drifts.backward.ratio),
            _typical(one.drifts.worse),
            "; ".join(one.meanings),
        )
        for one in found.ranking
    ]
    table(("rank", "initializers", "sigma_w", "forward", "backward", "drift", "known for"), rows, left=2)
    if any(NOTHING in row for row in rows):
        typer.echo(f"{NOTHING}: nothing arrives, or nothing is finite")


def _say_choice(choice: Candidate) -> None:
    biases = "biases 0" if choice.bias is None else "with random biases"
    forward, backward = choice.drifts.forward.typical, choice.drifts.backward.typical
    if max(forward, backward) == math.inf:
        said = f"at best, signals of a typical network drift by {_held(forward)}, gradients by {_held(backward)}"
    else:
        hedge = "at best, " if max(forward, backward) > MUCH else ""
        said = (
            f"{hedge}signals of a typical network end within a factor of {forward:.3g} of where they began, "
            f"gradients of {backward:.3g}"
        )
    typer.echo(f"\n{biases}: {said}")
    for line in _lines(choice):
        typer.echo(f"  {line}")


def _held(drift: float) -> str:
    return "more than numbers hold" if drift == math.inf else f"a factor of {drift:.3g}"


def _factor(ratio: float) -> str:
    return NOTHING if math.isnan(ratio) else f"{ratio:.3g}"


def _typical(drift: Drift) -> str:
    """`x2.7`; with a question mark where theory does not vouch for it, `-` where nothing arrives or all overflows."""
    if drift.typical == math.inf:
        return NOTHING
    return f"x{drift.typical:.3g}{'' if drift.within else '?'}"


def _document(found: Recommendation) -> dict[str, Any]:
    return {
        "activation": found.activation.label,
        "depth": found.depth,
        "width": found.width,
        "recommended": _candidate(found.best) if found.best else None,
        "with_biases": _candidate(found.biased) if found.biased else None,
        "second_moment_gain": asdict(found.keeping) | {"stable": found.keeping.stable} if found.keeping else None,
        "chi_one_gains": [asdict(point) for point in found.critical],
        "torch_gain": found.torch,
        "ranking": [_candidate(one) for one in found.ranking],
        "reasons": list(found.reasons),
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "rank": one.rank,
        "yaml": _lines(one),
        "sigma_w": one.sigma_w,
        "initializers": [{"name": each.name, **dict(each.params)} for each in one.initializers],
        "known_for": list(one.meanings),
        "forward": _drift(one.drifts.forward),
        "backward": _drift(one.drifts.backward),
        "drift": one.drifts.typical,
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {"ratio": drift.ratio, "drift": drift.typical, "state": drift.state, "within": drift.within}
