"""Searching the space of architectures: spaces, searchers, journal, study. Knows no models."""

from itas.search.amounts import Amount
from itas.search.bound import BoundSpace, Description, Point
from itas.search.evaluate import Evaluate, MarginalSamples, PartialEvaluation
from itas.search.history import History, Proposal, Trial
from itas.search.journal import Journal, read_journal
from itas.search.posterior import Estimate, Posterior, expected_gap, posterior_of
from itas.search.ranking import Ranked, Rankings, vote_weight
from itas.search.records import (
    Budget,
    Compare,
    Contestant,
    Margin,
    PointEstimate,
    Progress,
    StudyEstimate,
    StudyResult,
    StudySpec,
    Verdict,
    paired_margin,
    paired_margins,
)
from itas.search.searchers import SEARCHERS, Searcher, parse_searcher
from itas.search.shipped import load_space, read_shipped_space, shipped_spaces
from itas.search.space import Price, Space
from itas.search.split import Split, split_problems
from itas.search.study import Study, load_study

__all__ = [
    "SEARCHERS",
    "Amount",
    "BoundSpace",
    "Budget",
    "Compare",
    "Contestant",
    "Description",
    "Estimate",
    "Evaluate",
    "History",
    "Journal",
    "Margin",
    "MarginalSamples",
    "PartialEvaluation",
    "Point",
    "PointEstimate",
    "Posterior",
    "Price",
    "Progress",
    "Proposal",
    "Ranked",
    "Rankings",
    "Searcher",
    "Space",
    "Split",
    "Study",
    "StudyEstimate",
    "StudyResult",
    "StudySpec",
    "Trial",
    "Verdict",
    "expected_gap",
    "load_space",
    "load_study",
    "paired_margin",
    "paired_margins",
    "parse_searcher",
    "posterior_of",
    "read_journal",
    "read_shipped_space",
    "shipped_spaces",
    "split_problems",
    "vote_weight",
]
