"""The layers followed fast are the layers followed one by one, by quadrature."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from theory_cells import make_cell, sigma

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.spec import Cell
from initbench.theory.gaussian import FIELDS, moments
from initbench.theory.inputs import input_state, of_rows
from initbench.theory.layers import layer_laws
from initbench.theory.pairs import pair_moments
from initbench.theory.trajectory import follow

Array = np.ndarray[Any, Any]


def one_by_one(cell: Cell) -> tuple[Array, Array, list[Any], list[Any]]:
    """q and e of layers 1 to L, and the averages there, with nothing but quadrature and closed forms."""
    start = input_state(cell)
    a, b = start.a, start.b
    root = np.sqrt(start.q)
    square, gap = start.q, (root[a] - root[b]) ** 2 / 2 + start.e * root[a] * root[b]
    qs, es, ms, ps = [], [], [], []
    for law in layer_laws(cell.network.layers):
        q = law.cw * square + law.cb
        root = np.sqrt(q)
        e = np.clip((law.cw * gap - (root[a] - root[b]) ** 2 / 2) / (root[a] * root[b]), 0, 2)
        m, p = moments(law.activation, q), pair_moments(law.activation, q[a], q[b], e)
        square, gap = m.square, p.gap
        for column, value in zip((qs, es, ms, ps), (q, e, m, p), strict=True):
            column.append(value)
    return np.array(qs), np.array(es), ms, ps


def followed(cell: Cell) -> Any:
    return follow(layer_laws(cell.network.layers), input_state(cell))


# sigma_w, sigma_b of each phase that an activation has, and the relative error of 1 - c that kinks leave
NETS = [
    ("tanh", 1.5, 0.3, 1e-10),
    ("tanh", 1.0, 0.0, 1e-10),
    ("tanh", 0.5, 0.1, 1e-10),
    ("tanh", 3.0, 0.1, 1e-7),
    ("relu", 2**0.5, 0.0, 1e-11),
    ("relu", 1.2, 0.3, 1e-11),
    ("gelu", 1.5, 0.2, 1e-10),
    ("sigmoid", 3.0, 1.0, 1e-10),
    ("sin", 1.5, 0.1, 1e-10),
    ("elu", 1.1, 0.1, 1e-8),
    ("softsign", 1.0, 0.0, 1e-5),
    ("hard_tanh", 1.5, 0.1, 1e-3),
]


@pytest.mark.parametrize(("name", "sigma_w", "sigma_b", "error"), NETS)
@pytest.mark.parametrize(("batch", "resample"), [(3, True), (3, False), (2, False)])
def test_fast_is_direct(name: str, sigma_w: float, sigma_b: float, error: float, batch: int, resample: bool) -> None:
    cell = make_cell((48,) * 9, name, sigma_w, sigma_b, batch=batch, resample=resample)
    q, e, ms, ps = one_by_one(cell)
    path = followed(cell)
    assert path.q[1:] == pytest.approx(q, rel=1e-12)
    assert path.e[1:] == pytest.approx(e, rel=error)
    for k, (m, p) in enumerate(zip(ms, ps, strict=True), start=1):
        assert path.moments[FIELDS.index("square"), k] == pytest.approx(m.square, rel=1e-12)
        assert path.moments[FIELDS.index("slope_square"), k] == pytest.approx(m.slope_square, rel=1e-12)
        exact = np.stack([p.product, p.gap, p.slope_product, p.square_product])
        scales = np.array([[m.square.max()], [m.square.max()], [m.slope_square.max()], [m.fourth.max()]])
        assert path.pairs[:, k] / scales == pytest.approx(exact / scales, abs=error)


FAR = [(name, stddev) for name in ("gelu", "elu", "sigmoid", "softplus") for stddev in (1e-12, 1e12)]
STEPS = [(name, stddev) for name in ("tanh", "sigmoid", "hard_tanh", "softsign") for stddev in (1e2, 1e4, 1e7, 1e12)]


@pytest.mark.parametrize(("name", "stddev"), [*FAR, *STEPS, ("hard_shrink", 1e12)])
def test_lengths_far_out(name: str, stddev: float) -> None:
    """Powers of z, or steps, at lengths that differ: beyond the series' own, terms grow alike but for the constant."""
    source = inputs("gaussian", mean=0.0, stddev=stddev)
    cell = make_cell((24,) * 3, name, 1.0, None, source, batch=3, resample=False)
    _, e, ms, ps = one_by_one(cell)
    path = followed(cell)
    assert path.e[1:] == pytest.approx(e, rel=1e-3)
    m, p = ms[0], ps[0]
    exact = np.stack([p.product, p.gap, p.slope_product, p.square_product])
    scales = np.array([[m.square.max()], [p.gap.max()], [m.slope_square.max()], [m.fourth.max()]])
    assert path.pairs[:, 1] / scales == pytest.approx(exact / scales, abs=5e-3)


