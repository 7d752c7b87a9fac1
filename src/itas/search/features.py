"""What a surrogate model sees of a point: numbers on a log scale, words as switches, depth; all in [0, 1].

A hole that is not open is 0 everywhere, so "absent" lies next to "small".
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from itas.search.holes import Hole, Leaf
from itas.search.ranking import Rankings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def make_features(
    holes: Sequence[Hole], codes: Ints, layer_ids: Sequence[tuple[int, ...]], rankings: Rankings
) -> Floats:
    """The feature table, shape (n, n_features); columns that say nothing new are left out.

    Args:
        holes: In the order of the columns of `codes`.
        codes: Number of the chosen option, -1 where a hole is not open; shape (n, n_holes).
        layer_ids: The layers of every point; only their number is used.
        rankings: Skill of the models, for holes whose options are models.
    """
    kept: list[Floats] = []
    seen: set[bytes] = set()
    candidates = [
        column for hole, code in zip(holes, codes.T, strict=True) for column in _columns(hole, code, rankings)
    ]
    candidates.sort(
        key=lambda column: len(np.unique(column)) <= 2
    )  # numbers first: switches they imply are dropped
    depth = np.array([len(ids) for ids in layer_ids], dtype=np.float64)
    for column in [*candidates, _scaled(depth)]:
        is_new = column.min() < column.max() and column.round(9).tobytes() not in seen
        if is_new:
            seen.add(column.round(9).tobytes())
            seen.add((column > 0).astype(np.float64).tobytes())
            seen.add((column == 0).astype(np.float64).tobytes())
            kept.append(column)
    if not kept:
        return np.zeros((len(codes), 1))
    return np.column_stack(kept)


def _columns(hole: Hole, codes: Ints, rankings: Rankings) -> Iterator[Floats]:
    is_open = codes >= 0
    if hole.numbers is not None:
        values = np.where(is_open, np.asarray(hole.numbers)[codes], 0.0)
        yield _number_column(values, is_open)
        return
    if hole.is_pool:
        skill = {entry.model: entry.skill for entry in rankings.generators}
        skills = np.array([skill.get(option.label, 0.0) for option in hole.options])
        yield _scaled(np.where(is_open, skills[codes], 0.0))
    for number in _told_apart(hole, is_always_open=bool(is_open.all())):
        yield (codes == number).astype(np.float64)


def _told_apart(hole: Hole, *, is_always_open: bool) -> Iterable[int]:
    """Options that need a switch: not the one that stands for "absent", nor one that the others imply."""
    numbers = range(len(hole.options))
    absent = [number for number in numbers if hole.options[number].node == Leaf(None)]
    if absent:
        return [number for number in numbers if number not in absent]
    return numbers[1:] if is_always_open and len(numbers) == 2 else numbers


def _number_column(values: Floats, is_open: npt.NDArray[np.bool_]) -> Floats:
    given = values[is_open]
    if not len(given) or given.min() <= 0:
        return _scaled(values)
    always = bool(is_open.all())
    if always:
        return _scaled(np.log(values)) if given.max() >= 3 * given.min() else _scaled(values)
    return _scaled(np.log1p(values / given.min()))


def _scaled(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
