"""The config as JSON Schema (draft 7), for editors: completion, hover help and squiggles.

Made from the models and the catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..catalogue.metrics import METRICS
from ..catalogue.registry import Parameter, Registry, Required
from .axes import GENERATORS
from .evidence import COLUMNS, CURVES, TRAINED
from .expect import TESTS
from .named import KINDS, NO_BIAS, PER_LAYER
from .schema import Config
from .settings import KEYS, REQUIRED

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
_NUMBERS = (
    *("network.depth", "network.width", "input.features", "input.batch_size"),
    *("training.learning_rate", "training.steps", "training.epochs", "training.batch_size", "training.test_fraction"),
)


_TABLE_TEXT: Schema = {"type": "string", "pattern": "[(\\[]"}
"""A value as tables write it, such as normal(stddev=1)."""


def json_schema() -> Schema:
    """The whole schema. Definitions stand under `definitions`; no keyword is younger than draft 7."""
    made = Config.model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    for key in KINDS:
        section, _, field = key.rpartition(".")
        definitions[_model(section)]["properties"][field].update({"$ref": f"#/definitions/{_name(key)}"})
        definitions[_name(key)] = _named(key)
    needed: dict[str, Schema] = {}
    for key in REQUIRED:
        section, _, field = key.partition(".")
        definitions[_model(section)].pop("required", None)
        needed.setdefault(section, {"required": []})["required"].append(field)
    for name, info in Config.model_fields.items():
        made["properties"][name]["description"] = info.description
    definitions["point"] = _point(lambda key: _setting(key))
    definitions["choice"] = _point(lambda key: {"anyOf": [_setting(key), _TABLE_TEXT]})
    definitions["grid"] = _point(_axis)
    definitions["generator"] = _generator()
    _sweep(definitions["Sweep"]["properties"])
    _expect(definitions["Expect"])
    made["properties"]["metrics"]["oneOf"] = [
        {"const": "default"},
        {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": _names(METRICS)}},
    ]
    made["if"] = {"properties": {"sweep": {"type": "null"}}}  # without a sweep nothing else can give these keys
    made["then"] = {"properties": needed}
    tidy: Schema = _tidy({**made, "definitions": definitions})
    return {"$schema": DRAFT, "title": "initbench config", **tidy}


def _name(key: str) -> str:
    return key.partition(".")[2]


def _model(section: str) -> str:
    """What pydantic calls the model of a section: `Readout` of training.readout."""
    return section.rpartition(".")[2].capitalize()


def _names(registry: Registry[Any]) -> list[str]:
    """Every name and alias, without plug-ins that cannot be loaded."""
    records = registry.every()
    return [*(record.name for record in records), *(alias for record in records for alias in record.aliases)]


def _named(key: str) -> Schema:
    """A name, a name with parameters, and where it can differ by layer a list of those."""
    registry = KINDS[key]
    extra = [NO_BIAS, None] if key == "network.bias" else []
    one = {"anyOf": [{"enum": [*_names(registry), *extra]}, *(_entry(record) for record in registry.every())]}
    if key not in PER_LAYER:
        return one
    return {"anyOf": [*one["anyOf"], {"type": "array", "minItems": 1, "items": one}]}


def _entry(record: Any) -> Schema:
    """{name: ..., parameters} of one record."""
    needed = [parameter.name for parameter in record.parameters if isinstance(parameter.default, Required)]
    return {
        "type": "object",
        "description": f"{record.name}: {record.equation}. {record.purpose}".strip(),
        "properties": {
            "name": {"enum": [record.name, *record.aliases]},
            **{parameter.name: _parameter(parameter) for parameter in record.parameters},
        },
        "required": ["name", *needed],
        "additionalProperties": False,
    }


def _parameter(parameter: Parameter) -> Schema:
    kinds = {"integer": "integer", "boolean": "boolean", "text": "string", "choice": "string"}
    schema: Schema = {"type": kinds.get(parameter.kind, "number"), "description": parameter.meaning}
    limits = {
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "exclusiveMinimum": parameter.above,
        "exclusiveMaximum": parameter.below,
    }
    schema.update({word: limit for word, limit in limits.items() if limit is not None})
    if parameter.choices:
        schema["enum"] = [*parameter.choices, *([None] if parameter.optional else [])]
    if parameter.optional:
        schema["type"] = [schema["type"], "null"]
    default = parameter.default
    if not isinstance(default, Required) and not (isinstance(default, float) and not math.isfinite(default)):
        schema["default"] = default
    return schema


def _setting(key: str) -> Schema:
    section, _, field = key.rpartition(".")
    holder = f"#/definitions/{_model(section)}" if section else "#"
    return {"$ref": f"{holder}/properties/{field}"}


def _axis(key: str) -> Schema:
    values = {"type": "array", "minItems": 1, "items": _setting(key)}
    return {"anyOf": [values, {"$ref": "#/definitions/generator"}]} if key in _NUMBERS else values


def _point(make: Any) -> Schema:
    """A mapping of dotted keys; `make` says what stands under each."""
    parameters = {f"^{key.replace('.', '[.]')}[.]({_parameters(KINDS[key])})$": key for key in KINDS}
    deep: Schema = {"type": ["number", "boolean", "string", "null"]}
    if make is _axis:
        lists = {"type": "array", "minItems": 1, "items": deep}
        deep = {"anyOf": [lists, {"$ref": "#/definitions/generator"}]}
    return {
        "type": "object",
        "properties": {key: make(key) for key in KEYS},
        "patternProperties": dict.fromkeys(parameters, deep),
        "additionalProperties": False,
    }


def _parameters(registry: Registry[Any]) -> str:
    names: Iterable[str] = (parameter.name for record in registry.every() for parameter in record.parameters)
    return "|".join(sorted(set(names))) or "-"


def _generator() -> Schema:
    numbers = {"type": "array", "items": {"type": "number"}}
    lengths = {name: (2 if name == "range" else 3, 3) for name in GENERATORS}
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {name: {**numbers, "minItems": low, "maxItems": high} for name, (low, high) in lengths.items()},
        "additionalProperties": False,
    }


def _sweep(properties: Schema) -> None:
    properties["grid"] = {"$ref": "#/definitions/grid", "description": properties["grid"]["description"]}
    properties["zip"]["items"] = {"$ref": "#/definitions/grid"}
    properties["exclude"]["items"] = {"$ref": "#/definitions/choice"}
    properties["include"]["items"] = {"$ref": "#/definitions/point"}


def _expect(definition: Schema) -> None:
    properties = definition["properties"]
    properties["where"] = {"$ref": "#/definitions/choice", "description": properties["where"]["description"]}
    scalars = [record.name for record in METRICS.every() if record.scalar]
    properties["metric"].update({"enum": [*dict.fromkeys((*scalars, *COLUMNS, *TRAINED, *CURVES))]})
    definition["oneOf"] = [{"required": [test]} for test in TESTS]


def _tidy(node: Any) -> Any:
    """Without titles and our own words; draft 7 sees nothing beside a $ref, so that goes into an allOf."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    words = {"allowed", "each"}
    kept = {
        key: {name: _tidy(inner) for name, inner in value.items()} if key == "properties" else _tidy(value)
        for key, value in node.items()
        if key not in words and not (key == "title" and isinstance(value, str))
    }
    reference = kept.pop("$ref", None)
    if reference is not None:
        return {"allOf": [{"$ref": reference}], **kept} if kept else {"$ref": reference}
    return kept
