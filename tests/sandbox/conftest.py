"""The tiers that work here."""

import asyncio

import pytest

from itas.sandbox import SAFE_TIERS, TierReport, report_tiers


@pytest.fixture(scope="session")
def tier_reports() -> dict[str, TierReport]:
    return {report.tier: report for report in asyncio.run(report_tiers())}


@pytest.fixture(params=SAFE_TIERS)
def tier(request: pytest.FixtureRequest, tier_reports: dict[str, TierReport]) -> str:
    """Each tier in turn; skipped with its reason where it does not work."""
    report = tier_reports[request.param]
    if not report.works:
        pytest.skip(f"{report.tier}: {report.reason}")
    return request.param