def test_biases_part_opposite_inputs_from_being_opposite() -> None:
    cell = make_cell((24,) * 4, "tanh", 1.5, 0.3, inputs("pair", cosine=-1.0), batch=2)
    assert followed(cell).e[1:] == pytest.approx(one_by_one(cell)[1], rel=1e-10)


def test_weights_of_0_let_not_even_overflow_through() -> None:
    weights = [*[sigma(30.0, 16)] * 3, initializer("zeros"), sigma(1.0, 16)]
    path = followed(make_cell((16,) * 6, "exponential", weights, 0.3))
    assert np.isinf(path.q[3]).all()
    assert path.q[4:, 0] == pytest.approx([0.09, np.exp(2 * 0.09) + 0.09])


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b"),
    [
        ("relu6", 2**0.5, 0.1),
        ("hard_tanh", 1.0, 0.0),
        ("elu", 2**0.5, 0.0),
        ("selu", 1.2, 0.0),
        ("hard_silu", 1.4, 0.3),
        ("hard_shrink", 0.8, 0.3),
    ],
)
def test_kinks_leave_nothing_that_adds_up(name: str, sigma_w: float, sigma_b: float) -> None:
    """Inputs of one length, as their law gives them: 40 layers by quadrature, of which each may err by 3e-11."""
    cell = make_cell((48,) * 41, name, sigma_w, sigma_b, batch=2)
    _, e, _, _ = one_by_one(cell)
    assert followed(cell).e[1:] == pytest.approx(e, rel=1e-9)


def test_the_one_long_layer_of_many_short_ones_has_all_its_terms() -> None:
    """tanh at sigma_w = 1: q falls from 1 to 0.39, and then by 1 / L; at right angles nothing is in common."""
    path = followed(make_cell((64,) * 1001, "tanh", 1.0, batch=2))
    assert path.q[1:3, 0] == pytest.approx([1.0, 0.394], abs=1e-3)
    assert abs(path.pairs[0, 1:]).max() < 1e-13


def test_layers_of_all_kinds() -> None:
    """Widths, activations, variances and biases that change from layer to layer, and back."""
    widths = (16, 8, 32, 32, 32, 32, 64)
    acts = [activation(name) for name in ("tanh", "relu", "relu", "gelu", "tanh", "tanh")]
    weights = [sigma(s, n) for s, n in zip((1.0, 2.0, 1.4, 1.4, 1.4, 0.7), widths[:-1], strict=True)]
    cell = make_cell(widths, acts, weights, 0.2, batch=4, resample=False)
    q, e, _, _ = one_by_one(cell)
    path = followed(cell)
    assert path.q[1:] == pytest.approx(q, rel=1e-12)
    assert path.e[1:] == pytest.approx(e, rel=1e-10)


