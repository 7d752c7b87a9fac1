"""Scorers that need no model, one rule per file."""

from itas.benchmarks.scorers.choice import Choice
from itas.benchmarks.scorers.code import CodeScorer, CodeTask
from itas.benchmarks.scorers.code_tests import CodeTests
from itas.benchmarks.scorers.contains import Contains
from itas.benchmarks.scorers.exact import Exact
from itas.benchmarks.scorers.mathematics import Math
from itas.benchmarks.scorers.number import Number
from itas.benchmarks.scorers.number_or_choice import NumberOrChoice
from itas.benchmarks.scorers.parse import RECIPES, RULES, parse_any_scorer, parse_scorer
from itas.benchmarks.scorers.python_function import PythonFunction
from itas.benchmarks.scorers.recipe import Recipe
from itas.benchmarks.scorers.regex import Regex
from itas.benchmarks.scorers.rule import Rule

__all__ = [
    "RECIPES", "RULES", "Choice", "CodeScorer", "CodeTask", "CodeTests", "Contains", "Exact", "Math", "Number",
    "NumberOrChoice", "PythonFunction", "Recipe", "Regex", "Rule", "parse_any_scorer", "parse_scorer",
]  # fmt: skip
