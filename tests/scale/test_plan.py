"""The plan on paper agrees with what can be worked out by hand."""

from dataclasses import fields, replace

import pytest

from runs.scale_plan import SOURCES, Plan, forecast

_CALM = Plan(nodes=10, calls=1_000_000, in_flight=40, latency_s=4, hours_between_failures=1e9)


def test_without_failures_a_run_takes_its_calls_by_the_narrowest_part():
    found = forecast(_CALM)
    assert found.hours == pytest.approx(1_000_000 / (10 * 40 / 4) / 3600, abs=0.01)
    assert found.held_up_by == {"calls in flight": 1.0}
    assert (found.lost_nodes, found.repaid_calls, found.usd) == (0, 0, 1000.0)
    narrow = forecast(replace(_CALM, provider_per_s=50))
    assert narrow.held_up_by == {"providers": 1.0}
    assert narrow.hours == pytest.approx(2 * found.hours, abs=0.01)


def test_nodes_that_fail_cost_their_calls_in_flight_and_the_same_seed_gives_the_same_forecast():
    often = replace(_CALM, hours_between_failures=1.0)
    found = forecast(often)
    assert found == forecast(often)
    assert found.lost_nodes == pytest.approx(10 * found.hours, rel=0.5)
    assert found.repaid_calls <= 40 * found.lost_nodes
    assert found.hours > forecast(_CALM).hours


def test_every_figure_says_whether_it_was_measured_or_guessed():
    assert {each.name for each in fields(Plan)} == set(SOURCES)
    assert all(
        source.split(":")[0].split(",")[0] in ("chosen", "measured", "guess") for source in SOURCES.values()
    )
