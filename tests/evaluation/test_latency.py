"""Estimated seconds of one question: the slowest of every layer, what is asked in a row, and measured speeds."""

from typing import Any

import pytest

import itas.components  # noqa: F401  registers the component types
from itas.core.architecture import Architecture
from itas.evaluation.estimate import Lengths
from itas.evaluation.latency import FIRST_TOKEN_S, TOKENS_PER_S, estimate_seconds

USUAL = FIRST_TOKEN_S + Lengths().answer / TOKENS_PER_S
SPEEDS = {"a/fast": 1.0, "a/slow": 4.0}


def seconds(*layers: Any, measured: dict[str, float] | None = None) -> float:
    return estimate_seconds(Architecture.parse({"layers": list(layers)}), measured=measured)


def test_samples_and_components_of_a_layer_run_side_by_side() -> None:
    one = {"type": "generator", "model": "a/fast"}
    assert seconds(one) == USUAL
    assert seconds({**one, "samples": 20}) == USUAL
    both = {"type": "generator", "models": ["a/fast", "a/slow"], "samples": 3}
    assert seconds(both, measured=SPEEDS) == 4.0


def test_layers_follow_each_other_and_a_vote_takes_no_time() -> None:
    many = {"type": "generator", "model": "a/slow", "samples": 3}
    assert seconds(many, {"type": "vote"}, measured=SPEEDS) == 4.0
    assert seconds(many, {"type": "fuser", "model": "a/fast"}, measured=SPEEDS) == 5.0


def test_a_verifier_asks_twice_in_a_row_and_shorter_replies_take_less() -> None:
    many = {"type": "generator", "model": "a/fast", "samples": 3}
    share = Lengths().judgement / Lengths().answer
    assert seconds(many, {"type": "ranker", "model": "a/slow"}, measured=SPEEDS) == 1.0 + 4.0 * share
    assert seconds(many, {"type": "verifier", "model": "a/slow"}, measured=SPEEDS) == 1.0 + 2 * 4.0 * share


def test_a_model_that_was_not_measured_has_the_assumed_speed() -> None:
    assert seconds({"type": "generator", "model": "a/new"}, measured=SPEEDS) == pytest.approx(8.5)
