"""The texts of simulated models: a few plausible sentences, then what matters in the form asked for.

Nothing here decides anything; everything is drawn from the noise it is given. The sentences carry no
letters that stand alone, no numbers and none of the words by which answers, critiques and verdicts are read.
"""

from collections.abc import Sequence

from itas.models.simulated.facts import Fact
from itas.models.simulated.judgement import Leaning
from itas.models.simulated.noise import Noise

_OPENINGS = (
    "Let me go through this step by step.",
    "First, what is given is written down.",
    "We start from the data in the question.",
    "We take the statements one after the other.",
    "To solve this, we set up the relations between the quantities.",
    "Let us look at what is asked and work towards it.",
    "The question can be split into smaller parts.",
    "We begin with the first statement and carry its result forward.",
)
_MIDDLES = (
    "Each step uses the result of the one before.",
    "Putting the parts together leads to a single value.",
    "After the first part, the rest follows in the same way.",
    "Keeping track of every change gives the state at the end.",
    "We combine the partial results in the order of the text.",
    "Working through the conditions leaves one possibility.",
    "The intermediate results fit together.",
    "Only the last step needs some care.",
    "Nothing in the text changes the order of the steps.",
    "The remaining quantities follow directly.",
)
_CHECKS = (
    "Checking backwards agrees with this.",
    "The size of the result is plausible.",
    "Going over the steps again changes nothing.",
    "This uses everything that is given.",
    "Reading the question again, this is what it asks for.",
    "That leaves nothing open.",
)
_VAGUE = (
    "So the result follows from the steps above.",
    "This settles the question as described.",
    "With that the value is found as worked out above.",
)
UNKNOWN = "I am a simulated model and know nothing about this question; what follows is made up."

_CRITIQUES: dict[Leaning, tuple[tuple[str, str], ...]] = {
    2: (
        ("Every step follows and the result is correct.", "None of weight; the layout is sound."),
        ("The working is convincing and the result is right.", "A little short."),
    ),
    1: (
        ("The steps follow from each other and look sound.", "One step is only sketched."),
        ("The result seems to be right.", "The explanation could be fuller."),
    ),
    0: (
        ("It is clearly laid out.", "It is hard to say whether the result can be trusted."),
        ("It addresses the question.", "Some steps are left to the reader."),
    ),
    -1: (
        ("The beginning is easy to follow.", "A later step looks doubtful."),
        ("It keeps to the form asked for.", "The result seems to be wrong."),
    ),
    -2: (
        ("It is easy to read.", "There is an error in the working and the result is wrong."),
        ("It is short.", "A condition is misread, so the working is flawed and the result is incorrect."),
    ),
}
_REASONS: dict[Leaning, str] = {
    2: "For: every step can be checked and the result is correct. Against: nothing of weight. "
    "On balance the answer is convincing.",
    1: "For: most steps can be followed. Against: one of them is only sketched. "
    "On balance it seems to be right.",
    0: "For: it addresses the question. Against: some steps are left out. On balance it is hard to tell.",
    -1: "For: it starts well. Against: a later step cannot be followed. "
    "On balance the result looks doubtful.",
    -2: "For: it is easy to read. Against: a condition is misread, which is an error. "
    "On balance the result is wrong.",
}
_RANKING_REASONS = (
    "The working of the answers was compared and their results were checked against the question.",
    "The first ones give steps that can be followed; the last ones are less well supported.",
    "Several agree in their result; they are ordered by how well it is supported.",
)


def write_answer(fact: Fact, answer: str, noise: Noise, *, opening: str | None = None) -> str:
    """A whole reply to a question."""
    first = opening or _OPENINGS[noise.below(len(_OPENINGS))]
    lines = [first, _MIDDLES[noise.below(len(_MIDDLES))]]
    if noise.happens(0.6):
        lines.append(_CHECKS[noise.below(len(_CHECKS))])
    if fact.right is None:
        lines.insert(0, UNKNOWN)
    return f"{' '.join(lines)}\n{_final(fact, answer)}"


def write_vaguely(noise: Noise) -> str:
    """A reply that forgets the final answer."""
    return f"{_OPENINGS[noise.below(len(_OPENINGS))]} {_VAGUE[noise.below(len(_VAGUE))]}"


def write_critique(id: str, leaning: Leaning, noise: Noise) -> str:
    """The critique of one answer."""
    options = _CRITIQUES[leaning]
    strengths, weaknesses = options[noise.below(len(options))]
    return f"CRITIQUE {id}:\nStrengths: {strengths}\nWeaknesses: {weaknesses}"


def write_reasons(leaning: Leaning, noise: Noise) -> str:
    """Reasons for and against an answer."""
    return f"{_OPENINGS[noise.below(len(_OPENINGS))]} {_REASONS[leaning]}"


def write_verdict(id: str, is_correct: bool, noise: Noise) -> str:
    """A verdict on one answer."""
    verdict = "correct" if is_correct else "incorrect"
    opening, check = _OPENINGS[noise.below(len(_OPENINGS))], _CHECKS[noise.below(len(_CHECKS))]
    return f"{opening} {check}\nVERDICT {id}: {verdict}"


def write_ranking(ids: Sequence[str], noise: Noise) -> str:
    """A ranking, best first."""
    return f"{_RANKING_REASONS[noise.below(len(_RANKING_REASONS))]}\nRANKING: {' > '.join(ids)}"


def write_choice(id: str, noise: Noise) -> str:
    """The answer that is most like the others."""
    return f"{_RANKING_REASONS[noise.below(len(_RANKING_REASONS))]}\nCHOICE: {id}"


def _final(fact: Fact, answer: str) -> str:
    shown = fact.spelled(answer)
    if fact.form == "boxed":
        return f"\\boxed{{{shown}}}"
    return f"#### {shown}" if fact.form == "hashes" else f"Answer: {shown}"
