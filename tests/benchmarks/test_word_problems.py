"""Every kind is solved a second time, from its text alone and by other means than it was made."""

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, permutations, product

import pytest

from itas.benchmarks.word_problems import KINDS, word_problems
from itas.core.answers import find_answer
from itas.core.problem import Problem

PROBLEMS = word_problems(11, 13 * 5 * 25)

Solution = Fraction | str


def question_of(problem: Problem) -> str:
    return problem.conversation[-1].content.split("\n")[0]


def sentences_of(problem: Problem) -> list[str]:
    return re.split(r"(?<=[.?!\"])\s+(?=[A-Z0-9])", question_of(problem))


def follow(sentences: list[str], rules: list[tuple[str, Callable[..., object]]]) -> None:
    """Call, for each sentence, the one rule whose pattern fits all of it; all must be understood."""
    for sentence in sentences:
        fits = [(found, act) for pattern, act in rules if (found := re.fullmatch(pattern, sentence))]
        assert len(fits) == 1, f"{len(fits)} rules for {sentence!r}"
        found, act = fits[0]
        act(*found.groups())


def solve_purchases(problem: Problem) -> Solution:
    total = [Fraction(0)]
    answer: list[Fraction] = []

    def add(value: Fraction) -> None:
        total[0] += value

    def buy(count: str, price: str) -> None:
        add(Fraction(count) * Fraction(price))

    def percent_off(percent: str) -> None:
        total[0] -= total[0] * Fraction(percent) / 100

    follow(
        sentences_of(problem),
        [
            (r"\w+ (?:buys|takes) (\d+) \w+ (?:at|that cost) ([\d.]+) dollars (?:each|apiece)\.", buy),
            (r"A (?:coupon takes off|voucher saves) (\d+) dollars\.", lambda off: add(-Fraction(off))),
            (r"(?:Delivery costs|Wrapping adds) (\d+) dollars\.", lambda fee: add(Fraction(fee))),
            (r"The shop then takes (\d+) percent off the sum so far\.", percent_off),
            (r"\w+ hands over (\d+) dollars\.", lambda bill: answer.append(Fraction(bill))),
            (r"How many dollars of change are due\?", lambda: answer.append(answer.pop() - total[0])),
            (r"How many dollars (?:is that in the end|does \w+ pay)\?", lambda: answer.append(total[0])),
        ],
    )
    return answer[-1]


def solve_rates(problem: Problem) -> Solution:
    done = [Fraction(0)]
    goal: list[Fraction] = []

    def work(a: str, b: str) -> None:
        done[0] += Fraction(a) * Fraction(b)

    def lose(lost: str) -> None:
        done[0] -= Fraction(lost)

    follow(
        sentences_of(problem),
        [
            (r"An? \w+ from \w+ works in stretches\.", lambda: None),
            (r"For (\d+) \w+ it \w+ (\d+) \w+ per \w+\.", work),
            (r"It \w+ (\d+) \w+ every \w+, (\d+) \w+ long\.", work),
            (r"After that (\d+) \w+ have to be taken off again\.", lose),
            (r"The goal is (\d+) \w+\.", lambda text: goal.append(Fraction(text))),
            (r"How many \w+ (?:are still missing|is that altogether)\?", lambda: None),
        ],
    )
    return goal[0] - done[0] if goal else done[0]


def solve_percentages(problem: Problem) -> Solution:
    value = [Fraction(0)]

    def start(number: str) -> None:
        value[0] = Fraction(number)

    def scale(percent: str, sign: int) -> None:
        value[0] += sign * value[0] * Fraction(percent) / 100

    def add(amount: str, sign: int) -> None:
        value[0] += sign * Fraction(amount)

    follow(
        sentences_of(problem),
        [
            (r"The .+ stands at (\d+) .+\.", start),
            (r"(?:Then the number rises|It grows) by (\d+) percent\.", lambda text: scale(text, 1)),
            (r"(?:Then the number falls|It shrinks) by (\d+) percent\.", lambda text: scale(text, -1)),
            (r"Another (\d+) are added\.", lambda text: add(text, 1)),
            (r"Next, (\d+) are taken away\.", lambda text: add(text, -1)),
            (r"At how many .+ does it stand now\?", lambda: None),
        ],
    )
    return value[0]


