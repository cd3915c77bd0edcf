"""What holds for every test of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from disturbed import as_from_a_terminal


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    with as_from_a_terminal():
        yield
