"""What any component must do, whatever it is for.

Run `check_component` on every type, with every parameter that changes how it works:

    @pytest.mark.parametrize("component", [MyComponent(model="fake/a"), MyComponent(model="fake/a", top_k=2)])
    async def test_it_passes_the_battery(component):
        await check_component(component)

The checks raise AssertionError with a sentence. They use no model: replies are readable, unreadable or
empty, and every sample is counted.
"""

from collections.abc import Awaitable, Callable, Sequence

from itas.core.blocks import Block, read_blocks
from itas.core.candidate import Candidate, Draft, Notes, Origin, State
from itas.core.component import (
    Annotator,
    Component,
    Preparer,
    Producer,
    Selector,
    component_types,
    parse_component,
)
from itas.core.execution import CallTest, CodeOutcome, CodeTest, InputTest
from itas.core.messages import Conversation, Message
from itas.errors import Error, ParseError, SandboxError, SpecError
from itas.testing.contexts import Asked, FunctionContext, Reply, says_pass
from itas.testing.hostile import CANARY, HOSTILE_TEXTS
from itas.testing.replies import readable_reply

Result = Notes | tuple[Draft, ...] | tuple[int, ...] | tuple[str, ...]

COUNTS = (1, 2, 3, 5, 8, 13, 24)
REPLIES: dict[str, Reply] = {
    "readable": readable_reply,
    "unreadable": lambda prompt: "Well, that depends.",
    "empty": lambda prompt: "",
    "blank": lambda prompt: " \n\t\0",
    "echo": lambda prompt: prompt,
}
CONVERSATION: Conversation = (
    Message(role="system", content="Reply in JSON, {as a mapping}."),
    Message(role="user", content="What is 6 times 7?"),
    Message(role="assistant", content='{"answer": 42}'),
    Message(role="user", content="And {that} plus <<one>>?\nEnd with a line of the form\nAnswer: ..."),
)
TESTS = ("The answer is 43.", "The answer is JSON.", "The answer is short.")
CODE_TESTS: tuple[CodeTest, ...] = (
    CallTest(code="assert answer(6, 7) == 43"),
    InputTest(stdin="6 7", expected="43"),
    CallTest(code="assert answer(0, 0) == 1"),
)


async def check_component(component: Component) -> None:
    """Every check of this file, in order."""
    for check in CHECKS:
        await check(component)


async def check_spec(component: Component) -> None:
    """It is registered, survives being written and read, is frozen, and refuses unknown names."""
    _require(component_types().get(component.type) is type(component), "its type is not registered")
    data = component.model_dump(mode="json")
    _require(data.get("type") == component.type, f"it is written without its type: {data}")
    again = parse_component(data)
    _require(again == component and type(again) is type(component), f"{again!r} was read, not {component!r}")
    try:
        type(component).parse({**component.model_dump(mode="json", exclude={"type"}), "no_such_name": 1})
    except SpecError:
        return
    raise AssertionError(f"{component.type}: it accepts a name that it does not have")


async def check_costs(component: Component) -> None:
    """It stays below what it states, for every number of candidates and every kind of reply."""
    for n in COUNTS:
        planned, most = component.planned_samples(n), component.max_samples(n)
        _require(0 <= planned <= most, f"it plans {planned} samples of at most {most} for {n} candidates")
        _require(0 <= component.texts_read(n) <= n, f"it reads {component.texts_read(n)} of {n} texts")
        for kind, reply in REPLIES.items():
            ctx = FunctionContext(reply)
            result = await run_component(component, make_state(n), ctx)
            _require(ctx.samples <= most, f"{ctx.samples} samples of at most {most} for {n}, {kind} replies")
            if kind == "readable":
                _require(
                    ctx.samples <= planned, f"{ctx.samples} samples where {planned} were planned for {n}"
                )
                _require(not isinstance(result, Error), f"it fails on readable replies: {result}")
            if isinstance(result, tuple):
                _require(
                    len(result) <= component.max_out(n), f"{len(result)} candidates of {n}, {kind} replies"
                )
            asked = {question.model for question in ctx.asked}
            _require(asked <= set(component.models()), f"it asks {asked}, but states {component.models()}")
            rated = {rater for rater, _ in ctx.rated}
            _require(rated <= set(component.raters()), f"it uses {rated}, but states {component.raters()}")


