"""Generator: draw answers from one model.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.1; repeated sampling after Brown et al. 2024,
arXiv:2407.21787. The model gets the caller's conversation unedited (the code published with the paper adds
a system message of its own). Where tests were written beforehand and are to be shown, they stand beside
the request, as in that code's CodeContests architectures; the caller's message itself stays as it is.
"""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.text import RandomFor, has_text, render_blocks, writer_messages
from itas.core.candidate import Draft, State
from itas.core.component import Context, ModelId, Producer
from itas.core.messages import Conversation
from itas.core.request import Completion
from itas.errors import EmptyAnswer

PROMPT_WITH_TESTS = """\
Task: answer the request.

Answer the request in the block labelled 'request'. The blocks labelled 'test' hold statements that a good \
answer is expected to satisfy; they were written by a model and may be wrong, so where a test contradicts \
the request, the request counts. Do not mention the tests.

{blocks}

Reply with the answer itself, in the form the request asks for."""


class Generator(Producer):
    """Writes `samples` answers to the conversation, all in one question to the model.

    Attributes:
        model: Who answers.
        samples: How many draws.
        temperature: 0.7 in the paper, for every component; null leaves it to the provider.
        max_tokens: Longest answer.
    """

    type: ClassVar = "generator"
    needs_candidates: ClassVar[bool] = False
    keeps_candidates: ClassVar[bool] = True
    only_writes: ClassVar[bool] = True

    model: ModelId
    samples: PositiveInt = 1
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048

    def max_samples(self, n: int) -> int:
        return self.samples

    def max_out(self, n: int) -> int:
        return self.samples

    def writes_once(self, n: int) -> bool:
        return self.samples == 1

    def texts_read(self, n: int) -> int:
        return 0

    async def produce(self, state: State, ctx: Context) -> tuple[Draft, ...]:
        completions = await ctx.ask(
            self.model,
            render_generation(state, ctx.random),
            n=self.samples,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        return drafts_from(completions, self.model, ctx)


def render_generation(state: State, random: RandomFor) -> Conversation:
    """The conversation itself; with the tests beside the request where they are to be shown."""
    if not state.notes.shown_texts:
        return state.conversation
    pieces = [("request", state.question), *(("test", test) for test in state.notes.shown_texts)]
    prompt = PROMPT_WITH_TESTS.format(blocks=render_blocks(pieces, random))
    return writer_messages(state.conversation, prompt)


def drafts_from(
    completions: Sequence[Completion], model: str, ctx: Context, *, parents: tuple[int, ...] = ()
) -> tuple[Draft, ...]:
    """Turn draws into drafts; empty ones are left out and counted.

    Raises:
        EmptyAnswer: If every draw is empty.
    """
    drafts: list[Draft] = []
    for number, completion in enumerate(completions):
        if has_text(completion.text):
            drafts.append(Draft(completion.text, model, parents))
        else:
            ctx.report("empty", f"sample {number + 1} of {len(completions)} from {model}")
    if not drafts:
        raise EmptyAnswer(f"every answer of {model} was empty ({len(completions)} drawn)", "")
    return tuple(drafts)
