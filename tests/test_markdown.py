"""Markdown, read as its reader sees it."""

import pytest
from reading import faqs, headings, passages, sentences

from qa.readers import parse_article

ENTRIES = [("Is it high?", "Yes. Very."), ("Is it low?", "No.")]


def test_front_matter_describes_the_article_and_is_no_part_of_its_text() -> None:
    article = parse_article(
        "tides.md",
        '---\ntitle: "Tides: a guide"\ndate: 2024-05-01\nsummary: >\n  Why the sea\n  moves.\nlang: en-GB\n'
        "tags: [sea]\n---\n# The sea\n\nIt rises.\n",
    )

    assert (article.title, article.date, article.summary) == ("Tides: a guide", "2024-05-01", "Why the sea moves.")
    assert article.language == "en"
    assert article.text == "The sea\n\nIt rises."


@pytest.mark.parametrize("head", ["title: [a", "- a\n- b", "just words"])
def test_what_is_no_front_matter_is_read_as_text(head: str) -> None:
    article = parse_article("a.md", f"---\n{head}\n---\n\nThe sea rises.\n")

    assert article.title == "a.md"
    assert article.text.endswith("The sea rises.")
    assert head.split("\n")[-1].removeprefix("- ") in article.text


def test_the_first_heading_of_the_first_level_is_the_title_if_nothing_else_is() -> None:
    assert parse_article("a.md", "## Below\n\nText.\n\n# The sea\n\nIt rises.").title == "The sea"


def test_headings_of_both_styles_open_sections_of_their_level() -> None:
    article = parse_article("a.md", "Tides\n=====\n\nA.\n\nCauses\n------\n\nB.\n\n### The *moon* ###\n\nC.")

    assert [(section.title, section.level) for section in article.sections] == [
        ("Tides", 1),
        ("Causes", 2),
        ("The moon", 3),
    ]
    assert [passage.section for passage in article.passages] == [0, 1, 2]
    assert article.quote(article.sections[1].span) == "Causes\n\nB.\n\n"
    assert article.quote(article.sections[2].heading) == "The moon"


def test_a_list_is_one_passage_with_the_paragraph_that_leads_to_it() -> None:
    article = parse_article(
        "a.md", "# T\n\nTwo bodies pull:\n\n- the moon,\n- the *sun*.\n\nThat is all.\n\n1. One\n2. Two\n"
    )

    assert sentences(article) == [["Two bodies pull:", "the moon,", "the sun."], ["That is all."], ["One", "Two"]]
    assert passages(article)[0] == "Two bodies pull:\n\nthe moon,\nthe sun."


def test_a_table_is_one_passage_and_each_row_of_it_a_sentence() -> None:
    article = parse_article("a.md", "# T\n\n| Place | Height |\n|---|--:|\n| St. John | 8. m |\n| **Fundy** | 16 m |\n")

    assert sentences(article) == [["Place | Height", "St. John | 8. m", "Fundy | 16 m"]]


def test_code_is_one_sentence_whatever_stops_it_holds() -> None:
    article = parse_article("a.md", "# T\n\n```python\nx = 1. + 2.\n\ny = 3\n```\n\n    z = 4\n")

    assert sentences(article) == [["x = 1. + 2.\n\ny = 3"], ["z = 4"]]


def test_marks_links_and_raw_html_are_stripped_and_their_words_are_kept() -> None:
    source = (
        '# T\n\nA **_nested_ [link](http://x.example/y_z "t")** and `code_x`, ![an *image*](a.png), <b>raw</b>, '
        "&amp; \\*kept\\*, <https://x.example/>.\n\n<div>\nno text\n</div>\n\n<!-- nor this -->\n"
    )

    assert passages(parse_article("a.md", source)) == [
        "A nested link and code_x, an image, raw, & *kept*, https://x.example/."
    ]


def test_hard_wrapped_paragraphs_and_hard_breaks_keep_their_line_breaks() -> None:
    article = parse_article("a.md", "# T\n\nA line that is\nwrapped by hand. And\nanother.\\\nOne<br>more.\n")

    assert sentences(article) == [["A line that is\nwrapped by hand.", "And\nanother.", "One\nmore."]]


def test_a_quotation_is_a_passage() -> None:
    assert sentences(parse_article("a.md", "# T\n\n> It rises.\n> It falls.\n")) == [["It rises.", "It falls."]]


def test_paragraphs_that_point_elsewhere_are_left_out() -> None:
    article = parse_article(
        "a.md", "# T\n\n**Also read:** [Ten islands](http://x.example/)\n\nIt rises.\n\n*Read more*\n"
    )

    assert passages(article) == ["It rises."]
    assert article.text == "T\n\nIt rises."


@pytest.mark.parametrize(
    "entries",
    [
        "### Is it high?\n\nYes. Very.\n\n### Is it low?\n\nNo.",
        "**Is it high?**\n\nYes. Very.\n\n**Is it low?**\n\nNo.",
        "**Is it high?** Yes. Very.\n\n**Is it low?** No.",
        "**Q: Is it high?**\\\nA: Yes. Very.\n\n__Q: Is it low?__\\\nA: No.",
        "Q: Is it high?\nA: Yes. Very.\n\nQ: Is it low?\nA: No.",
        "- Is it high?\n\n  Yes. Very.\n- Is it low?\n\n  No.",
        "- Is it high? Yes. Very.\n- Is it low? No.",
        "- **Is it high?** Yes. Very.\n- **Is it low?** No.",
        "1. *Is it high?*\n   Yes. Very.\n2. *Is it low?*\n   No.",
        "- Is it high?\n  - Yes. Very.\n- Is it low?\n  - No.",
    ],
)
def test_questions_and_answers_are_found_however_they_are_marked(entries: str) -> None:
    article = parse_article(
        "a.md", f"# The tower\n\nIt stands.\n\n## Frequently asked questions\n\n{entries}\n\n## After\n\nX.\n"
    )

    assert faqs(article) == ENTRIES
    assert passages(article) == ["It stands.", "X."]
    assert headings(article) == ["The tower", "Frequently asked questions", "After"]


def test_an_answer_may_have_paragraphs_and_lists_and_headings_below_the_faqs_need_no_question_mark() -> None:
    article = parse_article(
        "a.md", "# FAQ\n\n## What do I need\n\nThis:\n\n- a rope\n- hooks\n\nNo more.\n\n## Who?\n\nYou."
    )

    assert faqs(article) == [("What do I need", "This:\n\na rope\nhooks\n\nNo more."), ("Who?", "You.")]
    assert article.passages == ()


def test_a_bold_question_within_a_paragraph_does_not_break_its_line() -> None:
    assert passages(parse_article("a.md", "# T\n\nHe asked **why?** and left.")) == ["He asked why? and left."]


def test_front_matter_may_name_authors_and_the_address_of_the_web() -> None:
    article = parse_article("a.md", "---\nauthor: [Ada Lake, Bo Hill]\nurl: https://a.example/b\n---\nText.")

    assert (article.author, article.url) == ("Ada Lake, Bo Hill", "https://a.example/b")
    assert parse_article("a.md", "---\ncanonical: javascript:alert(1)\n---\nText.").url == ""


def test_where_the_whole_page_is_a_faq_headings_that_ask_nothing_are_its_sections() -> None:
    article = parse_article("a.md", "# FAQ\n\n## Delivery\n\n### How long?\n\nTwo days.\n\n## Care\n\nTrim the wick.")

    assert faqs(article) == [("How long?", "Two days.")]
    assert headings(article) == ["FAQ", "Delivery", "Care"]
    assert passages(article) == ["Trim the wick."]