SIZE_IN_SMALLEST = {
    "kilometres": 1_000_000, "metres": 1_000, "centimetres": 10, "millimetres": 1,
    "tonnes": 1_000_000, "kilograms": 1_000, "grams": 1,
    "weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1,
    "hectolitres": 100_000, "litres": 1_000, "millilitres": 1,
}  # fmt: skip


def solve_conversions(problem: Problem) -> Solution:
    amount = [Fraction(0)]

    def start(number: str, unit: str) -> None:
        amount[0] = Fraction(number) * SIZE_IN_SMALLEST[unit]

    def times(count: str) -> None:
        amount[0] *= int(count)

    def into(unit: str) -> None:
        amount[0] /= SIZE_IN_SMALLEST[unit]

    follow(
        sentences_of(problem),
        [
            (r"In \w+ one [\w ]+ takes ([\d.]+) (\w+)\.", start),
            (r"Each \w+ needs (\d+) of these\.", times),
            (r"One \w+ counts (\d+) such\.", times),
            (r"How many (\w+) is that in total\?", into),
            (r"What does that come to in (\w+)\?", into),
        ],
    )
    return amount[0]


def solve_ages(problem: Problem) -> Solution:
    ages: dict[str, Fraction] = {}
    relations: list[tuple[str, Callable[[Fraction], Fraction], str]] = []
    answer: list[Callable[[], Fraction]] = []
    times = {"twice": 2, "three times": 3, "four times": 4}
    follow(
        sentences_of(problem),
        [
            (r"(\w+) is (\d+) years old\.", lambda who, age: ages.update({who: Fraction(age)})),
            (
                r"(\w+) is (\d+) years older than (\w+)\.",
                lambda who, gap, whom: relations.append((who, lambda age: age + int(gap), whom)),
            ),
            (
                r"(\w+) is (\d+) years younger than (\w+)\.",
                lambda who, gap, whom: relations.append((who, lambda age: age - int(gap), whom)),
            ),
            (
                r"(\w+) is (twice|three times|four times) as old as (\w+)\.",
                lambda who, word, whom: relations.append((who, lambda age: age * times[word], whom)),
            ),
            (
                r"(\w+) is half as old as (\w+)\.",
                lambda who, whom: relations.append((who, lambda age: age / 2, whom)),
            ),
            (r"How old is (\w+)\?", lambda who: answer.append(lambda: ages[who])),
            (
                r"How old will (\w+) be in (\d+) years\?",
                lambda who, years: answer.append(lambda: ages[who] + int(years)),
            ),
            (
                r"How many years are all of them together\?",
                lambda: answer.append(lambda: sum(ages.values(), Fraction(0))),
            ),
        ],
    )
    for _ in relations:
        for who, relation, whom in relations:
            if whom in ages:
                ages[who] = relation(ages[whom])
    assert len(ages) == len(relations) + 1
    return answer[0]()


