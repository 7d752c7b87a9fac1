"""Rules of construction: checked before anything is paid for. Each error names layer, law and cure.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.2 and table 4 (version 6); the limit of 24
candidates is theirs too. Deviation: several fusers may end an architecture; the first is the answer.
"""

from typing import TYPE_CHECKING

from itas.core.component import Annotator, Component, Preparer, Producer

if TYPE_CHECKING:
    from itas.core.architecture import Architecture, Layer


def check_rules(architecture: "Architecture") -> None:
    """Raise unless the architecture can run and nothing in it is wasted.

    Raises:
        ValueError: With one line per broken rule, each starting with the layer.
    """
    layers = architecture.layers
    problems = _one_kind_per_layer(layers)
    if problems:  # what the other rules would say of a mixed layer only confuses
        raise ValueError("\n".join(problems))
    problems = [
        *_generators_first(layers, open_rules=architecture.rules == "open"),
        *_candidates_are_there(layers),
        *_critiques_are_used(layers),
        *_tests_stand_before_their_evaluator(layers),
        *_quorums_can_be_reached(layers),
        *_tests_are_of_their_kind(layers),
    ]
    if not problems:
        problems = _candidates_fit(architecture)
    if problems:
        raise ValueError("\n".join(problems))


def _one_kind_per_layer(layers: "tuple[Layer, ...]") -> list[str]:
    found: list[str] = []
    for index, layer in enumerate(layers):
        types = sorted({component.type for component in layer.components})
        if len(types) > 1:
            found.append(
                f"layers[{index}]: one kind of component per layer (rule 1), found {', '.join(types)}. "
                "Put each kind into a layer of its own."
            )
    return found


def _shows_tests(layer: "Layer") -> bool:
    return any(getattr(component, "show_tests", False) for component in layer.components)


def _generators_first(layers: "tuple[Layer, ...]", *, open_rules: bool) -> list[str]:
    start = 1 if _shows_tests(layers[0]) else 0
    if start >= len(layers):
        return ["layers[0]: tests alone answer nothing (rule 2). Add a layer of generators after it."]
    found: list[str] = []
    first = layers[start]
    if any(component.needs_candidates for component in first.components):
        found.append(
            f"layers[{start}]: '{first.type}' needs candidates, but none exist yet (rule 2). "
            "Start with a layer of generators."
        )
    elif not _adds_candidates(first):
        found.append(
            f"layers[{start}]: the first layer must write candidates (rule 2), '{first.type}' does not. "
            "Start with a layer of generators."
        )
    if not open_rules:
        found += [
            f"layers[{index}]: generators stand in the first layer only (rule 2). "
            "Write 'rules: open' to allow more, or use a fuser."
            for index, layer in enumerate(layers)
            if index > start and _adds_candidates(layer)
        ]
    return found


def _adds_candidates(layer: "Layer") -> bool:
    component = layer.components[0]
    return isinstance(component, Producer) and not component.needs_candidates


def _candidates_are_there(layers: "tuple[Layer, ...]") -> list[str]:
    last = layers[-1].components[0]
    if isinstance(last, Preparer):
        return [
            f"layers[{len(layers) - 1}]: '{last.type}' is last, so nobody uses what it finds (rule 4). "
            "Put its evaluator after it."
        ]
    return []


def _reads_critiques(layer: "Layer") -> bool:
    return any(
        component.uses_critiques and getattr(component, "use_critiques", True)
        for component in layer.components
    )


def _critiques_are_used(layers: "tuple[Layer, ...]") -> list[str]:
    found: list[str] = []
    for index, layer in enumerate(layers):
        if not isinstance(layer.components[0], Annotator):
            continue
        reader = None
        for later in layers[index + 1 :]:
            if _reads_critiques(later):
                reader = later
                break
            if isinstance(later.components[0], Producer | Annotator):
                break  # new texts, or new critiques in the place of these
        if reader is None:
            found.append(
                f"layers[{index}]: nobody uses the critiques of '{layer.type}' (rule 3). "
                "Put a fuser, or a ranker with 'use_critiques: true', after it, or leave it out."
            )
    return found


def _tests_stand_before_their_evaluator(layers: "tuple[Layer, ...]") -> list[str]:
    found: list[str] = []
    for index, layer in enumerate(layers):
        makes_tests = isinstance(layer.components[0], Preparer)
        follower = layers[index + 1] if index + 1 < len(layers) else None
        is_followed = follower is not None and any(c.needs_tests for c in follower.components)
        if makes_tests and not _shows_tests(layer) and not is_followed and follower is not None:
            found.append(
                f"layers[{index}]: '{layer.type}' must stand directly before a unit_test_evaluator (rule 4), "
                f"found '{follower.type}'. Add the evaluator, or set 'show_tests: true' in the first layer."
            )
        if makes_tests and _shows_tests(layer) and index > 0:
            found.append(
                f"layers[{index}]: 'show_tests' only makes sense before the generators (rule 4). "
                "Move this layer to the front, or remove 'show_tests'."
            )
        if any(component.needs_tests for component in layer.components):
            has_tests = _shows_tests(layers[0]) or (
                index > 0 and isinstance(layers[index - 1].components[0], Preparer)
            )
            if not has_tests:
                found.append(
                    f"layers[{index}]: '{layer.type}' needs tests (rule 4). "
                    "Put a unit_test_generator directly before it."
                )
    return found


def _tests_are_of_their_kind(layers: "tuple[Layer, ...]") -> list[str]:
    """Tests that are run and tests that are judged are written in different forms."""
    found: list[str] = []
    for index, layer in enumerate(layers):
        if not any(component.needs_tests for component in layer.components):
            continue
        sources = [layers[0]] if _shows_tests(layers[0]) else []
        if index > 0 and isinstance(layers[index - 1].components[0], Preparer):
            sources.append(layers[index - 1])
        if not sources:
            continue
        made = {_executes(component) for source in sources for component in source.components}
        for wanted in sorted({_executes(component) for component in layer.components} - made):
            found.append(
                f"layers[{index}]: '{layer.type}' {'runs' if wanted else 'judges'} tests, but those before it "
                f"are written to be {'judged' if wanted else 'run'} (rule 4). Write the same 'execute' in both."
            )
    return found


def _executes(component: Component) -> bool:
    return bool(getattr(component, "execute", False))


def _candidates_fit(architecture: "Architecture") -> list[str]:
    found: list[str] = []
    widths = architecture.widths()
    for index, (layer, n) in enumerate(zip(architecture.layers, widths[:-1], strict=True)):
        if n > architecture.max_candidates and any(component.reads_all for component in layer.components):
            found.append(
                f"layers[{index}]: '{layer.type}' would read {n} candidates in one prompt, at most "
                f"{architecture.max_candidates} are allowed (rule 6). Draw fewer samples, select before it, "
                "or raise 'max_candidates'."
            )
    return found


def _quorums_can_be_reached(layers: "tuple[Layer, ...]") -> list[str]:
    found: list[str] = []
    for index, layer in enumerate(layers):
        is_set = layer.quorum != 1 or layer.grace_s is not None
        if is_set and not isinstance(layer.components[0], Producer):
            found.append(
                f"layers[{index}]: 'quorum' and 'grace_s' are for layers that write answers, found '{layer.type}'. "
                "Remove them."
            )
        elif layer.quorum > len(layer.components):
            found.append(
                f"layers[{index}].quorum: at most the {len(layer.components)} components of the layer, found "
                f"{layer.quorum}."
            )
    return found
