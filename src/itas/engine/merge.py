"""How what the components of one layer return becomes the next state."""

from collections.abc import Sequence

from itas.core.candidate import Candidate, Draft, Mark, Notes, Origin, State
from itas.core.component import Component
from itas.core.suspicion import find_suspicions
from itas.errors import ContractError


def merge_notes(state: State, found: Sequence[Notes]) -> Notes:
    """All tests that were found, each once, behind those already known."""
    tests = dict.fromkeys(test for notes in (state.notes, *found) for test in notes.tests)
    code_tests = dict.fromkeys(test for notes in (state.notes, *found) for test in notes.code_tests)
    shown = state.notes.shown or any(notes.shown for notes in found)
    return Notes(tests=tuple(tests), code_tests=tuple(code_tests), shown=shown)


def make_candidates(layer: int, written: Sequence[tuple[int, Sequence[Draft]]]) -> tuple[Candidate, ...]:
    """Candidates of the drafts of each component (given with its number), in their order.

    Raises:
        ContractError: If a draft has no text.
    """
    candidates: list[Candidate] = []
    for component, drafts in written:
        for sample, draft in enumerate(drafts):
            if not draft.text.strip():
                raise ContractError(f"layers[{layer}][{component}] returned an empty text as a candidate")
            origin = Origin(layer, component, draft.model, sample, draft.parents)
            candidates.append(Candidate(draft.text, origin, marks=_suspicions(draft.text)))
    return tuple(candidates)


def _suspicions(text: str) -> tuple[Mark, ...]:
    """A mark for a text that looks hostile. Nothing is dropped for it; traces show it."""
    found = find_suspicions(text)
    return (Mark("hostile", 1.0, note="; ".join(found), by="itas"),) if found else ()


def check_selection(component: Component, order: Sequence[int], n: int) -> tuple[int, ...]:
    """The selection, if it is one: at least one index, each at most once, all in ``0 .. n - 1``.

    Raises:
        ContractError: Otherwise.
    """
    if not order or len(set(order)) != len(order) or not all(0 <= index < n for index in order):
        raise ContractError(f"'{component.type}' selected {list(order)} from {n} candidates")
    return tuple(order)


def merge_selections(orders: Sequence[tuple[int, ...]], n: int) -> tuple[int, ...]:
    """One order out of several selectors' by Borda count: as many as the most generous one kept.

    A candidate in place p (from 0) gets n - p points from a selector, 0 where it was not selected;
    ties keep the order of the input.
    """
    if len(orders) == 1:
        return orders[0]
    points = [0] * n
    for order in orders:
        for place, index in enumerate(order):
            points[index] += n - place
    ranked = sorted((index for index in range(n) if points[index]), key=lambda index: -points[index])
    return tuple(ranked[: max(len(order) for order in orders)])


def keep_selected(
    candidates: Sequence[Candidate], order: Sequence[int], marks: Sequence[dict[int, list[Mark]]]
) -> tuple[Candidate, ...]:
    """The selected candidates in their new order, with what the selectors found out about them."""
    return tuple(
        candidates[index].marked(*(mark for found in marks for mark in found.get(index, ())))
        for index in order
    )


def attach_critiques(
    candidates: Sequence[Candidate], written: Sequence[tuple[Component, Sequence[str]]]
) -> tuple[Candidate, ...]:
    """Candidates with the critiques of all critics of the layer.

    Raises:
        ContractError: If a critic did not write exactly one critique per candidate.
    """
    for component, critiques in written:
        if len(critiques) != len(candidates):
            raise ContractError(
                f"'{component.type}' wrote {len(critiques)} critiques for {len(candidates)} candidates"
            )
    return tuple(
        Candidate(
            candidate.text,
            candidate.origin,
            critique="\n\n".join(critiques[index] for _, critiques in written),
            marks=candidate.marks,
        )
        for index, candidate in enumerate(candidates)
    )
