"""One stream per (root seed, seed, purpose), and no two of them alike."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from initbench.streams import Purpose, stream

FIRST = [472184452, 1139465299, 2943609711]
LAST = [4223072529, 2858599828, 2537584799]


def test_purposes_are_numbered_for_good() -> None:
    """The numbers are part of every stored result."""
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "INPUTS": 1,
        "WEIGHTS": 2,
        "BIASES": 3,
        "GRADIENT": 4,
        "SHARED_INPUTS": 5,
    }


def test_the_contract() -> None:
    """SeedSequence(root, spawn_key=(purpose, seed)) into PCG64:
    written down once more, so that no change goes unseen.
    """
    for purpose in Purpose:
        sequence = np.random.SeedSequence(7, spawn_key=(int(purpose), 123))
        expected = np.random.Generator(np.random.PCG64(sequence)).standard_normal(5)
        np.testing.assert_array_equal(stream(7, 123, purpose).standard_normal(5), expected)


def test_the_first_numbers() -> None:
    """Frozen: another generator, or another version of it, would change every result ever stored."""
    assert stream(0, 0, Purpose.WEIGHTS).integers(0, 2**32, 3).tolist() == FIRST
    assert stream(2**128 - 1, 2**32 - 1, Purpose.INPUTS).integers(0, 2**32, 3).tolist() == LAST


def test_no_two_streams_share_a_number() -> None:
    draws = [
        stream(root, seed, purpose).integers(0, 2**63, 4)
        for root, seed, purpose in product((0, 1, 2, 3, 2**64, 2**128 - 1), (0, 1, 2, 3, 2**32 - 1), Purpose)
    ]
    numbers = np.concatenate(draws)
    assert len(np.unique(numbers)) == len(numbers)  # by chance: 600^2 / 2 / 2^63 = 2e-14


def test_streams_are_not_correlated() -> None:
    """Neighbouring seeds and purposes: correlations of 4000 draws within 4.9 / sqrt(4000), a false alarm of 1e-6
    each.
    """
    draws = np.array([stream(0, seed, purpose).standard_normal(4000) for seed in range(4) for purpose in Purpose])
    off_diagonal = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(off_diagonal).max() < 4.9 / np.sqrt(4000)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_stream_starts_again(purpose: Purpose) -> None:
    assert stream(1, 2, purpose).random() == stream(1, 2, purpose).random()
