"""What a cell needs, known before anything is allocated."""

from __future__ import annotations

import dataclasses
import itertools
import tracemalloc

import engine_reference as ref
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.engine import chunk_size, inspect, resolve, sizes
from initbench.spec import Cell


@settings(max_examples=50, deadline=None)
@given(
    widths=st.lists(st.integers(1, 10**6), min_size=2, max_size=5),
    batch=st.integers(1, 10**6),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_numbers_hold_at_any_size(widths: list[int], batch: int, dtype: str) -> None:
    cell = ref.make_cell(widths, batch_size=batch, dtype=dtype)
    assert 1 <= chunk_size(cell) <= 128
    size = 4 if dtype == "float32" else 8
    assert isinstance(sizes.needed_bytes(cell), int)
    assert sizes.needed_bytes(cell) >= size * max(a * b for a, b in itertools.pairwise(widths))
    forward = dataclasses.replace(cell, gradient="none")
    assert sizes.needed_bytes(forward) <= sizes.needed_bytes(cell)
    for key, message in inspect(cell):
        assert key in ("network.width", "input.features", "input.batch_size")
        assert message
        assert "\n" not in message


def test_chunks_shrink_with_the_layers() -> None:
    sizes_of = [chunk_size(ref.make_cell((width,) * 3, batch_size=64, dtype="float32")) for width in (4, 64, 512, 4096)]
    assert sizes_of == sorted(sizes_of, reverse=True)
    assert sizes_of[0] == 128
    assert sizes_of[-1] == 1


def test_kept_layers() -> None:
    cell = ref.make_cell((10, 20, 30, 5), dtype="float32")  # 800, 2400, 600 bytes a network
    expected = {0: 0, 599: 0, 600: 1, 2999: 1, 3000: 2, 3799: 2, 3800: 3, 10**12: 3}
    assert {budget: sizes.kept_layers(cell, 1, budget) for budget in expected} == expected
    assert sizes.kept_layers(cell, 10, 6000) == 1
    assert sizes.kept_layers(dataclasses.replace(cell, dtype="float64"), 1, 1199) == 0


def test_uniform_weights_are_not_kept() -> None:
    """They cost less to draw again; what is kept beside them has the whole budget."""
    cell = ref.make_cell((10, 20, 30, 5), initializers=["he_uniform", "he_normal", "he_uniform"], dtype="float32")
    assert [sizes.keeps(layer) for layer in cell.network.layers] == [False, True, False]
    assert [sizes.kept_layers(cell, 1, budget) for budget in (0, 2399, 2400)] == [1, 1, 3]


def test_chunks_shrink_with_what_they_keep() -> None:
    deep = ref.make_cell((512,) * 51, batch_size=64, dtype="float32")
    assert chunk_size(deep) == sizes.KEPT // (50 * 512 * 512 * 4)
    assert chunk_size(dataclasses.replace(deep, gradient="none")) == 8
    assert chunk_size(ref.make_cell((512,) * 51, initializers="he_uniform", batch_size=64, dtype="float32")) == 8


def problems(cell: Cell) -> list[tuple[str, str]]:
    tracemalloc.start()
    found = list(inspect(cell))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    return found


def test_a_matrix_beyond_memory_is_named_and_not_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "physical_memory", lambda: 16 << 30)
    [(key, message)] = problems(ref.make_cell((10**6, 10**6), dtype="float32"))
    assert key == "network.width"
    assert "1000000 x 1000000" in message
    assert "3.64 TiB" in message
    assert "16 GiB" in message
    [(key, _)] = problems(ref.make_cell((10**9, 100), dtype="float32"))
    assert key == "input.features"
    [(key, _)] = problems(ref.make_cell((100, 100, 100), batch_size=10**9, dtype="float32"))
    assert key == "input.batch_size"
    assert problems(ref.make_cell((1000, 1000, 1000), dtype="float32")) == []


def test_depth_alone_can_be_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "physical_memory", lambda: 1 << 20)
    deep = ref.make_cell((64,) * 200, batch_size=64, dtype="float32")
    assert [key for key, _ in problems(deep)] == ["input.batch_size"]
    assert problems(dataclasses.replace(deep, gradient="none")) == []


def test_memory_of_this_machine() -> None:
    assert sizes.physical_memory() > 1 << 28


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1000 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1023 * 1024, "1023 KiB"),
        (10**6, "977 KiB"),
        (4 * 10**12, "3.64 TiB"),
        (1 << 60, "1024 PiB"),
        (10**21, "888178 PiB"),
    ],
)
def test_human(size: int, text: str) -> None:
    assert sizes.human(size) == text


def test_resolve_is_a_function_of_the_cell_alone() -> None:
    cell = ref.make_cell((5, 5))
    assert resolve(cell) == resolve(ref.make_cell((5, 5)))
    assert resolve(cell).engine == "dense"
    asked = resolve(dataclasses.replace(cell, engine="dense"))
    assert (asked.engine, asked.reason) == ("dense", "asked for")
