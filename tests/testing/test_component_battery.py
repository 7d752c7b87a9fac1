"""The battery finds the mistakes that it is there for: each component below makes one."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

import pytest

from itas.core.candidate import Draft, Notes, State
from itas.core.component import (
    Annotator,
    Component,
    Context,
    Preparer,
    Producer,
    Selector,
    component_registry,
)
from itas.core.messages import Message
from itas.plugins import plugins_forgotten
from itas.testing.component_battery import (
    check_component,
    check_conversation,
    check_costs,
    check_determinism,
    check_injection,
    check_result,
    check_spec,
)
from itas.testing.hostile import CANARY, HOSTILE_TEXTS


@pytest.fixture(autouse=True)
def _forget_types():
    """Types made in a test are not part of the program."""
    with plugins_forgotten():
        yield


class _Keeper(Selector):
    """Keeps all; right in everything. Not registered, so tests can derive from it."""

    def max_samples(self, n: int) -> int:
        return 0

    def max_out(self, n: int) -> int:
        return n

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        return tuple(range(len(state.candidates)))


def named(base: type[Component], **methods: object) -> Component:
    """A component of a new type with some methods replaced."""
    return type(
        "Sample", (base,), {"type": "sample_of_a_test", "__annotations__": {"type": ClassVar[str]}, **methods}
    )()


async def test_a_right_component_passes():
    await check_component(named(_Keeper))


Check = Callable[[Component], Awaitable[None]]


async def assert_found(check: Check, component: Component, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        await check(component)


async def test_an_unregistered_type_is_found():
    keeper = named(_Keeper)
    component_registry._things.pop(keeper.type)
    await assert_found(check_spec, keeper, "not registered")


async def test_more_samples_than_stated_are_found():
    async def select(self: Component, state: State, ctx: Context) -> tuple[int, ...]:
        await ctx.ask("fake/a", [*state.conversation])
        return (0,)

    await assert_found(check_costs, named(_Keeper, select=select), "1 samples of at most 0")


async def test_a_model_that_is_not_stated_is_found():
    async def select(self: Component, state: State, ctx: Context) -> tuple[int, ...]:
        await ctx.ask("fake/a", [*state.conversation])
        return (0,)

    hidden = named(_Keeper, select=select, max_samples=lambda self, n: 1)
    await assert_found(check_costs, hidden, "asks {'fake/a'}, but states")


async def test_more_candidates_than_stated_are_found():
    await assert_found(check_costs, named(_Keeper, max_out=lambda self, n: min(n, 2)), "3 candidates of 3")


@pytest.mark.parametrize("order", [(), (0, 0), (99,), (-1,), ("a",)])
async def test_what_is_no_selection_is_found(order: tuple[object, ...]):
    async def select(self: Component, state: State, ctx: Context) -> tuple[object, ...]:
        return order

    await assert_found(check_result, named(_Keeper, select=select), "no selection")


async def test_a_lost_critique_is_found():
    async def annotate(self: Component, state: State, ctx: Context) -> tuple[str, ...]:
        return ("fine",)

    critic = named(Annotator, annotate=annotate, max_samples=lambda self, n: 0)
    await assert_found(check_result, critic, "not one critique for each of 2")


async def test_an_empty_draft_is_found():
    async def produce(self: Component, state: State, ctx: Context) -> tuple[Draft, ...]:
        return (Draft(" ", "fake/a"),)

    writer = named(Producer, produce=produce, max_samples=lambda self, n: 0, max_out=lambda self, n: 1)
    await assert_found(check_result, writer, "empty draft")


async def test_a_test_of_two_lines_is_found():
    async def prepare(self: Component, state: State, ctx: Context) -> Notes:
        return Notes(("one\ntwo",))

    preparer = named(Preparer, prepare=prepare, max_samples=lambda self, n: 0)
    await assert_found(check_result, preparer, "tests of one line")


async def test_memory_between_runs_is_found():
    calls: list[int] = []

    async def select(self: Component, state: State, ctx: Context) -> tuple[int, ...]:
        calls.append(1)
        return (len(calls) % len(state.candidates),)

    await assert_found(check_determinism, named(_Keeper, select=select), "two runs with the same seed differ")


def asking(prompt: Callable[[State], object]) -> Component:
    async def select(self: Component, state: State, ctx: Context) -> tuple[int, ...]:
        await ctx.ask("fake/a", prompt(state))  # pyright: ignore[reportArgumentType]
        return (0,)

    return named(_Keeper, select=select, max_samples=lambda self, n: 1, models=lambda self: ("fake/a",))


async def test_an_edited_request_is_found():
    edited = asking(
        lambda state: [*state.conversation[:-1], Message(role="user", content=state.question + " Please.")]
    )
    await assert_found(check_conversation, edited, "request stands 0 times")


async def test_a_dropped_system_message_is_found():
    from itas.core.blocks import Block

    dropped = asking(lambda state: Block("request", "Z9Z9", state.question).render())
    await assert_found(check_conversation, dropped, "do not reach the model: \\['system'")


async def test_candidates_outside_of_blocks_are_found():
    from itas.components.text import judge_pieces, render_blocks
    from itas.core.seeds import random_for

    loose = asking(
        lambda state: (
            render_blocks(judge_pieces(state.conversation), random_for) + "\n\n" + state.candidates[0].text
        )
    )
    await assert_found(check_injection, loose, "outside of its block")


async def test_ids_that_can_be_guessed_are_found():
    from itas.core.blocks import Block

    def prompt(state: State) -> str:
        told = "\n".join(message.content for message in state.conversation[:-1])
        blocks = [Block("conversation", "F5G6", told), Block("request", "H8J9", state.question)]
        blocks += [Block("answer", "K7Q2", state.candidates[0].text)]
        return "\n\n".join(block.render() for block in blocks)

    await assert_found(check_injection, asking(prompt), "no candidate|outside|times|inside a text")


def test_there_are_fifty_hostile_texts_and_each_can_be_seen():
    assert len(HOSTILE_TEXTS) == 50
    assert all(CANARY in text for text in HOSTILE_TEXTS)
