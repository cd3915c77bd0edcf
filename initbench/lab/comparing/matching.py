"""Which cell of one result belongs to which of another: those with the same values of what is swept."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import JudgeError
from ...values import frozen
from .measured import Measured, Opened


@frozen
class Matching:
    """Pairs of cells, (one of A, one of B), in the order of A. how: the rule, in words.

    left_a, left_b: cells that have no partner.
    """

    pairs: tuple[tuple[Measured, Measured], ...]
    how: str
    left_a: tuple[Measured, ...] = ()
    left_b: tuple[Measured, ...] = ()


def match(a: Opened, b: Opened) -> Matching:
    """The pairs of two results. The first rule that gives any is taken:

    one cell each; equal values of every setting that varies in A or in B; of those that vary in both, where that leaves
    one cell on either side; the only cell of one result beside every cell of the other.
    Raises JudgeError where no cell has a partner.
    """
    if not a.cells or not b.cells:
        none = a if not a.cells else b
        raise JudgeError(f"{none.title}: nothing was measured, all of its cells failed")
    if len(a.cells) == len(b.cells) == 1:
        return Matching(((a.cells[0], b.cells[0]),), "one cell each")
    varying_a, varying_b = _varying(a), _varying(b)
    either = tuple(dict.fromkeys((*varying_a, *varying_b)))
    both = tuple(key for key in varying_a if key in varying_b)
    for keys, which in ((either, "swept in either"), (both, "swept in both")):
        pairs = _equal(a.cells, b.cells, keys) if keys else []
        if pairs:
            names = ", ".join(keys)
            return _with_rest(a, b, pairs, f"cells with the same {names} (what is {which}: a fixed value counts)")
    if len(a.cells) == 1 or len(b.cells) == 1:
        pairs = [(one, other) for one in a.cells for other in b.cells]
        single = "A" if len(a.cells) == 1 else "B"
        return Matching(tuple(pairs), f"no cells with the same settings: the only one of {single} beside all others")
    what = f"no cell of one has the {', '.join(either)} of a cell of the other"
    raise JudgeError(f"{a.title}, {b.title}: {what}; `initbench compare A B --rank` ranks what cannot be paired")


def _with_rest(a: Opened, b: Opened, pairs: list[tuple[Measured, Measured]], how: str) -> Matching:
    used_a, used_b = {one.id for one, _ in pairs}, {other.id for _, other in pairs}
    rest_a = tuple(cell for cell in a.cells if cell.id not in used_a)
    rest_b = tuple(cell for cell in b.cells if cell.id not in used_b)
    return Matching(tuple(pairs), how, rest_a, rest_b)


def _varying(result: Opened) -> tuple[str, ...]:
    """The settings that are not the same in all cells."""
    first = result.settings[0]
    return tuple(key for key in first if any(cell[key] != first[key] for cell in result.settings))


def _equal(a: Sequence[Measured], b: Sequence[Measured], keys: tuple[str, ...]) -> list[tuple[Measured, Measured]]:
    """The pairs with equal values of `keys`, blank for settings of training where there is none; a value that several
    cells of one side have tells nothing."""
    by_a, by_b = _by(a, keys), _by(b, keys)
    return [(ones[0], by_b[text][0]) for text, ones in by_a.items() if len(ones) == 1 and len(by_b.get(text, ())) == 1]


def _by(cells: Sequence[Measured], keys: tuple[str, ...]) -> dict[tuple[str, ...], list[Measured]]:
    found: dict[tuple[str, ...], list[Measured]] = {}
    for cell in cells:
        found.setdefault(tuple(cell.settings.get(key, "") for key in keys), []).append(cell)
    return found
