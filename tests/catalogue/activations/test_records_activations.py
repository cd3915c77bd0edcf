"""The records themselves: names, prose, parameters, errors."""

from __future__ import annotations

import inspect
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from activation_cases import CASES, LABELS, REQUIRED

from initbench.catalogue.activations import ACTIVATIONS, Activation, ActivationRecord, activation
from initbench.catalogue.registry import Required
from initbench.errors import ParameterError, UnknownNameError

RECORDS = list(ACTIVATIONS)
every_record = pytest.mark.parametrize("record", RECORDS, ids=[record.name for record in RECORDS])

ASKED_FOR = """linear identity relu relu6 leaky_relu prelu elu celu selu tanh sigmoid logistic softsign
soft_sign log_sigmoid tanhshrink softplus silu swish mish gelu gelu_tanh hard_sigmoid hard_silu hard_swish
hard_tanh hard_shrink soft_shrink threshold squareplus sparse_plus sparse_sigmoid exponential
exp erf sin cos abs arctan atan sign lecun_tanh square"""


def test_every_bare_name_is_there() -> None:
    assert set(ASKED_FOR.split()) <= set(ACTIVATIONS.names)


@every_record
def test_prose_is_complete(record: ActivationRecord) -> None:
    assert record.equation
    assert "\n" not in record.equation
    assert re.fullmatch(r"[A-Z].*\d{4}|(keras|torch|jax)\..*", record.source), record.source
    assert record.purpose.endswith(".")
    assert len(record.purpose) < 200
    for parameter in record.parameters:
        assert parameter.meaning
        assert re.search(rf"\b{parameter.name}\b", record.equation), "the equation names every parameter"


@every_record
def test_parameters_are_those_of_the_build(record: ActivationRecord) -> None:
    """Each takes its own parameters by name: built once with every default filled in."""
    built = activation(record.name, **REQUIRED.get(record.name, {}))
    assert built.formula.value(np.zeros(1)).shape == (1,)
    required = {p.name for p in record.parameters if isinstance(p.default, Required)}
    assert required == set(REQUIRED.get(record.name, {}))


@every_record
def test_aliases_are_for_bare_names_only(record: ActivationRecord) -> None:
    assert not (record.aliases and ":" in record.name)


@pytest.mark.parametrize("case", CASES, ids=LABELS)
def test_a_worker_gets_the_same_activation(case: Activation) -> None:
    again = pickle.loads(pickle.dumps(case))
    assert again == case
    np.testing.assert_array_equal(again.value(np.linspace(-3, 3, 7)), case.value(np.linspace(-3, 3, 7)))


@pytest.mark.parametrize(
    ("name", "params", "parameter"),
    [
        ("elu", {"alpha": -1}, "alpha"),
        ("celu", {"alpha": 0}, "alpha"),
        ("softplus", {"beta": 0}, "beta"),
        ("squareplus", {"b": 0}, "b"),
        ("hard_shrink", {"threshold": -0.5}, "threshold"),
        ("threshold", {"threshold": 1}, "value"),
        ("keras:relu", {"max_value": -1}, "max_value"),
        ("keras:leaky_relu", {"alpha": 0.1}, "alpha"),
        ("torch:hardtanh", {"min_val": 1, "max_val": 1}, "max_val"),
        ("torch:rrelu", {"lower": 0.5, "upper": 0.1}, "upper"),
        ("torch:gelu", {"approximate": "yes"}, "approximate"),
        ("torch:gelu", {"approximate": True}, "approximate"),
        ("jax:gelu", {"approximate": "tanh"}, "approximate"),
    ],
)
def test_parameters_that_do_not_hold_are_named(name: str, params: dict[str, object], parameter: str) -> None:
    with pytest.raises(ParameterError) as caught:
        activation(name, **params)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(("wrong", "right"), [("rellu", "relu"), ("keras:leaky", "keras:leaky_relu")])
def test_unknown_names_have_a_suggestion(wrong: str, right: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean '{right}'"):
        activation(wrong)


@pytest.mark.parametrize("name", ["torch:silu_", "keras:identity", "torch:swish", "jax:softsign"])
def test_libraries_have_their_own_names_only(name: str) -> None:
    with pytest.raises(UnknownNameError):
        activation(name)


def test_same_name_other_constant() -> None:
    z = np.array([-1.0])
    slopes = {name: activation(name).value(z)[0] for name in ACTIVATIONS.names if name.endswith("leaky_relu")}
    assert slopes == {
        "leaky_relu": -0.01,
        "keras:leaky_relu": -0.2,
        "torch:leaky_relu": -0.01,
        "jax:leaky_relu": -0.01,
    }
    assert activation("keras:gelu").value(z) == activation("torch:gelu").value(z) == activation("gelu").value(z)
    assert activation("jax:gelu").value(z) == activation("gelu_tanh").value(z) != activation("gelu").value(z)


def test_the_distance_of_the_two_gelus() -> None:
    """The number that gelu_tanh's purpose states."""
    z = np.linspace(-6, 6, 100_001)
    assert 4e-4 < np.abs(activation("gelu").value(z) - activation("gelu_tanh").value(z)).max() < 5e-4


def test_scipy_is_imported_only_when_needed() -> None:
    code = """if True:
        import sys
        from initbench.catalogue.activations import activation
        activation("erf")
        assert "scipy" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_source_files_stay_short() -> None:
    package = sys.modules["initbench.catalogue.activations"]
    for module in [m for name, m in sys.modules.items() if name.startswith(package.__name__ + ".")]:
        assert inspect.getsource(module).count("\n") < 300
