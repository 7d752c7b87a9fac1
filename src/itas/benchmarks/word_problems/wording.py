"""Names and things of the word problems, and the value in which a kind hands over a finished puzzle."""

from dataclasses import dataclass
from fractions import Fraction
from random import Random

NAMES = (
    "Ada", "Amir", "Anya", "Bela", "Bruno", "Carla", "Chen", "Dana", "Diego", "Edda", "Elif", "Emil",
    "Fatou", "Fynn", "Greta", "Hugo", "Ines", "Ivo", "Jana", "Jonas", "Kaja", "Kofi", "Lena", "Luca",
    "Maja", "Milan", "Nadia", "Nils", "Olga", "Otto", "Paula", "Pedro", "Rosa", "Samir", "Tara", "Theo",
    "Uma", "Vera", "Wim", "Yara", "Zeno", "Zita",
)  # fmt: skip
THINGS = (
    "apples", "badges", "baskets", "blankets", "boots", "bricks", "bulbs", "candles", "chairs", "cups",
    "erasers", "folders", "hats", "jars", "kites", "lamps", "maps", "mugs", "notebooks", "paddles", "pens",
    "plates", "pots", "puzzles", "ribbons", "ropes", "scarves", "stamps", "tickets", "tiles", "vases",
)  # fmt: skip
PLACES = (
    "Ashby", "Birk", "Corvo", "Dunmere", "Elmstad", "Fallow", "Garda", "Holm", "Istra", "Jarrow", "Kelda",
    "Lorne", "Morra", "Norden", "Oakley", "Padua", "Quint", "Rhone", "Selby", "Torun",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A question without the request for a form, and its answer.

    Attributes:
        text: The question, options not included.
        answer: A number, or one of `choices`.
        choices: Options in the order of their letters; empty where the answer is a number.
    """

    text: str
    answer: Fraction | str
    choices: tuple[str, ...] = ()

    @property
    def target(self) -> str | None:
        """As it is scored: a plain decimal or a letter; None if the number is not a short decimal."""
        if isinstance(self.answer, str):
            return chr(ord("A") + self.choices.index(self.answer))
        return plain_decimal(self.answer)


def plain_decimal(value: Fraction) -> str | None:
    """``7/2`` as ``3.5``; None if more than three digits would stand behind the point."""
    scaled = value * 1000
    if scaled.denominator != 1:
        return None
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled.numerator), 1000)
    return f"{sign}{whole}.{rest:03}".rstrip("0").rstrip(".")


def shown(value: Fraction | int) -> str:
    """A number as it stands in a question."""
    text = plain_decimal(Fraction(value))
    assert text is not None
    return text


def one_of(rng: Random, *wordings: str) -> str:
    """One of several ways to say the same."""
    return rng.choice(wordings)
