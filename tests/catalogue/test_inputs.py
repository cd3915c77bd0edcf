"""Inputs: the laws that are drawn, and the rows that are read."""

from __future__ import annotations

import dataclasses
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import INPUTS, LARGEST, Inputs, inputs
from initbench.errors import ParameterError, UnknownNameError
from initbench.spec import Batch, Cell, Layer, Network, identity

Z = 4.9  # standard errors: a false alarm of 1e-6
ENTRIES = 200_000


def draw(source: Inputs, batch: int = 1000, features: int = 200, seed: int = 0) -> np.ndarray:
    return source.draw(np.random.default_rng(seed), batch, features)


@pytest.mark.parametrize(
    ("name", "params", "mean", "variance", "kurtosis"),
    [
        ("gaussian", {}, 0.0, 1.0, 3.0),
        ("normal", {"mean": 3.0, "stddev": 0.5}, 3.0, 0.25, 3.0),
        ("gaussian", {"stddev": 1e30}, 0.0, 1e60, 3.0),
        ("uniform", {}, 0.0, 1.0, 1.8),
        ("uniform", {"low": 0.0, "high": 1.0}, 0.5, 1 / 12, 1.8),
        ("uniform", {"low": -1e30, "high": 1e30}, 0.0, 1e60 / 3, 1.8),
    ],
)
def test_elementwise_laws(name: str, params: dict[str, float], mean: float, variance: float, kurtosis: float) -> None:
    """Bands of 4.9 standard errors for mean, variance and fourth moment:
    deviations of 2.2 %, 2.2 % and 5 to 10 % are always seen.
    """
    x = draw(inputs(name, **params))
    assert x.shape == (1000, 200)
    assert x.dtype == np.float64
    sd = math.sqrt(variance)
    u = (x - mean) / sd
    assert abs(u.mean()) < Z / math.sqrt(ENTRIES)
    assert abs((u**2).mean() - 1) < Z * math.sqrt((kurtosis - 1) / ENTRIES)
    eighth = {3.0: 105.0, 1.8: 9.0}[kurtosis]
    assert abs((u**4).mean() - kurtosis) < Z * math.sqrt((eighth - kurtosis**2) / ENTRIES)
    assert abs((u**2).mean() / 1.05 - 1) > Z * math.sqrt((kurtosis - 1) / ENTRIES)  # the control
    # entries are independent over features and over inputs
    assert abs((u[:, 1:] * u[:, :-1]).mean()) < Z / math.sqrt(ENTRIES * 0.99)
    assert abs((u[1:] * u[:-1]).mean()) < Z / math.sqrt(ENTRIES * 0.99)


def test_uniform_stays_inside() -> None:
    x = draw(inputs("uniform", low=2.0, high=2.5))
    assert x.min() >= 2.0
    assert x.max() <= 2.5
    assert (draw(inputs("uniform", low=2.0, high=2.0)) == 2.0).all()


def test_a_normal_law_without_spread_is_a_constant() -> None:
    assert (draw(inputs("gaussian", mean=2.5, stddev=0)) == 2.5).all()


@pytest.mark.parametrize("features", [1, 2, 3, 500])
@pytest.mark.parametrize("mean_square", [1.0, 4.0, 1e-30, 1e30])
def test_sphere(features: int, mean_square: float) -> None:
    """Every input has the same length, and no direction is preferred."""
    x = draw(inputs("sphere", mean_square=mean_square), 400, features)
    np.testing.assert_allclose((x**2).mean(axis=1), mean_square, rtol=1e-12)
    u = x / math.sqrt(features * mean_square)
    assert (np.abs(u.mean(axis=0)) < 5.5 / math.sqrt(400 * features)).all()  # up to 500 features: 2e-5 in all
    assert len(np.unique(u[:, 0].round(12))) == (2 if features == 1 else 400)


@settings(max_examples=60, deadline=None)
@given(
    cosine=st.one_of(st.sampled_from([-1.0, 0.0, 1.0, 1 - 1e-12]), st.floats(-1, 1)),
    features=st.integers(2, 300),
    seed=st.integers(0, 10**6),
    mean_square=st.sampled_from([1.0, 9.0, 1e-20, 1e20]),
)
def test_pair(cosine: float, features: int, seed: int, mean_square: float) -> None:
    """Exactly this cosine and exactly this length, up to float64."""
    a, b = draw(inputs("pair", cosine=cosine, mean_square=mean_square), 2, features, seed)
    length = features * mean_square
    assert a @ a == pytest.approx(length, rel=1e-12)
    assert b @ b == pytest.approx(length, rel=1e-12)
    assert a @ b / length == pytest.approx(cosine, abs=1e-14)
    # near 1 the cosine says little about the angle: the distance does
    assert (a - b) @ (a - b) / length == pytest.approx(2 * (1 - cosine), rel=1e-3, abs=1e-28)
    if cosine == 1:
        np.testing.assert_array_equal(a, b)
    if cosine == -1:
        np.testing.assert_array_equal(a, -b)


