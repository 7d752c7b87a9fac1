"""The public benchmarks whose answers a model judges: what they are, and how they are opened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from itas.benchmarks import alpaca_eval, arena_hard, mixeval, mt_bench
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.fetch import RemoteFile, data_folder, find_fetched
from itas.benchmarks.judge.options import JudgeOptions, parse_judge_options
from itas.benchmarks.published import PublishedBenchmark
from itas.errors import SpecError

Load = Callable[[Path, JudgeOptions | None, str], Benchmark]
"""Reads data: path, how it is judged, name to give the benchmark."""


@dataclass(frozen=True, slots=True)
class JudgedBenchmark(PublishedBenchmark):
    """One whose answers a model judges.

    Attributes:
        load: Reads it.
        files: What can be fetched: questions, the answers of the official baseline, judge prompts.
        needs_judge: Nothing can be scored without one.
    """

    load: Load
    files: tuple[RemoteFile, ...]
    needs_judge: bool = True

    def find_data(self, folder: Path | None = None) -> Path | None:
        """See `PublishedBenchmark`: a folder."""
        found = [find_fetched(self.name, file, folder=folder) for file in self.files]
        return None if None in found or not found else (folder or data_folder()) / self.name


def _mt_bench(path: Path, options: JudgeOptions | None, name: str) -> Benchmark:
    return mt_bench.load_mt_bench(path, _given(options, name), name=name)


def _alpaca_eval(path: Path, options: JudgeOptions | None, name: str) -> Benchmark:
    return alpaca_eval.load_alpaca_eval(path, _given(options, name), name=name)


def _arena_hard(path: Path, options: JudgeOptions | None, name: str) -> Benchmark:
    return arena_hard.load_arena_hard(path, _given(options, name), name=name)


def _mixeval(path: Path, options: JudgeOptions | None, name: str) -> Benchmark:
    return mixeval.load_mixeval(path, options, name=name)


_GITHUB = "https://raw.githubusercontent.com"
_HUB = "https://huggingface.co"
_FASTCHAT = f"{_GITHUB}/lm-sys/FastChat/main/fastchat/llm_judge/data"
_ALPACA = f"{_HUB}/datasets/tatsu-lab/alpaca_eval/resolve/main"
_ARENA = f"{_HUB}/datasets/lmarena-ai/arena-hard-auto/resolve/main/data"
_MIXEVAL = f"{_GITHUB}/Psycoy/MixEval/main/mix_eval/data/mixeval-2024-06-01"
_ARENA_PROMPT = (
    f"{_GITHUB}/lmarena/arena-hard-auto/7f1b7f5dd6ce53e1f8530220ceb452b7019a8056/config/judge_config.yaml"
)
"""The last version of this file that holds the whole prompt."""


def _files(base: str, *names: str) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(name, f"{base}/{name}") for name in names)


_MT_BENCH_FILES = (
    *_files(f"{_FASTCHAT}/mt_bench", "question.jsonl", "reference_answer/gpt-4.jsonl"),
    *_files(_FASTCHAT, "judge_prompts.jsonl"),
    *_files(f"{_HUB}/spaces/lmsys/mt-bench/resolve/main/data/mt_bench", "model_answer/gpt-3.5-turbo.jsonl"),
)
_ALPACA_FILES = (
    *_files(_ALPACA, "alpaca_eval.json", "df_gamed.csv", "instruction_difficulty.csv"),
    RemoteFile("model_outputs/gpt4_1106_preview.json", f"{_ALPACA}/alpaca_eval_gpt4_baseline.json"),
    RemoteFile(
        "alpaca_eval_clf.txt",
        f"{_GITHUB}/tatsu-lab/alpaca_eval/main/src/alpaca_eval/evaluators_configs/alpaca_eval_clf_gpt4_turbo/"
        "alpaca_eval_clf.txt",
    ),
)
_ARENA_FILES = (
    *_files(f"{_ARENA}/arena-hard-v0.1", "question.jsonl", "model_answer/gpt-4-0314.jsonl"),
    RemoteFile("judge_config.yaml", _ARENA_PROMPT),
)
_ARENA_2_FILES = _files(
    f"{_ARENA}/arena-hard-v2.0", "question.jsonl", "model_answer/o3-mini-2025-01-31.jsonl",
    "model_answer/gemini-2.0-flash-001.jsonl",
)  # fmt: skip
_MIXEVAL_KINDS = ("free-form.json", "multiple-choice.json")

JUDGED: dict[str, JudgedBenchmark] = {
    each.name: each
    for each in (
        JudgedBenchmark(
            "mt_bench", "Questions in two turns, rated or compared by a judge; PATH is FastChat's data folder.",
            mt_bench.SIZE, "score or win rate", mt_bench.LICENCE, mt_bench.LINK, _mt_bench, _MT_BENCH_FILES,
        ),
        JudgedBenchmark(
            "alpaca_eval", "Instructions, compared with a baseline: raw and length-controlled win rate.",
            alpaca_eval.SIZE, "win rate", alpaca_eval.LICENCE, alpaca_eval.LINK, _alpaca_eval, _ALPACA_FILES,
        ),
        JudgedBenchmark(
            "arena_hard", "Hard requests of users, two games with five verdicts; version 0.1, or a path to either.",
            arena_hard.SIZE, "win rate", arena_hard.LICENCE, arena_hard.LINK, _arena_hard, _ARENA_FILES,
        ),
        JudgedBenchmark(
            "arena_hard_v2", "The same, version 2, with creative writing; a baseline for each category.",
            arena_hard.SIZE_2, "win rate", arena_hard.LICENCE, arena_hard.LINK, _arena_hard, _ARENA_2_FILES,
        ),
        JudgedBenchmark(
            "mixeval", "Short answers and options from many benchmarks, read by rules; a judge is optional.",
            mixeval.SIZE, "accuracy", mixeval.LICENCE, mixeval.LINK, _mixeval,
            _files(f"{_MIXEVAL}/mixeval", *_MIXEVAL_KINDS), needs_judge=False,
        ),
        JudgedBenchmark(
            "mixeval_hard", "The harder part of MixEval.",
            mixeval.HARD_SIZE, "accuracy", mixeval.LICENCE, mixeval.LINK, _mixeval,
            _files(f"{_MIXEVAL}/mixeval-hard", *_MIXEVAL_KINDS), needs_judge=False,
        ),
    )
}  # fmt: skip


def is_judged(name_or_path: str) -> bool:
    """Whether this names one of them."""
    return name_or_path.partition(":")[0] in JUDGED


def open_judged(name_or_path: str, *, scorer: object = None) -> Benchmark:
    """Open ``name:PATH``, or ``name`` once its data was fetched.

    Args:
        name_or_path: Which, and where its data is.
        scorer: How it is judged: options, or a text as `parse_judge_options` reads it.

    Raises:
        SpecError: No path, no judge where one is needed, or options that the benchmark does not have.
        DataError: The data is wrong.
    """
    name, _, path = name_or_path.partition(":")
    known = JUDGED[name]
    found = Path(path) if path else known.find_data()
    if found is None:
        raise SpecError(
            f"'{name}' needs the path of its data: {name}:PATH. The data is at {known.link}. "
            f"Fetch it with: itas benchmarks --fetch {name}"
        )
    options = None if scorer is None else parse_judge_options(scorer)
    if options is None and known.needs_judge:
        _given(options, name)
    return known.load(found, options, name)


def _given(options: JudgeOptions | None, name: str) -> JudgeOptions:
    if options is None:
        raise SpecError(
            f"'{name}' is scored by a judge, and none is named. Give --judge provider/model "
            "(in a search: --scorer judge:provider/model); its calls are paid for like all others",
            path="scorer",
        )
    return options
