"""Spans are ranges of code points, and articles quote them word for word."""

import dataclasses
import hashlib
from typing import Any

import pytest

from qa import Article, Span
from qa.article import Section


def article(text: str, *titles: str) -> Article:
    sections = tuple(Section(title, 2, Span(0, 0), Span(0, len(text))) for title in titles)
    return Article("a.txt", "The title", text, sections, (), ())


def test_a_span_that_runs_backwards_or_starts_before_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"span 4:2 is not a range; need 0 <= start <= end"):
        Span(4, 2)
    with pytest.raises(ValueError, match=r"span -1:2 is not a range"):
        Span(-1, 2)


def test_the_length_of_a_span_is_its_number_of_code_points() -> None:
    assert len(Span(3, 3)) == 0
    assert len(Span(3, 8)) == 5


@pytest.mark.parametrize(
    ("other", "contained", "overlapping"),
    [
        (Span(2, 5), True, True),
        (Span(3, 4), True, True),
        (Span(1, 5), False, True),
        (Span(4, 9), False, True),
        (Span(5, 9), False, False),
        (Span(0, 2), False, False),
        (Span(5, 5), True, False),
    ],
)
def test_a_span_contains_what_lies_wholly_inside_and_overlaps_what_shares_a_code_point(
    other: Span, contained: bool, overlapping: bool
) -> None:
    span = Span(2, 5)

    assert span.contains(other) is contained
    assert span.overlaps(other) is overlapping
    assert other.overlaps(span) is overlapping


def test_spans_sort_by_where_they_start() -> None:
    assert sorted([Span(4, 5), Span(0, 9), Span(0, 2)]) == [Span(0, 2), Span(0, 9), Span(4, 5)]


def test_a_quote_counts_code_points_and_not_bytes_or_utf_16_units() -> None:
    assert article("🐝 naïve 🐝 bees").quote(Span(2, 7)) == "naïve"


def test_an_article_is_known_by_the_sha_256_of_its_text() -> None:
    assert article("Bees dance.").sha256 == hashlib.sha256(b"Bees dance.").hexdigest()
    assert article("Bees dance!").sha256 != article("Bees dance.").sha256


def test_an_article_with_half_a_surrogate_pair_still_has_a_fingerprint() -> None:
    assert len(article("\ud800").sha256) == 64


def test_a_part_without_a_heading_is_said_to_stand_under_the_articles_title() -> None:
    bees = article("Bees dance.", "", "Angles")

    assert bees.section_title(0) == "The title"
    assert bees.section_title(1) == "Angles"


def test_records_cannot_be_changed() -> None:
    bees: Any = article("Bees dance.")
    with pytest.raises(dataclasses.FrozenInstanceError):
        bees.text = "Wasps dance."
