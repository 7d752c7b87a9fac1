"""Between a call store and a recording: every run can be exported as one, and a recording brought in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from itas.core.request import Request
from itas.models.recording import RecordedQuestion, opened_recording, read_recording
from itas.models.store.contract import CallStore


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What went over.

    Attributes:
        questions: Different requests.
        draws: Draws of all of them.
        skipped: Left out: on the way out, requests to an edition of a model; on the way in, questions that
            say no parameters, so that they are no request.
    """

    questions: int
    draws: int
    skipped: int = 0


async def export_recording(
    store: CallStore, path: Path | str, *, about: Mapping[str, JsonValue] | None = None
) -> Exchanged:
    """Write everything in the store as a recording, in a fixed order, a piece at a time.

    What an edition of a model answered (a simulated one with its seed) is left out: a recording knows models
    by name only, so the draws of two seeds would become one list. They can be made again at any time.

    Raises:
        DataError: The place cannot be written.
        StoreError: The store cannot be read.
    """
    questions = draws = skipped = 0
    with opened_recording(path, about=about) as write:
        async for each in store.recorded():
            if each.is_edition:
                skipped += 1
            elif each.draws:
                write(RecordedQuestion.of(each.request, each.draws))
                questions += 1
                draws += len(each.draws)
    return Exchanged(questions, draws, skipped)


async def import_recording(store: CallStore, path: Path | str) -> Exchanged:
    """Bring a recording into a store. Draws that are there already stay as they are.

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
        )
        given = {number: draw.to_completion() for number, draw in question.numbered() if draw is not None}
        await store.put(request, given)
        questions += 1
        draws += len(given)
    return Exchanged(questions, draws, skipped)
