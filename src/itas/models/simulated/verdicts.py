"""What a simulated judge says: ratings and comparisons in the form that was asked for."""

from itas.models.simulated.noise import Noise
from itas.models.simulated.official import VerdictForm

FIRST_PLACE = 0.15
"""How much better an answer looks because it stands first; judges of flesh and of silicon have some of it."""
_TIE = 0.25
_CLEAR = 1.5
_REASONS = (
    "The working was compared with what the request asks for.",
    "What is asked for was looked at point by point.",
    "The results were looked at first, then how they are put.",
)


def write_rating(quality: float, form: VerdictForm, noise: Noise) -> str:
    """A rating from 1 to 10 for perceived quality, where 0 is undecided."""
    rating = min(10, max(1, round(5.5 + 2 * quality)))
    shown = f"RATING: {rating}" if form == "own" else f"Rating: [[{rating}]]"
    return f"{_REASONS[noise.below(len(_REASONS))]}\n{shown}"


def write_grade(is_right: bool, noise: Noise) -> str:
    """1 for an answer that says what the right ones say, else 0."""
    return f"{_REASONS[noise.below(len(_REASONS))]}\nRATING: {int(is_right)}"


def write_letter(letter: str | None) -> str:
    """Which option an answer chooses."""
    return f"CHOICE: {letter or 'none'}"


def write_comparison(
    difference: float, ids: tuple[str, str], form: VerdictForm, prompt_has_ties: bool, noise: Noise
) -> str:
    """Which of two answers is better, the first one if `difference` is positive."""
    reason = _REASONS[noise.below(len(_REASONS))]
    if form == "identifier":
        return "m" if difference > 0 else "M"
    is_tie = prompt_has_ties and abs(difference) < _TIE
    if form == "letter":
        return f"{reason}\n[[{'C' if is_tie else 'A' if difference > 0 else 'B'}]]"
    first, second = ids if difference > 0 else ids[::-1]
    sign = "=" if is_tie else ">>" if form == "five" and abs(difference) > _CLEAR else ">"
    if form == "five":
        return f"{reason}\nMy verdict: [[{'A=B' if is_tie else f'{first}{sign}{second}'}]]"
    return f"{reason}\nVERDICT: {first} {sign} {second}"
