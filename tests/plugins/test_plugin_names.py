"""Which plug-ins there are: found without being loaded, and what is said of those that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from plugin_packages import HEAD, Run, activations, entries, initializers, install, metrics

import initbench
from initbench.catalogue.activations import ACTIVATIONS
from initbench.catalogue.facts import explain_name, facts_of_kind
from initbench.catalogue.initializers import INITIALIZERS
from initbench.catalogue.metrics import COLUMNS, METRICS
from initbench.config import evidence, from_mapping, json_schema
from initbench.errors import ConfigError, ParameterError, PluginError, UnknownNameError
from initbench.lab import columns

SMALL = "network: {depth: 2, width: 8, activation: ACT, initializer: INIT}\nseeds: 2\n"
TANH = "np.tanh, lambda z: 1 - np.tanh(z) ** 2"
NORMAL = "lambda rng, shape, dtype: rng.standard_normal(shape, dtype)"


def config(activation: object = "relu", **more: object) -> dict[str, object]:
    return {"network": {"depth": 2, "width": 8, "activation": activation, "initializer": "he_normal"}, **more}


def problem(config: dict[str, object]) -> str:
    """The one problem of a config."""
    with pytest.raises(ConfigError) as caught:
        from_mapping(config)
    (found,) = caught.value.problems
    return f"{found.key}: {found.message}"


def test_nothing_is_imported_before_it_is_named(run: Run, site: Path, tmp_path: Path) -> None:
    code = HEAD + f"open({str(tmp_path / 'loaded')!r}, 'w').close()\n" + activations({"soft": TANH})
    install(site, code, entries(activations={"soft": TANH}))
    (tmp_path / "c.yaml").write_text(SMALL.replace("ACT", "tanh").replace("INIT", "he_normal"))
    for words in (["--help"], ["--version"], ["run", "c.yaml", "--no-plots"], ["explain", "gelu"]):
        assert run(*words).returncode == 0
        assert not (tmp_path / "loaded").exists(), words
    assert "soft" in run("list", "activations").stdout
    assert (tmp_path / "loaded").exists()


BROKEN = {
    "missing": "cannot be loaded: AttributeError: module 'mypackage' has no attribute 'MISSING'",
    "elsewhere": "cannot be loaded: ModuleNotFoundError: No module named 'nosuch'",
    "raising": "cannot be loaded: ZeroDivisionError",
    "exiting": "cannot be loaded: SystemExit: 3",
    "interrupting": "cannot be loaded: KeyboardInterrupt",
    "syntax": "cannot be loaded: SyntaxError",
    "number": "is an int, not an ActivationRecord (from initbench.plugins)",
    "function": "is a function, not an ActivationRecord",
    "of_another_kind": "is a MetricRecord, not an ActivationRecord",
    "misnamed": "is a record with the name 'other', not that of its entry point",
    "aliased": "has aliases",
    "numbered": "has an int for its equation, which is a text",
    "unbuildable": "has None for its build",
    "listed": "has parameters that are no tuple",
    "untyped": "has a str among its parameters",
    "upper": "has the parameter 'Limit'",
    "twice": "has the parameter 'a'",
    "reserved": "has the parameter 'name'",
    "unkind": "has the parameter 'a' of a kind that is none of",
    "outside": "which does not hold: ParameterError: -1.0 is not allowed: a must be a finite number > 0",
    "incomparable": "has the parameter 'a', which does not hold: ValueError",
    "spaced out": "has a name that is not allowed",
    "0": "has a name that is not allowed",
    "dotted.name": "has a name that is not allowed",
    "a:b:c": "has a name that is not allowed",
    "none": "has a name that means something else here",
    "True": "has a name that means something else here",
    "torch:mine": "has a name that means something else here",
    "relu": "may not take a name of initbench's own: uninstall mypackage, or have the plug-in renamed",
    "swish": "may not take a name of initbench's own",
    "contested": "is declared by rival 2.0 too: uninstall mypackage, or have the plug-in renamed",
}
MODULES = {
    "raising_module": "1 / 0\n",
    "exiting_module": "raise SystemExit(3)\n",
    "interrupting_module": "raise KeyboardInterrupt\n",
    "syntax_module": "def\n",
}
CODE = (
    HEAD
    + activations({"sound": TANH})
    + """
def record(name, build=SOUND.build, equation="", **more):
    return ActivationRecord(name, build, equation, "", "", **more)