def solve_sequences(problem: Problem) -> Solution:
    found = re.fullmatch(
        r"(?:A sequence starts with|The first term of a sequence is) (\d+)\. "
        r"Every next term is (\d+) times the term before, (plus|minus) (\d+)"
        r"(?:, and of that only the remainder on division by (\d+) is kept)?\. "
        r"(?:What is term number|Which number stands at place) (\d+)\?",
        question_of(problem),
    )
    assert found
    first, times, sign, plus, modulus, place = found.groups()
    terms = [int(first)]
    while len(terms) < int(place):
        following = terms[-1] * int(times) + (int(plus) if sign == "plus" else -int(plus))
        terms.append(following - int(modulus) * (following // int(modulus)) if modulus else following)
    return Fraction(terms[-1])


def solve_stock(problem: Problem) -> Solution:
    held = [Fraction(0)]
    part = {"half": 2, "a third": 3, "a quarter": 4, "a fifth": 5}

    def change(by: Fraction) -> None:
        held[0] += by

    follow(
        sentences_of(problem),
        [
            (r"A depot in \w+ holds (\d+) \w+\.", lambda count: change(Fraction(count))),
            (r"(\d+) boxes of (\d+) arrive\.", lambda boxes, each: change(Fraction(int(boxes) * int(each)))),
            (
                r"A van brings (\d+) packs with (\d+) in each\.",
                lambda boxes, each: change(Fraction(int(boxes) * int(each))),
            ),
            (r"(\d+) of them are sold\.", lambda gone: change(-Fraction(gone))),
            (r"(\d+) turn out to be broken\.", lambda gone: change(-Fraction(gone))),
            (
                r"Then (half|a third|a quarter|a fifth) of what is there is shipped\.",
                lambda word: change(-held[0] / part[word]),
            ),
            (r"The owner doubles the number\.", lambda: change(held[0])),
            (r"How many \w+ are there at the end\?", lambda: None),
        ],
    )
    return held[0]


def solve_clock(problem: Problem) -> Solution:
    question = question_of(problem)
    start = re.search(r" at (\d\d):(\d\d)\.", question)
    assert start
    minutes = [int(number) for number in re.findall(r"(\d+) minutes\b(?! after midnight)", question)]
    hour, minute = int(start[1]), int(start[2])
    for _ in range(sum(minutes)):
        minute += 1
        if minute == 60:
            hour, minute = (hour + 1) % 24, 0
    return Fraction(hour * 60 + minute)


PLACE = {
    word: index
    for index, word in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh"])
}


def solve_ordering(problem: Problem) -> Solution:
    opening, *clues, question = sentences_of(problem)
    names = re.findall(r"[A-Z]\w+", opening)
    assert sorted(names) == sorted(problem.choices)
    lines = list(permutations(names))
    for clue in clues:
        found = re.fullmatch(
            r"(?:(?P<a>\w+) stands directly before (?P<b>\w+)|(?P<c>\w+) stands somewhere behind (?P<d>\w+)|"
            r"(?P<e>\w+) stands (?P<place>\w+) from the front|"
            r"Exactly (?P<n>\d) people stand between (?P<f>\w+) and (?P<g>\w+))\.",
            clue,
        )
        assert found, clue
        a, b, c, d, e, place, n, f, g = found.groups()
        lines = [
            line
            for line in lines
            if (a is None or (a, b) in pairwise(line))
            and (c is None or c in line[line.index(d) + 1 :])
            and (e is None or line[PLACE[place]] == e)
            and (n is None or abs(line.index(f) - line.index(g)) == int(n) + 1)
        ]
    assert len(lines) == 1, f"{len(lines)} orders fit"
    asked = re.search(r"Who stands (\w+) from|who is (\w+)\?", question)
    assert asked
    return lines[0][PLACE[asked[1] or asked[2]]]


def solve_knights(problem: Problem) -> Solution:
    said = re.findall(r'(\w+) says: "([^"]+)"', question_of(problem))
    names = [name for name, _ in said]
    worlds = [
        frozenset(name for name, is_knight in zip(names, kinds, strict=True) if is_knight)
        for kinds in product((True, False), repeat=len(names))
    ]
    fitting = [
        world for world in worlds if all(is_true(text, name, world) == (name in world) for name, text in said)
    ]
    assert len(fitting) == 1, f"{len(fitting)} possibilities"
    (option,) = [
        choice for choice in problem.choices if frozenset(re.findall(r"[A-Z]\w+", choice)) == fitting[0]
    ]
    return option


def is_true(text: str, speaker: str, knights: frozenset[str]) -> bool:
    if found := re.fullmatch(r"(\w+) is a (knight|knave)\.", text):
        return (found[1] in knights) == (found[2] == "knight")
    if found := re.fullmatch(r"(\w+) and I are of the same kind\.", text):
        return len({found[1], speaker} & knights) in (0, 2)
    if found := re.fullmatch(r"Exactly (\d) of us (?:is a knight|are knights)\.", text):
        return len(knights) == int(found[1])
    found = re.fullmatch(r"If (\w+) is a knight, then (\w+) is a knave\.", text)
    assert found, text
    return found[1] not in knights or found[2] not in knights


def solve_truth_tables(problem: Problem) -> Solution:
    found = re.search(
        r"the statements (.+) is either true or false\. .* is this true: (.+)\?$", question_of(problem)
    )
    assert found
    letters = re.findall(r"\b[P-S]\b", found[1])
    # Python reads the formula: comparing truth values with <= is "implies", with != is "xor".
    formula = found[2].replace("implies", "<=").replace("xor", "!=")
    formula = re.sub(r"not ([P-S])", r"(not \1)", formula)
    formula = re.sub(r"\b([P-S])\b", r"(\1)", formula)
    rows = product((True, False), repeat=len(letters))
    return Fraction(sum(bool(eval(formula, {}, dict(zip(letters, row, strict=True)))) for row in rows))


def solve_weekdays(problem: Problem) -> Solution:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    question = question_of(problem)
    today = re.search(r"today is (\w+)\.", question)
    assert today
    when = {"today": 0}
    for event, count, way, before in re.findall(
        r"The (\w+) is (\d+) days (after|before) (?:the )?(\w+)\.", question
    ):
        when[event] = when[before] + (int(count) if way == "after" else -int(count))
    asked = re.search(r"is the (\w+)\?$", question)
    assert asked
    day = days.index(today[1])
    for _ in range(abs(when[asked[1]])):
        day = (day + (1 if when[asked[1]] > 0 else 6)) % 7
    return days[day]


def solve_directions(problem: Problem) -> Solution:
    question = question_of(problem)
    vectors = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
    facing = re.search(r"facing (\w+)\.", question)
    assert facing
    x, y = vectors[facing[1]]
    for turn in re.findall(r"turns (right|left|around)\.", question):
        x, y = {"right": (y, -x), "left": (-y, x), "around": (-x, -y)}[turn]
    return next(word for word, vector in vectors.items() if vector == (x, y))


SOLVERS: dict[str, Callable[[Problem], Solution]] = {
    "purchases": solve_purchases,
    "rates": solve_rates,
    "percentages": solve_percentages,
    "conversions": solve_conversions,
    "ages": solve_ages,
    "sequences": solve_sequences,
    "stock": solve_stock,
    "clock": solve_clock,
    "ordering": solve_ordering,
    "knights": solve_knights,
    "truth-tables": solve_truth_tables,
    "weekdays": solve_weekdays,
    "directions": solve_directions,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_second_solver_gives_the_same_answers(kind: str):
    mine = [problem for problem in PROBLEMS if problem.tags["kind"] == kind]
    assert len(mine) == 125
    for problem in mine:
        answer = SOLVERS[kind](problem)
        assert problem.target is not None
        if problem.choices:
            assert problem.choices[ord(problem.target) - ord("A")] == answer, problem.conversation[-1].content
        else:
            assert Fraction(problem.target) == answer, problem.conversation[-1].content


def test_thousands_of_problems_have_distinct_texts_and_ids():
    problems = word_problems(2, 4000)
    assert len({question_of(problem) for problem in problems}) == 4000
    assert len({problem.id for problem in problems}) == 4000


def test_the_same_seed_gives_the_same_problems_and_a_smaller_count_the_first_of_them():
    assert word_problems(11, 200) == PROBLEMS[:200]
    assert word_problems(12, 5) != PROBLEMS[:5]


def test_kinds_and_difficulties_are_balanced():
    counts = Counter((problem.tags["kind"], problem.tags["difficulty"]) for problem in PROBLEMS)
    assert len(counts) == 13 * 5
    assert set(counts.values()) == {25}
    assert {str(problem.tags["topic"]) for problem in PROBLEMS} == {"mathematics", "logic"}


def test_a_reply_in_the_form_asked_for_is_read_as_the_target():
    for problem in PROBLEMS:
        asked = problem.conversation[-1].content
        assert "Answer:" in asked.splitlines()[-1]
        kind = "choice" if problem.choices else "number"
        reply = f"Some working.\nAnswer: {problem.target}"
        assert find_answer(reply, kind, n_choices=len(problem.choices) or 26) == problem.target


def test_numbers_are_integers_or_short_decimals_and_options_are_distinct():
    decimals = 0
    for problem in PROBLEMS:
        assert problem.target is not None
        if problem.choices:
            assert len(set(problem.choices)) == len(problem.choices) >= 3
            for index, choice in enumerate(problem.choices):
                assert f"\n{chr(ord('A') + index)}) {choice}\n" in problem.conversation[-1].content
        else:
            assert re.fullmatch(r"\d{1,7}(?:\.\d{1,3})?", problem.target), problem.target
            decimals += "." in problem.target
    assert 10 < decimals < 400


def test_no_option_of_a_kind_is_right_much_more_often_than_the_others():
    for kind in ("ordering", "knights", "directions", "weekdays"):
        letters = Counter(problem.target for problem in PROBLEMS if problem.tags["kind"] == kind)
        assert max(letters.values()) < 0.45 * 125


def test_wordings_vary():
    openings = Counter(" ".join(question_of(problem).split()[:2]) for problem in PROBLEMS)
    assert len(openings) > 100
    forms = Counter(problem.conversation[-1].content.splitlines()[-1] for problem in PROBLEMS)
    assert len(forms) == 4
