"""The reader: YAML 1.2 scalars, places, and inputs that are made to hurt."""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from initbench.config import reader
from initbench.config.document import Mapping, Place, Scalar, locate, plain
from initbench.config.messages import Findings
from initbench.config.reader import MAX_DEPTH, MAX_NODES, read
from initbench.config.scalars import resolve
from initbench.errors import ConfigError, Problem
from initbench.spec import Experiment

BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"
SECONDS = 8.0  # ten times what the worst input takes here: a loaded machine is no failure, a quadratic trap is


def value_of(text: str) -> Any:
    findings = Findings()
    node = read(text, "f.yaml", findings)
    findings.raise_any()
    assert node is not None
    return plain(node)


def faults_of(text: str) -> tuple[Problem, ...]:
    findings = Findings()
    read(text, "f.yaml", findings)
    return findings.error().problems


SCALARS: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("nUll", "nUll"),
    ("none", "none"),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("tRUE", "tRUE"),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("N", "N"),
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("-12", -12),
    ("0777", 777),
    ("0o17", 15),
    ("0o8", "0o8"),
    ("-0o7", "-0o7"),
    ("0x1F", 31),
    ("0xg", "0xg"),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("12:30:45", "12:30:45"),
    ("1:30", "1:30"),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("1e-3", 0.001),
    ("1e3", 1000.0),
    ("1E+3", 1000.0),
    ("-1.5e-3", -0.0015),
    ("1.", 1.0),
    (".5", 0.5),
    ("-.5", -0.5),
    ("+.5", 0.5),
    ("1.5", 1.5),
    ("1e", "1e"),
    ("e3", "e3"),
    ("1.2.3", "1.2.3"),
    (".", "."),
    ("-", "-"),
    ("+", "+"),
    (".inf", math.inf),
    ("-.inf", -math.inf),
    ("+.INF", math.inf),
    ("-.nan", "-.nan"),
    ("inf", "inf"),
    ("nan", "nan"),
    ("Infinity", "Infinity"),
    ("1e999", math.inf),
    ("١٢", "١٢"),
    ("=", "="),
    ("he_normal", "he_normal"),
    ("keras:he_normal", "keras:he_normal"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_nan() -> None:
    assert all(math.isnan(float(str(resolve(text)))) for text in (".nan", ".NaN", ".NAN"))


@pytest.mark.parametrize("text", ["'1'", '"1"', "'true'", "'null'", "''", "|\n  1", ">\n  1"])
def test_quoted_scalars_are_texts(text: str) -> None:
    assert isinstance(value_of(f"a: {text}")["a"], str)


def test_integers_stay_exact_and_long_ones_are_refused() -> None:
    assert resolve(str(2**128 - 1)) == 2**128 - 1
    with pytest.raises(ValueError, match="5000 digits"):
        resolve("9" * 5000)


def test_keys_are_texts() -> None:
    assert value_of("{no: 1, on: 2, 'true': 3, '1': 4, 2024-01-01: 5}") == {
        "no": 1,
        "on": 2,
        "true": 3,
        "1": 4,
        "2024-01-01": 5,
    }


def test_merge_keys() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], c: 5}\nw: {b: 9, <<: *x}\n'q': {'<<': 1}\n"
    value = value_of(text)
    assert value["z"] == {"a": 1, "b": 2, "c": 5}
    assert value["w"] == {"b": 9, "a": 1}
    assert value["q"] == {"<<": 1}


