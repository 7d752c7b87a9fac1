import pytest

from itas.core.architecture import Architecture
from itas.report import describe_verdict
from itas.report.verdict import describe_alternatives, name_contestant
from itas.search import Contestant, Margin, StudyResult, Verdict
from tests.report.worlds import Run

WINNER = Architecture.parse(
    {
        "layers": [
            {"type": "generator", "models": ["p/alpha", "p/beta"], "samples": 3},
            {"type": "fuser", "model": "p/alpha"},
        ]
    }
)
SINGLE = Architecture.parse({"layers": [{"type": "generator", "model": "p/alpha"}]})
VOTED = Architecture.parse(
    {"layers": [{"type": "generator", "model": "p/alpha", "samples": 7}, {"type": "vote"}]}
)
CHEAP = Architecture.parse(
    {"layers": [{"type": "generator", "model": "p/beta", "samples": 3}, {"type": "vote"}]}
)


def margin(difference: float, low: float, high: float) -> Margin:
    verdict = "better" if low > 0 else "worse" if high < 0 else "tied"
    return Margin(difference=difference, low=low, high=high, n=160, verdict=verdict)


def study(run: Run, single: Margin | None, *others: Contestant, as_good: tuple = ()) -> StudyResult:
    relation = "unknown" if single is None else single.verdict
    is_as_good = relation in ("tied", "worse")
    verdict = Verdict(
        relation=relation,
        one_call_is_as_good=is_as_good,
        as_good=as_good,
        recommended="best single model" if is_as_good else "winner",
        is_complete=True,
    )
    contestants = (
        Contestant(roles=("winner",), architecture=WINNER, planned_samples=7, mean=0.7),
        Contestant(
            roles=("best single model",), architecture=SINGLE, planned_samples=1, against_winner=single
        ),
        *others,
    )
    return run.result.model_copy(update={"contestants": contestants, "verdict": verdict})


def voted(against: Margin | None) -> Contestant:
    return Contestant(
        roles=("sampled and voted",), architecture=VOTED, planned_samples=7, against_winner=against
    )


@pytest.mark.parametrize(
    "against, said",
    [
        (margin(0.01, -0.01, 0.03), "tied"),
        (margin(0.02, 0.01, 0.03), "2.0 points behind the winner"),
        (margin(-0.02, -0.03, -0.01), "2.0 points ahead of the winner"),
    ],
)
def test_a_better_winner_is_told_with_interval_price_and_the_vote(run: Run, against: Margin, said: str):
    assert describe_verdict(study(run, margin(0.031, 0.004, 0.058), voted(against))) == (
        "+3.1 points over one call of alpha (95 % interval 0.4 to 5.8) on 160 held-out problems, at 7 samples a "
        f"question against 1; the same model sampled 7 times and voted: {said}."
    )


def test_a_tie_says_that_one_call_is_as_good(run: Run):
    assert describe_verdict(study(run, margin(0.012, -0.011, 0.035))) == (
        "One call of alpha is as good: the best architecture found differs from it by +1.2 points (95 % interval "
        "−1.1 to 3.5) on 160 held-out problems, at 7 samples a question against 1."
    )


def test_a_loss_says_that_one_call_is_better(run: Run):
    assert describe_verdict(study(run, margin(-0.024, -0.046, -0.002))) == (
        "One call of alpha is better: the architecture that the search chose is 2.4 points behind it (95 % interval "
        "0.2 to 4.6) on 160 held-out problems, at 7 samples a question against 1."
    )


def test_nothing_to_compare_is_no_verdict(run: Run):
    assert describe_verdict(study(run, None)).startswith(
        "No verdict: no held-out problem has a score from both"
    )


def test_a_winner_that_is_one_call_is_told_as_that(run: Run):
    both = Contestant(
        roles=("winner", "best single model"), architecture=SINGLE, planned_samples=1, mean=0.613
    )
    result = study(run, margin(0.0, -0.1, 0.1)).model_copy(update={"contestants": (both,)})
    assert describe_verdict(result) == (
        "One call of alpha is as good: the best that the search found is that one call itself (61.3 on the held-out "
        "problems)."
    )


def test_a_difference_that_rounds_to_nothing_has_no_sign(run: Run):
    assert "by 0.0 points" in describe_verdict(study(run, margin(-0.0001, -0.01, 0.01)))


@pytest.mark.parametrize(
    "against, said",
    [
        (margin(0.004, -0.01, 0.018), "is tied with the winner"),
        (margin(-0.02, -0.03, -0.01), "did better than the winner on the held-out problems, by 2.0 points"),
    ],
)
def test_a_cheaper_one_that_is_no_worse_is_pointed_out(run: Run, against: Margin, said: str):
    cheap = Contestant(roles=("cheapest",), architecture=CHEAP, planned_samples=3, against_winner=against)
    (sentence,) = describe_alternatives(study(run, margin(0.03, 0.01, 0.05), cheap, as_good=("cheapest",)))
    assert "takes 3 samples a question instead of 7" in sentence
    assert said in sentence


def test_where_one_call_is_as_good_no_other_is_pointed_out(run: Run):
    cheap = Contestant(
        roles=("cheapest",), architecture=CHEAP, planned_samples=3, against_winner=margin(0.0, -0.01, 0.01)
    )
    assert describe_alternatives(study(run, margin(0.0, -0.1, 0.1), cheap, as_good=("cheapest",))) == ()


def test_a_contestant_with_two_roles_is_named_by_both():
    entry = Contestant(roles=("winner", "sampled and voted"), architecture=VOTED, planned_samples=7)
    assert name_contestant(entry) == "The winner of the search, also 7 samples of alpha, voted"
