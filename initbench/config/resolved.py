"""The config with every default and override written out, as YAML that reads back to the same cells."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ..spec import GridCell
from .document import Mapping, Node, Sequence, plain
from .named import KINDS
from .scalars import resolve
from .schema import Config, Sweep
from .settings import KEYS, Settings
from .sweep import Plan

_PLAIN = re.compile(
    r"[A-Za-z0-9_.]+(?:[ :/+-][A-Za-z0-9_.]+)*"
)  # no separator is optional: that would backtrack for ever
_OTHER_YAML = frozenset({"y", "n", "yes", "no", "on", "off"})  # booleans to readers of YAML 1.1: quoted for their sake
_BREAKS = re.compile("[\x85\u2028\u2029\ufeff]")


def resolved_text(
    root: Mapping,
    config: Config,
    settings: Settings,
    plan: Plan,
    name: str,
    metrics: tuple[str, ...],
    cells: tuple[GridCell, ...],
) -> str:
    """The whole config as YAML text."""
    sections: dict[str, Any] = {
        "name": name,
        "description": config.description or "",
        "network": {},
        "input": {},
        "gradient": {},
        **({"training": {}} if settings.trains else {}),
        "seeds": config.seeds,
        "root_seed": config.root_seed,
    }
    for key in KEYS:
        section, _, field = key.rpartition(".")
        if key in settings.base:
            holder = sections
            for part in section.split(".") if section else ():
                holder = holder.setdefault(part, {})
            holder[field] = _value(key, settings.base[key], settings, plan)
    _sizes(sections["input"], settings, plan, cells)
    sections["metrics"] = list(metrics)
    for field in ("verdict", "output"):
        sections[field] = getattr(config, field).model_dump()
    sweep, expect = root.get("sweep"), root.get("expect")
    if config.sweep is not None and sweep is not None:
        default = Sweep.model_fields["max_runs"].default
        sections["sweep"] = {**plain(sweep), "max_runs": config.sweep.max_runs or default}
    if config.expect and expect is not None:
        sections["expect"] = plain(expect)
    return "".join(f"{line}\n" for key, value in sections.items() for line in _block(key, value, ""))


def _value(key: str, node: Node, settings: Settings, plan: Plan) -> Any:
    """A setting of the base; an entry that the sweep completes stays as it was written."""
    if key not in KINDS or any(axis.startswith(f"{key}.") for axis in plan.axes):
        return plain(node)
    if isinstance(node, Sequence):
        return [_entry(key, item, settings) for item in node.items]
    return _entry(key, node, settings)


def _entry(key: str, node: Node, settings: Settings) -> Any:
    """A name with all of its parameters, a bare name where it has none; paths stay as they were written."""
    bound = settings.binder.parameters(key, key, node)
    if bound is None:
        return "none"
    record, params = bound
    return {"name": record.name, **dict(params)} if params else record.name


def _sizes(section: dict[str, Any], settings: Settings, plan: Plan, cells: tuple[GridCell, ...]) -> None:
    """The sizes that come from the data or the network, where all cells have the same."""
    for field in ("features", "batch_size"):
        if f"input.{field}" in settings.given or f"input.{field}" in plan.keys:
            continue
        sizes = {getattr(cell.cell.batch, field) for cell in cells}
        if len(sizes) == 1:
            section[field] = sizes.pop()
        else:
            section.pop(field)


def _block(key: str, value: Any, indent: str) -> list[str]:
    """Lines of one key: mappings of mappings and lists of mappings in block style, the rest on one line."""
    head = f"{indent}{_flow(key)}:"
    if isinstance(value, dict) and value and "name" not in value and len(indent) < 4:
        return [head, *(line for name, inner in value.items() for line in _block(name, inner, indent + "  "))]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value) and key != "value":
        return [head, *(f"{indent}  - {_flow(item)}" for item in value)]
    return [f"{head} {_flow(value)}"]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return json.dumps(value)  # null, true, false and numbers by their shortest digits


def _text(text: str) -> str:
    """A text without quotes where every reader of YAML takes it for one, else in double quotes."""
    plain_enough = _PLAIN.fullmatch(text) and text[0].isalpha() and len(text) < 1000
    if plain_enough and text.lower() not in _OTHER_YAML and isinstance(resolve(text), str):
        return text
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
