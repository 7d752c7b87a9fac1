"""Reflector: the memory is the state."""

from itas.components import Reflector
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.engine import answer
from itas.models.fakes import FunctionModel
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, blocks_of, state


async def test_it_reads_every_earlier_attempt_in_their_order():
    ctx = FunctionContext(lambda prompt: "third")
    drafts = await Reflector(model=MODEL).produce(state("first", "second"), ctx)
    assert list(answers_of(ctx.asked[0].prompt).values()) == ["first", "second"]
    assert [(draft.text, draft.parents) for draft in drafts] == [("third", (0, 1))]


async def test_attempts_and_critiques_add_up_over_the_rounds():
    """Reflexion: the third attempt sees two attempts and what was wrong with each."""
    prompts: list[str] = []

    def reply(request: object, number: int) -> str:
        prompt = request.messages[-1].content  # pyright: ignore[reportAttributeAccessIssue]
        prompts.append(prompt)
        if prompt.startswith("Task: criticise the answers."):
            return "\n".join(
                f"CRITIQUE {id}:\nStrengths: it is {text}.\nWeaknesses: {text} is wrong."
                for id, text in answers_of(prompt).items()
            )
        return f"attempt {sum(not p.startswith('Task: criticise') for p in prompts)}"

    model = FunctionModel(reply)
    critic, reflector = {"type": "critic", "model": MODEL}, {"type": "reflector", "model": MODEL}
    layers = [{"type": "generator", "model": MODEL}, critic, reflector, critic, reflector]
    found = await answer(Architecture.parse({"layers": layers}), user("What?"), models=lambda _: model)
    assert [candidate.text for candidate in found.candidates] == ["attempt 1", "attempt 2", "attempt 3"]
    assert list(answers_of(prompts[-1]).values()) == ["attempt 1", "attempt 2"]
    assert ["attempt 1 is wrong" in block.text for block in blocks_of(prompts[-1], "critique")] == [
        True,
        False,
    ]
