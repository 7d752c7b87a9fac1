"""MT-Bench's official files: one row per answer, per rating, per pair of games, as FastChat writes them."""

from collections.abc import Sequence

from pydantic import JsonValue

from itas.benchmarks.judge.scorer import Judged
from itas.core.judging import Judgment
from itas.core.problem import Problem
from itas.core.spec import digest


def answer_row(contestant: str, judged: Judged) -> dict[str, JsonValue]:
    """A line of ``model_answer``."""
    turns: list[JsonValue] = list(judged.answers)
    return {
        "question_id": _official_id(judged.problem),
        "answer_id": digest([contestant, judged.problem.id, list(judged.answers)])[:22],
        "model_id": contestant,
        "choices": [{"index": 0, "turns": turns}],
        "tstamp": 0.0,
    }


def single_row(contestant: str, problem: Problem, judgment: Judgment) -> dict[str, JsonValue]:
    """A line of ``model_judgment``: one rating; -1 where it could not be read."""
    return {
        "question_id": _official_id(problem),
        "model": contestant,
        "judge": [judgment.judge, judgment.prompt],
        "user_prompt": judgment.asked,
        "judgment": judgment.text,
        "score": -1 if judgment.value is None else round(judgment.value * 10, 6),
        "turn": judgment.turn,
        "tstamp": 0.0,
    }


def pair_row(
    contestant: str, baseline: str, problem: Problem, turn: int, games: Sequence[Judgment]
) -> dict[str, JsonValue]:
    """A line of ``model_judgment``: two games. FastChat's game 1 shows `model_1` first; here that is the contestant."""
    by_place = {game.place: game for game in games}
    row: dict[str, JsonValue] = {
        "question_id": _official_id(problem),
        "model_1": contestant,
        "model_2": baseline,
        "judge": [games[0].judge, games[0].prompt],
        "turn": turn,
        "tstamp": 0.0,
    }
    for number, place in ((1, "first"), (2, "second")):
        game = by_place.get(place)
        if game is not None:
            row |= {
                f"g{number}_winner": _winner(game),
                f"g{number}_user_prompt": game.asked,
                f"g{number}_judgment": game.text,
            }
    return row


def _winner(game: Judgment) -> str:
    if game.value is None:
        return "error"
    return "tie" if game.value == 0.5 else "model_1" if game.value > 0.5 else "model_2"


def _official_id(problem: Problem) -> int | str:
    return int(problem.id) if problem.id.isdecimal() else problem.id
