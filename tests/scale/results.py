"""Results and journals as they are written, less what was measured here."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from itas.evaluation.files import load_results
from itas.evaluation.records import ProblemResult


class Silent:
    """Watches an evaluation or a search, and agrees."""

    def confirm(self, *args: object, **named: object) -> bool:
        return True

    def begin(self, *args: object, **named: object) -> None: ...

    def result(self, result: object) -> None: ...

    def say(self, text: str) -> None: ...

    def progress(self, *args: object, **named: object) -> None: ...


def result_lines(folder: Path) -> list[str]:
    """Of the first architecture of a run."""
    return comparable(load_results(folder / "1" / "results.jsonl"))


def comparable(results: Iterable[ProblemResult], *, with_paid: bool = True) -> list[str]:
    """Every result as it was written, less how long it and the programs in it took here, and perhaps what was paid
    just now, by problem."""
    found: list[str] = []
    for result in results:
        data = json.loads(result.model_dump_json())
        data.pop("wall_s", None)
        measured = [each for each in data["components"] if each["type"] == "unit_test_evaluator"]
        for each in (*measured, *([data] if measured else [])):
            each.pop("latency_s")
        for each in () if with_paid else data["components"]:
            del each["samples_paid"], each["paid_micro_usd"]
        found.append(json.dumps(data, sort_keys=True))
    return sorted(found)


def journal_lines(path: Path) -> list[str]:
    """Every event, less when it was and which of two equal calls was the paid one, in an order of their own."""
    lines = path.read_text().splitlines()
    return sorted(json.dumps(_without_paid(json.loads(line)), sort_keys=True) for line in lines)


def _without_paid(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_paid(each) for each in data]
    if isinstance(data, dict):
        dropped = ("at", "samples_paid", "paid_micro_usd")
        return {name: _without_paid(each) for name, each in data.items() if name not in dropped}
    return data
