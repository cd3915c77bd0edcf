"""`initbench compare`: two results side by side, or several settings in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import emit_json, table

if TYPE_CHECKING:
    from ..lab.comparing.compare_words import Block


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("compare")(compare)


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Results folders.")],
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Only this metric, 'forward drift', final_loss, ..."),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="K", help="At this layer: a number, first or last; default: its way's end."),
    ] = None,
    ranked: Annotated[bool, typer.Option("--rank", help="Rank all cells, of two results too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A Markdown document on stdout.")] = False,
) -> None:
    """Two results: settings that differ, then metrics with paired differences over common seeds. One folder of many
    cells, or three results and more: which initializer comes first.
    """
    from ..lab.comparing import compare as comparing
    from ..lab.comparing import compare_words, ranking

    if as_json and as_markdown:
        raise typer.BadParameter("--json and --markdown: one of them", param_hint="--markdown")
    if len(folders) == 2 and not ranked:
        comparison = comparing.compare(folders[0], folders[1], metrics or (), _layer(layer))
        document, blocks = asdict(comparison), compare_words.comparison_blocks(comparison)
    elif metrics or layer:
        raise typer.BadParameter("is for two results; a ranking has its own criteria", param_hint="--metric, --layer")
    else:
        order = ranking.rank(*folders)
        document, blocks = asdict(order), compare_words.ranking_blocks(order)
    if as_json:
        emit_json(document)
    elif as_markdown:
        typer.echo(compare_words.as_markdown(blocks), nl=False)
    else:
        _say(blocks)


def _layer(text: str | None) -> int | str | None:
    if text is None or text in ("first", "last"):
        return text
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not allowed: a number, first or last", param_hint="--layer") from None


def _say(blocks: Sequence[Block]) -> None:
    for place, block in enumerate(blocks):
        typer.echo(("\n" if place else "") + block.title)
        if block.rows:
            table(block.header, block.rows, block.left)
        for sentence in block.sentences:
            typer.echo(f"  {sentence}")
