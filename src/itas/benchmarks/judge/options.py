"""How answers are judged: by whom, against what, in whose words."""

from typing import Annotated, Any, Literal, cast

from pydantic import Field, PositiveInt

from itas.core.spec import MODEL_PATTERN, Spec, parse_as
from itas.errors import SpecError

PREFIX = "judge"


class JudgeOptions(Spec):
    """What the caller says about judging. It changes scores, so it is part of the benchmark's fingerprint.

    Attributes:
        judge: The model that judges, ``provider/model``.
        grading: ``single`` rates each answer alone, ``pairwise`` compares it with the baseline's. Only MT-Bench
            has both; the other benchmarks have one way, and refuse the other.
        baseline: Name of the model whose recorded answers are compared with, or the path of their file.
        wording: ``official`` takes the prompts of the official files, ``own`` ours; None takes the official
            ones where they are at hand.
        orders: ``both`` shows the two answers in both orders; ``one`` in one order drawn per problem, at half
            the price.
        weighted: Only AlpacaEval with its official prompt: ask for the log-probabilities of the verdict, so that the
            preference says how sure the judge is. Replies without them are read plainly.
        attempts: How often to ask for a readable verdict.
        max_tokens: Longest reply of the judge.
    """

    judge: Annotated[str, Field(pattern=MODEL_PATTERN)]
    grading: Literal["single", "pairwise"] | None = None
    baseline: str | None = None
    wording: Literal["official", "own"] | None = None
    orders: Literal["both", "one"] = "both"
    weighted: bool = False
    attempts: PositiveInt = 2
    max_tokens: PositiveInt = 2048


def parse_judge_options(data: object, *, where: str = "scorer") -> JudgeOptions:
    """Read ``judge:openai/gpt-4o,grading=pairwise,baseline=gpt-4``, or a mapping with those names.

    Args:
        data: What a file or the command line gave.
        where: Prefix of the paths in the message.

    Raises:
        SpecError: Something else, or a value that is wrong.
    """
    if isinstance(data, JudgeOptions):
        return data
    if isinstance(data, dict):
        fields = {str(key): value for key, value in cast("dict[object, Any]", data).items() if key != "type"}
        return parse_as(JudgeOptions, fields, where=where)
    prefix, _, text = str(data).partition(":")
    if prefix != PREFIX or not text:
        raise SpecError(
            f"this benchmark is scored by a judge: 'judge:provider/model', perhaps with ',grading=pairwise' "
            f"and ',baseline=NAME' behind it; found {data!r}",
            path=where,
        )
    return parse_as(JudgeOptions, read_judge_options(text, where=where), where=where)


def read_judge_options(text: str, *, where: str) -> dict[str, Any]:
    """The fields in ``openai/gpt-4o,grading=pairwise,attempts=3``, unchecked.

    Raises:
        SpecError: Something behind a comma is no ``name=value``, or a name stands twice.
    """
    judge, *others = text.split(",")
    options: dict[str, Any] = {"judge": judge}
    for other in others:
        name, equals, value = (part.strip() for part in other.partition("="))
        if not equals or not value:
            raise SpecError(f"expected name=value after the judge, found '{other}'", path=where)
        if name in options:
            raise SpecError(f"'{name}' stands there twice", path=where)
        options[name] = value
    return options


def write_judge_options(options: JudgeOptions) -> str:
    """The same as one text, as `parse_judge_options` reads it; only what differs from the defaults."""
    others = options.model_dump(mode="json", exclude={"judge"}, exclude_defaults=True)
    return ",".join([f"{PREFIX}:{options.judge}", *(f"{name}={value}" for name, value in others.items())])
