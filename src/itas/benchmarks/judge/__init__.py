"""Judging: prompts, verdicts, and what a benchmark that is scored by a model must do."""

from itas.benchmarks.judge.options import JudgeOptions, parse_judge_options, write_judge_options
from itas.benchmarks.judge.scorer import Judged, JudgedScorer, Ruling

__all__ = ["JudgeOptions", "Judged", "JudgedScorer", "Ruling", "parse_judge_options", "write_judge_options"]
