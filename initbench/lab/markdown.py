"""Tables and text in GitHub's Markdown: what a pull request or a job's summary shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKS = re.compile(r"[\\`*~<>\[\]|]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would take for itself. An underscore inside a word (act_q_ratio) stands for itself there too."""
_LINKS = re.compile(r"@(?=\w)|#(?=\d)|\bGH-(?=\d)", re.IGNORECASE)
"""What GitHub makes a mention of, which notifies somebody, or a link to an issue, whatever Markdown was told."""
_BLOCKS = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$)|[-+](?:[\s-]|$)))|(?<=\s)(?=#+$)")
"""Where a line's start would make it an item of a list, a heading or a rule, and a heading's end would be cut off."""
_ENTITIES = {"<": "&lt;", ">": "&gt;"}
_NO_SPACE = "&#8203;"
"""A space without width: GitHub looks for mentions in what is shown, where an escaped character is itself again."""


def escape(text: str) -> str:
    """Text that reads as it was written, in one line, wherever it stands: no mark-up, no HTML, no cell border, and
    neither a mention of anybody nor a link to an issue."""
    line = " ".join(text.split()).replace("&", "&amp;")
    line = _BLOCKS.sub(r"\1\\", _MARKS.sub(lambda mark: _ENTITIES.get(mark[0], f"\\{mark[0]}"), line))
    return _LINKS.sub(lambda link: f"{link[0]}{_NO_SPACE}", line)


def code(text: str) -> str:
    """A line as code, as it was written but for line breaks: between more backticks than stand together in it."""
    line = " ".join(text.splitlines())
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with its last line's end; every text is escaped. Columns of numbers are aligned right.

    Every row has as many texts as the header. Raises ValueError where one has not.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    rules = [
        "---:" if column and all(map(_is_number, column)) else "---" for _, column in zip(header, columns, strict=True)
    ]
    lines = [[*map(escape, header)], rules, *([*map(escape, row)] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")  # a blank is no text
    except ValueError:
        return False
    return True
