"""YAML 1.2's core schema: which plain scalars are null, booleans and numbers. All others are texts.

So 1e-3 is a number, while `no`, `on`, 12:30:45, 2024-01-01, 1_000 and 0b1 are texts, unlike in YAML 1.1.
"""

from __future__ import annotations

import math
import re

from .document import Value

INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
MAX_DIGITS = 100  # the longest number that is of use is a root seed, with 39
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no text of a config needs, and that terminals and file names do not bear."""

WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


def resolve(text: str) -> Value:
    """The value of a plain scalar.

    Raises ValueError for an integer that is too long to be meant.
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if INT.fullmatch(text):
        digits = len(text.lstrip("+-").removeprefix("0x").removeprefix("0o"))
        if digits > MAX_DIGITS:
            raise ValueError(f"an integer of {digits} digits; at most {MAX_DIGITS} are read")
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    return float(text) if FLOAT.fullmatch(text) else text
