"""The options that `run` and `sweep` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML config.")]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="DIR", help="The results folder; default results/<name>/.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("-s", "--set", metavar="KEY=VALUE", help="Override a key, e.g. -s network.depth=10."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "-j", "--jobs", min=1, max=1024, help="Processes; default: all cores where it pays. Changes no result."
    ),
]
Executor = Annotated[str | None, typer.Option("--executor", metavar="NAME", help="serial, process or dask.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDR",
        help="A Dask scheduler: address or file; default: a cluster made here.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what is there already and what would be run, and stop.")]
Force = Annotated[bool, typer.Option("--force", help="Compute the cells again, whatever DIR holds of them.")]
Parquet = Annotated[
    bool, typer.Option("--parquet", help="The large tables as Parquet too: needs the extra initbench[parquet].")
]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Whether to draw plots/.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No notes and no progress.")]
Grid = Annotated[
    list[str] | None,
    typer.Option("--grid", metavar="KEY=VALUES", help="An axis: network.depth=10,50 or 'key=[{...}, {...}]'."),
]


def axes(texts: list[str]) -> dict[str, str]:
    """Every `--grid key=v1,v2` as key and values. Raises UsageError for what is none, and for a key given twice."""
    from ..errors import UsageError

    found: dict[str, str] = {}
    for text in texts:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not key or not values:
            raise UsageError(f"--grid {text}: an axis is key=v1,v2, such as network.depth=10,50")
        if key in found:
            raise UsageError(f"--grid {text}: {key} is given twice; give all its values at once, as in {key}=v1,v2")
        found[key] = values
    return found
