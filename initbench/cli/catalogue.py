"""`initbench list` and `initbench explain`: what a config can name, from the records."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .console import emit_json, note, table

BOUNDS = ("low", "high", "lower", "upper")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("list")(list_names)
    app.command("explain")(explain)


def list_names(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="initializers, activations, inputs, metrics, datasets, optimizers or losses."
        ),
    ],
    fan_in: Annotated[
        int, typer.Option("--fan-in", min=1, help="Fan-in for the effective moments of initializers.")
    ] = 512,
    fan_out: Annotated[int, typer.Option("--fan-out", min=1, help="Fan-out likewise.")] = 512,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is known of each, as JSON.")] = False,
) -> None:
    """List everything of a KIND that a config can name."""  # fmt: skip
    from ..catalogue.facts import facts_of_kind

    facts, broken = facts_of_kind(kind, fan_in, fan_out)
    for line in broken:
        note(f"left out: {line}")
    if as_json:
        emit_json(facts)
        return
    rows = [
        (
            fact["name"],
            ", ".join(_parameter(parameter) for parameter in fact["parameters"]),
            ", ".join(fact["aliases"]),
            fact["equation"] + (f"  [{fact['package']}]" if "package" in fact else ""),
        )
        for fact in facts
    ]
    table(("name", "parameters", "aliases", "definition"), rows, left=3)


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that a config can write, e.g. keras:he_normal.")],
    fan_in: Annotated[int, typer.Option("--fan-in", min=1, help="Fan-in of the layer.")] = 512,
    fan_out: Annotated[int, typer.Option("--fan-out", min=1, help="Fan-out of the layer.")] = 512,
    params: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="KEY=VALUE", help="A parameter, e.g. -s stddev=0.01."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say what NAME is: its law, its moments at those fans, its equation, source and purpose."""  # fmt: skip
    from ..catalogue.facts import explain_name
    from ..config import parse_parameters

    found = explain_name(name, fan_in, fan_out, parse_parameters(params or []))
    if as_json:
        emit_json(found[0] if len(found) == 1 else found)
        return
    for fact in found:
        _say_fact(fact)


def _parameter(parameter: dict[str, Any]) -> str:
    return f"{parameter['name']}" + ("" if parameter["required"] else f"={_plain(parameter['default'])}")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return (
        {True: "true", False: "false", None: "null"}.get(value, str(value))
        if not isinstance(value, int | str) or isinstance(value, bool)
        else str(value)
    )


def _say_fact(fact: dict[str, Any]) -> None:
    typer.echo(f"{fact['kind']} {fact['label']}")
    typer.echo(f"  {fact['equation']}")
    for key, value in fact.get("moments", {}).items():
        if value is not None or key in BOUNDS:  # what does not exist, or nobody knows, is left out
            typer.echo(f"  {key}: {_shown(value)}")
    for key in ("purpose", "source", "package"):
        if fact.get(key):
            typer.echo(f"  {key}: {fact[key]}")
    if fact["aliases"]:
        typer.echo(f"  also written: {', '.join(fact['aliases'])}")
    for parameter in fact["parameters"]:
        default = "required" if parameter["required"] else f"default {_plain(parameter['default'])}"
        meaning = f"; {parameter['meaning']}" if parameter["meaning"] else ""
        typer.echo(f"  parameter {parameter['name']}: {parameter['allowed']}, {default}{meaning}")


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return "unbounded" if value is None else _plain(value)
