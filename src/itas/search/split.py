"""Which problems are for searching, which for the finalists, and which nobody looks at before the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from itas.core.seeds import random_for
from itas.errors import SpecError

DEV_SHARE = 0.2
LEAST_DEV = 40
MOST_DEV = 400
FRESH_SHARE = 0.25
LEAST_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Split:
    """Problem ids, in the random order of the study's seed.

    Attributes:
        search: Development problems for rankings and trials.
        fresh: Development problems set aside for the finalists.
        held_out: For the verdict, once.
    """

    search: tuple[str, ...]
    fresh: tuple[str, ...]
    held_out: tuple[str, ...]


def split_problems(
    problems: Sequence[str],
    *,
    seed: int,
    dev: int | None = None,
    groups: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
) -> Split:
    """Split by the seed; the order in which the problems are given does not matter.

    Args:
        problems: Their ids, each once.
        dev: Development problems, a quarter of them fresh for the finalists; by default a fifth of all, at
            least 40 (never more than half) and at most 400.
        groups: Problem id -> its group; problems of one group, for instance with the same question, stand on one
            side. A problem without one is a group of its own. Sides may then differ a little in size.
        parts: Problem id -> its part, for instance its benchmark: each part is split for itself, in proportion, and
            on every side the parts take turns, so that the first problems of a side are balanced too.

    Raises:
        SpecError: Too few problems, one twice, `dev` leaves nothing to hold out, or groups are too large.
    """
    count = len(problems)
    if len(set(problems)) < count:
        twice = next(problem for problem in problems if problems.count(problem) > 1)
        raise SpecError(f"every problem has its own id, '{twice}' is there twice", path="problems")
    if count < LEAST_PROBLEMS:
        raise SpecError(
            f"a search needs at least {LEAST_PROBLEMS} problems (some to search on, others for the verdict), "
            f"found {count}",
            path="problems",
        )
    if dev is None:
        dev = min(max(round(DEV_SHARE * count), LEAST_DEV), MOST_DEV, count // 2)
    if not 5 <= dev <= count - 5:
        raise SpecError(
            f"of {count} problems, between 5 and {count - 5} may be for development, so that the verdict has "
            f"some of its own; found {dev}",
            path="dev",
        )
    if parts:
        return _split_parts(problems, parts, seed=seed, dev=dev, groups=groups)
    shuffled = sorted(problems)
    random_for(seed, "split").shuffle(shuffled)
    together = _group(shuffled, groups or {})
    first = _boundary(together, dev - round(FRESH_SHARE * dev))
    second = max(_boundary(together, dev), first)
    ordered = [problem for group in together for problem in group]
    if not first or second == count:
        largest = max(len(group) for group in together)
        raise SpecError(
            "problems with the same question stay on one side of the split, and the largest group of them "
            f"({largest} of {count} problems) leaves one side empty. Remove the repetitions",
            path="problems",
        )
    return Split(tuple(ordered[:first]), tuple(ordered[first:second]), tuple(ordered[second:]))


def _split_parts(
    problems: Sequence[str],
    parts: Mapping[str, str],
    *,
    seed: int,
    dev: int,
    groups: Mapping[str, str] | None,
) -> Split:
    """Every part for itself, then in turns."""
    members: dict[str, list[str]] = {}
    for problem in sorted(problems):
        members.setdefault(parts[problem], []).append(problem)
    found = [
        split_problems(own, seed=seed, dev=max(round(dev * len(own) / len(problems)), 5), groups=groups)
        for own in members.values()
    ]
    search, fresh, held_out = (
        _take_turns(side)
        for side in (
            [split.search for split in found],
            [split.fresh for split in found],
            [split.held_out for split in found],
        )
    )
    known = groups or {}
    seen = {known[problem] for problem in (*search, *fresh) if problem in known}
    return Split(search, fresh, tuple(problem for problem in held_out if known.get(problem) not in seen))


def _take_turns(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One of each, again and again; of lists of different lengths in proportion."""
    placed = [
        ((place + 0.5) / len(entries), number, problem)
        for number, entries in enumerate(lists)
        for place, problem in enumerate(entries)
    ]
    return tuple(problem for _, _, problem in sorted(placed))


def _group(problems: Sequence[str], groups: Mapping[str, str]) -> list[list[str]]:
    """The problems by group, groups in the order of their first problem."""
    found: dict[tuple[bool, str], list[str]] = {}
    for problem in problems:
        key = (True, groups[problem]) if problem in groups else (False, problem)
        found.setdefault(key, []).append(problem)
    return list(found.values())


def _boundary(groups: Sequence[Sequence[str]], wanted: int) -> int:
    """The number of problems nearest to `wanted` at which a group ends."""
    ends = [0, *accumulate(len(group) for group in groups)]
    return min(ends, key=lambda end: abs(end - wanted))
