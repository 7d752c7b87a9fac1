"""Logic puzzles. Every function writes one puzzle of `steps` steps (1..5) with exactly one answer."""

from collections.abc import Callable
from fractions import Fraction
from itertools import permutations, product
from random import Random

from itas.benchmarks.word_problems.wording import NAMES, ORDINALS, PLACES, Puzzle, one_of

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COMPASS = ("north", "east", "south", "west")
_EVENTS = ("fair", "parade", "concert", "race", "auction", "lecture")

Order = tuple[str, ...]
Clue = tuple[str, Callable[[Order], bool]]


def ordering(rng: Random, steps: int) -> Puzzle:
    """People in a line, clues about who stands where; one order fits."""
    names = rng.sample(NAMES, steps + 2)
    fitting = list(permutations(names))
    truth = rng.choice(fitting)
    clues: list[str] = []
    while len(fitting) > 1:
        text, holds = _clue(rng, truth)
        left = [order for order in fitting if holds(order)]
        if len(left) < len(fitting):
            fitting = left
            clues.append(text)
    rng.shuffle(clues)
    place = rng.randrange(len(names))
    opening = f"{', '.join(sorted(names)[:-1])} and {max(names)} stand in a line."
    question = one_of(
        rng,
        f"Who stands {ORDINALS[place]} from the front?",
        f"Counted from the front, who is {ORDINALS[place]}?",
    )
    return Puzzle(" ".join([opening, *clues, question]), truth[place], tuple(rng.sample(names, len(names))))


def _clue(rng: Random, truth: Order) -> Clue:
    first, second = sorted(rng.sample(range(len(truth)), 2))
    front, back = truth[first], truth[second]
    if second == first + 1 and rng.random() < 0.6:
        return (
            f"{front} stands directly before {back}.",
            lambda order: order.index(back) - order.index(front) == 1,
        )
    if rng.random() < 0.15:
        text = f"{front} stands {ORDINALS[first]} from the front."
        return text, lambda order: order[first] == front
    if second > first + 1 and rng.random() < 0.3:
        text = f"Exactly {second - first - 1} people stand between {front} and {back}."
        gap = second - first
        return text, lambda order: abs(order.index(back) - order.index(front)) == gap
    return f"{back} stands somewhere behind {front}.", lambda order: order.index(front) < order.index(back)


Kinds = tuple[bool, ...]
Claim = tuple[str, Callable[[Kinds], bool]]


def knights(rng: Random, steps: int) -> Puzzle:
    """Knights tell the truth, knaves lie; what each says leaves one possibility."""
    names: list[str] = rng.sample(NAMES, min(steps + 1, 6))
    while True:
        truth = tuple(rng.random() < 0.5 for _ in names)
        claims = [_claim(rng, names, speaker, truth) for speaker in range(len(names))]
        worlds = [
            world
            for world in product((True, False), repeat=len(names))
            if all(holds(world) == world[speaker] for speaker, (_, holds) in enumerate(claims))
        ]
        if worlds == [truth]:
            break
    others = [world for world in product((True, False), repeat=len(names)) if world != truth]
    options = [truth, *rng.sample(others, min(3, len(others)))]
    rng.shuffle(options)
    said = [f'{name} says: "{text}"' for name, (text, _) in zip(names, claims, strict=True)]
    opening = f"On an island near {rng.choice(PLACES)} knights always tell the truth and knaves always lie."
    question = one_of(rng, "Who are the knights?", "Which of them are knights?")
    return Puzzle(
        " ".join([opening, *said, question]),
        _listed(names, truth),
        tuple(_listed(names, world) for world in options),
    )


def _claim(rng: Random, names: list[str], speaker: int, truth: Kinds) -> Claim:
    """A sentence that is true if the speaker is a knight and false if not."""
    others = [index for index in range(len(names)) if index != speaker]
    for _ in range(1000):
        one, two = rng.choice(others), rng.choice(others)
        count = rng.randint(1, len(names) - 1)
        claim = _claims(names, speaker, one, two, count)[rng.randrange(5)]
        if claim[1](truth) == truth[speaker]:
            return claim
    raise AssertionError("a knight can always name a knave or a knight")


