import pytest

from itas.core.architecture import Architecture
from itas.report import About, describe_verdict, render_search_report
from itas.report.verdict import describe_alternatives, describe_choice, name_contestant
from itas.search import Contestant, Margin, StudyResult, Verdict
from itas.search.records import Role
from tests.report.reading import Reader
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


def study(
    run: Run, single: Margin | None, *others: Contestant, as_good: tuple = (), recommended: Role | None = None
) -> StudyResult:
    relation = "unknown" if single is None else single.verdict
    is_as_good = relation in ("tied", "worse")
    verdict = Verdict(
        relation=relation,
        one_call_is_as_good=is_as_good,
        as_good=as_good,
        recommended=recommended or ("winner" if relation == "better" else "best single model"),
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


def test_a_tie_says_that_nothing_is_proven(run: Run):
    assert describe_verdict(study(run, margin(0.012, -0.011, 0.035))) == (
        "Not proven better than one call of alpha: +1.2 points (95 % interval −1.1 to 3.5) on 160 held-out problems, "
        "at 7 samples a question against 1."
    )


def test_one_call_is_as_good_only_where_the_winner_is_surely_not_a_point_ahead(run: Run):
    assert describe_verdict(study(run, margin(0.001, -0.007, 0.009))).startswith(
        "One call of alpha is as good"
    )
    assert "as good" not in describe_verdict(study(run, margin(0.001, -0.009, 0.011)))


@pytest.mark.parametrize("model", ["simulated/m", "replay/simulated/m"])
def test_a_verdict_on_simulated_models_says_so_first(run: Run, model: str):
    result = study(run, margin(0.012, -0.011, 0.035))
    simulated = result.model_copy(update={"spec": result.spec.model_copy(update={"models": (model,)})})
    assert describe_verdict(simulated) == f"Simulated: {describe_verdict(result)}"


def other_single(against: Margin) -> Contestant:
    architecture = Architecture.parse({"layers": [{"type": "generator", "model": "p/beta"}]})
    return Contestant(
        roles=("other single model",), architecture=architecture, planned_samples=1, against_winner=against
    )


def test_the_single_model_that_was_not_beaten_is_named(run: Run):
    unbeaten = other_single(margin(0.01, -0.02, 0.04))
    result = study(run, margin(0.03, 0.01, 0.05), unbeaten, recommended="other single model")
    verdict = result.verdict.model_copy(update={"relation": "tied", "single_model": "p/beta"})
    result = result.model_copy(update={"verdict": verdict})
    assert describe_verdict(result).startswith("Not proven better than one call of beta: +1.0 points")
    assert describe_choice(result) == "because nothing is proven better than one call of every model"
    assert result.recommended == unbeaten.architecture


def test_a_winner_that_beats_every_single_model_says_which(run: Run):
    beaten = other_single(margin(0.02, 0.01, 0.04))
    assert "; also better than one call of beta" in describe_verdict(
        study(run, margin(0.03, 0.01, 0.05), beaten)
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


MIXED = Architecture.parse(
    {
        "layers": [
            [{"type": "generator", "model": f"p/{name}"} for name in ("alpha", "beta", "gamma", "delta")],
            {"type": "fuser", "model": "p/alpha"},
        ]
    }
)


def mixed(over_single: Margin, against_winner: Margin | None = None) -> Contestant:
    return Contestant(
        roles=("mixture of models",),
        architecture=MIXED,
        planned_samples=5,
        against_winner=against_winner,
        against_single=over_single,
    )


BETTER = margin(0.132, 0.09, 0.17)


@pytest.mark.parametrize(
    "single, against_winner, said",
    [
        (
            margin(0.012, -0.011, 0.035),
            margin(-0.12, -0.16, -0.08),
            "One call of alpha is not proven to be beaten by the winner of the search (+1.2 points, 95 % interval "
            "−1.1 to 3.5, on 160 held-out problems, at 7 samples a question against 1), but it is beaten by a mixture "
            "of 4 models and a fuser, +13.2 points (95 % interval 9.0 to 17.0) on 160 held-out problems, at 5 samples "
            "a question.",
        ),
        (
            margin(-0.024, -0.046, -0.002),
            margin(-0.15, -0.2, -0.1),
            "One call of alpha is better than the winner of the search (by 2.4 points, 95 % interval 0.2 to 4.6, on "
            "160 held-out problems, at 7 samples a question against 1), but it is beaten by a mixture of 4 models and "
            "a fuser, +13.2 points (95 % interval 9.0 to 17.0) on 160 held-out problems, at 5 samples a question.",
        ),
        (
            margin(0.031, 0.004, 0.058),
            margin(-0.101, -0.14, -0.06),
            "+3.1 points over one call of alpha (95 % interval 0.4 to 5.8) on 160 held-out problems, at 7 samples a "
            "question against 1. Better still: a mixture of 4 models and a fuser, +10.1 points over the winner (95 % "
            "interval 6.0 to 14.0), at 5 samples a question.",
        ),
        (
            None,
            None,
            "No verdict on the winner: no held-out problem has a score from both the winner and one call of alpha. "
            "That call is beaten by a mixture of 4 models and a fuser, +13.2 points (95 % interval 9.0 to 17.0) on 160 "
            "held-out problems, at 5 samples a question.",
        ),
    ],
)
def test_another_contestant_that_is_better_than_one_call_is_told(
    run: Run, single: Margin | None, against_winner: Margin | None, said: str
):
    other = mixed(BETTER, against_winner)
    assert describe_verdict(study(run, single, other, recommended="mixture of models")) == said


def test_one_call_that_won_and_is_beaten_by_a_baseline_is_told_as_that(run: Run):
    both = Contestant(
        roles=("winner", "best single model"), architecture=SINGLE, planned_samples=1, mean=0.613
    )
    result = study(run, margin(0.0, -0.1, 0.1), recommended="mixture of models")
    assert describe_verdict(result.model_copy(update={"contestants": (both, mixed(BETTER))})) == (
        "The best that the search found is one call of alpha itself (61.3 on the held-out problems), but it is beaten "
        "by a mixture of 4 models and a fuser, +13.2 points (95 % interval 9.0 to 17.0) on 160 held-out problems, at 5 "
        "samples a question."
    )


@pytest.mark.parametrize(
    "single, recommended, said",
    [
        (margin(0.03, 0.01, 0.05), "winner", "better than one call on the held-out problems"),
        (margin(0.03, 0.01, 0.05), "mixture of models", "better than one call and better than the winner"),
        (
            margin(0.01, -0.1, 0.1),
            "mixture of models",
            "better than one call, which the winner of the search is not",
        ),
        (margin(0.01, -0.1, 0.1), "best single model", "because nothing is proven better than it"),
    ],
)
def test_a_choice_says_why(run: Run, single: Margin, recommended: Role, said: str):
    result = study(run, single, mixed(BETTER, margin(-0.1, -0.2, -0.05)), recommended=recommended)
    assert describe_choice(result).startswith(said)
    page = Reader(render_search_report(result, about=About(title="A choice"))).text
    assert describe_choice(result) in page


def test_a_winner_that_is_one_call_is_told_as_that(run: Run):
    both = Contestant(
        roles=("winner", "best single model"), architecture=SINGLE, planned_samples=1, mean=0.613
    )
    result = study(run, margin(0.0, -0.1, 0.1)).model_copy(update={"contestants": (both,)})
    assert describe_verdict(result) == (
        "The best that the search found is one call of alpha itself (61.3 on the held-out problems)."
    )


def test_a_difference_that_rounds_to_nothing_has_no_sign(run: Run):
    assert ": 0.0 points" in describe_verdict(study(run, margin(-0.0001, -0.01, 0.01)))


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
