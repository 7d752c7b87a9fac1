"""What a study found, in one sentence for people."""

from itas.search.records import Contestant, Margin, StudyResult


def verdict_sentence(result: StudyResult) -> str:
    """Which architecture to use, by how much it is better, how sure that is, and at how many samples.

    Figures are points (hundredths of the score) on held-out problems, with 95 % intervals.
    """
    winner = result.winner
    single = result.contestant("best single model")
    model = _model_of(single)
    margin = None if single is None else single.against_winner
    problems = f"{result.split[2]} held-out problems"
    if winner is single:
        return f"One call of {model} is as good: the search found nothing better."
    if margin is None:
        return f"There is no verdict: the winner and one call of {model} have no problem with scores of both."
    figures = f"{_figures(margin)} on {problems}, {winner.planned_samples} samples a question against 1"
    if result.verdict.relation == "better":
        tied = _tied_at_the_same_budget(result)
        return f"The winner is better than one call of {model}: {figures}{tied}."
    word = "no better than" if result.verdict.relation == "tied" else "worse than"
    return f"One call of {model} is as good: the winner is {word} it ({figures})."


def _figures(margin: Margin) -> str:
    low, high = 100 * margin.low, 100 * margin.high
    return f"{100 * margin.difference:+.1f} points, 95 % interval {low:.1f} to {high:.1f},"


def _tied_at_the_same_budget(result: StudyResult) -> str:
    tied = [
        " = ".join(entry.roles)
        for entry in result.contestants
        if entry.against_winner is not None
        and "best single model" not in entry.roles
        and entry.against_winner.verdict != "better"
    ]
    return f"; as good as the winner: {', '.join(tied)}" if tied else ""


def _model_of(contestant: Contestant | None) -> str:
    if contestant is None:
        return "the best single model"
    return contestant.architecture.models[0]
