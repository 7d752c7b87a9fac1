"""Seeds depend on the place of use only."""

from itas.core.seeds import derive_seed, random_for


def test_a_seed_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert derive_seed(7, "ranker", "x") == 16004767523429985659


def test_parts_cannot_run_into_each_other() -> None:
    assert derive_seed("ab", "c") != derive_seed("a", "bc")


def test_odd_text_is_fine() -> None:
    assert random_for("\ud800\x00").random() == random_for("\ud800\x00").random()
