"""Simulated models of known skill: they read the real prompts and answer in the forms those ask for."""

from itas.models.simulated.pool import PROVIDER, SimulatedModel, SimulatedPool
from itas.models.simulated.profiles import PROFILES, Generating, Profile, Topic

__all__ = ["PROFILES", "PROVIDER", "Generating", "Profile", "SimulatedModel", "SimulatedPool", "Topic"]
