"""The inference-time techniques, one per file. Importing this package registers their types."""

from itas.components.critic import Critic
from itas.components.fuser import Fuser
from itas.components.generator import Generator
from itas.components.ranker import Ranker
from itas.components.unit_test_evaluator import UnitTestEvaluator
from itas.components.unit_test_generator import UnitTestGenerator
from itas.components.verifier import Verifier
from itas.components.vote import Vote

__all__ = [
    "Critic",
    "Fuser",
    "Generator",
    "Ranker",
    "UnitTestEvaluator",
    "UnitTestGenerator",
    "Verifier",
    "Vote",
]