def test_aliases_share_values() -> None:
    assert value_of("a: &a [1, 2]\nb: *a\nc: {d: *a}") == {"a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]}}


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_places_do_not_depend_on_line_ends_or_bom(
    problems: Callable[..., tuple[Problem, ...]], bom: str, newline: str
) -> None:
    text = "# é\nname: x\nnetwork:\n  depth: ten\n  width: 4\n  activation: relu\n  initializer: he_normal\n"
    (problem,) = problems((bom + text.replace("\n", newline)).encode())
    assert (problem.line, problem.column, problem.key) == (4, 10, "network.depth")


def test_columns_count_characters(problems: Callable[..., tuple[Problem, ...]]) -> None:
    (problem,) = problems(BASE + "{description: 'ééé😀', seeds: x}".strip("{}").replace(", seeds", "\nseeds"))
    assert (problem.line, problem.column) == (3, 8)
    text = "{network: {depth: 3, width: 4, activation: é😀, initializer: he_normal}, seeds: x}"
    (problem,) = problems(text)[1:]
    assert (problem.line, problem.column) == (1, text.index("x}") + 1)


def test_locate_finds_the_nearest_place() -> None:
    root = read("a:\n  b: [1, {c: 2}]\n", "f.yaml", Findings())
    assert isinstance(root, Mapping)
    place, node = locate(root, ("a", "b", 1, "c"))
    assert place == Place("f.yaml", 2, 14)
    assert node is not None
    assert plain(node) == 2
    assert locate(root, ("a", "b", 1, "c"), key=True)[0] == Place("f.yaml", 2, 11)
    assert locate(root, ("a", "x", "y")) == (Place("f.yaml", 2, 3), None)
    assert locate(root, ("a", "b", 7))[1] is None


def test_nodes_are_not_changed_by_put() -> None:
    root = read("a: {b: 1}\n", "f.yaml", Findings())
    assert isinstance(root, Mapping)
    other = root.put("a", Scalar(Place("x"), 5, "5"))
    assert plain(root) == {"a": {"b": 1}}
    assert plain(other) == {"a": 5}


# --- inputs that are made to hurt

MB = 1_000_000
LAUGHS = "a0: &a0 [lol, lol]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 11)
)


def merge_bomb(levels: int) -> str:
    lines = ["a0: &a0 {k0: 1}"]
    lines += [f"a{level}: &a{level} {{<<: [*a{level - 1}, *a{level - 1}]}}" for level in range(1, levels)]
    return "\n".join(lines)


def chain(levels: int) -> str:
    """Every anchor one level deeper than the one before: shallow to look at, deep once written out."""
    return "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, levels))


