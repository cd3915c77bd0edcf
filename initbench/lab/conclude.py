"""From the blocks of a cell to what is said of it: joined, judged, with theory beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from ..engine import Trace
from ..errors import StorageError
from ..spec import Experiment
from .cellstore import of_seeds
from .keepers import Finder
from .plan import Planned
from .predicted import Theory
from .result import CellResult
from .summary import summarise
from .theory_words import theory_sentences
from .trained import ending
from .trained_words import trained_sentences
from .verdict import judge
from .words import sentences


def conclude(experiment: Experiment, planned: Planned, parts: Sequence[Trace], theory: Theory) -> CellResult:
    """The result of a cell whose seeds are all in `parts`."""
    rules, cell = experiment.verdict, planned.cell
    trace = of_seeds(parts, experiment.seeds)
    summary = summarise(trace)
    verdict = judge(cell, trace, summary, rules)
    beside = theory.beside(cell, summary)
    end = ending(cell.training, trace.training) if cell.training and trace.training else None
    said = (
        *sentences(cell, verdict, summary, rules),
        *theory_sentences(beside, cell.backward),
        *trained_sentences(cell, end),
    )
    return CellResult(planned, trace, summary, verdict, beside, None, said, end)


class Told(Sequence[CellResult]):
    """The results of cells whose tables are there already: each is judged again, from the store, when somebody asks
    for it."""

    def __init__(self, experiment: Experiment, cells: Sequence[Planned], finder: Finder) -> None:
        self._experiment, self._cells, self._finder = experiment, cells, finder
        self._theory = Theory()

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, place: int) -> CellResult: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[CellResult]: ...

    def __getitem__(self, place: int | slice) -> CellResult | Sequence[CellResult]:
        if isinstance(place, slice):
            return Told(self._experiment, self._cells[place], self._finder)
        planned = self._cells[place]
        parts, _ = self._finder.find(planned.id, self._experiment.seeds)
        if {seed for part in parts for seed in part.seeds} < set(self._experiment.seeds):
            raise StorageError(f"cell {planned.id}: its blocks have gone; run the same command again")
        return conclude(self._experiment, planned, parts, self._theory).told
