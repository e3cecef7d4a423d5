"""Ratings become labelled questions, which an evaluation takes."""

import json
import re
from pathlib import Path

import pytest
from diary import LAMP, TALL, VISITS, Diary
from lighthouse import TEXT, lighthouse

from qa import Article, FeedbackError, Span
from qa.cli import main
from qa.evaluation.labels import read_labels
from qa.feedback.export import Export, export, only_article
from qa.quotes import locate
from qa.readers import parse_article


def exported(diary: Diary, text: str = TEXT) -> Export:
    return export(diary.log.path, parse_article("lighthouse.md", text))


def test_likes_and_marked_dislikes_become_labels(diary: Diary, tmp_path: Path) -> None:
    diary.ask("how tall is it", "passage", TALL, liked=True)
    diary.ask("may i climb up", "faq", VISITS, liked=True)
    diary.ask("when does it turn", "passage", TALL, liked=False, marked=LAMP)
    diary.ask("and its lamp?", "passage", TALL, liked=False, marked=LAMP, before="how tall is it")
    diary.ask("who drew the plans", liked=False)
    diary.ask("best pizza recipe", liked=True)
    diary.ask("never rated", "passage", TALL)

    found = exported(diary)

    assert (found.stale, found.older, found.unmarked) == ((), 0, 2)
    records = {record["question"]: record for record in found.records}
    assert {question: {k: v for k, v in record.items() if k != "id"} for question, record in records.items()} == {
        "how tall is it": {"split": "feedback", "category": "fact", "question": "how tall is it", "quotes": [TALL]},
        "may i climb up": {
            "split": "feedback", "category": "faq", "question": "may i climb up", "faq": "May visitors climb up?",
            "quotes": [VISITS],
        },
        "when does it turn": {
            "split": "feedback", "category": "fact", "question": "when does it turn", "quotes": [LAMP],
        },
        "and its lamp?": {
            "split": "feedback", "category": "dialogue", "question": "and its lamp?", "history": ["how tall is it"],
            "quotes": [LAMP],
        },
    }  # fmt: skip
    file = tmp_path / "feedback.jsonl"
    file.write_text(found.to_jsonl(), encoding="utf-8")
    labels = read_labels(file, lighthouse).restrict("feedback").tasks[0].labels
    assert [label.split for label in labels] == ["feedback"] * 4


def test_the_newest_label_of_a_question_wins_however_it_is_spelt(diary: Diary) -> None:
    first = diary.ask("when does it turn", "passage", TALL)
    diary.now += 1
    diary.ask("When does it turn?", "passage", TALL, liked=False, marked=LAMP)
    assert [record["quotes"] for record in exported(diary).records] == [[LAMP]]

    diary.now += 1
    diary.log.rate(first, True)

    found = exported(diary)
    assert ([record["quotes"] for record in found.records], found.older) == ([[TALL]], 1)
    assert [record["id"] for record in found.records] == [record["id"] for record in exported(diary).records]


def test_a_quote_is_found_again_in_the_text_as_it_is_now_or_told_as_stale(diary: Diary) -> None:
    diary.ask("how tall is it", "passage", TALL, liked=True)
    diary.ask("when does it turn", "passage", TALL, liked=False, marked=LAMP)
    moved = TEXT.replace("# The lighthouse\n", "# The lighthouse\n\nA new first sentence.\n")

    assert len(exported(diary, moved).records) == 2
    rewritten = exported(diary, moved.replace("forty", "fifty").replace("turns every", "turns\nevery"))
    assert rewritten.stale == ("how tall is it",)
    assert [record["quotes"] for record in rewritten.records] == [["Its lamp turns\nevery ten seconds."]]


def test_the_nearest_place_of_the_same_article_is_preferred() -> None:
    one = parse_article("one.md", "# One\n\nYes. No. Yes.\n")
    two = parse_article("two.md", "# Two\n\nYes.\n")
    places = [place.start for place in _places(one, "Yes.")]

    assert locate("Yes.", [one, two], name="two.md") == (two, _places(two, "Yes.")[0])
    for start in places:
        found = locate("Yes.", [one, two], name="one.md", start=start + 1)
        assert found is not None
        assert (found[0].name, found[1].start) == ("one.md", start)
    assert locate("Maybe.", [one, two]) is None
    assert locate(" ", [one, two]) is None
    assert locate("es.", [one, two]) is None


def _places(article: Article, quote: str) -> list[Span]:
    return [Span(*match.span()) for match in re.finditer(re.escape(quote), article.text)]


def test_the_command_writes_labels_and_says_what_became_none(
    diary: Diary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    article = tmp_path / "lighthouse.md"
    article.write_text(TEXT, encoding="utf-8")
    diary.ask("how tall \x9b31m is it", "passage", TALL, liked=True)
    command = ["feedback", "export", "--log", str(diary.log.path), "--article", str(article)]

    main(command)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["question"] == "how tall \x9b31m is it"
    assert "\x9b" not in shown.out
    assert shown.err.startswith("1 labelled questions; 0 ratings were replaced by newer ones, 0 name no sentence, 0 ")

    main([*command, "--out", str(tmp_path / "new" / "labels.jsonl")])
    assert (tmp_path / "new" / "labels.jsonl").read_text(encoding="utf-8") == shown.out

    with pytest.raises(SystemExit):
        main([*command, "--out", str(article / "labels.jsonl")])
    assert "; choose another place with --out\n" in capsys.readouterr().err

    article.write_text(TEXT.replace("forty", "fifty"), encoding="utf-8")
    capsys.readouterr()
    main(command)
    assert capsys.readouterr().err.endswith("\nstale: how tall 31m is it\n")


def test_several_articles_are_refused_with_the_remedy() -> None:
    with pytest.raises(FeedbackError, match="folder holds 2 articles; name one with --article"):
        only_article([lighthouse(), lighthouse()], "folder")
