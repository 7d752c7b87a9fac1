"""One reply of one model: what it decides, task by task."""

import math
from collections import Counter
from dataclasses import dataclass

from itas.models.simulated.belief import EMPTY_PER_UNREADABLE, Beliefs, popular
from itas.models.simulated.exams import find_stated, judge_statement, write_tests
from itas.models.simulated.facts import Fact
from itas.models.simulated.judgement import CLOSE_LOOK, Judgement, leaning_of
from itas.models.simulated.memory import Memory
from itas.models.simulated.noise import Noise
from itas.models.simulated.profiles import Profile
from itas.models.simulated.programs import (
    find_stated_result,
    wants_code,
    write_code_tests,
    write_program,
)
from itas.models.simulated.prompts import Reading
from itas.models.simulated.verdicts import (
    FIRST_PLACE,
    write_comparison,
    write_grade,
    write_letter,
    write_rating,
)
from itas.models.simulated.writing import (
    UNKNOWN,
    write_answer,
    write_choice,
    write_critique,
    write_ranking,
    write_reasons,
    write_vaguely,
    write_verdict,
)

_SUPPORT = 1.0
_OWN_SUPPORT = 0.03
_FOLLOWS_SHOWN_TEST = 0.3
_TRUSTS_REASONS = 0.45
_LENIENCE = 0.35
_MISJUDGES = 0.5
_MISCOUNTS = 2.0
_CRITIQUE_WEIGHT = 0.45
_MISREADS = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything one reply depends on, apart from its noise."""

    profile: Profile
    reading: Reading
    fact: Fact
    temperature: float


class Replies:
    """Writes the replies of the models of one pool."""

    def __init__(self, seed: int, beliefs: Beliefs) -> None:
        self._beliefs = beliefs
        self._judgement = Judgement(seed, beliefs)
        self._answers: Memory[tuple[str, str], str | None] = Memory(50_000)
        self._statements: Memory[tuple[str, str, str | None], bool | None] = Memory(50_000)

    def write(self, asked: Asked, noise: Noise) -> str:
        """The text of one draw."""
        slip = noise.uniform()
        unreadable = asked.profile.unreadable
        if slip < unreadable * EMPTY_PER_UNREADABLE:
            return ""
        if slip < unreadable:
            return write_vaguely(noise)
        match asked.reading.task:
            case "answer":
                return self._answer(asked, noise)
            case "rank":
                return self._rank(asked, noise)
            case "choose":
                return self._choose(asked, noise)
            case "criticise":
                return self._criticise(asked, noise)
            case "fuse":
                return self._fuse(asked, noise)
            case "reason":
                return self._reason(asked, noise)
            case "verify":
                return self._verify(asked, noise)
            case "write tests":
                tests = write_tests(asked.profile, self._beliefs, asked.fact, asked.reading.n_tests, noise)
                return _with_disclaimer(asked.fact, tests)
            case "write code tests":
                count = asked.reading.n_tests
                return write_code_tests(asked.profile, self._beliefs, asked.fact, count, noise)
            case "judge tests":
                return self._judge_tests(asked, noise)
            case "rate":
                return self._rate(asked, noise)
            case "compare":
                return self._compare(asked, noise)
            case "grade":
                return self._grade(asked, noise)
            case "read choice":
                return write_letter(self._read(asked.fact, asked.reading.answers[0].text))

    def _answer(self, asked: Asked, noise: Noise) -> str:
        fact = asked.fact
        answer = self._beliefs.say(asked.profile, fact, asked.temperature, noise)
        tests = asked.reading.tests
        stated = find_stated(tests) or find_stated_result(tests)
        if stated is not None and noise.happens(_FOLLOWS_SHOWN_TEST):
            answer = fact.read(f"Answer: {stated}") or answer
        text = write_answer(fact, answer, noise)
        return f"{write_program(fact, answer, tests)}\n{text}" if wants_code(fact.question, tests) else text

    def _rank(self, asked: Asked, noise: Noise) -> str:
        values = self._qualities(asked, asked.profile.ranking, noise)
        order = sorted(range(len(values)), key=lambda index: -values[index])
        ids = [asked.reading.answers[index].id for index in order]
        return _with_disclaimer(asked.fact, write_ranking(ids, noise))

    def _choose(self, asked: Asked, noise: Noise) -> str:
        """The first answer of those that most agree with; miscounted sometimes, more so by weak rankers."""
        answers = [self._read(asked.fact, shown.text) for shown in asked.reading.answers]
        counts = Counter(answer for answer in answers if answer is not None)
        spread = _MISCOUNTS * (1 - asked.profile.ranking) * (0.55 + 0.45 * min(asked.temperature / 0.7, 1.5))
        best, best_value = answers[0], -math.inf
        for answer, count in counts.items():
            value = count + spread * noise.normal()
            if value > best_value:
                best, best_value = answer, value
        chosen = asked.reading.answers[answers.index(best)].id
        return _with_disclaimer(asked.fact, write_choice(chosen, noise))

    def _criticise(self, asked: Asked, noise: Noise) -> str:
        values = self._qualities(asked, asked.profile.criticising, noise, is_close=True)
        critiques = [
            write_critique(answer.id, leaning_of(value), noise)
            for answer, value in zip(asked.reading.answers, values, strict=True)
        ]
        return _with_disclaimer(asked.fact, "\n\n".join(critiques))

    def _reason(self, asked: Asked, noise: Noise) -> str:
        value = self._qualities(asked, asked.profile.verifying, noise, is_close=True)[0]
        return _with_disclaimer(asked.fact, write_reasons(leaning_of(value), noise))

    def _verify(self, asked: Asked, noise: Noise) -> str:
        reasons = asked.reading.reasons
        value = self._qualities(asked, asked.profile.verifying, noise, is_close=reasons is not None)[0]
        if reasons is not None:
            value += _TRUSTS_REASONS * self._judgement.read_leaning(reasons)
        return _with_disclaimer(
            asked.fact, write_verdict(asked.reading.answers[0].id, value > -_LENIENCE, noise)
        )

    def _judge_tests(self, asked: Asked, noise: Noise) -> str:
        shown = asked.reading.answers[0]
        answer = self._read(asked.fact, shown.text)
        quality = self._qualities(asked, asked.profile.judging, noise)[0]
        lines: list[str] = []
        for number, test in enumerate(asked.reading.tests, 1):
            is_met = self._is_met(test, asked.fact, answer)
            if is_met is None:
                is_met = quality + noise.normal() > -1.0
            elif noise.happens(_MISJUDGES * (1 - asked.profile.judging)):
                is_met = not is_met
            lines.append(f"TEST {number}: {'pass' if is_met else 'fail'}")
        return _with_disclaimer(asked.fact, "\n".join(lines))

    def _rate(self, asked: Asked, noise: Noise) -> str:
        (quality,) = self._qualities(asked, asked.profile.judging, noise)
        return _with_disclaimer(asked.fact, write_rating(quality, asked.reading.form, noise))

    def _compare(self, asked: Asked, noise: Noise) -> str:
        first, second = self._qualities(asked, asked.profile.ranking, noise)[:2]
        shown = asked.reading.answers
        ids = (shown[0].id, shown[1].id)
        form, has_ties = asked.reading.form, asked.reading.has_ties
        text = write_comparison(first - second + FIRST_PLACE, ids, form, has_ties, noise)
        return text if form == "identifier" else _with_disclaimer(asked.fact, text)

    def _grade(self, asked: Asked, noise: Noise) -> str:
        """Whether the answer is right, misread now and then by weak judges."""
        answer = self._read(asked.fact, asked.reading.answers[0].text)
        is_right = answer is not None and answer == asked.fact.right
        if noise.happens(_MISREADS * (1 - asked.profile.judging)):
            is_right = not is_right
        return _with_disclaimer(asked.fact, write_grade(is_right, noise))

    def _is_met(self, test: str, fact: Fact, answer: str | None) -> bool | None:
        key = (fact.question, test, answer)
        if key in self._statements:
            return self._statements[key]
        return self._statements.keep(key, judge_statement(test, fact, answer))

    def _fuse(self, asked: Asked, noise: Noise) -> str:
        """Weigh the answers that are there and its own; then write, perhaps with a slip."""
        profile, fact = asked.profile, asked.fact
        answers = [self._read(fact, shown.text) for shown in asked.reading.answers]
        own = self._beliefs.say(profile, fact, asked.temperature, noise)
        support = self._support(asked, answers)
        support[own] = support.get(own, 0.0) + _OWN_SUPPORT
        spread = (1.15 - 0.75 * profile.fusing) * (0.55 + 0.45 * min(asked.temperature / 0.7, 1.5))
        closeness = CLOSE_LOOK if any(shown.critique for shown in asked.reading.answers) else 1.0
        best, best_value = own, -math.inf
        for answer, share in support.items():
            value = _SUPPORT * math.log(share) + spread * noise.normal()
            value += self._judgement.standing_view(profile, profile.fusing, fact, answer, closeness)
            if value > best_value:
                best, best_value = answer, value
        slips = (1 - profile.fusing) ** 2 * (0.06 + 0.008 * len(answers))
        if noise.happens(slips):
            best = popular(fact, noise)
        return write_answer(fact, best, noise)

    def _support(self, asked: Asked, answers: list[str | None]) -> dict[str, float]:
        """The share of the candidates behind each distinct answer, praised ones counting more."""
        support: dict[str, float] = {}
        total = 0.0
        for shown, answer in zip(asked.reading.answers, answers, strict=True):
            leaning = 0 if shown.critique is None else self._judgement.read_leaning(shown.critique)
            weight = math.exp(_CRITIQUE_WEIGHT * leaning)
            total += weight
            if answer is not None:
                support[answer] = support.get(answer, 0.0) + weight
        return {answer: weight / total for answer, weight in support.items()}

    def _qualities(self, asked: Asked, skill: float, noise: Noise, *, is_close: bool = False) -> list[float]:
        shown = asked.reading.answers
        return [
            self._judgement.perceive(
                asked.profile,
                skill,
                asked.fact,
                self._read(asked.fact, answer.text),
                noise,
                n_answers=len(shown),
                temperature=asked.temperature,
                critique=answer.critique,
                is_close=is_close,
            )
            for answer in shown
        ]

    def _read(self, fact: Fact, text: str) -> str | None:
        key = (fact.question, text)
        if key in self._answers:
            return self._answers[key]
        return self._answers.keep(key, fact.read(text))


def _with_disclaimer(fact: Fact, text: str) -> str:
    return text if fact.right is not None else f"{UNKNOWN}\n{text}"
