"""What judges say and what others read out of it."""

import pytest

from itas.models.simulated.judgement import find_leaning, leaning_of
from itas.models.simulated.noise import standing
from itas.models.simulated.writing import write_critique, write_reasons


@pytest.mark.parametrize("leaning", [-2, -1, 0, 1, 2])
def test_what_a_critic_writes_is_what_a_reader_reads(leaning: int):
    for number in range(20):
        noise = standing("critique", str(number))
        assert find_leaning(write_critique("K7Q2", leaning, noise)) == leaning
        assert find_leaning(write_reasons(leaning, noise)) == leaning


@pytest.mark.parametrize(
    "text, sign",
    [
        ("Strengths: The arithmetic is accurate.\nWeaknesses: none", 1),
        ("Strengths: clear.\nWeaknesses: The second step has an error, so the final value is incorrect.", -1),
        ("There is no error here.", 1),
        ("This is not correct.", -1),
        ("Strengths:\n- names the town\nWeaknesses:\n- wordy", 0),
        ("", 0),
    ],
)
def test_critiques_of_other_authors_are_read_by_their_words(text: str, sign: int):
    leaning = find_leaning(text)
    assert (leaning > 0) - (leaning < 0) == sign


def test_quality_has_five_grades():
    assert [leaning_of(quality) for quality in (-3, -0.5, 0, 0.5, 3)] == [-2, -1, 0, 1, 2]