NUMBER, FUNCTION = 3, record
OF_ANOTHER_KIND = MetricRecord("of_another_kind", "", "", "activation", measure=max)
MISNAMED, ALIASED = record("other"), record("aliased", aliases=("b",))
NUMBERED, UNBUILDABLE = record("numbered", equation=3), record("unbuildable", build=None)
LISTED, UNTYPED = record("listed", parameters=[]), record("untyped", parameters=("a",))
UPPER = record("upper", parameters=(Parameter("Limit", 1.0),))
TWICE = record("twice", parameters=(Parameter("a", 1.0), Parameter("a", 2.0)))
RESERVED = record("reserved", parameters=(Parameter("name", 1.0),))
UNKIND = record("unkind", parameters=(Parameter("a", 1.0, kind="float"),))
OUTSIDE = record("outside", parameters=(Parameter("a", -1.0, above=0),))
INCOMPARABLE = record("incomparable", parameters=(Parameter("a", 1.0, above="0"),))
"""
)


@pytest.fixture
def broken(site: Path) -> None:
    """A package of broken activations beside one that is sound."""
    found = {name: name.upper() for name in BROKEN} | {"sound": "SOUND", "elsewhere": "nosuch:THING"}
    for module, code in MODULES.items():
        (site / f"{module}.py").parent.mkdir(exist_ok=True)
        (site / f"{module}.py").write_text(code)
        found[module.partition("_")[0]] = f"{module}:THING"
    for name in ("spaced out", "0", "dotted.name", "a:b:c", "none", "True", "torch:mine", "relu", "swish", "contested"):
        found[name] = "SOUND"
    install(site, CODE, {"activations": found})
    install(site, CODE, {"activations": {"contested": "SOUND"}}, package="rival", version="2.0")


@pytest.mark.usefixtures("broken")
def test_list_shows_what_is_sound_and_says_what_is_not(run: Run) -> None:
    done = run("list", "activations", "--json")
    assert done.returncode == 0
    names = [fact["name"] for fact in json.loads(done.stdout)]
    assert names == [*(record.name for record in ACTIVATIONS), "sound"]
    said = done.stderr.splitlines()
    assert len(said) == len(BROKEN)
    for name, reason in BROKEN.items():
        (line,) = [line for line in said if f"the activation '{name}' of " in line]
        assert line.startswith("left out: ")
        assert f"(entry point {name} = " in line
        assert "in initbench.activations)" in line
        assert reason in line


@pytest.mark.usefixtures("broken")
def test_a_config_is_told_of_every_one_that_it_names(run: Run, tmp_path: Path) -> None:
    names = [*BROKEN, "sound", "tanh", "sonud"]
    listed = f"[{', '.join(json.dumps(name) for name in names)}]"
    text = SMALL.replace("ACT", listed).replace("INIT", "he_normal").replace("depth: 2", f"depth: {len(names)}")
    (tmp_path / "c.yaml").write_text(text)
    done = run("run", "c.yaml")
    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert len(said) == 21  # twenty, and how many more
    assert all(line.startswith("c.yaml:1:") for line in said[:-1])
    assert not (tmp_path / "results").exists()
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_plug_in_is_one_problem(seen: Callable[[], None], name: str) -> None:
    seen()
    said = problem(config(name))
    assert said.startswith(f"network.activation: the activation '{name}' of mypackage 1.0 (entry point {name} = ")
    assert BROKEN[name] in said


@pytest.mark.usefixtures("broken")
def test_the_rest_is_as_if_they_were_not_there(seen: Callable[[], None]) -> None:
    untouched = ACTIVATIONS.names
    seen()
    assert set(ACTIVATIONS.names) - set(untouched) >= {"sound"}
    assert from_mapping(config("tanh")).cells
    assert initbench.activation("relu").record.origin == ""  # a name of ours stays ours
    assert initbench.activation("sound").record.origin == "mypackage 1.0"
    with pytest.raises(PluginError, match="cannot be loaded"):
        initbench.activation("raising")
    with pytest.raises(PluginError, match="cannot be loaded"):
        explain_name("raising", 3, 3, {})
    names = json.dumps(json_schema())
    assert '"sound"' in names
    assert '"raising"' not in names
    assert '"contested"' not in names


METADATA = {
    "no version": "Metadata-Version: 2.1\nName: mypackage\n",
    "no name": "Metadata-Version: 2.1\nVersion: 1.0\n",
    "nothing": "",
}


@pytest.mark.parametrize("metadata", METADATA)
def test_a_package_that_does_not_say_its_version(site: Path, seen: Callable[[], None], metadata: str) -> None:
    install(site, HEAD + activations({"sound": TANH}), entries(activations={"sound": TANH}))
    (site / "mypackage-1.0.dist-info" / "METADATA").write_text(METADATA[metadata])
    seen()
    assert "its package's metadata are damaged" in problem(config("sound"))


def test_a_damaged_list_of_entry_points_costs_its_own_package_alone(site: Path, seen: Callable[[], None]) -> None:
    install(site, HEAD + activations({"sound": TANH}), entries(activations={"sound": TANH}))
    install(site, HEAD, {"activations": {"a": "b"}}, package="damaged")
    (site / "damaged-1.0.dist-info" / "entry_points.txt").write_text("[initbench.activations]\nno equals sign\n")
    seen()
    assert from_mapping(config("sound")).cells
    assert from_mapping(config("tanh")).cells


def test_the_nearest_name_may_be_a_plug_ins(site: Path, seen: Callable[[], None]) -> None:
    found = {
        "activations": activations({"softclip": TANH}),
        "initializers": initializers({"signs": NORMAL}),
        "metrics": metrics({"largest": ("activation", "max")}),
    }
    names = {"activations": {"softclip": ""}, "initializers": {"signs": ""}, "metrics": {"largest": ""}}
    install(site, HEAD + "".join(found.values()), entries(**names))
    seen()
    assert "; did you mean 'softclip'?" in problem(config("sofclip"))
    assert "; did you mean 'largest'?" in problem(config(metrics=["lragest"]))
    network = {"depth": 2, "width": 8, "activation": "relu", "initializer": "singns"}
    assert "; did you mean 'signs'?" in problem({"network": network})
    with pytest.raises(UnknownNameError, match="softclip"):
        initbench.activation("sofclip")
    claim = {"name": "a", "metric": "largets", "at_least": 0}
    assert "; did you mean 'largest'?" in problem(config(expect=[claim]))
    claim["metric"] = "largest"
    assert "largest is not measured" in problem(config(expect=[claim]))
    assert from_mapping(config(expect=[claim], metrics=["largest"])).expect[0].metric == "largest"
    facts, wrong = facts_of_kind("metrics", 3, 3)
    assert (facts[-1]["name"], facts[-1]["package"], wrong) == ("largest", "mypackage 1.0", [])


def test_metrics_of_plug_ins(site: Path, seen: Callable[[], None]) -> None:
    made = metrics(
        {
            "largest": ("activation", "max"),
            "needy": ("everything", "max"),
            "idle": ("activation", "None"),
            "seed": ("activation", "max"),
            "verdict": ("activation", "max"),
        }
    )
    made += "PICTURE = MetricRecord('picture', '', '', 'activation', scalar=False, measure=max)\n"
    names = dict.fromkeys(("largest", "needy", "idle", "seed", "verdict", "picture"), "")
    install(site, HEAD + made, entries(metrics=names))
    seen()
    assert "needs 'everything', which is none of activation, preactivation, gradient" in problem(
        config(metrics=["needy"])
    )
    assert "has None for its measure" in problem(config(metrics=["idle"]))
    assert "is one number a layer" in problem(config(metrics=["picture"]))
    for name in ("seed", "verdict"):
        assert "has a name that means something else here" in problem(config(metrics=[name]))
    assert not METRICS.find("largest").default
    assert from_mapping(config()).cells[0].cell.metrics == from_mapping(config(metrics="default")).cells[0].cell.metrics
    chosen = from_mapping(config(metrics=["largest", "act_q"])).cells[0].cell.metrics
    assert chosen == ("act_q", "largest")  # ours first


def test_no_metric_can_have_the_name_of_a_column() -> None:
    every = {*columns.LAYERS, *columns.SUMMARY, *columns.CELLS, *columns.HISTOGRAMS, *columns.THEORY, *columns.FAILURES}
    every |= {"cell", *evidence.COLUMNS, *evidence.TRAINED, *evidence.CURVES}
    assert every <= COLUMNS
    assert not COLUMNS & set(METRICS.names)


def test_parameters_that_do_not_go_together(site: Path, seen: Callable[[], None]) -> None:
    code = (
        HEAD
        + """
