"""What PyYAML complains about, in the words of somebody who writes a config."""

from __future__ import annotations

import re

import yaml

WORDS: tuple[tuple[str, str], ...] = (
    (
        r"mapping values are not allowed",
        "a ':' where no key can stand; indent the line like its neighbours, quote a text that has ': ' in it",
    ),
    (r"sequence entries are not allowed", "a list cannot start here; put each '- ' on a line of its own"),
    (r"found character '\\t'", "a tab cannot indent; use spaces"),
    (r"found character '(.)'", r"a text cannot start with \1; put it in quotes"),
    (r"could not find expected ':'", "a key without its ':'"),
    (
        r"expected ',' or '([\]}])', but got '<stream end>'",
        r"a bracket opened at {start} is never closed with \1",
    ),
    (r"expected ',' or '([\]}])'", r"the brackets opened at {start} go on with ',' or close with \1"),
    (
        r"expected the node content, but found '<stream end>'",
        "the text ends in the middle of a list or a mapping",
    ),
    (r"expected the node content, but found '(.+)'", r"a value is missing before \1"),
    (r"expected <block end>, but found ':'", "a key is missing before the ':'"),
    (r"expected <block end>, but found '<scalar>'", "something follows a value that is already complete"),
    (r"expected <block end>", "this line is not indented like the rest of the block that starts at {start}"),
    (
        r"found unexpected end of stream|found unexpected document separator",
        "the quote opened at {start} is never closed",
    ),
    (
        r"found unknown escape character",
        "an unknown escape after a backslash; single quotes take backslashes as they are",
    ),
    (r"expected alphabetic or numeric character", "& and * start an anchor and an alias, which need a name"),
    (
        r"found undefined tag handle|while scanning a tag|while parsing a tag|did not find expected tag",
        "tags are not allowed",
    ),
    (
        r"expected chomping or indentation",
        "after | or > nothing but an indentation and a + or - can stand on the line",
    ),
    (r"incompatible YAML document", "this is not YAML 1.2"),
)


def explain(error: yaml.YAMLError) -> tuple[int, int, str]:
    """Line and column from 1, and what is wrong there."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    start = getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    said = ", ".join(str(part) for part in (getattr(error, "problem", None), getattr(error, "context", None)) if part)
    for pattern, words in WORDS:
        found = re.search(pattern, said)
        if found:
            opened = f"line {start.line + 1}, column {start.column + 1}" if start else "an earlier line"
            return line, column, found.expand(words).replace("{start}", opened)
    return line, column, " ".join(said.split())[:150] or type(error).__name__