def test_what_rests_is_not_computed_again() -> None:
    """A network at rest repeats itself, until a layer differs; then it goes on as if it had been computed."""
    widths = (32,) * 141
    weights = [sigma(1.5, 32)] * 120 + [sigma(1.4, 32)] + [sigma(1.5, 32)] * 19
    cell = make_cell(widths, "tanh", weights, 0.3, batch=2)
    path = followed(cell)
    assert path.q[110] == path.q[111]
    assert path.q[120] != path.q[121]
    for k in (120, 121, 122, 139):
        m = moments(activation("tanh"), path.q[k])
        law = cell.network.layers[k].initializer.variance(32, 32) * 32
        assert path.q[k + 1] == pytest.approx(law * m.square + 0.09, rel=1e-12)
        gap = pair_moments(activation("tanh"), path.q[k], path.q[k], path.e[k]).gap
        assert path.e[k + 1] == pytest.approx(law * gap / path.q[k + 1], rel=1e-10)


def test_another_activation_on_top_of_a_network_at_rest() -> None:
    """Its length is the resting one, its averages are its own."""
    acts = [activation("tanh")] * 800 + [activation("relu"), activation("tanh")]
    path = followed(make_cell((32,) * 803, acts, 1.5, 0.3, batch=2))
    assert path.q[801] == pytest.approx(path.q[800], rel=1e-12)
    assert path.e[801] == pytest.approx(path.e[800], rel=1e-10)
    for layer, name in ((800, "tanh"), (801, "relu"), (802, "tanh")):
        m = moments(activation(name), path.q[layer])
        p = pair_moments(activation(name), path.q[layer], path.q[layer], path.e[layer])
        assert path.moments[FIELDS.index("square"), layer] == pytest.approx(m.square, rel=1e-12)
        assert path.pairs[:, layer, 0] == pytest.approx(
            [float(x[0]) for x in (p.product, p.gap, p.slope_product, p.square_product)], rel=1e-9
        )
    assert path.q[802] == pytest.approx(2.25 * path.moments[FIELDS.index("square"), 801] + 0.09)


@pytest.mark.parametrize("sigma_b", [0.0, 0.4])
def test_linear_networks_keep_their_angles_but_for_the_bias(sigma_b: float) -> None:
    cell = make_cell((10, 20, 30, 15), "linear", 1.3, sigma_b, source=inputs("pair", cosine=0.3), batch=2)
    path = followed(cell)
    q, common = 1.0, 0.3
    for k in range(1, 4):
        q, common = 1.69 * q + sigma_b**2, 1.69 * common + sigma_b**2
        assert path.q[k] == pytest.approx([q], rel=1e-14)
        assert 1 - path.e[k] == pytest.approx([common / q], rel=1e-13)


def test_relu_networks_follow_the_arc_cosine_kernel() -> None:
    """Cho & Saul 2009: c' = (sin t + (pi - t) cos t) / pi with t = acos c, at He's variance."""
    path = followed(make_cell((64,) * 31, "relu", "he_normal", batch=2))
    c = 0.0
    for k in range(1, 31):
        assert path.q[k] == pytest.approx([2.0], rel=1e-12)
        assert 1 - path.e[k] == pytest.approx([c], abs=1e-12)
        t = np.arccos(c)
        c = (np.sin(t) + (np.pi - t) * np.cos(t)) / np.pi


@pytest.mark.parametrize(("cosine", "end"), [(1.0, 0.0), (-1.0, 2.0)])
def test_equal_and_opposite_inputs_stay_so(cosine: float, end: float) -> None:
    """Where the map is unstable, rounding would grow 2.5-fold a layer; a network keeps z_b = -z_a exactly."""
    source = inputs("pair", cosine=cosine)
    path = followed(make_cell((64,) * 201, "tanh", 3.0, 0.0, source=source, batch=2))
    assert (path.e == end).all()
    assert path.pairs[0, 1:, 0] == pytest.approx(cosine * path.moments[FIELDS.index("square"), 1:, 0], rel=1e-7)


