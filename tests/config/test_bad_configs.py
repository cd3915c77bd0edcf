"""Every way in which a config can be wrong: each has its line, its column and words that help."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from initbench.errors import Problem

B = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"
N = "network:\n  depth: 3\n  width: 4\n  activation: relu\n  initializer: he_normal\n"
EXPECT = B + "sweep: {grid: {network.depth: [3, 5]}}\nexpect:\n  - "

# (text, line, column, what the message has)
BAD: list[tuple[str, int, int, str]] = [
    # --- YAML itself
    ("", 1, 1, "the config is empty"),
    ("# nothing\n", 1, 1, "the config is empty"),
    ("- a\n- b\n", 1, 1, "is no config"),
    ("just words", 1, 1, "is no config"),
    ("42", 1, 1, "42 is no config"),
    (B + "name: a\nname: b\n", 3, 1, "stands here twice (first on line 2)"),
    ("network: {depth: 3, depth: 4, width: 4, activation: relu, initializer: he_normal}", 1, 21, "twice"),
    (N + "network: {}\n", 6, 1, "twice"),
    (B + "seeds: [1, 2\n", 3, 1, "opened at line 2, column 8 is never closed with ]"),
    (B + "input: {batch_size: 3\n", 3, 1, "never closed with }"),
    (B + "seeds: [1, 2}\n", 2, 13, "close with ]"),
    (B + 'name: "abc\n', 3, 1, "the quote opened at line 2, column 7 is never closed"),
    (B + "name: 'abc\n", 3, 1, "never closed"),
    ("network:\n\tdepth: 3\n", 2, 1, "a tab cannot indent"),
    ("network:\n  depth: 3\n width: 4\n", 3, 2, "not indented like"),
    ("network:\n  depth: 3\n   width: 4\n", 3, 9, "indent the line"),
    (B + "name: a: b\n", 2, 8, "a ':' where no key can stand"),
    (B + "name: @a\n", 2, 7, "cannot start with @"),
    (B + "name: `a`\n", 2, 7, "put it in quotes"),
    (B + "name: %a\n", 2, 7, "put it in quotes"),
    (B + 'name: "\\q"\n', 2, 9, "an unknown escape"),
    (B + "seeds: - 1\n", 2, 8, "put each '- ' on a line"),
    (B + "name: 'a' b\n", 2, 11, "already complete"),
    (B + "seeds: [1,,2]\n", 2, 11, "a value is missing"),
    (B + "name: *x\n", 2, 7, "no anchor &x"),
    (B + "name: &x [*x]\n", 2, 11, "inside its own anchor"),
    (B + "seeds: !!python/object:os.system ls\n", 2, 8, "tags are not allowed"),
    (B + "seeds: !!int 3\n", 2, 8, "tags are not allowed"),
    (B + "seeds: !foo 3\n", 2, 8, "tags are not allowed"),
    (B + "seeds: !a!b 3\n", 2, 8, "tags are not allowed"),
    (B + "seeds: ! 3\n", 2, 8, "tags are not allowed"),
    (B + "---\nname: a\n", 2, 1, "a second document"),
    ("1: 2\n" + B, 1, 1, "the key 1 is not a text"),
    ("true: 2\n" + B, 1, 1, "the key true is not a text"),
    ("~: 2\n" + B, 1, 1, "not a text"),
    (": 2\n", 1, 1, "a key is missing before the ':'"),
    ("{? : 2}\n", 1, 3, "a key is missing"),
    ("? [a, b]\n: 1\n" + B, 1, 3, "must be a text, not a list"),
    ("{a: 1}: 2\n", 1, 1, "must be a text, not a list or a mapping"),
    ("? " + "k" * 300 + "\n: 1\n" + B, 1, 3, "a key of 300 characters"),
    (B + "<<: 3\n", 2, 5, "a merge key << takes a mapping"),
    ("a: &a {b: 1}\n" + B + "<<: *a\n<<: *a\n", 4, 1, "a second merge key"),
    (B + "name: a\x00b\n", 2, 8, "U+0000"),
    (B + "name: a\x1b[31m\n", 2, 8, "U+001B"),
    (B + 'name: "a\\0"\n', 2, 7, "U+0000"),
    (B + 'description: "\\uD800"\n', 2, 14, "U+D800"),
    (B + "root_seed: " + "9" * 5000 + "\n", 2, 12, "an integer of 5000 digits"),
    (B + "root_seed: 0x" + "f" * 5000 + "\n", 2, 12, "digits"),
    # --- the fixed part
    ("name: a\n", 1, 1, "network: missing"),
    ("network:\n", 1, 9, "null is not allowed here: a mapping with depth"),
    ("network: 5\n", 1, 10, "5 is not allowed here: a mapping"),
    ("network: [1]\n", 1, 10, "[1] is not allowed here: a mapping"),
    ("network: {width: 4, activation: relu, initializer: he_normal}\n", 1, 1, "network.depth: missing"),
    ("network: {depth: 4, activation: relu, initializer: he_normal}\n", 1, 1, "network.width: missing"),
    ("network: {depth: 4, width: 4, initializer: he_normal}\n", 1, 1, "network.activation: missing"),
    ("network: {depth: 4, width: 4, activation: relu}\n", 1, 1, "network.initializer: missing"),
    (N + "  dpeth: 3\n", 6, 3, "unknown key; did you mean 'depth'?"),
    (B + "sedes: 3\n", 2, 1, "did you mean 'seeds'?"),
    (B + "xyzzy: 3\n", 2, 1, "unknown key (a config takes name"),
    (N.replace("depth: 3", "depth: ten"), 2, 10, "'ten' is not allowed here: an integer from 1 to 100000"),
    (N.replace("depth: 3", "depth: 0"), 2, 10, "0 is not allowed here: an integer"),
    (N.replace("depth: 3", "depth: -3"), 2, 10, "-3 is not allowed here: an integer"),
    (N.replace("depth: 3", "depth: 3.5"), 2, 10, "3.5 is not allowed here: an integer"),
    (
        N.replace("depth: 3", "depth: 1e1"),
        2,
        10,
        "1e1 is not allowed here: an integer from 1 to 100000; write 10",
    ),
    (N.replace("depth: 3", "depth: 3.0"), 2, 10, "write 3"),
    (N.replace("depth: 3", "depth: true"), 2, 10, "true is not allowed here: an integer"),
    (N.replace("depth: 3", "depth: '3'"), 2, 10, "'3' is not allowed here: an integer"),
    (N.replace("depth: 3", "depth:"), 2, 9, "null is not allowed here: an integer"),
    (N.replace("depth: 3", "depth: [3]"), 2, 10, "[3] is not allowed here: an integer"),
    (N.replace("depth: 3", "depth: .inf"), 2, 10, ".inf is not allowed here: an integer"),
    (N.replace("depth: 3", "depth: 100001"), 2, 10, "100001 is not allowed here"),
    (N.replace("depth: 3", "depth: 0x186A1"), 2, 10, "0x186A1 is not allowed here"),
    (N.replace("width: 4", "width: 0"), 3, 10, "0 is not allowed here"),
    (N.replace("width: 4", "width: 10000001"), 3, 10, "an integer from 1 to 10000000"),
    (N.replace("width: 4", "width: four"), 3, 10, "or a list of network.depth of them"),
    (N.replace("width: 4", "width: {a: 1}"), 3, 10, "{a: 1} is not allowed here"),
    (N.replace("width: 4", "width: [4, 0, 4]"), 3, 14, "network.width[1]: 0 is not allowed here"),
    (N.replace("width: 4", "width: [4, 4]"), 3, 10, "network.width: has 2 entries, network.depth is 3"),
    (N.replace("width: 4", "width: []"), 3, 10, "network.width: has 0 entries, network.depth is 3"),
    (N.replace("width: 4", "width: [4]"), 3, 10, "network.width: has 1 entry, network.depth is 3"),
    (B + "input: 5\n", 2, 8, "a mapping such as {distribution: gaussian"),
    (B + "input: gaussian\n", 2, 8, "a mapping such as {distribution: gaussian"),
    (B + "input: {distrbution: gaussian}\n", 2, 9, "did you mean 'distribution'?"),
    (B + "input: {batch_size: 0}\n", 2, 21, "0 is not allowed here"),
    (B + "input: {features: -1}\n", 2, 19, "-1 is not allowed here"),
    (B + "input: {resample: yes}\n", 2, 19, "true or false; write true"),
    (B + "input: {resample: 1}\n", 2, 19, "1 is not allowed here: true or false"),
    (B + "gradient: none\n", 2, 11, "a mapping such as {source: gaussian}"),
    (B + "gradient: {source: gausian}\n", 2, 20, "did you mean 'gaussian'?"),
    (B + "gradient: {source: 1}\n", 2, 20, "one of gaussian, shared, ones, none"),
    (B + "seeds: 0\n", 2, 8, "how many networks"),
    (B + "seeds: -1\n", 2, 8, "-1 is not allowed here"),
    (B + "seeds: 1e3\n", 2, 8, "write 1000"),
    (B + "seeds: []\n", 2, 8, "[] is not allowed here"),
    (B + "seeds: [1, 2, 1]\n", 2, 15, "the seed 1 stands twice"),
    (B + "seeds: [1, -2]\n", 2, 12, "seeds[1]: -2 is not allowed here: an integer from 0 to 4294967295"),
    (B + "seeds: [4294967296]\n", 2, 9, "4294967296 is not allowed here"),
    (B + "seeds: [a]\n", 2, 9, "'a' is not allowed here"),
    (B + "seeds: 10000000\n", 2, 8, "10000000 is not allowed here"),
    (B + "root_seed: -1\n", 2, 12, "an integer from 0 to 2**128 - 1"),
    (B + f"root_seed: {2**128}\n", 2, 12, "2**128 - 1"),
    (B + "dtype: float16\n", 2, 8, "one of float32, float64"),
    (B + "dtype: flaot32\n", 2, 8, "did you mean 'float32'?"),
    (B + "engine: implict\n", 2, 9, "did you mean 'implicit'?"),
    (B + "engine: fast\n", 2, 9, "one of auto, dense, implicit"),
    (B + "name: a b\n", 2, 7, "letters, digits"),
    (B + "name: ../../etc\n", 2, 7, "letters, digits"),
    (B + "name: .hidden\n", 2, 7, "letters, digits"),
    (B + f"name: {'a' * 101}\n", 2, 7, "1 to 100 letters"),
    (B + "name: 5\n", 2, 7, "write '5' in quotes"),
    (B + "name: ''\n", 2, 7, "'' is not allowed here"),
    (B + "description: 5\n", 2, 14, "5 is not allowed here: a text; write '5' in quotes"),
    (B + "description: [a]\n", 2, 14, "['a'] is not allowed here: a text"),
    (B + "verdict: {factor: 1}\n", 2, 19, "a finite number > 1"),
    (B + "verdict: {factor: .inf}\n", 2, 19, ".inf is not allowed here"),
    (B + "verdict: {factor: .nan}\n", 2, 19, ".nan is not allowed here"),
    (B + "verdict: {dead: 0}\n", 2, 17, "> 0 and <= 1"),
    (B + "verdict: {saturated: 1.5}\n", 2, 22, "> 0 and <= 1"),
    (B + "verdict: {factr: 100}\n", 2, 11, "did you mean 'factor'?"),
    (B + "output: {layers: no}\n", 2, 18, "write false"),
    (B + "output: no\n", 2, 9, "a mapping such as {layers: true}"),
    (B + "metrics: []\n", 2, 10, "at least one metric"),
    (B + "metrics: all\n", 2, 10, "default, or a list"),
    (B + "metrics: defualt\n", 2, 10, "did you mean 'default'?"),
    (B + "metrics: [act_q, act_qq]\n", 2, 18, "did you mean 'act_q'?"),
    (B + "metrics: [act_q, act_q]\n", 2, 18, "stands twice"),
    (B + "metrics: [3]\n", 2, 11, "the name of a metric"),
    (B + "metrics: {act_q: 1}\n", 2, 10, "default, or a list"),
    # --- names of the catalogue
    (N.replace("relu", "rleu"), 4, 15, "'rleu' is not one of the activations; did you mean 'relu'?"),
    (N.replace("relu", "5"), 4, 15, "5 is not allowed here: the name of an activation"),
    (N.replace("relu", "true"), 4, 15, "true is not allowed here: the name of an activation"),
    (N.replace("activation: relu", "activation:"), 4, 14, "null is not allowed here"),
    (N.replace("relu", "none"), 4, 15, "'none' is not one of the activations"),
    (N.replace("relu", "{negative_slope: 0.1}"), 4, 15, "name is missing"),
    (N.replace("relu", "{name: 3}"), 4, 22, "3 is not allowed here: the name of an activation"),
    (N.replace("relu", "{name: leaky_relu, slope: 0.1}"), 4, 34, "network.activation.slope: unknown parameter"),
    (N.replace("relu", "{name: leaky_relu, negative_slope: a}"), 4, 50, "negative_slope must be"),
    (N.replace("relu", "{name: relu, negative_slope: 1}"), 4, 28, "relu takes no parameters"),
    (N.replace("relu", "[relu, tnah, relu]"), 4, 22, "did you mean 'tanh'?"),
    (N.replace("relu", "[relu, [relu], relu]"), 4, 22, "network.activation[1]: ['relu'] is not allowed here"),
    (N.replace("relu", "[relu, tanh]"), 4, 15, "network.activation: has 2 entries, network.depth is 3"),
    (N.replace("relu", "[]"), 4, 15, "[] is not allowed here"),
    (N.replace("he_normal", "He_normal"), 5, 16, "did you mean 'he_normal'?"),
    (N.replace("he_normal", "normal"), 5, 16, "normal needs stddev"),
    (N.replace("he_normal", "{name: normal}"), 5, 16, "normal needs stddev"),
    (N.replace("he_normal", "{name: normal, stddev: -1}"), 5, 39, "-1 is not allowed: stddev must be"),
    (N.replace("he_normal", "{name: normal, stddev: 1e400}"), 5, 39, "inf is not allowed"),
    (N.replace("he_normal", "{name: normal, stddev: .nan}"), 5, 39, "nan is not allowed"),
    (N.replace("he_normal", "{name: normal, stddev: '1'}"), 5, 39, "'1' is not allowed"),
    (N.replace("he_normal", "{name: normal, stdev: 1}"), 5, 16, "normal needs stddev"),
    (N.replace("he_normal", "{name: he_normal, mode: fan_inn}"), 5, 40, "did you mean 'fan_in'?"),
    (N.replace("he_normal", "{name: he_normal, gain: [1]}"), 5, 40, "[1] is not allowed: gain must be"),
    (N.replace("he_normal", "[he_normal, he_normal]"), 5, 16, "has 2 entries, network.depth is 3"),
    (N.replace("he_normal", "os.system"), 5, 16, "is not one of the initializers"),
    (N + "  bias: zeroes\n", 6, 9, "did you mean 'zeros'?"),
    (N + "  bias: orthogonal\n", 6, 9, "law of whole matrices and cannot draw a bias"),
    (N + "  bias: false\n", 6, 9, "or none"),
    (N + "  bias: [zeros, none]\n", 6, 9, "network.bias: has 2 entries, network.depth is 3"),
    (N + "  bias: [zeros, nonne, zeros]\n", 6, 17, "did you mean 'none'?"),
    (B + "input: {distribution: gausian}\n", 2, 23, "did you mean 'gaussian'?"),
    (B + "input: {distribution: [gaussian]}\n", 2, 23, "the name of an input distribution"),
    (B + "input: {distribution: {name: pair}}\n", 2, 23, "pair needs cosine"),
    (B + "input: {distribution: {name: pair, cosine: 2}}\n", 2, 44, "cosine must be"),
    (B + "input: {distribution: {name: pair, cosine: 0}, batch_size: 3}\n", 2, 60, "a batch of 2"),
    (B + "input: {distribution: {name: pair, cosine: 0.5}, features: 1}\n", 2, 44, "at least 2 features"),
    (B + "input: {distribution: {name: uniform, low: 3, high: 1}}\n", 2, 44, "low must not be above high"),
    (B + "input: {distribution: {name: csv, path: nowhere.csv}}\n", 2, 41, "nowhere.csv"),
    (B + "input: {distribution: {name: npy, path: .}}\n", 2, 41, "not a regular file"),
    (B + "input: {distribution: csv}\n", 2, 23, "csv needs path"),
    # --- the sweep
    (B + "sweep: [1]\n", 2, 8, "a mapping such as {grid:"),
    (B + "sweep: {gird: {}}\n", 2, 9, "did you mean 'grid'?"),
    (B + "sweep: {grid: [1]}\n", 2, 15, "a mapping of dotted keys to lists"),
    (B + "sweep: {grid: {network.dpeth: [1]}}\n", 2, 16, "did you mean 'network.depth'?"),
    (B + "sweep: {grid: {depth: [1]}}\n", 2, 16, "did you mean 'network.depth'?"),
    (B + "sweep: {grid: {network: [1]}}\n", 2, 16, "sweep network.depth, network.width"),
    (B + "sweep: {grid: {seeds: [1]}}\n", 2, 16, "seeds is no setting of a network and cannot be swept"),
    (B + "sweep: {grid: {verdict.factor: [10]}}\n", 2, 16, "cannot be swept"),
    (B + "sweep: {grid: {training: [10]}}\n", 2, 16, "sweep training.data, training.learning_rate"),
    (B + "sweep: {grid: {training.steps: [10]}}\n", 2, 16, "needs a section training"),
    (B + "sweep: {grid: {network.depth: 5}}\n", 2, 31, "write [5]"),
    (B + "sweep: {grid: {network.depth: []}}\n", 2, 31, "at least one value"),
    (B + "sweep: {grid: {network.depth: [3, ten]}}\n", 2, 35, "network.depth: 'ten' is not allowed here"),
    (B + "sweep: {grid: {network.depth: [3, 5, 3]}}\n", 2, 38, "3 stands twice"),
    (B + "sweep: {grid: {verdict.dead: [3, 5, 3]}}\n", 2, 16, "cannot be swept"),
    (B + "sweep: {grid: {input.distribution.stddev: [1, 1.0]}}\n", 2, 47, "1 stands twice"),
    (B + "sweep: {grid: {network.activation: [relu, tnah]}}\n", 2, 43, "did you mean 'tanh'?"),
    (
        B + "sweep: {grid: {network.initializer.sdtdev: [1, 2, 3]}}\n",
        2,
        16,
        "network.initializer.sdtdev: unknown parameter",
    ),
    (B + "sweep: {grid: {network.initializer.gain: [1, -1]}}\n", 2, 46, "gain must be"),
    (B + "sweep: {grid: {network.width: [[4, 4], 3]}}\n", 2, 32, "has 2 entries, network.depth is 3"),
    (B + "sweep: {grid: {network.depth: {linspce: [1, 2, 3]}}}\n", 2, 31, "did you mean 'linspace'?"),
    (B + "sweep: {grid: {network.depth: {linspace: [1, 2]}}}\n", 2, 42, "two finite numbers and a count"),
    (B + "sweep: {grid: {network.depth: {linspace: [1, 2, 0]}}}\n", 2, 42, "at least 1"),
    (B + "sweep: {grid: {network.depth: {linspace: [1, .inf, 3]}}}\n", 2, 42, "finite"),
    (B + "sweep: {grid: {network.depth: {linspace: [1, 2, 3]}}}\n", 2, 42, "an integer"),
    (B + "sweep: {grid: {network.depth: {range: [5, 5]}}}\n", 2, 39, "stop itself is left out"),
    (B + "sweep: {grid: {network.depth: {range: [1, 5, 0]}}}\n", 2, 39, "at least one value"),
    (B + "sweep: {grid: {network.depth: {range: [1, 1000000]}}}\n", 2, 15, "has 999999 points"),
    (
        B + "sweep: {grid: {network.depth: {range: [1, 9]}}, max_runs: 5}\n",
        2,
        59,
        "has 8 points, sweep.max_runs is 5",
    ),
    (B + "sweep: {max_runs: 0}\n", 2, 19, "an integer from 1 to 1000000"),
    (B + "sweep: {zip: {network.depth: [1]}}\n", 2, 14, "a list of mappings"),
    (B + "sweep: {zip: [3]}\n", 2, 15, "a mapping of dotted keys"),
    (B + "sweep: {zip: [{}]}\n", 2, 15, "at least one dotted key"),
    (B + "sweep: {zip: [{network.depth: [1, 2], network.width: [1]}]}\n", 2, 15, "equally long"),
    (
        B + "sweep: {grid: {network.depth: [1]}, zip: [{network.depth: [1]}]}\n",
        2,
        44,
        "network.depth is swept twice (first on line 2)",
    ),
    (B + "sweep: {grid: {network.depth: [1, 2]}, exclude: [{network.depth: 3}]}\n", 2, 66, "values 1, 2"),
    (B + "sweep: {grid: {network.depth: [1, 2]}, exclude: [{network.width: 4}]}\n", 2, 51, "is not swept"),
    (B + "sweep: {grid: {network.depth: [1]}, exclude: [{}]}\n", 2, 47, "at least one swept key"),
    (B + "sweep: {grid: {network.depth: [1]}, exclude: [{network.depth: 1}]}\n", 2, 37, "nothing is left"),
    (B + "sweep: {include: [{network.dpeth: 1}]}\n", 2, 20, "did you mean 'network.depth'?"),
    (B + "sweep: {include: [{network.depth: ten}]}\n", 2, 35, "'ten' is not allowed here"),
    (B + "sweep: {include: [{}]}\n", 2, 19, "at least one dotted key"),
    (
        "network: {width: 4, activation: relu, initializer: he_normal}\n"
        "sweep: {grid: {network.depth: [3]}, include: [{network.width: 3}]}\n",
        1,
        1,
        "network.depth: missing",
    ),
    # --- expectations
    (B + "expect: 5\n", 2, 9, "a list of claims"),
    (B + "expect: [5]\n", 2, 10, "a mapping with name, metric and one test"),
    (B + "expect: [{metric: act_q, at_least: 0}]\n", 2, 10, "expect[0].name: missing"),
    *(
        (B + f'expect: [{{name: "a{mark}::error::x", metric: act_q, at_least: 0}}]\n', 2, 17, "in one line")
        for mark in ("\\n", "\\r", "\\x85", "\\u2028")
    ),
    (B + "expect: [{name: a, at_least: 0}]\n", 2, 10, "expect[0].metric: missing"),
    (EXPECT + "{name: a, metric: act_qq, at_least: 0}\n", 4, 23, "did you mean 'act_q'?"),
    (EXPECT + "{name: a, metric: histograms, at_least: 0}\n", 4, 23, "cannot be tested"),
    (EXPECT + "{name: a, metric: act_q}\n", 4, 5, "exactly one of between"),
    (EXPECT + "{name: a, metric: act_q, at_least: 0, at_most: 1}\n", 4, 43, "here is at_least and at_most"),
    (EXPECT + "{name: a, metric: act_q, at_leest: 0}\n", 4, 30, "did you mean 'at_least'?"),
    (
        EXPECT + "{name: a, metric: act_q, at_least: high}\n",
        4,
        40,
        "'high' is not allowed here: a finite number",
    ),
    (EXPECT + "{name: a, metric: act_q, between: [2, 1]}\n", 4, 39, "low first"),
    (EXPECT + "{name: a, metric: act_q, between: [1]}\n", 4, 39, "two finite numbers"),
    (EXPECT + "{name: a, metric: act_q, between: [1, a]}\n", 4, 43, "a finite number"),
    (EXPECT + "{name: a, metric: act_q, near: {value: 1}}\n", 4, 30, "near.stderr: missing"),
    (EXPECT + "{name: a, metric: act_q, near: {value: 1, stderr: 0}}\n", 4, 55, "a finite number > 0"),
    (EXPECT + "{name: a, metric: act_q, near_theory: 0}\n", 4, 43, "a finite number > 0"),
    (EXPECT + "{name: a, metric: act_q, near_theory: close}\n", 4, 43, "'close' is not allowed here"),
    (EXPECT + "{name: a, metric: act_q_ratio, near_theory: 3}\n", 4, 36, "test theory_z, or a metric"),
    (EXPECT + "{name: a, metric: verdict, near_theory: 3}\n", 4, 32, "verdict is a text, tested with equals"),
    (
        EXPECT + "{name: a, metric: act_q, over: median, near_theory: 3}\n",
        4,
        44,
        "theory predicts the mean over seeds, not the median; leave over out",
    ),
    (EXPECT + "{name: a, metric: act_q, equals: high}\n", 4, 38, "act_q is a number"),
    (EXPECT + "{name: a, metric: verdict, at_least: 1}\n", 4, 32, "verdict is a text, tested with equals"),
    (EXPECT + "{name: a, metric: verdict, equals: vanishng}\n", 4, 40, "did you mean 'vanishing'?"),
    (EXPECT + "{name: a, metric: verdict, equals: stable, published: 1}\n", 4, 48, "verdict is a text; write it into"),
    (EXPECT + "{name: a, metric: act_q, at_least: 1, published: 1, published_root: 1}\n", 4, 57, "one of the two"),
    (EXPECT + "{name: a, metric: act_q, at_least: 1, published_root: -1}\n", 4, 59, "a finite number >= 0"),
    (EXPECT + "{name: a, metric: verdict, equals: stable, layer: 1}\n", 4, 48, "leave layer out"),
    (EXPECT + "{name: a, metric: act_q_ratio, at_least: 1, over: mean}\n", 4, 49, "leave over out"),
    (EXPECT + "{name: a, metric: act_q, at_least: 1, over: men}\n", 4, 49, "did you mean 'mean'?"),
    (EXPECT + "{name: a, metric: act_q, at_least: 1, layer: 4}\n", 4, 50, "a layer from 0, the input, to 3"),
    (EXPECT + "{name: a, metric: act_q, at_least: 1, layer: -1}\n", 4, 50, "a layer from 0"),
    (EXPECT + "{name: a, metric: act_q, at_least: 1, layer: lsat}\n", 4, 50, "did you mean 'last'?"),
    (EXPECT + "{name: a, metric: preact_q, at_least: 1, layer: 0}\n", 4, 53, "no value at layer 0"),
    (
        EXPECT + "{name: a, metric: act_q, at_least: 1, where: {network.depth: 4}}\n",
        4,
        66,
        "takes the values 3, 5",
    ),
    (
        EXPECT + "{name: a, metric: act_q, at_least: 1, where: {network.width: 4}}\n",
        4,
        51,
        "network.width is not swept",
    ),
    (
        EXPECT + "{name: a, metric: act_q, at_least: 1, where: {depth: 3}}\n",
        4,
        51,
        "did you mean 'network.depth'?",
    ),
    (
        EXPECT + "{name: a, metric: act_q, at_least: 1, claim: wrong}\n",
        4,
        50,
        "'wrong' is not allowed here: refuted",
    ),
    (
        EXPECT + "{name: a, metric: act_q, at_least: 1}\n  - {name: a, metric: act_q, at_most: 1}\n",
        5,
        12,
        "the name of another claim",
    ),
    (
        EXPECT + "{name: a, metric: act_q_ratio, near: {value: 1, stderr: 3}}\n",
        4,
        36,
        "act_q_ratio has no standard error; test it with between: [low, high]",
    ),
    (
        EXPECT + "{name: a, metric: act_q, over: median, near: {value: 1, stderr: 3}}\n",
        4,
        44,
        "the median over seeds has no standard error, only the mean has; leave over out",
    ),
    (
        "seeds: 1\n" + EXPECT + "{name: a, metric: act_q, near: {value: 1, stderr: 3}}\n",
        5,
        30,
        "one seed has no standard error; write seeds: 2 or more",
    ),
    (
        "seeds: [7]\n" + EXPECT + "{name: a, metric: act_q, near: {value: 1, stderr: 3}}\n",
        5,
        30,
        "one seed has no standard error; write seeds: 2 or more",
    ),
    (
        "output: {layers: false}\n" + EXPECT + "{name: a, metric: act_q, over: max, at_most: 1}\n",
        5,
        36,
        "the max over seeds needs every seed's rows, which output.layers: false leaves out; write output: {layers: ",
    ),
    (
        B + "metrics: [cosine]\nexpect: [{name: a, metric: act_q, at_least: 1}]\n",
        3,
        28,
        "act_q is not measured; add it to metrics",
    ),
    (
        B + "metrics: [cosine]\nexpect: [{name: a, metric: act_q_ratio, at_least: 1}]\n",
        3,
        28,
        "act_q_ratio needs act_q, which is not measured",
    ),
    (
        B + "gradient: {source: none}\nexpect: [{name: a, metric: grad_q, at_least: 1}]\n",
        3,
        28,
        "grad_q needs gradients, but gradient.source is none",
    ),
    (
        B + "gradient: {source: none}\nexpect: [{name: a, metric: backward, equals: stable}]\n",
        3,
        28,
        "backward needs gradients",
    ),
]


JARGON = (
    "Input should be",
    "validation error",
    "Extra inputs",
    "Field required",
    "type=",
    "pydantic",
    "literal",
    "greater than",
)


@pytest.mark.parametrize(("text", "line", "column", "words"), BAD, ids=range(len(BAD)))
def test_bad_config(
    problems: Callable[..., tuple[Problem, ...]], text: str, line: int, column: int, words: str
) -> None:
    found = problems(text)
    places = [(problem.line, problem.column) for problem in found if words in str(problem)]
    assert places == [(line, column)], [str(problem) for problem in found]
    for problem in found:
        assert problem.source.endswith("c.yaml")
        assert "\n" not in str(problem)
        assert len(problem.message) < 600
        assert not any(word in problem.message for word in JARGON), problem.message
        assert "<one>" not in str(problem)
        assert "<each>" not in str(problem)


def test_there_are_enough_of_them() -> None:
    assert len(BAD) >= 120
    assert len({text for text, *_ in BAD}) == len(BAD)


def test_every_error_at_once(problems: Callable[..., tuple[Problem, ...]]) -> None:
    text = """\