async def check_result(component: Component) -> None:
    """A selector gives distinct numbers of candidates, an annotator one text per candidate, and so on."""
    for n in COUNTS:
        for kind, reply in REPLIES.items():
            ctx = FunctionContext(reply)
            result = await run_component(component, make_state(n), ctx)
            if not isinstance(result, Error):
                _check_family(component, result, n)
            known = all(0 <= number < n for number, _ in ctx.marks)
            _require(known, f"it marks a candidate that is not there, {n} candidates, {kind} replies")


async def check_determinism(component: Component) -> None:
    """The same state and seed: the same questions, findings and result. Nothing is remembered between runs,
    and nothing is asked differently because other text was read before."""
    for kind, reply in REPLIES.items():
        runs: list[object] = []
        for _ in range(2):
            ctx = FunctionContext(reply, seed=7)
            result = await run_component(component, make_state(5), ctx)
            shown = str(result) if isinstance(result, Error) else result
            runs.append((ctx.asked, ctx.marks, ctx.events, shown))
            await run_component(component, make_state(3, texts=["other"]), FunctionContext(reply, seed=7))
        _require(runs[0] == runs[1], f"two runs with the same seed differ, {kind} replies")


async def check_code_running(component: Component) -> None:
    """Whether it says that it runs code or not is true; its verdicts decide nothing but its own finding; a
    sandbox that fails is passed on and never taken for a verdict."""
    for n in COUNTS:
        for judge in (says_pass, _says_fail, _says_timeout_of_long_ones):
            ctx = FunctionContext(readable_reply, judge=judge)
            result = await run_component(component, make_state(n), ctx)
            _require(component.runs_code or not ctx.ran, "it runs code, but does not say so in 'runs_code'")
            _require(not isinstance(result, Error), f"it fails on a verdict of the sandbox: {result}")
            if not isinstance(result, Error):
                _check_family(component, result, n)
    ctx = FunctionContext(readable_reply, judge=_breaks)
    try:
        await run_component(component, make_state(5), ctx)
    except SandboxError:
        return
    _require(not ctx.ran, "it takes a failure of the sandbox for a verdict")
    _require(not component.runs_code, "it says that it runs code, but ran none of a candidate that has some")


async def check_conversation(component: Component) -> None:
    """Every message of the caller reaches the model unedited: as it is, or inside a block."""
    ctx = FunctionContext(readable_reply)
    await run_component(component, make_state(3), ctx)
    for asked in ctx.asked:
        _check_conversation_kept(asked, CONVERSATION)


async def check_injection(component: Component) -> None:
    """Hostile text stays in its block, whole, and no block is added or lost; in answers and in requests."""
    for text in HOSTILE_TEXTS:
        await _check_structure(
            component, make_state(3, texts=[text, "tame\nAnswer: 43", text + "!"], critique=text)
        )
        hostile = (*CONVERSATION[:-1], Message(role="user", content=text))
        await _check_structure(component, make_state(2, conversation=hostile, tests=(CANARY, "b")))


async def check_hostile_replies(component: Component) -> None:
    """A model that repeats hostile text, alone or behind a readable reply, changes nothing but its own finding:
    the result is one of the family or a ParseError, and no more samples are drawn than stated."""
    for text in HOSTILE_TEXTS:
        for reply in (_always(text), _behind_readable(text)):
            ctx = FunctionContext(reply)
            result = await run_component(component, make_state(3), ctx)
            _require(ctx.samples <= component.max_samples(3), f"{ctx.samples} samples for a hostile reply")
            if not isinstance(result, Error):
                _check_family(component, result, 3)


CHECKS: tuple[Callable[[Component], Awaitable[None]], ...] = (
    check_spec,
    check_costs,
    check_result,
    check_determinism,
    check_code_running,
    check_conversation,
    check_injection,
    check_hostile_replies,
)


def make_state(
    n: int,
    *,
    texts: Sequence[str] = (
        "Answer: 43",
        "It is 43.\n```python\nanswer = max\n```\nAnswer: 43",
        "Answer: 44",
    ),
    critique: str | None = "Strengths: short.\nWeaknesses: none.",
    conversation: Conversation = CONVERSATION,
    tests: tuple[str, ...] = TESTS,
) -> State:
    """A state of `n` candidates, with texts in turn and made different by their number."""
    candidates = tuple(
        Candidate(
            texts[number] if number < len(texts) else f"{texts[number % len(texts)]} ({number})",
            Origin(layer=0, component=number, model=f"fake/{number}", sample=0),
            critique=critique,
        )
        for number in range(n)
    )
    return State(conversation=conversation, candidates=candidates, notes=Notes(tests, CODE_TESTS, shown=True))


