"""The JSON Schema: draft 7, and it says of a config what the reader says, as far as a schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from initbench.catalogue.activations import ACTIVATIONS
from initbench.catalogue.initializers import INITIALIZERS
from initbench.catalogue.inputs import INPUTS
from initbench.catalogue.metrics import METRICS
from initbench.config import json_schema
from initbench.config.document import plain
from initbench.config.messages import Findings
from initbench.config.reader import read
from initbench.config.template import template

SCHEMA = json_schema()
VALIDATOR = Draft7Validator(SCHEMA)
BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"
SHIPPED = sorted((Path(__file__).parents[2] / "configs").rglob("*.yaml"))


def errors(text: str) -> list[str]:
    findings = Findings()
    node = read(text, "f.yaml", findings)
    findings.raise_any()
    assert node is not None
    return [error.message for error in VALIDATOR.iter_errors(plain(node))]


def keywords(node: Any, inside_properties: bool = False) -> set[str]:
    if isinstance(node, list):
        return {word for item in node for word in keywords(item)}
    if not isinstance(node, dict):
        return set()
    found = set() if inside_properties else set(node)
    for key, value in node.items():
        named = not inside_properties and key in ("properties", "patternProperties", "definitions")
        if inside_properties or key not in ("enum", "const", "default", "required"):
            found |= keywords(value, inside_properties=named)
    return found


def test_it_is_a_draft_7_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    known = {
        "$schema", "$ref", "title", "description", "type", "properties", "patternProperties", "additionalProperties",
        "required", "items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum",
        "maximum", "exclusiveMinimum", "exclusiveMaximum", "minProperties", "maxProperties", "enum", "const", "default",
        "allOf", "anyOf", "oneOf", "if", "then", "definitions",
    }  # fmt: skip
    assert keywords(SCHEMA) <= known


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == SCHEMA


def test_nothing_stands_beside_a_reference() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            assert "$ref" not in node or len(node) == 1
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(SCHEMA)


def test_every_name_is_in_it_and_every_field_is_explained() -> None:
    text = json.dumps(SCHEMA)
    for registry in (ACTIVATIONS, INITIALIZERS, INPUTS, METRICS):
        for name in registry.names:
            assert json.dumps(name) in text
    for definition in ("Network", "Input", "Verdict", "Sweep", "Expect"):
        for name, field in SCHEMA["definitions"][definition]["properties"].items():
            assert field.get("description"), (definition, name)
    assert all(field.get("description") for field in SCHEMA["properties"].values())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_hold(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []


def test_the_template_holds() -> None:
    assert errors(template("start")) == []


GOOD = [
    BASE,
    BASE.replace("he_normal", "{name: normal, stddev: 0.1}"),
    BASE.replace("relu", "[relu, {name: leaky_relu, negative_slope: 0.1}, tanh]"),
    BASE.replace("4", "[4, 5, 6]"),
    BASE.replace("}", ", bias: none}"),
    BASE.replace("}", ", bias: [null, zeros, none]}"),
    BASE + "input: {distribution: {name: csv, path: a.csv}, features: null}\n",
    BASE + "seeds: [1, 2]\nmetrics: [act_q]\n",
    BASE + "sweep:\nexpect:\ntraining:\n",
    "network: {width: 4, activation: relu, initializer: normal}\n"
    "sweep: {grid: {network.depth: {range: [1, 5]}, network.initializer.stddev: {logspace: [-2, 0, 3]}}}\n",
    BASE + "sweep: {zip: [{network.depth: [1, 2], network.width: [3, [4, 4]]}], exclude: [{network.depth: 1}]}\n",
    BASE + "sweep: {include: [{network.initializer.gain: 3, network.initializer: zeros}]}\n",
    BASE + "expect: [{name: a, metric: act_q, at_least: 0, where: {network.initializer: normal(stddev=1)}}]\n",
    BASE + "expect: [{name: a, metric: verdict, equals: stable, claim: refuted}]\n",
    BASE + "expect: [{name: a, metric: act_q, layer: 2, over: mean, near: {value: 1, stderr: 3}}]\n",
    BASE + "expect: [{name: a, metric: act_q, near_theory: 3}, {name: b, metric: theory_z, between: [-3, 3]}]\n",
    BASE + "training: {data: digits, learning_rate: 0.1, epochs: 2}\n",
    BASE + "training: {data: {name: two_spirals, noise: 0}, learning_rate: [1, 0.1], steps: 9, measure_at: [0, 9],\n"
    "  optimizer: {name: adam, beta1: 0.8}, loss: mse, readout: {initializer: {name: normal, stddev: 1}}}\n"
    "sweep: {grid: {training.optimizer: [sgd, adam], training.readout.initializer.stddev: [1, 2],\n"
    "  training.learning_rate: {logspace: [-3, 0, 4]}}}\n"
    "expect: [{name: a, metric: loss, step: last, at_most: 1}, {name: b, metric: final_accuracy, at_least: 0}]\n",
]

BAD = [
    "name: a\n",
    "network: {}\n",
    BASE.replace("relu", "rleu"),
    BASE.replace("relu", "[relu, rleu]"),
    BASE.replace("relu", "{name: leaky_relu, slope: 1}"),
    BASE.replace("he_normal", "{name: normal}"),
    BASE.replace("he_normal", "{name: normal, stddev: -1}"),
    BASE.replace("he_normal", "{name: he_normal, mode: fan}"),
    BASE.replace("depth: 3", "depth: 0"),
    BASE.replace("depth: 3", "depth: ten"),
    BASE.replace("depth", "dpeth"),
    BASE.replace("}", ", bias: zeroes}"),
    BASE + "sedes: 3\n",
    BASE + "name: a b\n",
    BASE + "gradient: none\n",
    BASE + "gradient: {source: gausian}\n",
    BASE + "input: {distribution: gausian}\n",
    BASE + "seeds: 0\n",
    BASE + "seeds: [-1]\n",
    BASE + "dtype: float16\n",
    BASE + "engine: implict\n",
    BASE + "metrics: [act_qq]\n",
    BASE + "metrics: []\n",
    BASE + "training: {steps: 3}\n",
    BASE + "training: {data: digit, learning_rate: 0.1, steps: 3}\n",
    BASE + "training: {data: digits, learning_rate: 0, steps: 3}\n",
    BASE + "training: {data: digits, learning_rate: 0.1, steps: 3, optimizer: {name: sgd, momentum: 0.9}}\n",
    BASE + "verdict: {factor: 1}\n",
    BASE + "output: {layers: no}\n",
    BASE + "sweep: {gird: {}}\n",
    BASE + "sweep: {grid: {network.dpeth: [1]}}\n",
    BASE + "sweep: {grid: {network.depth: 1}}\n",
    BASE + "sweep: {grid: {network.depth: []}}\n",
    BASE + "sweep: {grid: {network.depth: [ten]}}\n",
    BASE + "sweep: {grid: {network.depth: {linspce: [1, 2, 3]}}}\n",
    BASE + "sweep: {grid: {seeds: [1]}}\n",
    BASE + "sweep: {grid: {network.initializer.sdtdev: [1]}}\n",
    BASE + "sweep: {zip: [{network.dpeth: [1]}]}\n",
    BASE + "sweep: {include: [{network.dpeth: 1}]}\n",
    BASE + "expect: [{name: a, metric: act_qq, at_least: 0}]\n",
    BASE + "expect: [{name: a, metric: act_q}]\n",
    BASE + "expect: [{name: a, metric: act_q, at_least: 0, at_most: 1}]\n",
    BASE + "expect: [{name: a, metric: act_q, at_leest: 0}]\n",
    BASE + "expect: [{name: a, metric: act_q, near_theory: 0}]\n",
    BASE + "expect: [{name: a, metric: act_q, at_least: 0, over: men}]\n",
    BASE + "expect: [{name: a, metric: act_q, at_least: 0, where: {network.dpeth: 3}}]\n",
    BASE + "expect: [{name: a, metric: act_q, at_least: 0, where: {network.initializer: he_nromal}}]\n",
]


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_good_configs_hold(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_typos_do_not(text: str) -> None:
    assert errors(text) != []
