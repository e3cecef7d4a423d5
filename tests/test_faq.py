"""FAQ entries written as Markdown are read back as they were; as JSON-LD they are a schema.org FAQPage."""

import json
from pathlib import Path

import pytest
from attacks import ATTACKS
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import faqs

from qa import cli, corpus_path
from qa.faq import faq_entries, faq_jsonld, faq_markdown, plain_markdown
from qa.readers import parse_article, read_articles

NASTY = (
    "- a list\n- of items", "1. first\n2. second", "1) one", "+ plus", "* star", "> quoted", "# no heading",
    "a heading\n===", "a heading\n---", "***\nstars", "a | b\n--|--\n1 | 2", "a | b\n:--", "```\ncode\n```",
    "~~~ tilde",
    "    four spaces", "trailing slash\\", "[ref]: http://example.org", "![x](y) [z](w)", "<b>bold</b> &amp; &#65;",
    "snake_case_name __init__ *em* **strong**", "Also read: the other one\n\nThe answer.", "Also read: the other one",
    "A: It says A.", "A. Smith wrote it.", "Answer 1: yes", "Is it so?\nIt is.", "Is it so?\n\nIt is.",
    "It is.\n\nIs it so?", "Yes.\n\n***", "!!!\n\nYes.", "Q: Really", "Two\n\nparagraphs.\n\nAnd three.",
    "costs $5 ~ 6% @home", "e.g. www.example.org or http://example.org", "tab\there", "— dash", "---", "Subscribe",
    "What? Why? How?\nSo.",
)  # fmt: skip


def flat(entries: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(" ".join(question.split()), " ".join(answer.split())) for question, answer in entries]


def read_back(entries: list[tuple[str, str]], title: str = "Bees") -> list[tuple[str, str]]:
    return flat(faqs(parse_article("faq.md", faq_markdown(entries, title))))


def test_entries_become_a_short_markdown_article() -> None:
    entries = [("Who found *it*?", "Karl von Frisch.\n\n- In 1927,\n- alone."), ("And why?", "")]
    assert faq_markdown(entries, "Bees") == (
        "# Bees\n\n## Frequently asked questions\n\n"
        "### Who found \\*it\\*?\n\nKarl von Frisch.\n\n\\- In 1927,\n\\- alone.\n\n### And why?\n"
    )
    assert faq_markdown([], "") == "# FAQ\n"


@pytest.mark.parametrize("answer", [nasty for nasty in (*NASTY, *ATTACKS) if nasty != "---"])
def test_a_nasty_answer_is_read_back_as_it_was(answer: str) -> None:
    before, after = ("Is this the first?", "It is."), ("Is this the last?", "It is, too.")
    entries = [before, ("What is nasty?", answer), after]
    assert read_back(entries) == flat(entries)


@pytest.mark.parametrize("question", [*NASTY, *ATTACKS])
def test_a_nasty_question_is_read_back_as_it_was(question: str) -> None:
    entries = [(question, "One."), ("Is this the last?", "It is.")]
    assert read_back(entries) == flat(entries)


@pytest.mark.parametrize("title", ["FAQ", "Questions & answers", "Q and A about bees", "- # 1. `x`", ""])
def test_entries_are_read_back_under_any_title(title: str) -> None:
    assert read_back([("Who?", "He.")], title) == [("Who?", "He.")]


@given(
    st.lists(
        st.lists(st.sampled_from(["word", "Bee", "*", "-", "#", "1.", "|", "`", "\\", "<a>", "&", "\n", "\n\n", "é"]))
        .map(" ".join)
        .filter(lambda text: any(map(str.isalpha, text))),
        min_size=1,
    )
)
@settings(deadline=None)
def test_any_entries_are_read_back(texts: list[str]) -> None:
    entries = [(f"Is it {text}?", text) for text in texts]
    assert read_back(entries) == flat(entries)


def test_the_bundled_entries_are_read_back_word_for_word() -> None:
    entries = faq_entries(read_articles(corpus_path()))
    assert faqs(parse_article("faq.md", faq_markdown(entries, "DeepSeek"))) == entries
    assert len(entries) == 10


@pytest.mark.parametrize("text", ["1.5 million", "-5 degrees", "a - b", "R1"])
def test_what_means_nothing_in_markdown_stays_as_it_is(text: str) -> None:
    assert plain_markdown(text) == text


def test_json_ld_is_one_faq_page_that_can_stand_in_a_script() -> None:
    entries = [("Who?", "</script><b>&"), ("Why?", "Because.")]
    text = faq_jsonld(entries)
    assert json.loads(text) == {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "text": answer}}
            for name, answer in entries
        ],
    }
    assert "\\u003c/script\\u003e\\u003cb\\u003e\\u0026" in text
    assert json.loads(faq_jsonld([], "Bees", "en"))["mainEntity"] == []


def test_the_command_prints_all_articles_entries_in_either_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text(
            f"# About {name}\n\n## FAQ\n\n### Who is {name}?\n\nMe.\n", encoding="utf-8"
        )
    cli.main(["faq", str(tmp_path)])
    shown = capsys.readouterr()
    assert faqs(parse_article("x.md", shown.out)) == [("Who is a?", "Me."), ("Who is b?", "Me.")]
    assert shown.out.startswith("# About a; About b\n")
    assert shown.err == ""
    cli.main(["faq", str(tmp_path / "a.md"), "--format", "jsonld"])
    page = json.loads(capsys.readouterr().out)
    assert (page["name"], page["inLanguage"]) == ("About a", "en")
    assert [entry["name"] for entry in page["mainEntity"]] == ["Who is a?"]


def test_an_article_without_faq_gives_an_empty_one_and_a_line_that_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "moths.txt"
    path.write_text("Moths fly at night.\n", encoding="utf-8")
    cli.main(["faq", str(path), "--format", "jsonld"])
    shown = capsys.readouterr()
    assert json.loads(shown.out)["mainEntity"] == []
    assert shown.err.startswith("qa: there is no FAQ in moths.txt; ")
    assert shown.err.count("\n") == 1
