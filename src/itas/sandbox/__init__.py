"""Runs code nobody trusts."""

from itas.sandbox.sandbox import Sandbox, TierReport, report_tiers
from itas.sandbox.tiers import SAFE_TIERS, TIERS, Tier

__all__ = ["SAFE_TIERS", "TIERS", "Sandbox", "Tier", "TierReport", "report_tiers"]