nmae: x
name: a b
network: {depth: ten, width: [3, 0], activation: rleu, initializer: {name: normal, stdev: 1}, bias: orthogonal}
input: {distribution: {name: pair, cosine: 2}, resample: yes}
gradient: {source: gausian}
seeds: [1, 1]
dtype: float16
metrics: [act_qq]
verdict: {factor: 0}
sweep: {grid: {network.dpeth: [1], network.activation: [tnah], input.batch_size: [1, many]}, max_runs: 0}
expect: [{name: a, metric: act_qq, at_least: 0}, {name: a, metric: act_q, at_least: x}]
expect: []
"""
    found = problems(text)
    expected = [
        (1, "nmae"),
        (2, "name"),
        (3, "network.activation"),
        (3, "network.depth"),
        (3, "network.initializer"),
        (3, "network.initializer.stdev"),
        (3, "network.width[1]"),
        (4, "input.distribution.cosine"),
        (4, "input.resample"),
        (5, "gradient.source"),
        (6, "seeds[1]"),
        (7, "dtype"),
        (8, "metrics[0]"),
        (9, "verdict.factor"),
        (10, "input.batch_size"),
        (10, "network.activation"),
        (10, "sweep.grid.network.dpeth"),
        (10, "sweep.max_runs"),
        (11, "expect[0].metric"),
        (11, "expect[1].at_least"),
        (12, "expect"),
    ]
    assert sorted((problem.line, problem.key) for problem in found) == expected
    assert list(found) == sorted(found)


def test_long_values_are_cut(problems: Callable[..., tuple[Problem, ...]]) -> None:
    for value in ("x" * 5000, "[" + "1, " * 5000 + "1]", "{name: normal, stddev: '" + "x" * 5000 + "'}"):
        (*_, problem) = problems(N.replace("he_normal", value))
        assert len(str(problem)) < 700
        assert "..." in problem.message or "5001 entries" in problem.message


def test_a_thousand_errors_are_bounded(problems: Callable[..., tuple[Problem, ...]]) -> None:
    found = problems(B + "".join(f"k{index}: 1\n" for index in range(5000)))
    assert 1000 < len(found) < 2100
    assert "more than 2000 problems" in found[0].message
