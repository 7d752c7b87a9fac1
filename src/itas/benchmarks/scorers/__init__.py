"""Scorers that need no model, one rule per file."""

from itas.benchmarks.scorers.choice import Choice
from itas.benchmarks.scorers.exact import Exact
from itas.benchmarks.scorers.number import Number
from itas.benchmarks.scorers.number_or_choice import NumberOrChoice
from itas.benchmarks.scorers.parse import RULES, parse_scorer
from itas.benchmarks.scorers.regex import Regex
from itas.benchmarks.scorers.rule import Rule

__all__ = ["RULES", "Choice", "Exact", "Number", "NumberOrChoice", "Regex", "Rule", "parse_scorer"]