def build(low, high):
    if low > high:
        raise ParameterError("low", "low must be at most high")
    return Formula(np.tanh, lambda z: 1 - np.tanh(z) ** 2, kinks=(low, high))

RANGED = ActivationRecord("ranged", build, "", "", "", (Parameter("low", 0), Parameter("high", 1)))

def draws(fan_in, fan_out, size):
    if size > fan_in:
        raise ParameterError("size", "size must be at most fan_in")
    return Sampled(lambda rng, shape, dtype: np.ones(shape, dtype), 1, 0, random=False)

SIZED = InitializerRecord("sized", draws, "", "", "", (Parameter("size", kind="integer"),))
"""
    )
    install(site, code, {"activations": {"ranged": "RANGED"}, "initializers": {"sized": "SIZED"}})
    seen()
    assert problem(config({"name": "ranged", "low": 2})) == "network.activation.low: low must be at most high"
    assert "did you mean 'high'" in problem(config({"name": "ranged", "hihg": 2}))
    assert initbench.activation("ranged").formula.kinks == (0.0, 1.0)
    network = {"depth": 2, "width": 8, "activation": "relu", "initializer": {"name": "sized", "size": 9}}
    assert "size must be at most fan_in (in a layer of 8 inputs" in problem({"network": network})
    assert "sized needs size: an integer" in problem({"network": network | {"initializer": "sized"}})
    with pytest.raises(ParameterError):
        initbench.initializer("sized", size=9).law(8, 8)
    assert INITIALIZERS.find("sized").origin == "mypackage 1.0"
