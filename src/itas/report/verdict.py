"""The verdict of a study in plain words, with its figures."""

from itas.core.architecture import Architecture
from itas.core.money import add_prices
from itas.report.words import count, describe_architecture, interval, name_models, points, tail
from itas.search.records import SINGLES, Contestant, Margin, StudyResult

_AS_GOOD = 0.01
"""One call is called as good only if the winner is surely not ahead of it by as much as this."""
_SIMULATED = ("simulated/", "replay/simulated/")


def describe_verdict(result: StudyResult) -> str:
    """One or two sentences: who won, by how much, how sure, on how much, at what price; and who else is better
    than one call, where that is what to use. Simulated models are said first."""
    said = _describe_verdict(result)
    return f"Simulated: {said}" if _is_simulated(result) else said


def _describe_verdict(result: StudyResult) -> str:
    winner, single = result.winner, result.single
    if single is None:
        return f"No verdict: nobody stood for one call of a single model against {_samples(winner)}."
    call = f"one call of {name_models(single.architecture.models)}"
    other = _recommended_instead(result)
    if single is winner:
        found = f"The best that the search found is {call} itself{_scored(winner)}"
        return f"{found}, but it is {_beaten(other, single)}." if other else f"{found}."
    margin = single.against_winner
    if margin is None:
        reason = winner.reason or single.reason
        because = f" ({reason})" if reason else ""
        nothing = f"no held-out problem has a score from both the winner and {call}{because}"
        if other is not None:
            return f"No verdict on the winner: {nothing}. That call is {_beaten(other, single)}."
        return f"No verdict: {nothing}."
    where = f"on {count(margin.n, 'held-out problem')}"
    price = f"at {_samples(winner)} a question against {single.planned_samples}{_price_ratio(winner, single)}"
    if result.verdict.relation == "better":
        figures = f"{points(margin.difference, signed=True)} points over {call} ({_interval(margin)})"
        also = _also_beaten(result, single)
        if other is not None and other.against_winner is not None:
            ahead = _capital(_ahead(other, other.against_winner.turned))
            return f"{figures} {where}, {price}{also}. {ahead}."
        return f"{figures} {where}, {price}{also}{_against_voting(result)}."
    if result.verdict.relation == "worse":
        behind = margin.turned
        if other is not None:
            figures = f"by {points(behind.difference)} points, {_interval(behind)}, {where}, {price}"
            beaten = _beaten(other, single)
            return (
                f"{_capital(call)} is better than the winner of the search ({figures}), but it is {beaten}."
            )
        return (
            f"{_capital(call)} is better: the architecture that the search chose is {points(behind.difference)} "
            f"points behind it ({_interval(behind)}) {where}, {price}."
        )
    figures = f"{points(margin.difference, signed=True)} points"
    if other is not None:
        by = f"the winner of the search ({figures}, {_interval(margin)}, {where}, {price})"
        return f"{_capital(call)} is not proven to be beaten by {by}, but it is {_beaten(other, single)}."
    if margin.verdict == "tied" and margin.high < _AS_GOOD:
        return (
            f"{_capital(call)} is as good: the best architecture found differs from it by {figures} "
            f"({_interval(margin)}) {where}, {price}."
        )
    return f"Not proven better than {call}: {figures} ({_interval(margin)}) {where}, {price}."


def describe_choice(result: StudyResult) -> str:
    """Why the recommended one is, as the end of a sentence that names it."""
    has_others = result.contestant("other single model") is not None
    return {
        "the winner is better than one call": "better than one call on the held-out problems",
        "it is better than one call and than the winner": "better than one call and better than the winner of the "
        "search",
        "it is better than one call, the winner is not proven to be": "better than one call, which the winner of "
        "the search is not proven to be",
        "nothing is proven better than one call": "because nothing is proven better than it"
        if not has_others
        else "because nothing is proven better than one call of every model",
    }[result.verdict.because]


def name_contestant(entry: Contestant) -> str:
    """Who stood there, in plain words: ``The winner of the search``, ``7 samples of a, voted``."""
    return _capital(name_inside(entry))


def name_inside(entry: Contestant) -> str:
    """The same in the middle of a sentence."""
    return ", also ".join(dict.fromkeys(_name(role, entry.architecture) for role in entry.roles))


