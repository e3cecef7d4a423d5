"""Gaps become a FAQ draft: with an answer where the article or a reader gives one, marked as missing elsewhere."""

import json
from pathlib import Path

from diary import LAMP, TALL, VISITS, Diary
from lighthouse import TEXT, lighthouse
from toy import ToyEncoder

from qa import Engine
from qa.feedback.drafts import MISSING, draft_entries, write_drafts
from qa.feedback.insights import gather
from qa.readers import parse_article


def drafts(diary: Diary, encoder: ToyEncoder, text: str = TEXT) -> set[tuple[str, str]]:
    engine = Engine.from_articles([parse_article("lighthouse.md", text)], encoder=encoder)
    return set(draft_entries(gather(diary.log.path, engine).gaps))


def test_an_answer_comes_from_the_reader_who_marked_it_or_from_the_article_or_is_left_to_the_author(
    diary: Diary, toy_encoder: ToyEncoder
) -> None:
    diary.ask("when does it turn", "passage", TALL, liked=False, marked=LAMP)
    diary.ask("who painted it", "passage", TALL, liked=False)
    diary.ask("may visitors climb up", "faq", VISITS, liked=False)  # the same answer is no better now
    diary.ask("best pizza recipe")

    assert drafts(diary, toy_encoder) == {
        ("when does it turn", LAMP),
        ("who painted it", "Volunteers paint the walls white each spring."),
        ("may visitors climb up", ""),
        ("best pizza recipe", ""),
    }


def test_the_sentence_that_most_readers_marked_is_taken_if_the_article_still_has_it(
    diary: Diary, toy_encoder: ToyEncoder
) -> None:
    for marked in (TALL, LAMP, LAMP):
        diary.ask("which fact matters", liked=False, marked=marked)

    assert drafts(diary, toy_encoder) == {("which fact matters", LAMP)}
    assert drafts(diary, toy_encoder, TEXT.replace(LAMP, "")) == {("which fact matters", TALL)}


def test_a_follow_up_is_drafted_with_what_it_follows(diary: Diary, toy_encoder: ToyEncoder) -> None:
    diary.ask("and why?", before="Who drew the plans?")

    assert drafts(diary, toy_encoder) == {("Who drew the plans? and why?", "")}


def test_a_draft_is_read_back_as_the_entries_that_have_an_answer(tmp_path: Path) -> None:
    entries = [
        ("Who painted it?", "Volunteers."),
        ("Who drew\n# it?", ""),
        ("<b>Why</b> *so*?", "1 < 2"),
    ]

    markdown, jsonld = write_drafts(entries, tmp_path / "drafts")

    source = markdown.read_text(encoding="utf-8")
    article = parse_article("draft.md", source)
    answered = [("Who painted it?", "Volunteers."), ("<b>Why</b> *so*?", "1 < 2")]
    assert [(article.quote(entry.question), article.quote(entry.answer)) for entry in article.faqs] == answered
    assert source.count(f"\n{MISSING}\n") == 1
    page = json.loads(jsonld.read_text(encoding="utf-8"))
    assert page["@type"] == "FAQPage"
    assert [(entry["name"], entry["acceptedAnswer"]["text"]) for entry in page["mainEntity"]] == answered


def test_a_draft_without_any_entry_is_written_all_the_same(tmp_path: Path) -> None:
    _, jsonld = write_drafts([], tmp_path)

    assert json.loads(jsonld.read_text(encoding="utf-8"))["mainEntity"] == []


def test_an_entry_of_the_draft_answers_its_question_word_for_word(diary: Diary, toy_encoder: ToyEncoder) -> None:
    diary.ask("when does it turn", "passage", TALL, liked=False, marked=LAMP)
    [(question, answer)] = drafts(diary, toy_encoder)
    engine = Engine.from_articles(
        [parse_article("lighthouse.md", f"{TEXT}\n### {question}\n\n{answer}\n")], encoder=toy_encoder
    )

    given = engine.ask(question)

    assert (given.kind, given.text, given.confidence) == ("faq", LAMP, 1)
    assert lighthouse().quote(lighthouse().faqs[0].question) == "Who painted it?"
