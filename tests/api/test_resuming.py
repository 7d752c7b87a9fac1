"""An evaluation that was stopped goes on in its folder: nothing is asked twice, and the data must be the same."""

import json

import pytest

from itas.api.answering import find_architecture
from itas.api.evaluating import evaluate_architectures
from itas.api.opening import Caps
from itas.api.resuming import resume_evaluation
from itas.api.settings import Settings, load_settings
from itas.errors import DataError


class Watch:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known: list[int] = []

    def confirm(self, estimates):
        return True

    def begin(self, architecture, total, *, known=(), rejections=None):
        self.known.append(len(known))
        assert rejections is not None
        assert rejections() == 0

    def result(self, result):
        self.asked.append(result.problem_id)


def write_questions(path, count: int) -> None:
    rows = [
        {"scorer": "number"},
        *({"input": f"What is {n} + 1?", "target": str(n + 1)} for n in range(count)),
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


async def test_what_was_finished_is_kept_and_the_rest_is_asked(tmp_path, monkeypatch):
    write_questions(tmp_path / "questions.jsonl", 8)
    monkeypatch.chdir(tmp_path)
    settings = Settings(store=str(tmp_path / "calls.sqlite3"), concurrency=2)
    names = ("simulated/atlas-large", "simulated/euler-large")
    architectures = [find_architecture(name) for name in names]
    first, second = Watch(), Watch()
    stopped = await evaluate_architectures(
        architectures, on="questions.jsonl", settings=settings, caps=Caps(max_samples=5), output=tmp_path / "runs",
        watch=first,
    )  # fmt: skip
    assert not stopped.is_complete
    assert len(first.asked) == 5
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = await resume_evaluation(
        stopped.folder, settings=load_settings(), caps=Caps(max_samples=100), watch=second
    )
    assert done.folder == stopped.folder.resolve()
    assert done.is_complete
    assert second.known == [5, 0]
    assert len(second.asked) == 3 + 8
    assert not set(first.asked) & set(second.asked[:3])
    assert [summary.n_scored for summary in done.summaries] == [8, 8]
    assert done.paid_samples == 16, "what was spent before counts"
    assert len((done.folder / "1" / "results.jsonl").read_text().splitlines()) == 8
    again = Watch()
    await resume_evaluation(stopped.folder, settings=load_settings(), watch=again)
    assert again.asked == []


async def test_changed_data_is_refused(tmp_path):
    on = tmp_path / "questions.jsonl"
    write_questions(on, 3)
    settings = Settings(store="memory")
    report = await evaluate_architectures(
        [find_architecture("simulated/atlas-large")], on=str(on), settings=settings, output=tmp_path / "runs",
        watch=Watch(),
    )  # fmt: skip
    write_questions(on, 4)
    with pytest.raises(DataError, match="have changed since the evaluation began"):
        await resume_evaluation(report.folder, settings=settings, watch=Watch())