async def run_component(component: Component, state: State, ctx: FunctionContext) -> Result | ParseError:
    """What the component returns, or its ParseError, which every component may raise."""
    try:
        if isinstance(component, Preparer):
            return await component.prepare(state, ctx)
        if isinstance(component, Producer):
            return await component.produce(state, ctx)
        if isinstance(component, Selector):
            return await component.select(state, ctx)
        if isinstance(component, Annotator):
            return await component.annotate(state, ctx)
    except ParseError as error:
        return error
    raise AssertionError(f"'{component.type}' belongs to none of the four families")


def _says_fail(code: str, test: CodeTest) -> CodeOutcome:
    del code, test
    return CodeOutcome(verdict="failed", detail="it is 44", tier="imagined")


def _says_timeout_of_long_ones(code: str, test: CodeTest) -> CodeOutcome:
    verdict = "timeout" if len(code) + len(test.text) > 40 else "passed"
    return CodeOutcome(verdict=verdict, tier="imagined")


def _breaks(code: str, test: CodeTest) -> CodeOutcome:
    raise SandboxError("no walls")


def _always(text: str) -> Reply:
    return lambda prompt: text


def _behind_readable(text: str) -> Reply:
    return lambda prompt: f"{readable_reply(prompt)}\n{text}"


def _check_family(component: Component, result: Result, n: int) -> None:
    if isinstance(component, Selector):
        numbers = [item for item in result if isinstance(item, int)] if isinstance(result, tuple) else []
        is_selection = result == tuple(numbers) and len(set(numbers)) == len(numbers) > 0
        _require(
            is_selection and all(0 <= number < n for number in numbers), f"no selection of {n}: {result}"
        )
    elif isinstance(component, Annotator):
        is_one_each = isinstance(result, tuple) and len(result) == n
        _require(is_one_each, f"not one critique for each of {n} candidates: {result}")
    elif isinstance(component, Producer):
        drafts = [item for item in result if isinstance(item, Draft)] if isinstance(result, tuple) else []
        _require(bool(drafts) and result == tuple(drafts), f"no drafts: {result}")
        _require(all(draft.text.strip() for draft in drafts), "an empty draft")
        parents = {number for draft in drafts for number in draft.parents}
        _require(parents <= set(range(n)), f"parents {parents} of {n} candidates")
    elif isinstance(component, Preparer):
        is_notes = isinstance(result, Notes) and all(
            test.strip() and "\n" not in test for test in result.tests
        )
        _require(is_notes, f"no notes with tests of one line each: {result}")


def _check_conversation_kept(asked: Asked, conversation: Conversation) -> None:
    *earlier, last = conversation
    if asked.messages == conversation:
        return
    blocks = read_blocks(asked.prompt)
    requests = [block.text for block in blocks if block.label == "request"]
    _require(requests == [last.content], f"the request stands {len(requests)} times in a block, or edited")
    if asked.messages[:-1] == tuple(earlier):
        return
    _require(len(asked.messages) == 1, "the earlier messages are sent edited")
    told = "\n".join(block.text for block in blocks if block.label == "conversation")
    missing = [message.role for message in earlier if message.content not in told]
    _require(not missing, f"earlier messages do not reach the model: {missing}")


async def _check_structure(component: Component, state: State) -> None:
    ctx = FunctionContext(readable_reply)
    result = await run_component(component, state, ctx)
    _require(not isinstance(result, Error), f"hostile text makes it fail: {result}")
    for asked in ctx.asked:
        _check_conversation_kept(asked, state.conversation)
        if asked.messages == state.conversation:
            continue
        blocks = read_blocks(asked.prompt)
        _require(
            CANARY not in outside_blocks(asked.prompt, blocks), "hostile text stands outside of its block"
        )
        shown = sorted(block.text for block in blocks if block.label == "answer")
        known = sorted(candidate.text for candidate in state.candidates)
        if component.reads_all:
            _require(shown == known, "the answers in the prompt are not the candidates")
        else:
            _require(set(shown) <= set(known), "an answer in the prompt is no candidate")
        ids = [block.id for block in blocks]
        _require(len(set(ids)) == len(ids), "two blocks have the same id")
        inside = "\n".join(block.text for block in blocks).upper()
        _require(not any(id in inside for id in ids), "an id occurs inside a text")


def outside_blocks(prompt: str, blocks: Sequence[Block]) -> str:
    """The prompt without its blocks."""
    for block in blocks:
        prompt = prompt.replace(block.render(), "", 1)
    return prompt


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
