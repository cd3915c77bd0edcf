"""From the blocks of a cell to what is said of it: joined, judged, with theory beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import overload

from ..engine import Trace
from ..errors import StorageError
from ..spec import Experiment, VerdictRules
from ..values import frozen
from .cellstore import of_seeds
from .csvtext import Lines
from .keepers import Finder
from .plan import Planned
from .predicted import Theory
from .result import CellResult
from .summary import summarise
from .tabling import Wanted, tables_of
from .theory_words import theory_sentences
from .trained import ending
from .trained_words import trained_sentences
from .verdict import judge
from .words import sentences


def conclude(
    planned: Planned, parts: Sequence[Trace], seeds: tuple[int, ...], rules: VerdictRules, theory: Theory
) -> CellResult:
    """The result of a cell whose seeds are all in `parts`."""
    cell = planned.cell
    trace = of_seeds(parts, seeds)
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


@frozen
class Said:
    """What came of a cell: its rows, and its result, for which the cell itself is asked: it is not sent along."""

    tables: Mapping[str, Lines]
    result: Callable[[Planned], CellResult]


@frozen
class Conclude:
    """Concludes the cells of a run, in whatever process: all that it takes of the experiment, which may be large.

    whole: whether the measurements stay in the results.
    """

    seeds: tuple[int, ...]
    rules: VerdictRules
    wanted: Wanted
    whole: bool
    theory: Theory = field(default_factory=Theory)

    def __call__(self, planned: Planned, parts: Sequence[Trace]) -> Said:
        """What comes of a cell whose seeds are all in `parts`."""
        return self.said(conclude(planned, parts, self.seeds, self.rules, self.theory))

    def said(self, result: CellResult) -> Said:
        """A result as it is told."""
        kept = vars(result if self.whole else result.told).copy()
        del kept["planned"]
        return Said(tables_of(result, self.wanted), partial(CellResult, **kept))


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
        return conclude(planned, parts, self._experiment.seeds, self._experiment.verdict, self._theory).told
