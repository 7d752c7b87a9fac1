"""Reading verdicts: every official form, ours, and replies that have none."""

import pytest

from itas.benchmarks.judge.verdicts import (
    parse_five,
    parse_identifier,
    parse_letter,
    parse_own_rating,
    parse_own_verdict,
    parse_rating,
    turn_round,
)
from itas.benchmarks.mixeval.wording import parse_choice
from itas.errors import ParseError


@pytest.mark.parametrize(
    "text, rating",
    [
        ("Good.\n\nRating: [[7]]", 7),
        ("Rating: [[8.5]]", 8.5),
        ("Rating: [9]", 9),
        ("[[10]]", 10),
        ("At first I thought [[3]], but on reflection: [[6]]", 6),
        ("See [1] and [2].\nRating: [[5]]", 5),
        ("Rating: [[ 4 ]]", 4),
        ("Rating: [[7.]]", 7),
    ],
)
def test_ratings_are_read_in_the_official_forms(text, rating):
    assert parse_rating(text) == rating


@pytest.mark.parametrize(
    "text", ["", "Rating: 7", "[[11]]", "[[0]]", "[[rating]]", "Rating: [[-3]]", "[[7/10]]"]
)
def test_what_is_no_rating_from_1_to_10_is_an_error_not_a_guess(text):
    with pytest.raises(ParseError):
        parse_rating(text)


@pytest.mark.parametrize(
    "text, rating",
    [("RATING: 7", 7), ("**RATING: 7.5**", 7.5), ("RATING: 2\nno:\nRating: 3/10", 3), ("> **Rating**: 4", 4)],
)
def test_our_ratings_are_read_from_their_last_line(text, rating):
    assert parse_own_rating(text) == rating


def test_our_rating_is_not_read_from_the_middle_of_a_sentence():
    with pytest.raises(ParseError):
        parse_own_rating("I would give a RATING: 7 here")


@pytest.mark.parametrize("letter, relation", [("A", ">"), ("B", "<"), ("C", "=")])
def test_letters_are_read(letter, relation):
    assert parse_letter(f"Both are fine.\n[[{letter}]]") == relation
    assert parse_letter(f"[[{letter}]] because ... so [[{letter}]]") == relation


@pytest.mark.parametrize("text", ["", "A", "[A]", "[[D]]", "[[A]] or [[B]]", "[[A>B]]"])
def test_a_reply_with_no_letter_or_with_several_is_unreadable(text):
    with pytest.raises(ParseError):
        parse_letter(text)


@pytest.mark.parametrize(
    "verdict, relation",
    [("A>>B", ">>"), ("A>B", ">"), ("A=B", "="), ("B>A", "<"), ("B>>A", "<<"), ("A<B", "<"), ("B<<A", ">>")],
)
def test_the_five_verdicts_are_read(verdict, relation):
    assert parse_five(f"My final verdict is: [[{verdict}]]") == relation


@pytest.mark.parametrize("text", ["", "A>B", "[[A>B]] ... [[B>A]]", "[[A>A]]", "[[A>>>B]]", "[[A]]"])
def test_a_reply_with_none_of_the_five_or_with_several_is_unreadable(text):
    with pytest.raises(ParseError):
        parse_five(text)


def test_our_verdicts_name_both_answers_in_either_order():
    assert parse_own_verdict("reasons\nVERDICT: K7Q2 > B3D4", "K7Q2", "B3D4") == ">"
    assert parse_own_verdict("**VERDICT: B3D4 >> K7Q2**", "K7Q2", "B3D4") == "<<"
    assert parse_own_verdict("VERDICT: K7Q2 > B3D4\nVERDICT: k7q2 = b3d4", "K7Q2", "B3D4") == "="


@pytest.mark.parametrize(
    "text", ["VERDICT: K7Q2", "VERDICT: K7Q2 > K7Q2", "VERDICT: K7Q2 > X9X9", "verdict is K7Q2 > B3D4"]
)
def test_a_verdict_that_does_not_name_both_is_unreadable(text):
    with pytest.raises(ParseError):
        parse_own_verdict(text, "K7Q2", "B3D4")


def test_identifiers_are_told_apart_by_case_alone():
    assert parse_identifier(" m\n") == ">"
    assert parse_identifier("M.") == "<"
    for text in ("", "mM", "model m", "Both"):
        with pytest.raises(ParseError):
            parse_identifier(text)


def test_turning_round_twice_changes_nothing():
    for relation in (">>", ">", "=", "<", "<<"):
        assert turn_round(turn_round(relation)) == relation
    assert turn_round(">>") == "<<"


def test_a_choice_is_one_of_the_options_or_none():
    assert parse_choice("...\nCHOICE: b", count=3) == "B"
    assert parse_choice("**CHOICE: (C)**", count=3) == "C"
    assert parse_choice("CHOICE: none", count=3) == "none"
    for text in ("", "CHOICE: D", "CHOICE: A or B", "the CHOICE: A"):
        with pytest.raises(ParseError):
            parse_choice(text, count=3)
