"""Tables and text in GitHub's Markdown: what a pull request or a job's summary shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKS = re.compile(r"[\\`*~<>\[\]|]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would take for itself. An underscore inside a word (act_q_ratio) stands for itself there too."""


def escape(text: str) -> str:
    """Text that reads as it was written, in one line: no mark-up, no HTML, no cell border."""
    line = " ".join(text.split()).replace("&", "&amp;")
    return _MARKS.sub(lambda mark: f"&{_ENTITIES[mark[0]]};" if mark[0] in _ENTITIES else f"\\{mark[0]}", line)


_ENTITIES = {"<": "lt", ">": "gt"}


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
