"""The catalogue's tables in the README, made from the records.

    python tests/readme_catalogue.py      # writes them anew

test_readme.py holds them to the records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from initbench.catalogue.facts import REGISTRIES, facts_of_kind
from initbench.lab.markdown import table

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- catalogue: made by tests/readme_catalogue.py -->\n", "<!-- end of the catalogue -->\n"
FAN = 512


def section() -> str:
    """What stands between the two marks: a foldable table for every kind, our own names before the libraries'."""
    parts = []
    for kind in REGISTRIES:
        # A plug-in that happens to be installed is no part of the project.
        found = [facts for facts in facts_of_kind(kind, FAN, FAN)[0] if "package" not in facts]
        ours = [facts for facts in found if ":" not in facts["name"]]
        theirs = [facts for facts in found if ":" in facts["name"]]
        parts.append(_folded(f"{len(ours)} {kind}", _own(kind, ours)))
        if theirs:
            title = f"{len(theirs)} {kind} of Keras, PyTorch and JAX under their own names"
            parts.append(_folded(title, table(("name", "definition"), [_named(facts) for facts in theirs])))
    return "\n".join(parts)


def _folded(title: str, body: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n</details>\n"


def _own(kind: str, found: list[dict[str, Any]]) -> str:
    if kind == "metrics":
        rows = [(*_named(facts), facts["purpose"], "yes" if facts["default"] else "") for facts in found]
        return table(("name", "definition", "shows", "default"), rows)
    source = any(facts["source"] for facts in found)
    rows = [(*_named(facts), *([facts["source"]] if source else [])) for facts in found]
    return table(("name", "definition", *(["source"] if source else [])), rows)


def _named(facts: dict[str, Any]) -> tuple[str, str]:
    """`leaky_relu(negative_slope=0.01)`, and what it is."""
    said = [
        parameter["name"] if parameter["required"] else f"{parameter['name']}={_value(parameter['default'])}"
        for parameter in facts["parameters"]
    ]
    also = f" = {', '.join(facts['aliases'])}" if facts["aliases"] else ""
    return facts["name"] + (f"({', '.join(said)})" if said else "") + also, facts["equation"]


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def current(text: str) -> str:
    """A README with the tables as they should be. Raises ValueError where it lacks the marks."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the README lacks {START.strip()} or {END.strip()}")
    return f"{before}{START}\n{section()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(current(README.read_text()))
