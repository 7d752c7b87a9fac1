"""Whole studies on landscapes: what is better is found, what is not better is not claimed."""

from itas.core.architecture import Architecture
from itas.lab import find_landscape
from itas.lab.study import Population, run_lab_study
from itas.search.shipped import load_space


async def test_what_is_better_is_found_and_its_margin_holds() -> None:
    study = await run_lab_study(find_landscape("reasoning"), load_space("small"), seed=1, trials=32)
    assert study.result.verdict.relation == "better"
    assert study.recommended > study.single + 0.03
    margin = study.result.winner.against_single
    assert margin is not None
    assert margin.low - 0.03 < study.winner - study.single < margin.high + 0.03


async def test_where_nothing_is_better_one_call_is_recommended() -> None:
    study = await run_lab_study(find_landscape("flat"), load_space("small"), seed=1, trials=32)
    assert study.result.verdict.relation != "better"
    assert study.result.verdict.recommended == "best single model"


async def test_the_same_problem_has_the_same_score_whoever_asks_again() -> None:
    population = Population(find_landscape("code"), seed=3, size=50)
    single = Architecture.parse({"layers": [{"type": "generator", "model": "lab/01"}]})
    problems = population.draw_problems(20)
    assert len(set(problems)) == 20
    first = await population.evaluate(single, problems)
    again = await population.evaluate(single, problems[5:9])
    assert again == first[5:9]
