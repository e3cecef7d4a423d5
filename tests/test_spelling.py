"""Typing mistakes are mended towards the article's words, and what is no mistake is left alone."""

import pytest

from qa.spelling import Vocabulary

VOCABULARY = Vocabulary(["DeepSeek restricted registrations.", "The cyberattack hit Nvidia in January."])


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        ("why were registratons limited?", "why were registrations limited?"),
        ("the cybreattack", "the cyberattack"),
        ("Deepsek?", "deepseek?"),
        ("NVIDEA", "nvidia"),
        ("in Janurary", "in january"),
    ],
)
def test_a_missing_wrong_swapped_or_added_letter_is_mended(typed: str, mended: str) -> None:
    assert VOCABULARY.mend(typed, {"why", "were", "limited", "the"}.__contains__) == mended


def test_a_word_that_the_language_knows_is_left_alone() -> None:
    assert VOCABULARY.mend("restrictes registration", {"restrictes"}.__contains__) == "restrictes registration"
    assert VOCABULARY.mend("restrictes", {"other"}.__contains__) == "restricted"


@pytest.mark.parametrize(
    "typed",
    [
        "DEEPSEEK restricted",  # the article's own words, whatever their case
        "registration cyberattacks",  # other forms of them
        "hut hti",  # too short to tell
        "eepseek",  # another first letter
        "deepest bananas",  # too far off
        "r3gistrations 1234567",  # no words
        "",
    ],
)
def test_what_may_be_meant_is_left_alone(typed: str) -> None:
    assert VOCABULARY.mend(typed, set[str]().__contains__) == typed


def test_without_articles_nothing_is_mended() -> None:
    assert Vocabulary([]).mend("registratons", set[str]().__contains__) == "registratons"
