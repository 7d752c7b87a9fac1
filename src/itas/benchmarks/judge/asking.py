"""Ask a judge until its reply can be read, and write down what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from itas.benchmarks.judge.options import JudgeOptions
from itas.core.judging import Ask, Judgment, Place
from itas.core.messages import Conversation
from itas.core.request import Completion, Request
from itas.errors import ParseError

TEMPERATURE = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says: the verdict in the form of its prompt, and its value for the judged answer."""

    verdict: str
    value: float


@dataclass(frozen=True, slots=True)
class Question:
    """What the judge is asked.

    Attributes:
        prompt: Name of the prompt.
        messages: What is sent.
        read: Reads the reply; raises `ParseError`.
        turn: Which answer of a problem with several turns.
        place: Where the judged answer stands.
        extra: What else is asked of the provider; see `Request.extra`.
    """

    prompt: str
    messages: Conversation
    read: Callable[[Completion], Reading]
    turn: int = 1
    place: Place = "alone"
    extra: str = ""


async def ask_judge(question: Question, options: JudgeOptions, ask: Ask) -> Judgment:
    """Ask at most `options.attempts` times. A reply that stays unreadable is a judgment without a verdict.

    Raises:
        ModelError: The judge did not answer.
        BudgetExceeded: A cap was reached.
    """
    request = Request(
        model=options.judge,
        messages=question.messages,
        temperature=TEMPERATURE,
        max_tokens=options.max_tokens,
        extra=question.extra,
    )
    reading: Reading | None = None
    text, attempt = "", 0
    while reading is None and attempt < options.attempts:
        attempt += 1
        reply = await ask(request)
        text = reply.text
        try:
            reading = question.read(reply)
        except ParseError:
            continue  # counted: attempts and verdict stand in the judgment
    return Judgment(
        judge=options.judge,
        prompt=question.prompt,
        turn=question.turn,
        place=question.place,
        asked=question.messages[-1].content,
        text=text,
        verdict=None if reading is None else reading.verdict,
        value=None if reading is None else reading.value,
        attempts=attempt,
    )
