"""Plain text, as typed by hand and as scraped from a page."""

import pytest
from reading import faqs, headings, passages, sentences

from qa.readers import parse_article
from qa.readers.blocks import is_noise

LEAD = (
    "The old lighthouse at Skarn, which had been dark for nineteen years, was lit again on Friday evening in front of "
    "some two hundred islanders, many of whom had come by boat. The keeper, Ada Holm, turned the key herself and said "
    "that “nobody expected it to work at the first attempt”."
)
REASONS = (
    "Its lamp can be seen from twenty miles away, which is why the fishing fleet had asked for it to be repaired, and "
    "why the harbour council finally agreed to pay for a new lens."
)
LENS = (
    "The new lens was ground in Glasgow for £80,000 and weighs nearly two tons, so that a crane had to be shipped to "
    "the island before it could be lifted into the tower."
)
STORM = (
    "It replaced a lens that a storm had cracked in 2005, and which the council had sold to a museum in order to pay "
    "for the breakwater that now shelters the harbour."
)
FLEET = (
    "Captains expect to save about an hour on every trip, since they no longer have to wait for daylight before they "
    "pass the reef that lies to the south of the island."
)
VISITORS = (
    "The council wants to open the tower to visitors next summer, provided that the stairs can be made safe before the "
    "season begins and that volunteers can be found."
)
ENTRIES = [
    (
        "When was the lighthouse at Skarn lit again?",
        "It was lit again on Friday, after nineteen years without a light.",
    ),
    ("Who turned the key?", "Ada Holm, the keeper, turned the key in front of some two hundred islanders."),
    ("How much did the new lens cost?", "The lens cost £80,000. It was ground in Glasgow."),
    ("Why did the fleet’s captains want the light?", "They can only pass the reef to the south when they can see it."),
]
# One line holds an answer and the next question, as where a page's list lost its mark-up.
LIST = "- " + " - ".join(f"{question}\n{answer}" for question, answer in ENTRIES)
SCRAPED = "\n".join(
    [
        LEAD,
        REASONS,
        "A Lens From Glasgow",
        LENS,
        "Also Read: Ten Islands Worth a Detour",
        STORM,
        "What the Fleet Hopes For",
        FLEET,
        "Conclusion: A Light for the Whole Coast",
        VISITORS,
        "Also Read: How Do Harbours Pay for Themselves?",
        "FAQs:",
        LIST,
    ]
)


def test_short_lines_over_long_ones_are_the_headings_of_a_scraped_page() -> None:
    assert headings(parse_article("skarn.txt", SCRAPED)) == [
        "",
        "A Lens From Glasgow",
        "What the Fleet Hopes For",
        "Conclusion: A Light for the Whole Coast",
        "FAQs",
    ]


def test_each_long_line_of_a_scraped_page_is_a_passage_and_pointers_elsewhere_are_left_out() -> None:
    article = parse_article("skarn.txt", SCRAPED)

    assert passages(article) == [LEAD, REASONS, LENS, STORM, FLEET, VISITORS]
    assert [passage.section for passage in article.passages] == [0, 0, 1, 1, 2, 3]
    assert article.text == SCRAPED


def test_answers_that_share_a_line_with_the_next_question_are_told_apart() -> None:
    assert faqs(parse_article("skarn.txt", SCRAPED)) == ENTRIES


def test_a_dash_within_an_answer_begins_no_question() -> None:
    text = "FAQ\n- How long is it?\nIt is long - about two miles - and narrow. - How deep is it?\nDeep."

    assert faqs(parse_article("a.txt", text)) == [
        ("How long is it?", "It is long - about two miles - and narrow."),
        ("How deep is it?", "Deep."),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["Q: Is it high?", "A: Yes. Very.", "Q: Is it low?", "A: No."],
        ["Q: Is it high? A: Yes. Very.", "Q: Is it low? A: No."],
        ["Q1. Is it high?", "A1. Yes. Very.", "", "Q2. Is it low?", "A2. No."],
        ["Question: Is it high?", "Answer: Yes. Very.", "Question: Is it low?", "Answer: No."],
        ["1. Is it high?", "Yes. Very.", "2. Is it low?", "No."],
        ["1) Is it high? Yes. Very.", "2) Is it low? No."],
        ["• Is it high?", "", "Yes. Very.", "", "• Is it low?", "", "No."],
        ["Is it high?", "Yes. Very.", "Is it low?", "No."],
        ["- Is it high? Yes. Very. - Is it low? No."],
    ],
)
@pytest.mark.parametrize("heading", ["FAQ", "Frequently asked questions:", "The FAQs", "Q&A"])
def test_questions_and_answers_are_found_however_they_are_marked(heading: str, lines: list[str]) -> None:
    article = parse_article("a.txt", "\n".join(["The tower stands on a cliff.", "", heading, *lines]))

    assert faqs(article) == [("Is it high?", "Yes. Very."), ("Is it low?", "No.")]
    assert passages(article) == ["The tower stands on a cliff."]


def test_a_question_in_two_parts_is_one_entry() -> None:
    assert faqs(parse_article("a.txt", "FAQ\n- Who built it? And when?\nThe monks did, in 1320.")) == [
        ("Who built it? And when?", "The monks did, in 1320.")
    ]


def test_what_the_faq_asks_without_an_answer_or_says_without_a_question_stays_a_passage() -> None:
    article = parse_article("a.txt", "FAQ\nAsk us anything.\nIs it high?\n")

    assert faqs(article) == []
    assert passages(article) == ["Ask us anything.", "Is it high?"]


def test_hard_wrapped_lines_make_one_paragraph_whose_line_breaks_stay() -> None:
    text = """The harbour in spring

The ships come in when the ice is gone, and the town wakes up after five
months of quiet. Sailors from the north fill the inns.

The first market opens in April. It
sells fish.

Winter quarters

When the frost returns, the boats are hauled up on the beach, and people
mend their nets until March.
"""
    article = parse_article("harbour.txt", text)

    assert headings(article) == ["The harbour in spring", "Winter quarters"]
    assert sentences(article) == [
        [
            "The ships come in when the ice is gone, and the town wakes up after five\nmonths of quiet.",
            "Sailors from the north fill the inns.",
        ],
        ["The first market opens in April.", "It\nsells fish."],
        ["When the frost returns, the boats are hauled up on the beach, and people\nmend their nets until March."],
    ]


def test_a_list_is_one_passage_with_the_line_that_leads_to_it() -> None:
    article = parse_article("a.txt", "You need:\n- a rope,\n- two hooks.\n\nThen climb.")

    assert sentences(article) == [["You need:", "- a rope,", "- two hooks."], ["Then climb."]]


@pytest.mark.parametrize("line", ["Also Read: X", "Read also – Y", "See also", "RELATED STORIES:", "Advertisement"])
def test_a_line_that_only_points_elsewhere_is_noise(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize(
    "line", ["Related to this is the moon.", "Also, read the label.", "Also read: " + "x" * 300, ""]
)
def test_a_line_that_says_something_is_no_noise(line: str) -> None:
    assert not is_noise(line)
