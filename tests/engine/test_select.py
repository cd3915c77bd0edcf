"""Which layers are drawn: a pure function of the cell, with a reason, and refusals that say what to write."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
import tracemalloc
from typing import Any

import engine_reference as ref
import numpy as np
import pytest

import initbench
from initbench.engine import inspect, propagate, resolve, sizes
from initbench.engine.select import eligible, refusals
from initbench.errors import ConfigError
from initbench.spec import Cell, identity

ORTHOGONAL = ("orthogonal", {"gain": 1.2})
GIB = 1 << 30


def cell(widths: tuple[int, ...], laws: Any = "he_normal", engine: str = "auto", batch: int = 8, **rest: Any) -> Cell:
    return ref.make_cell(widths, "relu", laws, engine=engine, batch_size=batch, **({"dtype": "float32"} | rest))


ELIGIBLE: list[Any] = [
    "he_normal",
    "glorot_normal",
    "lecun_normal",
    ("he_normal", {"mode": "fan_out", "gain": 1.1}),
    ("normal", {"stddev": 0.1}),
    ("variance_scaling", {"scale": 2.0, "mode": "fan_in", "distribution": "normal"}),
    "torch:kaiming_normal_",
    "torch:xavier_normal_",
    "orthogonal",
    ORTHOGONAL,
    "keras:orthogonal",
]
OTHERS: list[Any] = [
    "he_uniform",
    "glorot_uniform",
    "he_truncated_normal",
    "keras:he_normal",
    "jax:he_normal",
    "zeros",
    "ones",
    "identity",
    ("constant", {"value": 0.3}),
    ("normal", {"mean": 0.1, "stddev": 0.1}),
    ("normal", {"stddev": 0.0}),
    ("uniform", {"low": -1.0, "high": 1.0}),
    ("truncated_normal", {"stddev": 1.0}),
    ("sparse", {"sparsity": 0.5}),
    ("orthogonal", {"gain": 0.0}),
    "torch:linear",
]


@pytest.mark.parametrize("law", ELIGIBLE)
def test_laws_that_look_the_same_in_every_direction(law: Any) -> None:
    wide = cell((2048, 2048), law, "implicit", 4)
    assert eligible(wide.network.layers[0])
    assert list(refusals(wide)) == []
    assert resolve(wide).engine == "implicit"
    assert resolve(dataclasses.replace(wide, engine="auto")).engine == "implicit"


@pytest.mark.parametrize("law", OTHERS)
def test_laws_that_do_not(law: Any) -> None:
    wide = cell((2048, 512, 2048), ["he_normal", law], "implicit", 4)
    assert [eligible(layer) for layer in wide.network.layers] == [True, False]
    [(key, message)] = list(refusals(wide))
    assert key == "engine"
    assert wide.network.layers[1].initializer.label in message
    assert "engine: auto" in message
    assert (key, message) in list(inspect(wide))
    for engine in ("auto", "dense"):
        assert list(refusals(dataclasses.replace(wide, engine=engine))) == []
    assert not any(resolve(dataclasses.replace(wide, engine="auto")).implicit[1:])


def test_every_law_that_does_not_qualify_is_named_once() -> None:
    laws = ["he_uniform", "he_normal", "zeros", "he_uniform"]
    found = [message for _, message in refusals(cell((64,) * 5, laws, "implicit"))]
    assert len(found) == 2
    assert "he_uniform" in found[0]
    assert "zeros" in found[1]


def test_the_reader_refuses_what_the_engine_cannot_do() -> None:
    network = {"depth": 3, "width": 32, "activation": "relu", "initializer": "he_uniform"}
    with pytest.raises(ConfigError, match=r"implicit is not possible with he_uniform.*engine: auto"):
        initbench.run({"network": network, "engine": "implicit", "seeds": 2})
    with pytest.raises(ConfigError, match="auto, dense, implicit"):
        initbench.run({"network": network | {"initializer": "he_normal"}, "engine": "lazy", "seeds": 2})


def test_auto_draws_what_it_must_and_no_more() -> None:
    """A uniform layer between two normal ones is drawn, the others are not."""
    choice = resolve(cell((512,) * 4, ["he_normal", "he_uniform", ORTHOGONAL], batch=4))
    assert choice.implicit == (True, False, True)
    assert choice.engine == "mixed"
    assert choice.identity == "mixed:idi"
    assert "2 of 3" in choice.reason
    assert propagate(cell((512,) * 4, ["he_normal", "he_uniform", ORTHOGONAL], batch=4), (0,)).seeds == (0,)


@pytest.mark.parametrize(
    ("widths", "laws", "batch", "engine"),
    [
        ((4096,) * 3, "he_normal", 16, "implicit"),
        ((4096,) * 3, ORTHOGONAL, 64, "implicit"),
        ((4096,) * 3, "he_uniform", 16, "dense"),
        ((16,) * 3, "he_normal", 16, "dense"),
        ((16,) * 3, "he_normal", 512, "dense"),
        ((2048, 16, 2048), "he_normal", 64, "dense"),
        ((2048, 2048, 16, 2048), "he_normal", 64, "mixed"),
    ],
)
def test_auto_goes_by_cost(widths: tuple[int, ...], laws: Any, batch: int, engine: str) -> None:
    choice = resolve(cell(widths, laws, batch=batch))
    assert choice.engine == engine
    assert choice.reason.startswith("auto: ")
    assert str(batch) in choice.reason or "layers are cheaper" in choice.reason or "must be drawn" in choice.reason


@pytest.mark.parametrize(
    ("widths", "law", "batch", "implicit"),
    [
        ((16, 16, 16), "he_normal", 16, (True, True)),
        ((16, 16, 16), "he_normal", 17, (False, False)),
        ((16, 15, 16), "he_normal", 16, (False, False)),
        ((15, 16, 16), "he_normal", 16, (False, True)),
        ((16, 16, 16), "orthogonal", 8, (True, True)),
        ((16, 16, 16), "orthogonal", 9, (False, False)),
        ((16, 32, 16, 8), "orthogonal", 16, (True, True, False)),
        ((1, 1, 1), "he_normal", 1, (True, True)),
        ((1, 1, 2), "orthogonal", 1, (False, True)),
    ],
)
def test_batches_wider_than_a_layer_fall_back(
    widths: tuple[int, ...], law: Any, batch: int, implicit: tuple[bool, ...]
) -> None:
    """Where a batch reveals the whole matrix, it is drawn, also where `implicit` was asked for: the law is the same."""
    asked = cell(widths, law, "implicit", batch)
    choice = resolve(asked)
    assert choice.implicit == implicit
    assert choice.reason.startswith("asked for")
    assert ("too narrow" in choice.reason) == (not all(implicit))
    assert list(inspect(asked)) == []
    for dtype in ("float32", "float64"):
        trace = propagate(dataclasses.replace(asked, dtype=dtype), (0, 1))
        assert np.isfinite(trace.values[trace.present]).all()


def test_the_choice_is_a_function_of_the_cell_alone() -> None:
    mixed = cell((512,) * 4, ["he_normal", "he_uniform", ORTHOGONAL], batch=4)
    assert resolve(mixed) == resolve(pickle.loads(pickle.dumps(mixed)))
    other_root = dataclasses.replace(mixed, root_seed=7)
    assert resolve(mixed).implicit == resolve(other_root).implicit
    # in a process of its own, with another number of threads and another hash seed
    script = """
        import sys; sys.path.append(sys.argv[1])
        import test_select as t
        print(t.resolve(t.cell((512,) * 4, ["he_normal", "he_uniform", t.ORTHOGONAL], batch=4)).identity)
    """
    environment = {"OMP_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": "7", "PYTHONHASHSEED": "5"}
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in script.splitlines()), __file__.rpartition("/")[0]],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.split() == [resolve(mixed).identity]


def test_the_engine_is_part_of_a_cells_identity() -> None:
    layers = ["he_normal", "he_uniform", ORTHOGONAL]
    auto = cell((512,) * 4, layers, batch=4)
    swapped = cell((512,) * 4, [*layers[1:], layers[0]], batch=4)
    names = {resolve(one).identity for one in (auto, swapped, dataclasses.replace(auto, engine="dense"))}
    assert names == {"mixed:idi", "mixed:dii", "dense"}
    wide = cell((512,) * 4, batch=4)
    ids = {
        identity(wide, resolve(dataclasses.replace(wide, engine=engine)).identity) for engine in ("dense", "implicit")
    }
    assert len(ids) == 2
    # what was asked for is not: auto and implicit that come to the same are one cell
    assert identity(wide, resolve(wide).identity) == identity(
        wide, resolve(dataclasses.replace(wide, engine="implicit")).identity
    )


def test_very_wide_layers_need_no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "physical_memory", lambda: 16 * GIB)
    wide = cell((65536,) * 101, batch=16)
    tracemalloc.start()
    assert resolve(wide).engine == "implicit"
    assert list(inspect(wide)) == []
    assert list(inspect(dataclasses.replace(wide, engine="implicit"))) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert sizes.needed_bytes(wide) < 4 * GIB
    assert sizes.chunk_size(wide) == 1
    assert sizes.kept_layers(wide, 1, 0) == 100
    [(key, message)] = list(inspect(cell((10**6,) * 3, engine="dense")))
    assert key == "network.width"
    assert "1000000 x 1000000" in message
    # one uniform layer is enough to be too much
    [(key, _)] = list(inspect(cell((10**6,) * 3, ["he_normal", "he_uniform"])))
    assert key == "network.width"


def test_a_very_wide_network_runs() -> None:
    trace = propagate(cell((65536,) * 3, batch=2), (0,))
    assert np.isfinite(trace.values[trace.present]).all()
    np.testing.assert_allclose(trace.of("act_q")[0, 1:], 1, atol=0.1)
