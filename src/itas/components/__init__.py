"""The inference-time techniques, one per file. Importing this package registers their types."""

from itas.components.adaptive_generator import AdaptiveGenerator
from itas.components.cascade import Cascade
from itas.components.consensus import Consensus
from itas.components.critic import Critic
from itas.components.debater import Debater
from itas.components.fuser import Fuser
from itas.components.generative_verifier import GenerativeVerifier
from itas.components.generator import Generator
from itas.components.permutation_ranker import PermutationRanker
from itas.components.ranker import Ranker
from itas.components.reflector import Reflector
from itas.components.reviser import Reviser
from itas.components.reward_ranker import RewardRanker
from itas.components.tournament import Tournament
from itas.components.unit_test_evaluator import UnitTestEvaluator
from itas.components.unit_test_generator import UnitTestGenerator
from itas.components.universal_self_consistency import UniversalSelfConsistency
from itas.components.verifier import Verifier
from itas.components.vote import Vote

__all__ = [
    "AdaptiveGenerator",
    "Cascade",
    "Consensus",
    "Critic",
    "Debater",
    "Fuser",
    "GenerativeVerifier",
    "Generator",
    "PermutationRanker",
    "Ranker",
    "Reflector",
    "Reviser",
    "RewardRanker",
    "Tournament",
    "UnitTestEvaluator",
    "UnitTestGenerator",
    "UniversalSelfConsistency",
    "Verifier",
    "Vote",
]
