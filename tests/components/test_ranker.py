"""Ranker: a permutation or nothing."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itas.components import Ranker
from itas.components.ranker import parse_ranking, render_ranking
from itas.errors import ParseError
from itas.testing.contexts import FunctionContext
from tests.components.states import MODEL, answers_of, blocks_of, candidate, one_after_the_other, rng, state

IDS = ("K7Q2", "B3D4", "C2F9")

READABLE = {
    "plain": "RANKING: C2F9 > K7Q2 > B3D4",
    "on a later line": "The first is wrong, so:\n\nRANKING: C2F9 > K7Q2 > B3D4",
    "on the first of several lines": "RANKING: C2F9 > K7Q2 > B3D4\n\nC2F9 is best because it is right.",
    "the last counts": "RANKING: K7Q2 > B3D4 > C2F9\nNo, wait.\nRANKING: C2F9 > K7Q2 > B3D4",
    "lower case": "ranking: c2f9 > k7q2 > b3d4",
    "bold label": "**RANKING:** C2F9 > K7Q2 > B3D4",
    "bold line": "**RANKING: C2F9 > K7Q2 > B3D4**",
    "bold ids": "RANKING: **C2F9** > __K7Q2__ > `B3D4`",
    "heading": "### Ranking: C2F9 > K7Q2 > B3D4",
    "heading and paragraph": "## RANKING:\n\nC2F9 > K7Q2 > B3D4\n\nBecause it is right.",
    "final": "Final ranking: C2F9 > K7Q2 > B3D4.",
    "brackets": "RANKING: [C2F9] > [K7Q2] > [B3D4]",
    "quote": "> RANKING: C2F9 > K7Q2 > B3D4",
    "bullet": "- RANKING: C2F9 > K7Q2 > B3D4",
    "numbered": "3. RANKING: C2F9 > K7Q2 > B3D4",
    "commas": "RANKING: C2F9, K7Q2, B3D4",
    "blanks": "RANKING:   C2F9  K7Q2\tB3D4  ",
    "no blanks": "RANKING:C2F9>K7Q2>B3D4",
    "arrows": "RANKING: C2F9 -> K7Q2 → B3D4",
    "the word id": "RANKING: id C2F9 > id K7Q2 > id B3D4",
    "opening lines": "RANKING: <<answer C2F9>> > <<answer K7Q2>> > <<answer B3D4>>",
    "best and worst": "RANKING: C2F9 (best) > K7Q2 > B3D4 (worst)",
    "escaped arrows": "RANKING: C2F9 \\> K7Q2 &gt; B3D4",
    "heading without colon": "### Ranking\n1. C2F9\n2. K7Q2\n3. B3D4",
    "bold heading without colon": "**Final ranking**\n\nC2F9 > K7Q2 > B3D4",
    "the word answer": "RANKING: answer C2F9 > answer K7Q2 > answer B3D4",
    "full width": "RANKING： Ｃ２Ｆ９ ＞ Ｋ７Ｑ２ ＞ Ｂ３Ｄ４",
    "fence around": "```\nRANKING: C2F9 > K7Q2 > B3D4\n```",
    "fence behind": "RANKING:\n```\nC2F9 > K7Q2 > B3D4\n```",
    "list of bullets": "RANKING:\n- C2F9\n- K7Q2\n- B3D4",
    "list of numbers": "RANKING:\n1. C2F9\n2. K7Q2\n3. B3D4",
    "list with parentheses": "RANKING:\n1) C2F9\n2) K7Q2\n3) B3D4\n",
    "Windows lines": "Good.\r\nRANKING: C2F9 > K7Q2 > B3D4\r\n",
    "old Mac lines": "Good.\rRANKING: C2F9 > K7Q2 > B3D4\r",
    "NUL": "RANK\0ING: C2F9 >\0 K7Q2 > B3D4\0",
    "zero width": "\ufeffRANKING: C2F9 > \u200bK7Q2 > B3D4",
    "a copy of the form before": ("RANKING: id of the best > id of the worst\nRANKING: C2F9 > K7Q2 > B3D4"),
}

UNREADABLE = {
    "empty": "",
    "no label": "C2F9 > K7Q2 > B3D4",
    "label in a sentence": "My RANKING: C2F9 > K7Q2 > B3D4",
    "one missing": "RANKING: C2F9 > K7Q2",
    "one twice": "RANKING: C2F9 > K7Q2 > B3D4 > C2F9",
    "one twice, one missing": "RANKING: C2F9 > C2F9 > K7Q2",
    "unknown id": "RANKING: C2F9 > K7Q2 > B3D4 > Z9Z9",
    "numbers": "RANKING: [3] > [1] > [2]",
    "the form itself": "RANKING: id of the best > id of the next > ... > id of the worst",
    "worst named first": "RANKING: C2F9 (worst) > K7Q2 > B3D4 (best)",
    "heading and prose": "### Ranking\nC2F9 is the best, then K7Q2, then B3D4.",
    "worst first": "RANKING: C2F9 < K7Q2 < B3D4",
    "a tie": "RANKING: C2F9 > K7Q2 = B3D4",
    "a near tie": "RANKING: C2F9 > K7Q2 ~ B3D4",
    "a group": "RANKING: C2F9 > {K7Q2, B3D4}",
    "a group in brackets": "RANKING: C2F9 > (K7Q2, B3D4)",
    "a tie by a comma": "RANKING: C2F9 > K7Q2, B3D4",
    "a tie by a blank": "RANKING: C2F9 > K7Q2 B3D4",
    "words": "RANKING: C2F9 is worse than K7Q2 and B3D4",
    "a negation": "RANKING: not C2F9 > K7Q2 > B3D4",
    "a later remark": "RANKING: C2F9 > K7Q2 > B3D4, but B3D4 is close",
    "the last is broken": "RANKING: C2F9 > K7Q2 > B3D4\nRANKING: C2F9",
    "numbers out of order": "RANKING:\n3. C2F9\n2. K7Q2\n1. B3D4",
    "a table": "| RANKING | C2F9 | K7Q2 | B3D4 |",
    "a large number": f"RANKING: C2F9 > K7Q2 > B3D4 > {'9' * 5000}",
    "a refusal": "I cannot rank these.",
    "ids that run together": "RANKING: C2F9K7Q2B3D4",
    "an error text": '{"error": "overloaded"}',
    "nothing behind": "RANKING:",
    "only marks behind": "RANKING: > > >",
    "too long": "RANKING: C2F9 > K7Q2 > B3D4" + " " * 1000 + "or the other way round",
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE.keys())
def test_a_ranking_is_read_through_its_decoration(reply: str):
    assert parse_ranking(reply, IDS) == (2, 0, 1)


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_ranking_is_an_error_not_a_guess(reply: str):
    with pytest.raises(ParseError):
        parse_ranking(reply, IDS)


@given(st.permutations(range(6)), st.sampled_from([" > ", ">", ", ", "\n", " -> ", "\n- "]))
@settings(max_examples=100, deadline=None)
def test_every_order_is_read_back(order: list[int], separator: str):
    ids = ("K7Q2", "B3D4", "C2F9", "D3F4", "H5J6", "L2M3N4")
    reply = "RANKING:" + separator + separator.join(ids[index] for index in order)
    assert parse_ranking(reply, ids) == tuple(order)


PIECES = [
    "RANKING:",
    "K7Q2",
    "B3D4",
    "C2F9",
    ">",
    "\n",
    " ",
    "*",
    "1.",
    "<",
    "９",
    "x",
    "\0",
    "```",
    "\ud800",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_permutation_or_an_error(text: str):
    try:
        order = parse_ranking(text, IDS)
    except ParseError:
        return
    assert sorted(order) == [0, 1, 2]


def test_a_message_names_the_law_and_what_was_found():
    with pytest.raises(ParseError, match="expected each of K7Q2, B3D4, C2F9 once, found C2F9 > C2F9"):
        parse_ranking("RANKING: C2F9 > C2F9", IDS)


def prefer(*texts: str) -> FunctionContext:
    """Ranks by a wanted order of the texts."""

    def reply(prompt: str) -> str:
        by_text = {text: id for id, text in answers_of(prompt).items()}
        return "RANKING: " + " > ".join(by_text[text] for text in texts)

    return FunctionContext(reply)


async def test_it_keeps_the_best_in_their_order():
    ctx = prefer("c", "a", "b")
    assert await Ranker(model=MODEL, top_k=2).select(state("a", "b", "c"), ctx) == (2, 0)
    places = {number: (mark.kind, mark.value, mark.by) for number, mark in ctx.marks}
    assert places == {2: ("rank", 1, MODEL), 0: ("rank", 2, MODEL), 1: ("rank", 3, MODEL)}
    assert ctx.asked[0].prompt.startswith("Task: rank the answers.\n")


async def test_one_candidate_costs_nothing():
    ctx = prefer()
    assert await Ranker(model=MODEL).select(state("a"), ctx) == (0,)
    assert ctx.asked == []


async def test_it_asks_again_and_counts_the_unreadable_reply():
    ranking = prefer("b", "a")
    ctx = FunctionContext(lambda prompt: "Hm." if ctx.samples == 1 else ranking._reply(prompt))
    assert await Ranker(model=MODEL).select(state("a", "b"), ctx) == (1, 0)
    assert ctx.event_kinds == ["unreadable"]


async def test_the_fallback_keeps_the_order_and_is_counted_and_marks_nobody():
    ctx = one_after_the_other("Hm.", "RANKING: A1 > B2")
    assert await Ranker(model=MODEL, top_k=2).select(state("a", "b", "c"), ctx) == (0, 1)
    assert ctx.event_kinds == ["unreadable", "unreadable", "fallback"]
    assert ctx.marks == []


async def test_without_the_fallback_an_unreadable_ranking_is_an_error():
    with pytest.raises(ParseError, match="no RANKING line"):
        await Ranker(model=MODEL, attempts=1, fallback="error").select(
            state("a", "b"), one_after_the_other("Hm.")
        )


@pytest.mark.parametrize("use_critiques, count", [(True, 1), (False, 0)])
def test_critiques_are_shown_only_where_they_are_to_be_used(use_critiques: bool, count: int):
    before = replace(state(), candidates=(candidate("a", critique="weak"), candidate("b")))
    prompt, _ = render_ranking(before, rng, use_critiques=use_critiques)
    assert len(blocks_of(prompt, "critique")) == count
    assert ("critiques may be wrong" in prompt) == use_critiques


def test_the_prompt_lists_the_ids_in_the_order_shown_and_is_itself_no_ranking():
    prompt, ids = render_ranking(state("a", "b", "c"), rng)
    listed = re.search(r"each of the ids ([A-Z0-9, ]+) exactly", prompt)
    assert listed
    assert listed[1].split(", ") == list(answers_of(prompt))
    with pytest.raises(ParseError):
        parse_ranking(prompt, ids)


@pytest.mark.parametrize("count", [2, 3])
def test_the_form_has_real_ids_and_a_copy_of_it_is_no_ranking(count: int):
    prompt, ids = render_ranking(state(*"abc"[:count]), rng)
    form = prompt.rpartition("\n")[2]
    assert form.startswith(f"RANKING: {next(iter(answers_of(prompt)))} > ")
    assert form.endswith(" > ...")
    assert "means nothing" in prompt
    with pytest.raises(ParseError):
        parse_ranking(form, ids)