def test_pair_on_a_line() -> None:
    for cosine in (1.0, -1.0):
        a, b = draw(inputs("pair", cosine=cosine), 2, 1)
        assert b == cosine * a
        assert abs(a[0]) == pytest.approx(1, rel=1e-15)
    with pytest.raises(ParameterError, match="at least 2 features") as caught:
        draw(inputs("pair", cosine=0.5), 2, 1)
    assert caught.value.parameter == "cosine"


def test_pair_of_two_draws_that_nearly_agree() -> None:
    """A second draw within 1e-9 of the first still makes an orthogonal direction: one projection would leave 1e-7."""

    class Alike:
        def __init__(self) -> None:
            rng = np.random.default_rng(0)
            self.draws = [rng.standard_normal(50)]
            self.draws.append(self.draws[0] + 1e-9 * rng.standard_normal(50))

        def standard_normal(self, size: int) -> np.ndarray:
            return self.draws.pop(0)

    a, b = inputs("pair", cosine=0.25).draw(Alike(), 2, 50)  # type: ignore[arg-type]
    assert a @ b / 50 == pytest.approx(0.25, abs=1e-14)
    assert b @ b / 50 == pytest.approx(1, rel=1e-13)


def test_pair_has_a_random_direction() -> None:
    x = np.array([draw(inputs("pair", cosine=0.3), 2, 3, seed) for seed in range(2000)])
    assert (np.abs(x.mean(axis=0)) < Z / math.sqrt(2000)).all()


def test_constants() -> None:
    assert (draw(inputs("ones"), 3, 4) == 1).all()
    assert (draw(inputs("constant", value=-2.5), 3, 4) == -2.5).all()
    assert draw(inputs("ones"), 3, 4).shape == (3, 4)


def test_no_law_can_make_an_input_that_float32_cannot_hold() -> None:
    """Every parameter that sets a scale is bounded, and refused beyond."""
    for name, parameter in (
        ("gaussian", "mean"),
        ("gaussian", "stddev"),
        ("uniform", "low"),
        ("uniform", "high"),
        ("constant", "value"),
        ("sphere", "mean_square"),
        ("pair", "mean_square"),
    ):
        rest = {"cosine": 0.5} if name == "pair" else {}
        if parameter == "low":
            rest["high"] = LARGEST
        if parameter == "high":
            rest["low"] = -LARGEST
        with pytest.raises(ParameterError, match="<= 1e\\+30") as caught:
            inputs(name, **{parameter: 1.1e30}, **rest)
        assert caught.value.parameter == parameter
        x = draw(inputs(name, **{parameter: LARGEST}, **rest), 2, 50)
        assert np.isfinite(x.astype(np.float32)).all()


@pytest.mark.parametrize(
    ("name", "params", "parameter"),
    [
        ("pair", {}, "cosine"),
        ("pair", {"cosine": 1.5}, "cosine"),
        ("gaussian", {"stddev": -1}, "stddev"),
        ("gaussian", {"sigma": 1}, "sigma"),
        ("sphere", {"mean_square": 0}, "mean_square"),
        ("constant", {}, "value"),
        ("constant", {"value": math.inf}, "value"),
        ("csv", {}, "path"),
        ("digits", {"scale": "raw"}, "scale"),
        ("npy", {"path": "x.npy", "pick": "last"}, "pick"),
    ],
)
def test_parameters_that_do_not_hold(name: str, params: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ParameterError) as caught:
        inputs(name, **params)
    assert caught.value.parameter == parameter
    assert "\n" not in str(caught.value)


def test_a_range_upside_down() -> None:
    with pytest.raises(ParameterError, match="low must not be above high"):
        draw(inputs("uniform", low=1.0, high=0.0))


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="gaussian"):
        inputs("gausian")


def test_labels_and_aliases() -> None:
    assert inputs("pair", cosine=0.5).label == "pair(cosine=0.5)"
    assert inputs("normal").label == "gaussian"
    assert inputs("normal") == inputs("gaussian")


def test_records_say_what_they_are() -> None:
    for record in INPUTS:
        assert record.equation, record.name
        assert record.source, record.name
        assert record.purpose, record.name
        assert (record.draw is None) != (record.table is None), record.name
        assert all(parameter.meaning for parameter in record.parameters)
        if record.table is not None:
            assert "pick" in [parameter.name for parameter in record.parameters]


# --- rows of data -----------------------------------------------------------------------------------------------------

TABLE = np.arange(60.0).reshape(20, 3)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.npy"
    np.save(path, TABLE)
    return path


def test_first_rows(table: Path) -> None:
    source = inputs("npy", path=str(table))
    assert (source.rows, source.columns) == (20, 3)
    for seed in (0, 1):
        np.testing.assert_array_equal(draw(source, 7, 3, seed), TABLE[:7])


