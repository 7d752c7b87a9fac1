"""MixEval's rule parsers: which option a reply chooses, and whether a short answer names one of the right ones.

Source: https://github.com/Psycoy/MixEval at 4d8486c, ``mix_eval/utils/metric_utils.py``. The rules are those of the
official code with three deviations: a reply in which no option can be found chooses none (there a random one),
``**B**`` is an option (there it is not found, so random), and a strong mark of our own (``Answer: B``) counts
before the rules, which would take the first letter that stands alone.
"""

import re
from collections.abc import Sequence

from itas.core.answers import find_choice
from itas.core.marks import after_thoughts, find_marks

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STRIPPED = (",", ".", "!", "?", ";", ":", "'")
_LONG = 5
"""Only longer replies, in words, are searched for the text of an option."""
_KEYS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL = frozenset({":", ",", ".", "!", "?", ";", "'"})
_SENTENCES = re.compile(r"\.\s(?=[A-Z])|\n")
_WITH_COMMAS = re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b")
_SCIENTIFIC = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")
_SIMPLE = re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])")
_MOST = 20_000
"""Characters of a reply that are looked at, from its end: where the answer stands."""

Normal = str | float


def find_option(reply: str, options: Sequence[str]) -> str | None:
    """The letter of the option that a reply chooses; None if it names none.

    Args:
        reply: The whole reply.
        options: Their texts, 2..26, in the order of their letters.
    """
    text = _without_thoughts(reply)[-_MOST:]
    if any(mark.is_strong for mark in find_marks(after_thoughts(text))):
        marked = find_choice(text, n_choices=len(options))
        if marked is not None:
            return marked
    for character in _STRIPPED:
        text = text.strip(character)
    text = f" {text} "
    letters = _LETTERS[: len(options)]
    found = [(at, letter) for letter in letters for at in _places(text, letter)]
    if not found and len(text.split()) > _LONG:
        lowered = text.lower()
        found = [
            (lowered.find(option.lower()), letter)
            for letter, option in zip(letters, options, strict=True)
            if option and option.lower() in lowered
        ]
    return min(found)[1] if found else None


def is_named(reply: str, targets: Sequence[str]) -> bool:
    """Whether a reply names one of the right answers.

    A right answer that is a text must stand in one of the key parts of the reply (what follows "is", "so",
    "answer" ... in each sentence; the whole reply where there is none); a number must be equal to one
    of the numbers in them, both rounded to two decimals.
    """
    wanted = {normal for target in targets for normal in normalise(target)}
    texts = [each for each in wanted if isinstance(each, str)]
    for found in read_parts(reply):
        if isinstance(found, str):
            if any(text in found for text in texts):
                return True
        elif found in wanted:
            return True
    return False


def read_parts(reply: str) -> set[Normal]:
    """The key parts of a reply and the numbers in them, in normal form."""
    parts = _key_parts(_without_thoughts(reply)[-_MOST:])
    numbers = [number for part in parts for number in _numbers(part)]
    return {normal for part in [*parts, *numbers] for normal in normalise(part)}


def normalise(text: str) -> tuple[Normal, ...]:
    """A number rounded to two decimals, or a text in lower case; a single letter needs a space beside it."""
    plain = text.strip()
    try:
        return (round(float(plain.replace(",", "")), 2),)
    except (ValueError, OverflowError):
        lowered = plain.lower()
        return (f" {lowered}", f"{lowered} ") if len(lowered) == 1 else (lowered,)


def _without_thoughts(reply: str) -> str:
    """The reply behind the last ``</think>``, where something stands there."""
    behind = reply.rpartition("</think>")[2]
    return behind if behind.strip() else reply


def _places(text: str, letter: str) -> list[int]:
    """Where a letter stands in one of the forms that the official code knows."""
    forms = [f"{before}{letter}{after}" for before in " \n" for after in (" ", "\n", ". ", ".\n")]
    forms += [
        f"**{letter}**",
        f"({letter})",
        f"**{letter} ",
        f" {letter}**",
        f"**{letter}. ",
        f" {letter}.**",
    ]
    return [at for at in (text.find(form) for form in forms) if at >= 0]


def _key_parts(reply: str) -> list[str]:
    text = reply.strip().strip(".").lower()
    sentences = _SENTENCES.split(text)
    found: list[str] = []
    for number, sentence in enumerate(sentences):
        keys = (*_KEYS, "=") if number == len(sentences) - 1 else _KEYS
        tails = [sentence.split(key)[-1].strip() for key in keys if key in sentence]
        shortest = _shortest(tails)
        if shortest and shortest not in _TRIVIAL:
            found.append(shortest)
    return found or [text]


def _shortest(tails: Sequence[str]) -> str:
    """The shortest, as the official loop finds it: an empty one is replaced by the next."""
    best = ""
    for tail in tails:
        if not best or len(tail) < len(best):
            best = tail
    return best


def _numbers(text: str) -> list[str]:
    return _WITH_COMMAS.findall(text) + _SCIENTIFIC.findall(text) + _SIMPLE.findall(text)