BOMBS = {
    "merge bomb": (merge_bomb(22), "unknown key"),
    "billion laughs": (LAUGHS, "more than 100000 values"),
    "alias chain": (chain(200), "levels deep, aliases written out"),
    "brackets": ("[" * 200_000, "levels deep"),
    "brackets 1 MB": ("[" * MB, "levels deep"),
    "braces": ("{" * MB, "levels deep"),
    "mixed": ("[{" * (MB // 2), "levels deep"),
    "dashes": ("- " * (MB // 2), "levels deep"),
    "question marks": ("? " * (MB // 2), "levels deep"),
    "indents": ("".join(" " * i + "-\n" for i in range(1400)), "levels deep"),
    "key chain": ("".join(" " * i + f"k{i}:\n" for i in range(1300)), "levels deep"),
    "numbers": ("a: [" + "1, " * (MB // 3) + "1]", "more than 100000 values"),
    "lines": ("".join(f"k{i}: 1\n" for i in range(100_000)), "more than 100000 values"),
    "same key": ("a: 1\n" * (MB // 5), "stands here twice"),
    "documents": ("---\n" * (MB // 4), "a second document"),
    "directives": ("%A\n" * (MB // 3), "not valid YAML"),
    "lists": ("a: [" + "[]," * (MB // 3) + "]", "more than 100000 values"),
    "one word": ("a" * MB, "is no config"),
    "one key": ("? " + "a" * (MB - 10) + "\n: 1\n", "a key of"),
    "long key, long list": ("? " + "a" * (MB // 2) + "\n: [" + "1," * (MB // 4) + "]\n", "a key of"),
    "words": (BASE + "name: " + "ab " * (MB // 4), "letters, digits"),
    "digits": (BASE + "seeds: " + "9" * (MB - 200), "digits"),
    "float digits": (BASE + "seeds: 1." + "9" * (MB - 200), "how many networks"),
    "comment": ("#" * MB, "the config is empty"),
    "newlines": ("\n" * MB, "the config is empty"),
    "spaces": (" " * MB, "the config is empty"),
    "unknown alias": ("a: *" + "b" * (MB - 10), "has no anchor"),
    "anchor": ("a: &" + "b" * (MB - 10), "network: missing"),
    "tag": ("a: !" + "b" * (MB - 10), "tags are not allowed"),
    "quote": ('a: "' + "\\n" * (MB // 2 - 10), "never closed"),
    "block": ("a: |\n" + "  x\n" * (MB // 4 - 10), "unknown key"),
    "names": (BASE[:-2] + ", bias: [" + ", ".join(["zerso"] * 60_000) + "]}", "did you mean 'zero'?"),
    "activation names": (
        BASE.replace("relu", "[" + ", ".join(f"relu{i}x" for i in range(40_000)) + "]"),
        "is not one of the activations",
    ),
    "parameters": (
        BASE.replace("he_normal", "{name: he_normal, " + ", ".join(f"p{i}: 1" for i in range(40_000)) + "}"),
        "40000 parameters",
    ),
    "seeds": (BASE + "seeds: [" + ", ".join(["7"] * 90_000) + "]", "stands twice"),
    "metrics": (BASE + "metrics: [" + ", ".join(["act_q"] * 90_000) + "]", "stands twice"),
    "excludes": (
        BASE
        + "sweep: {grid: {network.depth: {range: [1, 9001]}}, exclude: ["
        + ", ".join(f"{{network.depth: {i}}}" for i in range(9000, 27_000))
        + "]}",
        "takes the values",
    ),
    "claims": (
        BASE
        + "sweep: {grid: {network.depth: {range: [1, 2001]}}}\nexpect: ["
        + ", ".join(f"{{name: n{i}, metric: act_q, at_most: 1, layer: {i % 9}}}" for i in range(11_000))
        + "]",
        "a layer from 0",
    ),
}


MORE_OF_THE_SAME = {
    "numbers", "lines", "long key, long list", "directives", "parameters", "names", "metrics", "excludes", "words",
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in MORE_OF_THE_SAME else []) for name in BOMBS]
)
def test_bombs_are_refused_in_time(problems: Callable[..., tuple[Problem, ...]], name: str) -> None:
    text, words = BOMBS[name]
    start = time.process_time()
    found = problems(text[:MB])
    assert time.process_time() - start < SECONDS
    assert any(words in problem.message or words in str(problem) for problem in found), found[0]
    assert all(len(str(problem)) < 1000 for problem in found)


def test_merge_bomb_of_few_levels_is_only_a_strange_config(
    problems: Callable[..., tuple[Problem, ...]],
) -> None:
    assert all("unknown key" in p.message or "missing" in p.message for p in problems(merge_bomb(8)))


@pytest.mark.parametrize("name", ["billion laughs", "brackets"])
def test_bombs_need_little_memory(problems: Callable[..., tuple[Problem, ...]], name: str) -> None:
    tracemalloc.start()
    problems(BOMBS[name][0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6


def test_the_limits_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert value_of("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert "levels deep" in faults_of("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0].message
    assert MAX_NODES == 100_000
    monkeypatch.setattr(reader, "MAX_NODES", 100)
    assert len(value_of("[" + "1," * 99 + "]")) == 99
    assert "more than 100 values" in faults_of("[" + "1," * 100 + "]")[0].message
    assert value_of("a: &a [" + "1," * 20 + "]\nb: [*a, *a]\n")
    assert "more than 100 values" in faults_of("a: &a [" + "1," * 20 + "]\nb: [*a, *a, *a, *a]\n")[0].message


def test_a_large_honest_config_is_no_bomb(read_config: Callable[..., Experiment]) -> None:
    seeds = list(range(20_000))
    experiment = read_config(BASE + f"seeds: {seeds}\n" + "# a comment that goes on\n" * 30_000)
    assert experiment.seeds == tuple(seeds)


def test_yaml_errors_have_a_place() -> None:
    for text in (
        "a: [",
        "a: b: c",
        "\tx",
        '"',
        "a: 'b",
        "- a\nb: 1",
        "? [",
        "a: |x",
        "a: !<x 1",
        "%YAML 2.0\n---\n1",
    ):
        (problem,) = faults_of(text)
        assert problem.line >= 1, text
        assert problem.column >= 1, text


def test_nothing_but_config_errors() -> None:
    with pytest.raises(ConfigError):
        value_of("a: 'b")
