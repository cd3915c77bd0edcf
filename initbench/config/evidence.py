"""What claims can be about: columns, steps, and groups of the grid's cells."""

from __future__ import annotations

from ..spec import Cell, GridCell
from ..values import frozen
from .sweep import Texts

_CHANGES = ("stable", "vanishing", "exploding")
COLUMNS: dict[str, tuple[str, ...] | None] = {
    "n_seeds": None,
    "engine_used": ("dense", "implicit", "mixed"),
    "status": ("ok", "overflow", "failed"),
    "act_q_ratio": None,
    "act_q_ratio_median": None,
    "grad_q_ratio": None,
    "grad_q_ratio_median": None,
    "forward_rate": None,
    "backward_rate": None,
    "forward": _CHANGES,
    "backward": _CHANGES,
    "flags": (),
    "verdict": ("failed", "overflow", "symmetric", "dead", "exploding", "vanishing", "saturated", "stable"),
    "theory_z": None,
    "theory_z_layer": None,
}
"""Columns of cells.csv: None for numbers, the texts that can stand in it otherwise, () for any text."""

TRAINED = (
    *("learning_rate", "final_loss", "final_accuracy", "test_loss", "test_accuracy"),
    *("diverged", "disagreement", "xi_c"),
)
"""Columns that it has where networks are trained: numbers, all of them."""
CURVES = ("loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm")
"""Columns of training.csv that a claim with a step can be about."""

FROM_ACT_Q = {"act_q_ratio", "act_q_ratio_median", "forward_rate", "forward"}
FROM_GRAD_Q = {"grad_q_ratio", "grad_q_ratio_median", "backward_rate", "backward"}


@frozen
class Chosen:
    """Of some cells: the smallest depth, whether any is measured forward only, and the steps of training that all of
    them record, and measure: empty where nothing is trained.

    labels: whether all learn classes, so that there is an accuracy; tested: whether all keep examples for testing. True
    where nothing is trained.
    """

    depth: int
    forward_only: bool
    recorded: frozenset[int]
    measured: frozenset[int]
    labels: bool
    tested: bool


def _summed_up(cells: list[Cell]) -> Chosen:
    trained = [cell.training for cell in cells if cell.training is not None]
    recorded = [frozenset(training.recorded) for training in trained]
    measured = [frozenset(training.measure_at) for training in trained]
    return Chosen(
        min(cell.network.depth for cell in cells),
        any(not cell.backward for cell in cells),
        frozenset.intersection(*recorded) if trained else frozenset(),
        frozenset.intersection(*measured) if trained else frozenset(),
        all(training.labels for training in trained),
        all(training.test_examples > 0 for training in trained),
    )


class Grid:
    """The cells, and what claims ask about groups of them, with a memory: there can be many claims."""

    def __init__(self, cells: tuple[GridCell, ...]) -> None:
        self.cells = cells
        self.texts: Texts = {key: {} for key, _ in cells[0].axes} if cells else {}
        self._having: dict[tuple[str, str], set[int]] = {}
        for number, cell in enumerate(cells):
            for key, text in cell.axes:
                self.texts[key][text] = None
                self._having.setdefault((key, text), set()).add(number)
        self._known: dict[frozenset[tuple[str, str]], Chosen | None] = {}

    def choose(self, pairs: frozenset[tuple[str, str]]) -> Chosen | None:
        """The cells that have all of these values, None if there are none."""
        if pairs not in self._known:
            groups = sorted((self._having.get(pair, set()) for pair in pairs), key=len)
            numbers = set.intersection(*groups) if groups else set(range(len(self.cells)))
            chosen = [self.cells[number].cell for number in numbers]
            self._known[pairs] = _summed_up(chosen) if chosen else None
        return self._known[pairs]
