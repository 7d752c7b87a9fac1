"""Between a call store and a recording: every run can be exported as one, and a recording brought in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from itas.core.request import Request
from itas.models.recording import RecordedQuestion, opened_recording, read_recording
from itas.models.store.contract import CallStore, store_key


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What went over.

    Attributes:
        questions: Different requests.
        draws: Draws of all of them.
        skipped: Left out: on the way out, requests to another edition of the model than is asked for; on the
            way in, questions that say no parameters, so that they are no request.
    """

    questions: int
    draws: int
    skipped: int = 0


def _no_edition(model: str) -> str:
    return ""


async def export_recording(
    store: CallStore,
    path: Path | str,
    *,
    about: Mapping[str, JsonValue] | None = None,
    edition_of: Callable[[str], str] = _no_edition,
) -> Exchanged:
    """Write what is in the store as a recording, in a fixed order, a piece at a time.

    A recording knows models by name only, so of each model one edition is written, and the draws of the others
    are left out: they would become one list. Simulated models have one for each seed; they can be made again.

    Args:
        store: What is written.
        path: Of the recording.
        about: What its first line also says.
        edition_of: Which edition of a model to write; see `editions.editions`. By default the one without.

    Raises:
        DataError: The place cannot be written.
        StoreError: The store cannot be read.
    """
    questions = draws = skipped = 0
    with opened_recording(path, about=about) as write:
        async for each in store.recorded():
            if each.key != store_key(each.request, edition_of(each.request.model)):
                skipped += 1
            elif each.draws:
                write(RecordedQuestion.of(each.request, each.draws))
                questions += 1
                draws += len(each.draws)
    return Exchanged(questions, draws, skipped)


async def import_recording(
    store: CallStore, path: Path | str, *, edition_of: Callable[[str], str] = _no_edition
) -> Exchanged:
    """Bring a recording into a store. Draws that are there already stay as they are.

    Args:
        store: Where it goes.
        path: Of the recording.
        edition_of: Whose answers these are, by model; see `editions.editions`. By default the one without.

    Raises:
        DataError: The recording is broken; what stood before the broken line is in the store.
    """
    questions = draws = skipped = 0
    for _, question in read_recording(path):
        if question.any_parameters:
            skipped += 1
            continue
        request = Request(
            model=question.model,
            messages=question.messages,
            temperature=question.temperature,
            max_tokens=question.max_tokens,
            stop=question.stop,
            extra=question.extra,
        )
        given = {number: draw.to_completion() for number, draw in question.numbered() if draw is not None}
        await store.put(request, given, key=store_key(request, edition_of(request.model)))
        questions += 1
        draws += len(given)
    return Exchanged(questions, draws, skipped)