def test_no_signal_and_too_much_of_it() -> None:
    nothing = followed(make_cell((8,) * 4, "relu", initializer("zeros"), batch=2))
    assert (nothing.q[1:] == 0).all()
    assert (nothing.e[1:] == 0).all()
    bias_alone = followed(make_cell((8,) * 4, "relu", initializer("zeros"), 0.5, batch=2))
    assert bias_alone.q[1:] == pytest.approx(0.25)
    assert (bias_alone.e[1:] == 0).all()
    endless = followed(make_cell((8,) * 400, "gelu", 4.0, batch=2))
    assert np.isinf(endless.q[-1]).all()
    vanishing = followed(make_cell((8,) * 400, "gelu", 0.1, batch=2))
    assert (vanishing.q[-1] == 0).all()
    assert not np.isnan(vanishing.e).any()


def test_far_out_angles_are_those_of_a_power() -> None:
    """gelu is relu at large z and z / 2 at small z."""
    large = followed(make_cell((8,) * 300, "gelu", 2.0, batch=2))
    relu = followed(make_cell((8,) * 300, "relu", 2.0, batch=2))
    assert large.e[200:] == pytest.approx(relu.e[200:], rel=0.02)  # they were apart in the first layers
    small = followed(make_cell((8,) * 300, "gelu", 1.0, batch=2))
    assert small.e[290:] == pytest.approx(small.e[[200]].repeat(10, axis=0), rel=1e-9)
    assert small.q[291:] / small.q[290:-1] == pytest.approx(0.25, rel=1e-9)


def test_a_grouped_batch_is_the_batch() -> None:
    """20 inputs of lengths that vary by 30 % have 190 pairs, in 64 groups: 8 of length by 8 of angle.

    tanh bends <phi_a phi_b> by about its own size over the range of lengths, of which an eighth is 1/60 in variance:
    half of that is 1 %. All pairs as one would be off by far more.
    """
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((20, 24)) * np.exp(rng.normal(0, 0.3, (20, 1)))
    laws = layer_laws(make_cell((24,) * 6, "tanh", 1.6, 0.2).network.layers)
    grouped = of_rows(rows)
    assert len(grouped.e) == 64
    path = follow(laws, grouped)
    pairs = np.stack(np.triu_indices(20, 1), axis=1)
    each = [follow(laws, of_rows(rows[pair])) for pair in pairs]
    q = np.mean([two.q[1:].mean(axis=1) for two in each], axis=0)
    gap = np.mean([two.pairs[1, 1:, 0] for two in each], axis=0)
    assert path.q[1:] @ grouped.weight == pytest.approx(q, rel=1e-6)  # 20 inputs are followed one by one
    assert path.pairs[1, 1:] @ grouped.pair_weight == pytest.approx(gap, rel=0.01)
    one = follow(
        laws,
        replace(
            grouped, q=q0_of(rows), weight=np.ones(1), a=ZERO, b=ZERO, e=1 - cosine_of(rows), pair_weight=np.ones(1)
        ),
    )
    assert abs(one.pairs[1, 1, 0] / gap[0] - 1) > 0.02


ZERO = np.zeros(1, int)


def q0_of(rows: Array) -> Array:
    return np.array([np.mean(rows**2)])


def cosine_of(rows: Array) -> Array:
    gram = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    return np.array([gram.mean() / rows.shape[1] / np.mean(rows**2)])


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b"), [("tanh", 1.5, 0.3), ("relu", 2**0.5, 0.0), ("gelu", 1.4, 0.3)]
)
def test_a_thousand_layers_are_fast(name: str, sigma_w: float, sigma_b: float) -> None:
    """About 20 ms of processor time once an activation is known; the bound leaves room for slow machines."""
    cell = make_cell((256,) * 1001, name, sigma_w, sigma_b, batch=64)
    laws, start = layer_laws(cell.network.layers), input_state(cell)
    follow(laws, start)
    assert min(seconds(laws, start) for _ in range(3)) < 0.15


def seconds(laws: Sequence[Any], start: Any) -> float:
    begin = time.process_time()
    follow(tuple(laws), start)
    return time.process_time() - begin