def describe_alternatives(result: StudyResult) -> tuple[str, ...]:
    """Contestants that take fewer samples than the winner and did no worse; none where one call is as good."""
    found: list[str] = []
    if result.verdict.one_call_is_as_good:
        return ()
    for role in result.verdict.as_good:
        entry = result.contestant(role)
        if entry is None or entry.against_winner is None or role in SINGLES:
            continue
        margin = entry.against_winner
        name = f"{_capital(_name(role, entry.architecture))} ({describe_architecture(entry.architecture)})"
        figures = f"takes {_samples(entry)} a question instead of {result.winner.planned_samples}"
        if margin.verdict == "worse":
            found.append(
                f"{name} {figures} and did better than the winner on the held-out problems, "
                f"by {points(-margin.difference)} points ({_interval(margin.turned)})."
            )
        else:
            found.append(
                f"{name} {figures} and is tied with the winner, which is "
                f"{points(margin.difference, signed=True)} points from it ({_interval(margin)})."
            )
    return tuple(found)


def _recommended_instead(result: StudyResult) -> Contestant | None:
    """The contestant that is recommended although it is neither the winner nor the one call."""
    entry = result.contestant(result.verdict.recommended)
    if entry is None or entry is result.winner or entry.is_single:
        return None
    return entry


def _is_simulated(result: StudyResult) -> bool:
    asked = [model for entry in result.contestants for model in entry.architecture.models]
    models = (*result.spec.models, *result.spec.all_fusers, *asked)
    return any(model.startswith(_SIMULATED) for model in models)


def _also_beaten(result: StudyResult, single: Contestant) -> str:
    """The other single models, which a better winner has beaten too."""
    others = [entry for entry in result.contestants if entry.is_single and entry is not single]
    if not others:
        return ""
    named = name_models([model for entry in others for model in entry.architecture.models], most=4)
    return f"; also better than one call of {named}"


def _beaten(other: Contestant, single: Contestant) -> str:
    model = single.architecture.models[0]
    margin = other.against_others.get(model) or other.against_single
    figures = "" if margin is None else f", {_over(margin)}"
    return f"beaten by {name_inside(other)}{figures}, at {_samples(other)} a question"


def _ahead(other: Contestant, margin: Margin) -> str:
    figures = f"{points(margin.difference, signed=True)} points over the winner ({_interval(margin)})"
    return f"better still: {name_inside(other)}, {figures}, at {_samples(other)} a question"


def _over(margin: Margin) -> str:
    figures = f"{points(margin.difference, signed=True)} points ({_interval(margin)})"
    return f"{figures} on {count(margin.n, 'held-out problem')}"


def _name(role: str, architecture: Architecture) -> str:
    first = architecture.layers[0].components
    models = [model for component in first for model in component.models()]
    model = tail(models[0]) if models else "a model"
    samples = getattr(first[0], "samples", 1)
    names = {
        "winner": "the winner of the search",
        "best single model": f"one call of {model}",
        "other single model": f"one call of {model}",
        "sampled and voted": f"{count(samples, 'sample')} of {model}, voted",
        "best of n": f"the best of {count(samples, 'sample')} of {model}, by a judge",
        "mixture of models": f"a mixture of {count(len(set(models)), 'model')} and a fuser",
        "cheapest": "the cheapest that the search could not tell from the best",
    }
    return names.get(role, role)


def _against_voting(result: StudyResult) -> str:
    voted = result.contestant("sampled and voted")
    if voted is None or voted is result.winner or voted.against_winner is None:
        return ""
    margin = voted.against_winner
    said = {
        "tied": "tied",
        "better": f"{points(margin.difference)} points behind the winner",
        "worse": f"{points(-margin.difference)} points ahead of the winner",
    }[margin.verdict]
    samples = getattr(voted.architecture.layers[0].components[0], "samples", 1)
    single = result.contestant("best single model")
    same = single is not None and single.architecture.models == voted.architecture.models
    who = "the same model" if same else name_models(voted.architecture.models)
    return f"; {who} sampled {samples} times and voted: {said}"


def _interval(margin: Margin) -> str:
    return f"95 % interval {interval(margin.low, margin.high)}"


def _samples(entry: Contestant) -> str:
    return count(entry.planned_samples, "sample")


def _price_ratio(entry: Contestant, other: Contestant) -> str:
    """`` (2.3 x the price)``; nothing where a price is not known."""
    price, base = _price(entry), _price(other)
    if price is None or not base:
        return ""
    ratio = price / base
    digits = 2 if ratio < 1 else 1 if ratio < 100 else 0
    return f" ({ratio:,.{digits}f} x the price)"


def _price(entry: Contestant) -> float | None:
    total = add_prices(each.cost_micro_usd for each in entry.observations)
    return None if total is None or not entry.observations else total / len(entry.observations)


def _scored(entry: Contestant) -> str:
    return "" if entry.mean is None else f" ({points(entry.mean)} on the held-out problems)"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
