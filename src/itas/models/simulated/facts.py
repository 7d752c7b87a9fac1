"""What the pool knows about the given problems: the truth, and the mistakes that suggest themselves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from itas.core.answers import AnswerKind, find_answer, normal_number, normal_text
from itas.core.problem import Problem
from itas.models.simulated.noise import Noise, standing
from itas.models.simulated.profiles import Topic

_OPTION = re.compile(r"^[ \t]*\(?([A-Z])[).:][ \t]+\S", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
# How often each of the wrong answers that suggest themselves is given, most popular first. The squares sum to
# 0.33: measured on recorded answers, two models that are both wrong agree in 25 to 39 % of cases.
_POPULARITY = (0.58, 0.17, 0.09, 0.06, 0.04, 0.03, 0.02, 0.01)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Form = Literal["answer", "boxed", "hashes"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A question, and what is true about it.

    Attributes:
        question: The last user message, stripped; its name wherever noise is drawn.
        kind: How an answer to it is read.
        n_choices: Options of a multiple-choice question, else 26.
        right: The right answer in the normal form of `core.answers`; None if it is unknown.
        wrong: Wrong answers, most popular first; never empty.
        shares: How often each of them is given, summing to 1.
        topic: Which skill answers it.
        hardness: Standard normal over problems; high is hard for every model.
        form: How the final answer is asked for.
        spellings: How an answer in normal form was written, where that differs.
    """

    question: str
    kind: AnswerKind
    n_choices: int
    right: str | None
    wrong: tuple[str, ...]
    shares: tuple[float, ...]
    topic: Topic
    hardness: float
    form: Form
    spellings: dict[str, str]

    def spelled(self, answer: str) -> str:
        """An answer as its problem wrote it."""
        return self.spellings.get(answer, answer)

    def read(self, text: str) -> str | None:
        """The final answer of a text, in normal form."""
        return find_answer(text, self.kind, n_choices=self.n_choices)


def index_problems(problems: Iterable[Problem], seed: int) -> dict[str, Fact]:
    """The facts by question. Problems without a target are unknown; of two with one text the first counts."""
    given = [problem for problem in problems if problem.target is not None]
    spellings = {
        normal_text(problem.target): problem.target.strip()
        for problem in given
        if problem.target and _kind(problem) == "text"
    }
    texts = tuple(sorted(spellings))
    facts: dict[str, Fact] = {}
    for problem in given:
        question = problem.conversation[-1].content.strip()
        if question not in facts:
            facts[question] = _fact(problem, question, texts, spellings, seed)
    return facts


def unknown_fact(question: str, seed: int) -> Fact:
    """The facts about a question nobody gave: no truth, only something to say in the form asked for."""
    noise = standing(str(seed), "unknown", question)
    options = _OPTION.findall(question)
    if len(options) >= 2 and options == list(_LETTERS[: len(options)]):
        letters = _shuffled(options, noise)
        return _made(question, "choice", len(options), None, letters, "general", 0.0, {})
    pseudo = tuple(str(10 + noise.below(90)) for _ in range(4))
    return _made(question, "number", 26, None, tuple(dict.fromkeys(pseudo)), "general", 0.0, {})


def _fact(
    problem: Problem, question: str, texts: tuple[str, ...], spellings: dict[str, str], seed: int
) -> Fact:
    target = problem.target or ""
    kind = _kind(problem)
    noise = standing(str(seed), "mistakes", question)
    n_choices = len(problem.choices) or len(set(_OPTION.findall(question)))
    n_choices = min(n_choices, 26) if n_choices >= 2 else 26
    if kind == "choice":
        spellings = {}
        right = target.strip().upper()
        letters = [letter for letter in _LETTERS[: n_choices if n_choices < 26 else 4] if letter != right]
        wrong = _shuffled(letters, noise)
    elif kind == "number":
        right = normal_number(target.strip()) or target
        spellings = {right: target.strip()} if "\\" in target or "/" in target else {}
        wrong = _wrong_numbers(right, question, noise)
    else:
        right = normal_text(target)
        wrong = _wrong_texts(right, texts, noise)
    hardness = noise.normal()
    level = problem.tags.get("difficulty")
    if isinstance(level, (int, float)) and not isinstance(level, bool) and 1 <= level <= 5:
        hardness = 0.7 * (level - 3) / 2**0.5 + (1 - 0.49) ** 0.5 * hardness
    return _made(question, kind, n_choices, right, wrong, _topic(problem), hardness, spellings)


def _made(
    question: str,
    kind: AnswerKind,
    n_choices: int,
    right: str | None,
    wrong: tuple[str, ...],
    topic: Topic,
    hardness: float,
    spellings: dict[str, str],
) -> Fact:
    shares = _POPULARITY[: len(wrong)]
    total = sum(shares)
    return Fact(
        question=question,
        kind=kind,
        n_choices=n_choices,
        right=right,
        wrong=wrong,
        shares=tuple(share / total for share in shares),
        topic=topic,
        hardness=hardness,
        form="boxed" if "\\boxed" in question else "hashes" if "####" in question else "answer",
        spellings=spellings,
    )


def _kind(problem: Problem) -> AnswerKind:
    target = (problem.target or "").strip()
    if (
        len(target) == 1
        and target.upper() in _LETTERS
        and (problem.choices or _OPTION.search(_question(problem)))
    ):
        return "choice"
    return "number" if normal_number(target) is not None and _NUMBER.search(target) else "text"


def _question(problem: Problem) -> str:
    return problem.conversation[-1].content


def _topic(problem: Problem) -> Topic:
    topic = problem.tags.get("topic")
    if topic in ("mathematics", "code", "instruction"):
        return topic
    return "general"


def _shuffled(items: list[str], noise: Noise) -> tuple[str, ...]:
    return tuple(item for _, item in sorted((noise.uniform(), item) for item in items))


def _wrong_numbers(right: str, question: str, noise: Noise) -> tuple[str, ...]:
    """Slips of the pen around the truth: a step left out or done twice, off by one, a factor of two."""
    if "/" in right:
        return tuple(
            str(number) for number in (noise.below(9) + 1, noise.below(9) + 11, noise.below(90) + 21)
        )
    value = float(right)
    given = [float(number) for number in _NUMBER.findall(question)[:12]] or [2.0, 3.0]
    slips = [value + 1, value - 1, value * 2, value / 2, value + 10, value * 1.1]
    for number in given:
        slips += [value + number, value - number]
    found: list[str] = []
    for _, slip in sorted((noise.uniform(), slip) for slip in slips):
        kept = abs(slip) if value >= 0 else slip
        text = normal_number(f"{kept:.10g}" if "." in right or kept % 1 == 0 else f"{kept:.1f}")
        if text is not None and text != right and text not in found and "e" not in text:
            found.append(text)
    return tuple(found[: len(_POPULARITY)]) or ("0",)


def _wrong_texts(right: str, texts: tuple[str, ...], noise: Noise) -> tuple[str, ...]:
    others = [texts[noise.below(len(texts))] for _ in range(12)] if texts else []
    found = [text for text in dict.fromkeys(others) if text != right]
    return tuple(found[: len(_POPULARITY)]) or ("none of these",)
