"""Arena-Hard's official files: one row per answer and per pair of games, in the forms of both versions."""

from typing import Literal

from pydantic import JsonValue

from itas.benchmarks.judge.scorer import Judged
from itas.core.spec import digest

Version = Literal["v0.1", "v2"]


def answer_row(contestant: str, judged: Judged) -> dict[str, JsonValue]:
    """A line of ``model_answer``."""
    request = judged.problem.conversation[-1].content
    return {
        "uid": judged.problem.id,
        "ans_id": digest([contestant, judged.problem.id, judged.answers[0]])[:22],
        "model": contestant,
        "messages": [
            {"role": "user", "content": request},
            {"role": "assistant", "content": {"answer": judged.answers[0]}},
        ],
        "tstamp": 0.0,
    }


def judgment_row(contestant: str, judged: Judged, *, version: Version, baseline: str) -> dict[str, JsonValue]:
    """A line of ``model_judgment``. Game 1 shows the baseline first, as the official files do."""
    games = sorted(judged.judgments, key=lambda game: game.place == "first")
    judge = games[0].judge
    if version == "v0.1":
        rows: list[JsonValue] = [
            {"user_prompt": game.asked, "judgment": game.text, "score": game.verdict} for game in games
        ]
        return {"question_id": judged.problem.id, "model": contestant, "judge": judge, "games": rows}
    rows = [
        {"score": game.verdict, "judgment": {"answer": game.text}, "prompt": game.asked} for game in games
    ]
    return {
        "uid": judged.problem.id,
        "category": judged.problem.tags.get("category", ""),
        "judge": judge,
        "model": contestant,
        "baseline": baseline,
        "games": rows,
    }
