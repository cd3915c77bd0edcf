"""`initbench validate`, `schema`, `new` and `info`: writing configs, and what this installation is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .console import emit_json, note

SCHEMA_FILE = "initbench.schema.json"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("validate")(validate)
    app.command("schema")(schema)
    app.command("new")(new)
    app.command("info")(info)


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML configs.")],
    overrides: Annotated[
        list[str] | None, typer.Option("-s", "--set", metavar="KEY=VALUE", help="Override a key.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing of configs that hold.")] = False,
) -> None:
    """Check configs without running them: every problem of every file, a line each."""  # fmt: skip
    from ..errors import ConfigError, Problem
    from ..lab.plan import open_experiment

    problems: list[Problem] = []
    for file in files:
        try:
            experiment = open_experiment(file, overrides or [])
        except ConfigError as error:
            problems += error.problems
            continue
        if not quiet:
            cells = len(experiment.cells)
            typer.echo(f"{file}: valid, {cells} cell{'s' if cells > 1 else ''} x {len(experiment.seeds)} seeds")
    if problems:
        raise ConfigError(problems)


def schema() -> None:
    """Print the JSON Schema of a config, for editors and CI."""
    from ..config import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The experiment's name; the file is NAME.yaml.")],
    folder: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder to write in.")] = Path("."),
) -> None:
    """Write a commented starter config NAME.yaml, and the schema that editors complete it by."""
    from ..config import json_schema, template
    from ..errors import UsageError
    from ..lab.store import publish_all

    text = template(name)
    target = folder / f"{name}.yaml"
    if target.exists():
        raise UsageError(f"{target}: exists already; choose another name")
    schema_text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    publish_all(folder, {SCHEMA_FILE: schema_text.encode(), target.name: text.encode()})
    typer.echo(str(target))
    note(f"run it: initbench run {target}")


def info(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say which versions, BLAS and cores this installation computes with."""
    from ..engine.sizes import human, physical_memory
    from ..lab.executors import available_cores
    from ..lab.manifest import environment

    facts = {**environment(), "cores": available_cores(), "memory": human(physical_memory())}
    if as_json:
        emit_json(facts)
        return
    for key, value in facts.items():
        typer.echo(f"{key}: {json.dumps(value) if isinstance(value, dict | list) else value}")