def _claims(names: list[str], speaker: int, one: int, two: int, count: int) -> tuple[Claim, ...]:
    plural = "is a knight" if count == 1 else "are knights"
    return (
        (f"{names[one]} is a knave.", lambda world: not world[one]),
        (f"{names[one]} is a knight.", lambda world: world[one]),
        (f"{names[one]} and I are of the same kind.", lambda world: world[one] == world[speaker]),
        (f"Exactly {count} of us {plural}.", lambda world: sum(world) == count),
        (
            f"If {names[one]} is a knight, then {names[two]} is a knave.",
            lambda world: not (world[one] and world[two]),
        ),
    )


def _listed(names: list[str], world: Kinds) -> str:
    knights_there = [name for name, is_knight in zip(names, world, strict=True) if is_knight]
    return "only " + " and ".join(knights_there) if knights_there else "nobody"


def truth_tables(rng: Random, steps: int) -> Puzzle:
    """In how many rows of its truth table a formula holds."""
    letters = "PQRS"[: 2 + (steps > 2) + (steps > 4)]
    text, holds = _formula(rng, letters, steps)
    rows = sum(
        holds(dict(zip(letters, row, strict=True))) for row in product((True, False), repeat=len(letters))
    )
    opening = one_of(rng, "Each of", "Every one of")
    listed = f"{', '.join(letters[:-1])} and {letters[-1]}"
    return Puzzle(
        f"{opening} the statements {listed} is either true or false. "
        f"For how many of the {2 ** len(letters)} combinations is this true: {text}?",
        Fraction(rows),
    )


Row = dict[str, bool]


def _formula(rng: Random, letters: str, size: int) -> tuple[str, Callable[[Row], bool]]:
    if size == 0:
        letter = rng.choice(letters)
        if rng.random() < 0.3:
            return f"not {letter}", lambda row: not row[letter]
        return letter, lambda row: row[letter]
    left_size = rng.randrange(size)
    left, holds_left = _formula(rng, letters, left_size)
    right, holds_right = _formula(rng, letters, size - 1 - left_size)
    word = rng.choice(("and", "or", "xor", "implies"))
    table: dict[str, Callable[[Row], bool]] = {
        "and": lambda row: holds_left(row) and holds_right(row),
        "or": lambda row: holds_left(row) or holds_right(row),
        "xor": lambda row: holds_left(row) != holds_right(row),
        "implies": lambda row: not holds_left(row) or holds_right(row),
    }
    return f"({left} {word} {right})", table[word]


def weekdays(rng: Random, steps: int) -> Puzzle:
    """The weekday of an event at the end of a chain."""
    day = rng.randrange(7)
    place = rng.choice(PLACES)
    sentences = [f"In {place} today is {_WEEKDAYS[day]}."]
    before = "today"
    for event in rng.sample(_EVENTS, steps):
        count = rng.randint(2, 60)
        is_later = rng.random() < 0.6
        day += count if is_later else -count
        sentences.append(f"The {event} is {count} days {'after' if is_later else 'before'} {before}.")
        before = f"the {event}"
    question = one_of(rng, f"On which weekday is {before}?", f"Which day of the week is {before}?")
    return Puzzle(" ".join([*sentences, question]), _WEEKDAYS[day % 7], _WEEKDAYS)


def directions(rng: Random, steps: int) -> Puzzle:
    """Which way somebody faces after turns."""
    name, facing = rng.choice(NAMES), rng.randrange(4)
    sentences = [f"{name} leaves the station of {rng.choice(PLACES)} facing {_COMPASS[facing]}."]
    for _ in range(steps):
        turn = rng.randrange(1, 4)
        facing += turn
        word = {1: "turns right", 2: "turns around", 3: "turns left"}[turn]
        sentences.append(f"After {rng.randint(20, 400)} metres {name} {word}.")
    question = one_of(
        rng, f"Which way does {name} face now?", f"In which direction does {name} look at the end?"
    )
    return Puzzle(" ".join([*sentences, question]), _COMPASS[facing % 4], tuple(rng.sample(_COMPASS, 4)))


LOGIC: dict[str, Callable[[Random, int], Puzzle]] = {
    "ordering": ordering,
    "knights": knights,
    "truth-tables": truth_tables,
    "weekdays": weekdays,
    "directions": directions,
}
