"""`initbench theory`: what infinitely wide networks do at a point of the plane, and what a config should measure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import emit_json, note, table

if TYPE_CHECKING:
    from ..catalogue.activations import Activation
    from ..theory.mean_field import MeanField

SIGMA_BS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Where the critical line is shown when no point of the plane is asked for."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("theory")(theory)


def theory(
    activation: Annotated[
        str | None, typer.Option("--activation", metavar="NAME", help="An activation, e.g. tanh or keras:gelu.")
    ] = None,
    sigma_w: Annotated[
        float | None,
        typer.Option("--sigma-w", metavar="X", help="Var W = X^2 / fan_in; without it, the critical values are shown."),
    ] = None,
    sigma_b: Annotated[
        float | None, typer.Option("--sigma-b", metavar="Y", help="Var b = Y^2; default 0.", show_default=False)
    ] = None,
    q0: Annotated[
        float | None,
        typer.Option("--q0", metavar="Q", help="The mean square of the first layer's z; default 1."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="CONFIG", help="Predict every layer of a YAML config instead.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "-s",
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the activation, or with --config a key of the config.",
        ),
    ] = None,
    phase_diagram: Annotated[
        bool, typer.Option("--phase-diagram", help="Draw the plane of sigma_w and sigma_b for the activation.")
    ] = False,
    sigma_w_range: Annotated[
        str | None, typer.Option("--sigma-w-range", metavar="A,B", help="Its sigma_w axis; default: what shows most.")
    ] = None,
    sigma_b_range: Annotated[str | None, typer.Option("--sigma-b-range", metavar="A,B", help="Its other axis.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Its file, .png or .svg; default phase-NAME.png."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No notes.")] = False,
) -> None:
    """Say what theory predicts: phase, fixed points and depth scales of an activation, or every layer of a config.

    Without --sigma-w: the critical sigma_w, at --sigma-b or for a few sigma_b. Nothing is simulated.
    """
    given = {"--sigma-w": sigma_w, "--sigma-b": sigma_b, "--q0": q0}
    drawing = {"--sigma-w-range": sigma_w_range, "--sigma-b-range": sigma_b_range, "-o": out}
    if config is not None:
        _refuse("--config predicts the networks of a config", {"--activation": activation, **given, **drawing})
        _refuse("--config predicts the networks of a config", {"--phase-diagram": phase_diagram or None})
        from .prediction import say_predictions

        say_predictions(config, settings or [], as_json, quiet)
        return
    chosen = named(activation, settings or [])
    if phase_diagram:
        _refuse("--phase-diagram draws the whole plane", {"--sigma-w": sigma_w, "--sigma-b": sigma_b})
        from .phase_diagram import draw_phase_diagram

        draw_phase_diagram(chosen, sigma_w_range, sigma_b_range, 1.0 if q0 is None else q0, out, as_json, quiet)
        return
    _refuse("only --phase-diagram draws", drawing)
    if sigma_w is None:
        _refuse("critical weights do not depend on where lengths start", {"--q0": q0})
        _say_critical(chosen, SIGMA_BS if sigma_b is None else (sigma_b,), as_json, quiet)
    else:
        _say_point(chosen, sigma_w, sigma_b or 0.0, 1.0 if q0 is None else q0, as_json, quiet)


def _refuse(why: str, options: dict[str, Any]) -> None:
    """Refuse options that would be ignored."""
    for option, value in options.items():
        if value is not None:
            raise typer.BadParameter(f"{why}: leave {option} out", param_hint=option)


def named(name: str | None, settings: list[str]) -> Activation:
    """The activation of the command line. Raises UnknownNameError, ParameterError or ConfigError."""
    from ..catalogue.activations import activation

    if name is None:
        raise typer.BadParameter("name an --activation, or a --config to predict", param_hint="--activation")
    if not settings:
        return activation(name)
    from ..config import parse_parameters

    return activation(name, **parse_parameters(settings))


def _say_point(activation: Activation, sigma_w: float, sigma_b: float, q0: float, as_json: bool, quiet: bool) -> None:
    """One point of the plane."""
    from ..theory.mean_field import predict
    from ..theory.phases import MEANINGS

    found = predict(activation, sigma_w, sigma_b, q0)
    if as_json:
        emit_json({"activation": activation.label, "sigma_w": sigma_w, "sigma_b": sigma_b, "q0": q0, **found.as_dict()})
        return
    typer.echo(f"{activation.label}, sigma_w = {sigma_w:g}, sigma_b = {sigma_b:g}: {found.phase}")
    typer.echo(f"  {MEANINGS[found.phase]}\n")
    rows = [
        ("q_star", _number(found.q_star), f"the mean square of preactivations that q0 = {q0:g} ends at"),
        ("c_star", _number(found.c_star), "the correlation that two different inputs end at"),
        ("chi", _number(found.chi), f"the factor of the mean-square gradient, per layer on its way back{_pace(found)}"),
        ("xi_q", _number(found.xi_q), "layers in which q comes nearer to q_star by a factor e"),
        ("xi_c", _number(found.xi_c), "layers in which correlations come nearer to c_star by a factor e"),
    ]
    table(("quantity", "value", "meaning"), rows)
    if found.fixed_points:
        typer.echo("\nfixed points of q")
        points = [
            (_number(point.q), _number(point.slope), _number(point.chi), "stable" if point.stable else "unstable")
            for point in found.fixed_points
        ]
        table(("q", "slope", "chi", ""), points, left=0)
    if not quiet:
        for text in found.notes:
            note(f"note: {text}")


def _number(value: float | None) -> str:
    """`-` for what does not exist."""
    if value is None:
        return "-"
    return "infinite" if math.isinf(value) else f"{value:.6g}"


def _pace(found: MeanField) -> str:
    """How soon the gradient has changed a thousandfold."""
    if not found.chi or not abs(math.log(found.chi)) > 1e-6:
        return ""
    return f": a thousandfold every {math.log(1000) / abs(math.log(found.chi)):.3g} layers"


def _say_critical(activation: Activation, sigma_bs: tuple[float, ...], as_json: bool, quiet: bool) -> None:
    """The sigma_w that make chi = 1, for some sigma_b."""
    from dataclasses import asdict

    from ..theory.critical import critical_sigma_w

    points = [point for sigma_b in sigma_bs for point in critical_sigma_w(activation, sigma_b)]
    if as_json:
        emit_json({"activation": activation.label, "sigma_b": list(sigma_bs), "critical": [asdict(p) for p in points]})
        return
    typer.echo(f"{activation.label}: the sigma_w at which gradients keep their size (chi = 1)")
    if not points:
        typer.echo(f"  none for sigma_b = {', '.join(f'{value:g}' for value in sigma_bs)}")
        return
    rows = [
        (
            f"{point.sigma_b:g}",
            _number(point.sigma_w),
            "any" if point.q is None else _number(point.q),
            _number(point.slope),
            "stable" if point.stable else "unstable",
        )
        for point in points
    ]
    table(("sigma_b", "sigma_w", "q", "slope", ""), rows, left=0)
    if quiet:
        return
    if not all(point.stable for point in points):
        note("note: where q is unstable, lengths run away from it: no choice of weights for a real network")
    note("note: --sigma-w X says what happens at a point, --phase-diagram draws them all")
