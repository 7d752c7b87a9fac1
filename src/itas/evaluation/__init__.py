"""Evaluation: one architecture on one benchmark, and what can be said about the result."""

from itas.evaluation.comparison import Comparison, compare, compare_each, correct_for_many
from itas.evaluation.estimate import Estimate, Lengths, estimate_cost
from itas.evaluation.evaluate import evaluate
from itas.evaluation.files import ResultWriter, load_results, load_summary, write_summary
from itas.evaluation.records import Evaluation, ProblemResult, Summary, to_observations

__all__ = [
    "Comparison",
    "Estimate",
    "Evaluation",
    "Lengths",
    "ProblemResult",
    "ResultWriter",
    "Summary",
    "compare",
    "compare_each",
    "correct_for_many",
    "estimate_cost",
    "evaluate",
    "load_results",
    "load_summary",
    "to_observations",
    "write_summary",
]