def test_random_rows(table: Path) -> None:
    """Drawn without replacement, every row as often as another, another choice for another seed."""
    source = inputs("npy", path=str(table), pick="random")
    counts = np.zeros(20)
    for seed in range(1000):
        rows = (draw(source, 7, 3, seed)[:, 0] / 3).astype(int)
        assert len(set(rows)) == 7
        counts[rows] += 1
    assert (np.abs(counts - 350) < 5.3 * math.sqrt(1000 * 0.35 * 0.65)).all()  # 20 rows: 2e-6 in all
    assert sorted(draw(source, 20, 3)[:, 0]) == sorted(TABLE[:, 0])
    np.testing.assert_array_equal(draw(source, 7, 3, 5), draw(source, 7, 3, 5))


def test_what_is_drawn_is_no_view_of_the_table(table: Path) -> None:
    source = inputs("npy", path=str(table))
    draw(source, 7, 3)[:] = -1
    np.testing.assert_array_equal(draw(source, 7, 3), TABLE[:7])


def test_the_hash_is_of_the_numbers(tmp_path: Path, table: Path) -> None:
    """Not of the name, the folder or the format; but of every number, and of the shape."""
    source = inputs("npy", path=str(table))
    other = tmp_path / "elsewhere" / "copy.npy"
    other.parent.mkdir()
    np.save(other, TABLE.astype(np.float32))
    csv = tmp_path / "rows.csv"
    csv.write_text("\n".join(",".join(map(str, row)) for row in TABLE))
    assert inputs("npy", path=str(other)).data_hash == source.data_hash
    assert inputs("npy", path=str(other)).identity == source.identity
    assert inputs("csv", path=str(csv)).data_hash == source.data_hash
    changed = TABLE.copy()
    changed[19, 2] += 1e-9
    np.save(other, changed)
    assert inputs("npy", path=str(other)).data_hash != source.data_hash
    np.save(other, TABLE.reshape(10, 6))
    assert inputs("npy", path=str(other)).data_hash != source.data_hash
    assert inputs("npy", path=str(table), pick="random").identity != source.identity
    assert not any(str(tmp_path) in str(value) for _, value in source.identity)


def test_paths_start_at_the_configs_folder(table: Path) -> None:
    source = inputs("npy", base=table.parent, path=table.name)
    np.testing.assert_array_equal(draw(source, 2, 3), TABLE[:2])
    assert source.identity == inputs("npy", path=str(table)).identity


def test_data_that_changes_while_in_use(table: Path) -> None:
    source = inputs("npy", path=str(table))
    np.save(table, np.concatenate([TABLE, TABLE]))
    with pytest.raises(ParameterError, match="changed while it was in use"):
        draw(source, 2, 3)
    table.unlink()
    with pytest.raises(ParameterError, match="No such file"):
        draw(source, 2, 3)


def test_digits() -> None:
    standard, unit = inputs("digits"), inputs("digits", scale="unit")
    assert (standard.rows, standard.columns) == (1797, 64)
    x = draw(standard, 1797, 64)
    assert x.mean() == pytest.approx(0, abs=1e-12)
    assert x.var() == pytest.approx(1, rel=1e-12)
    pixels = draw(unit, 1797, 64)
    assert (pixels.min(), pixels.max()) == (0, 1)
    assert len(np.unique(pixels)) == 17
    assert standard.data_hash != unit.data_hash


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from initbench.catalogue import datafiles

    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ParameterError, match=r"pip install 'initbench\[digits\]'"):
        datafiles.digits()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "digits.csv.gz"), "No such file or directory: 'digits"),
        (EOFError(), r"\(EOFError\): install scikit-learn again"),
        (ValueError("built for another NumPy\nand more of that"), r"\(built for another NumPy\): install"),
    ],
)
def test_digits_of_a_broken_scikit_learn(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    import sys
    from types import SimpleNamespace

    from initbench.catalogue import datafiles

    def load() -> None:
        raise error

    monkeypatch.setitem(sys.modules, "sklearn.datasets", SimpleNamespace(load_digits=load))
    for read in (datafiles.digits, datafiles.digit_labels):
        with pytest.raises(ParameterError, match=said) as caught:
            read()
        assert "\n" not in str(caught.value)


# --- workers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gaussian", "pair", "npy", "digits"])
def test_pickling(name: str, table: Path) -> None:
    """A worker process gets equal inputs, which draw the same numbers; and so for a whole cell."""
    params: dict[str, Any] = {"pair": {"cosine": 0.5}, "npy": {"path": str(table), "pick": "random"}}.get(name, {})
    source = inputs(name, **params)
    features = source.columns or 5
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert again.record is source.record
    np.testing.assert_array_equal(draw(again, 2, features), draw(source, 2, features))
    layer = Layer(features, 4, activation("leaky_relu", negative_slope=0.1), initializer("normal", stddev=0.1), None)
    last = dataclasses.replace(layer, fan_in=4, bias=initializer("zeros"))
    cell = Cell(Network((layer, last)), Batch(source, features, 2, True), "gaussian", "float32", "auto", ("act_q",), 3)
    copy = pickle.loads(pickle.dumps(cell))
    assert copy == cell
    assert identity(copy, "dense") == identity(cell, "dense")
    assert copy.network.layers[0].initializer.label == "normal(stddev=0.1)"
