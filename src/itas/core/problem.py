"""Problems, and what scoring an answer to one can come to."""

from typing import Literal

from pydantic import Field, JsonValue

from itas.core.messages import Conversation
from itas.core.spec import Spec


class Problem(Spec):
    """One question of a benchmark.

    Attributes:
        id: Unique within the benchmark.
        conversation: What is asked, last message from the user.
        turns: What the user says next, one after the other, each after the answer to what was said before. The
            problem is answered once per turn and scored on all the answers.
        target: The right answer in the benchmark's own form; None where a judge decides.
        choices: The options of a multiple-choice problem, in the order of their letters.
        tags: For grouping results, for instance subject or difficulty.
    """

    id: str
    conversation: Conversation = Field(min_length=1)
    turns: tuple[str, ...] = Field(default=(), exclude_if=lambda turns: not turns)
    target: str | None = None
    choices: tuple[str, ...] = ()
    tags: dict[str, JsonValue] = Field(default_factory=dict)


class Score(Spec):
    """A value in [0, 1], higher is better, and the answer that was read from the text."""

    kind: Literal["score"] = "score"
    value: float = Field(ge=0.0, le=1.0)
    answer: str | None = None


class Unscored(Spec):
    """There is no score, for a stated reason. Never counted as 0, always shown.

    Attributes:
        reason: A short stable word for counting.
        detail: What exactly happened.
    """

    kind: Literal["unscored"] = "unscored"
    reason: Literal[
        "model_error", "parse_error", "budget", "no_target", "scorer_error", "sandbox_error", "cancelled"
    ]
    detail: str = ""


Outcome = Score | Unscored
