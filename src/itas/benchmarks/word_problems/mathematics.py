"""Arithmetic word problems. Every function writes one puzzle of `steps` steps (1..5).

Numbers are exact fractions from the first line to the last. A draw that comes out negative, too large or
not as a short decimal is thrown away and drawn again.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from itas.benchmarks.word_problems.wording import NAMES, PLACES, THINGS, Puzzle, one_of, shown

_LARGEST = 1_000_000


def purchases(rng: Random, steps: int) -> Puzzle:
    """Several items, reductions and fees, perhaps the change."""
    name = rng.choice(NAMES)
    n_items = max(1, steps - rng.randint(0, 2))
    total = Fraction(0)
    sentences: list[str] = []
    for item in rng.sample(THINGS, n_items):
        count, price = rng.randint(2, 14), Fraction(rng.choice((2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15))) / 2
        if rng.random() < 0.6:
            price = Fraction(rng.randint(2, 25))
        total += count * price
        sentences.append(
            one_of(
                rng,
                f"{name} buys {count} {item} at {shown(price)} dollars each.",
                f"{name} takes {count} {item} that cost {shown(price)} dollars apiece.",
            )
        )
    question = one_of(rng, "How many dollars is that in the end?", f"How many dollars does {name} pay?")
    for extra in rng.sample(("coupon", "percent", "fee", "bill"), steps - n_items):
        if extra == "bill":
            question = f"{name} hands over {{bill}} dollars. How many dollars of change are due?"
        elif extra == "coupon":
            off = rng.randint(1, 9)
            total -= off
            sentences.append(
                one_of(rng, f"A coupon takes off {off} dollars.", f"A voucher saves {off} dollars.")
            )
        elif extra == "fee":
            fee = rng.randint(2, 12)
            total += fee
            sentences.append(one_of(rng, f"Delivery costs {fee} dollars.", f"Wrapping adds {fee} dollars."))
        else:
            percent = rng.choice((10, 20, 25, 50))
            total *= Fraction(100 - percent, 100)
            sentences.append(f"The shop then takes {percent} percent off the sum so far.")
    if "{bill}" in question:
        bill = (int(total) // 50 + rng.randint(1, 3)) * 50
        return Puzzle(" ".join([*sentences, question.format(bill=bill)]), bill - total)
    return Puzzle(" ".join([*sentences, question]), total)


@dataclass(frozen=True, slots=True)
class _Work:
    subject: str
    verb: str
    unit: str
    time: str


_WORKS = (
    _Work("A cyclist", "covers", "kilometres", "hour"),
    _Work("A lorry", "covers", "kilometres", "hour"),
    _Work("A pump", "moves", "litres", "minute"),
    _Work("A printer", "prints", "pages", "minute"),
    _Work("A mill", "grinds", "kilograms", "hour"),
    _Work("A machine", "packs", "parcels", "hour"),
    _Work("A robot", "sorts", "letters", "minute"),
    _Work("A baker", "shapes", "rolls", "hour"),
)


def rates(rng: Random, steps: int) -> Puzzle:
    """Stretches at different rates, something lost on the way, perhaps what is left to do."""
    work = rng.choice(_WORKS)
    place = rng.choice(PLACES)
    total = Fraction(0)
    sentences: list[str] = [f"{work.subject} from {place} works in stretches."]
    has_goal = steps > 1 and rng.random() < 0.5
    n_stretches = steps - has_goal
    for index in range(n_stretches):
        if index and rng.random() < 0.3:
            lost = rng.randint(1, max(1, int(total) // 3))
            total -= lost
            sentences.append(f"After that {lost} {work.unit} have to be taken off again.")
            continue
        duration, rate = rng.randint(2, 12), rng.randint(6, 75)
        total += duration * rate
        sentences.append(
            one_of(
                rng,
                f"For {duration} {work.time}s it {work.verb} {rate} {work.unit} per {work.time}.",
                f"It {work.verb} {rate} {work.unit} every {work.time}, {duration} {work.time}s long.",
            )
        )
    if has_goal:
        goal = int(total) + rng.randint(5, 400)
        question = f"The goal is {goal} {work.unit}. How many {work.unit} are still missing?"
        return Puzzle(" ".join([*sentences, question]), goal - total)
    return Puzzle(" ".join([*sentences, f"How many {work.unit} is that altogether?"]), total)


_COUNTED = (
    ("village of {place}", "inhabitants"),
    ("choir of {place}", "members"),
    ("savings account of {name}", "dollars"),
    ("herd near {place}", "sheep"),
    ("school in {place}", "pupils"),
    ("museum of {place}", "visitors a day"),
    ("rent of {name}", "dollars a month"),
)


def percentages(rng: Random, steps: int) -> Puzzle:
    """A number that grows and shrinks by percentages and by amounts."""
    subject, unit = rng.choice(_COUNTED)
    subject = subject.format(place=rng.choice(PLACES), name=rng.choice(NAMES))
    value = Fraction(rng.randint(4, 60) * 100)
    sentences = [f"The {subject} stands at {shown(value)} {unit}."]
    for _ in range(steps):
        percent = rng.choice((5, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75))
        amount = rng.randint(5, 90)
        change = rng.randrange(4)
        if change == 0:
            value *= Fraction(100 + percent, 100)
            sentences.append(
                one_of(rng, f"Then the number rises by {percent} percent.", f"It grows by {percent} percent.")
            )
        elif change == 1:
            value *= Fraction(100 - percent, 100)
            sentences.append(
                one_of(
                    rng, f"Then the number falls by {percent} percent.", f"It shrinks by {percent} percent."
                )
            )
        elif change == 2:
            value += amount
            sentences.append(f"Another {amount} are added.")
        else:
            value -= amount
            sentences.append(f"Next, {amount} are taken away.")
    return Puzzle(" ".join([*sentences, f"At how many {unit} does it stand now?"]), value)


_LADDERS: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = (
    ("length", (("kilometres", 1000), ("metres", 100), ("centimetres", 10), ("millimetres", 1))),
    ("mass", (("tonnes", 1000), ("kilograms", 1000), ("grams", 1))),
    ("time", (("weeks", 7), ("days", 24), ("hours", 60), ("minutes", 60), ("seconds", 1))),
    ("volume", (("hectolitres", 100), ("litres", 1000), ("millilitres", 1))),
)
_USES = {
    "length": ("rope", "fence", "cable", "path"),
    "mass": ("load", "order of flour", "delivery of sand", "block of stone"),
    "time": ("course", "test run", "voyage", "rehearsal"),
    "volume": ("barrel", "tank filling", "batch of paint", "order of juice"),
}


def conversions(rng: Random, steps: int) -> Puzzle:
    """Amounts in one unit, multiplied up, asked for in another unit."""
    quantity, ladder = rng.choice(_LADDERS)
    use = rng.choice(_USES[quantity])
    place = rng.choice(PLACES)
    rungs = rng.randint(1, min(2, steps, len(ladder) - 1))
    top = rng.randrange(len(ladder) - rungs)
    factor = Fraction(1)
    for _, step in ladder[top : top + rungs]:
        factor *= step
    big, small = ladder[top][0], ladder[top + rungs][0]
    start, end = (big, small) if rng.random() < 0.6 else (small, big)
    amount = Fraction(rng.randint(2, 48)) / rng.choice((1, 1, 2, 4))
    if start == small:
        amount = Fraction(rng.randint(3, 90) * 5)
        factor = 1 / factor
    sentences = [f"In {place} one {use} takes {shown(amount)} {start}."]
    for level in range(steps - rungs):
        count = rng.randint(2, 9)
        amount *= count
        group = ("crew", "village", "district", "region")[level]
        sentences.append(
            one_of(rng, f"Each {group} needs {count} of these.", f"One {group} counts {count} such.")
        )
    question = one_of(rng, f"How many {end} is that in total?", f"What does that come to in {end}?")
    return Puzzle(" ".join([*sentences, question]), amount * factor)


_TIMES = {2: "twice", 3: "three times", 4: "four times"}


def ages(rng: Random, steps: int) -> Puzzle:
    """A chain of relations between ages; from three steps on not told in order."""
    names = rng.sample(NAMES, steps + 1)
    known = [rng.randint(4, 50)]
    relations: list[str] = []
    for before, name in itertools.pairwise(names):
        age, gap, times = known[-1], rng.randint(1, 15), rng.choice((2, 3, 4))
        relation = rng.randrange(4)
        if relation == 0:
            known.append(age + gap)
            relations.append(f"{name} is {gap} years older than {before}.")
        elif relation == 1:
            known.append(age - gap)
            relations.append(f"{name} is {gap} years younger than {before}.")
        elif relation == 2:
            known.append(age * times)
            relations.append(f"{name} is {_TIMES[times]} as old as {before}.")
        else:
            known.append(age // 2 if age % 2 == 0 else 0)
            relations.append(f"{name} is half as old as {before}.")
    if min(known) < 1 or max(known) > 110:
        return ages(rng, steps)
    if steps >= 3:
        rng.shuffle(relations)
    later = rng.randint(1, 12)
    asked = rng.randrange(3)
    question, answer = (
        (f"How old is {names[-1]}?", known[-1]),
        (f"How old will {names[-1]} be in {later} years?", known[-1] + later),
        ("How many years are all of them together?", sum(known)),
    )[asked]
    first = f"{names[0]} is {known[0]} years old."
    return Puzzle(" ".join([first, *relations, question]), Fraction(answer))


def sequences(rng: Random, steps: int) -> Puzzle:
    """A term of a recursion, perhaps with remainders."""
    value, times, plus = rng.randint(1, 40), rng.randint(1, 6), rng.randint(-9, 30)
    modulus = rng.choice((0, 0, 7, 11, 13, 17, 19, 23, 29, 31))
    change = f"plus {plus}" if plus >= 0 else f"minus {-plus}"
    opening = one_of(rng, f"A sequence starts with {value}.", f"The first term of a sequence is {value}.")
    rule = f"Every next term is {times} times the term before, {change}"
    if modulus:
        rule += f", and of that only the remainder on division by {modulus} is kept"
    for _ in range(steps):
        value = value * times + plus
        value = value % modulus if modulus else value
    question = one_of(rng, f"What is term number {steps + 1}?", f"Which number stands at place {steps + 1}?")
    return Puzzle(f"{opening} {rule}. {question}", Fraction(value))


_PARTS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth"}


def stock(rng: Random, steps: int) -> Puzzle:
    """What is left in a store after deliveries and sales."""
    place, thing = rng.choice(PLACES), rng.choice(THINGS)
    value = Fraction(rng.randint(4, 40) * 12)
    sentences = [f"A depot in {place} holds {shown(value)} {thing}."]
    for _ in range(steps):
        boxes, each, gone, part = (
            rng.randint(2, 9),
            rng.randint(3, 24),
            rng.randint(3, 60),
            rng.choice((2, 3, 4, 5)),
        )
        change = rng.randrange(4)
        if change == 0:
            value += boxes * each
            sentences.append(
                one_of(
                    rng,
                    f"{boxes} boxes of {each} arrive.",
                    f"A van brings {boxes} packs with {each} in each.",
                )
            )
        elif change == 1:
            value -= gone
            sentences.append(one_of(rng, f"{gone} of them are sold.", f"{gone} turn out to be broken."))
        elif change == 2:
            value -= value / part
            sentences.append(f"Then {_PARTS[part]} of what is there is shipped.")
        else:
            value *= 2
            sentences.append("The owner doubles the number.")
    if value.denominator != 1:
        return stock(rng, steps)
    return Puzzle(" ".join([*sentences, f"How many {thing} are there at the end?"]), value)


def clock(rng: Random, steps: int) -> Puzzle:
    """Arrival times, counted in minutes since midnight."""
    start = rng.randrange(0, 24 * 60, 5)
    towns = rng.sample(PLACES, steps + 1)
    vehicle = one_of(rng, "bus", "train", "ferry", "tram")
    sentences = [f"A {vehicle} leaves {towns[0]} at {start // 60:02}:{start % 60:02}."]
    now = start
    for index in range(steps):
        ride, wait = rng.randint(7, 190), rng.randint(3, 45)
        if index and rng.random() < 0.4:
            now += wait
            sentences.append(f"There it waits {wait} minutes.")
        else:
            now += ride
            sentences.append(
                one_of(
                    rng,
                    f"The next stretch, to {towns[index + 1]}, takes {ride} minutes.",
                    f"Then {ride} minutes pass until {towns[index + 1]}.",
                )
            )
    question = "How many minutes after midnight is it then (after midnight the count starts again from 0)?"
    return Puzzle(" ".join([*sentences, question]), Fraction(now % (24 * 60)))


Kind = Callable[[Random, int], Puzzle]


def is_usable(puzzle: Puzzle) -> bool:
    """Whether a number is neither negative nor too large nor a long decimal."""
    if isinstance(puzzle.answer, str):
        return True
    return puzzle.target is not None and 0 <= puzzle.answer <= _LARGEST


MATHEMATICS: dict[str, Kind] = {
    "purchases": purchases,
    "rates": rates,
    "percentages": percentages,
    "conversions": conversions,
    "ages": ages,
    "sequences": sequences,
    "stock": stock,
    "clock": clock,
}
