"""Labelled questions are read in four forms, and all that is wrong with a file is said at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from lighthouse import QUESTIONS, lighthouse, write_lines

from qa import Span
from qa.errors import LabelError
from qa.evaluation.labels import SHOWN_PROBLEMS, DataSet, read_labels
from qa.quotes import occurrences


def read(path: Path) -> DataSet:
    return read_labels(path, lighthouse)


def squad(context: str, *questions: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{"title": "T", "paragraphs": [{"context": context, "qas": list(questions)}]}]}


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_our_own_form_names_quotes_and_faq_entries(tmp_path: Path) -> None:
    record = {
        "id": "a", "category": "dialogue", "question": "and when?", "history": ["Who lived there?"], "split": "dev",
        "quotes": ["there"], "also_faq": ["May visitors climb up?"], "fresh": True,
    }  # fmt: skip
    data = read(write_lines(tmp_path / "mine.jsonl", record))
    (label,) = data.tasks[0].labels
    article = data.tasks[0].article
    assert (data.name, data.form, len(data.sha256)) == ("mine", "questions", 64)
    assert (label.id, label.text, label.category, label.split, label.fresh) == (
        "a",
        "and when?",
        "dialogue",
        "dev",
        True,
    )
    assert label.history == ("Who lived there?",)
    assert label.faqs == (1,)
    assert [article.quote(span) for span in label.spans] == ["there", "there"]
    assert label.answerable


def test_a_question_may_hold_a_line_separator(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "q.jsonl", {"category": "hostile", "question": "a\u2028b\x85c"})
    assert [label.text for label in read(path).tasks[0].labels] == ["a\u2028b\x85c"]


def test_a_split_keeps_its_own_questions_only(tmp_path: Path) -> None:
    data = read(write_lines(tmp_path / "q.jsonl", *QUESTIONS))
    assert len(data.tasks[0].labels) == 7
    assert len(data.restrict("test").tasks[0].labels) == 3
    assert len(data.restrict("dev", "test").tasks[0].labels) == 7
    assert data.restrict() is data


def test_all_bad_records_are_reported_at_once_with_line_and_remedy(tmp_path: Path) -> None:
    records = [
        {"id": "1", "category": "near-miss", "question": "fine"},
        {"id": "1", "category": "near-miss", "question": "again"},
        {"category": "fact", "question": " ", "quotes": ["the tower of Babel", " "]},
        {"category": "gossip", "question": "x", "splt": "dev"},
        {"category": "faq", "question": "x", "faq": "Who built it?"},
        {"category": "faq", "question": "x", "faq": ["Who painted it?"]},
        {"category": "fact", "question": "x"},
        {"category": "off-topic", "question": "x", "quotes": ["forty"], "split": "train"},
        {"category": "dialogue", "question": "x", "history": "once", "faq": "Who painted it?"},
        ["a list"],
    ]
    path = write_lines(tmp_path / "q.jsonl", *records)
    path.write_text(path.read_text() + "{broken\n")
    with pytest.raises(LabelError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert lines[:-1] == [
        "q.jsonl:2: id '1' was used before; make it unique",
        "q.jsonl:3: question is missing; give it as text",
        "q.jsonl:3: quote 'the tower of Babel' is not in lighthouse.md; copy it word for word",
        "q.jsonl:3: quote ' ' is not in lighthouse.md; copy it word for word",
        "q.jsonl:4: unknown field 'splt'; "
        "known are also_faq, category, faq, fresh, history, id, question, quotes, split",
        "q.jsonl:4: category 'gossip' is none of faq, fact, dialogue, near-miss, off-topic, hostile",
        "q.jsonl:5: FAQ entry 'Who built it?' is not in lighthouse.md; copy its question word for word",
        "q.jsonl:6: FAQ entry ['Who painted it?'] is not in lighthouse.md; copy its question word for word",
        "q.jsonl:7: fact questions need faq or quotes; add what answers it",
        "q.jsonl:8: split 'train' is none of dev, test, fresh, feedback",
        "q.jsonl:8: off-topic questions have no answer; remove faq and quotes or change the category",
        "q.jsonl:9: history, also_faq and quotes must be lists of text",
        "q.jsonl:10: not an object",
    ]
    assert lines[-1].startswith("q.jsonl:11: not JSON (")


def test_a_record_without_id_does_not_take_another_ones(tmp_path: Path) -> None:
    records = [{"id": "2", "category": "near-miss", "question": "x"}, {"category": "near-miss", "question": "y"}]
    with pytest.raises(LabelError, match=r"^q.jsonl:2: id 2 was used before; make it unique$"):
        read(write_lines(tmp_path / "q.jsonl", *records))


def test_a_long_list_of_problems_is_cut_and_counted(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "q.jsonl", *([{"category": "fact", "question": "x"}] * (SHOWN_PROBLEMS + 3)))
    with pytest.raises(LabelError) as caught:
        read(path)
    assert str(caught.value).splitlines()[SHOWN_PROBLEMS:] == ["… and 3 more"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "unknown form; give JSON Lines of questions, SQuAD JSON, FAQ JSON, or CSV with qtext,label,atext"),
        ("dear reader", "unknown form"),
        ("qtext, label, atext\nq,1,a\n", "unknown form"),
        ("[1, 2", "not JSON (.*); mend it"),
        ("{broken", "not JSON (.*); mend it"),
        ("[]", "holds no question; give at least one"),
        (b"\xff\xfe\x00", r"is not UTF-8 text \(byte 0\); convert it"),
    ],
)
def test_what_is_no_file_of_labels_is_refused_with_a_remedy(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(LabelError, match=message.replace("(.*)", r"\(.*\)")):
        read(written(tmp_path / "labels", content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"cannot read .*none.jsonl: No such file"):
        read(tmp_path / "none.jsonl")


def test_each_squad_article_is_a_task_with_spans_in_its_joined_text(tmp_path: Path) -> None:
    found = {"id": "1", "question": "Where?", "answers": [{"answer_start": 4, "text": "Rome"}] * 2}
    none = {"id": "2", "question": "When?", "answers": [], "is_impossible": True}
    paragraphs = [{"context": "Nothing here.", "qas": [none]}, {"context": "In  Rome.", "qas": [found]}]
    content = {"data": [{"title": "A", "paragraphs": paragraphs}, *squad("B.", none)["data"]]}
    data = read(written(tmp_path / "squad.json", json.dumps(content)))
    first, second = data.tasks
    assert data.form == "squad"
    assert [passage.span for passage in first.article.passages] == [Span(0, 13), Span(15, 24)]
    assert [(label.category, [first.article.quote(s) for s in label.spans]) for label in first.labels] == [
        ("near-miss", []),
        ("fact", ["Rome"]),
    ]
    assert [label.id for label in second.labels] == ["2"]


def test_a_squad_answer_that_is_not_where_it_says_is_refused(tmp_path: Path) -> None:
    wrong = {"id": "q7", "question": "Where?", "answers": [{"answer_start": 2, "text": "Rome"}]}
    broken = {"id": "q8", "question": "Where?"}
    content = {"data": [*squad("In Rome.", wrong)["data"], *squad("x", broken)["data"]]}
    with pytest.raises(LabelError) as caught:
        read(written(tmp_path / "s.json", json.dumps(content)))
    first, second = str(caught.value).splitlines()
    assert first == "s.json: q7: 'Rome' is not at 2 of its context"
    assert second == "s.json: article 2 is not as SQuAD has it (KeyError('answers')); see its format"


def test_faq_queries_point_at_their_entry(tmp_path: Path) -> None:
    entries = [
        {"question": "How?", "answers": ["So.", "Or so."], "queries": ["in what way", "how come"]},
        {"question": "Why?", "answers": ["Because."], "queries": ["what for"]},
    ]
    data = read(written(tmp_path / "faq.json", json.dumps(entries)))
    (task,) = data.tasks
    assert data.form == "faq"
    assert [(label.id, label.text, label.faqs) for label in task.labels] == [
        ("1-1", "in what way", (0,)),
        ("1-2", "how come", (0,)),
        ("2-1", "what for", (1,)),
    ]
    assert [task.article.quote(faq.answer) for faq in task.article.faqs] == ["So.\n\nOr so.", "Because."]


def test_broken_faq_entries_are_all_named(tmp_path: Path) -> None:
    entries = [{"question": "How?"}, {"question": " ", "answers": ["a"], "queries": []}, 5]
    with pytest.raises(LabelError) as caught:
        read(written(tmp_path / "faq.json", json.dumps(entries)))
    lines = str(caught.value).splitlines()
    assert [line[:17] for line in lines] == ["faq.json: entry 1", "faq.json: entry 2", "faq.json: entry 3"]
    assert all(line.endswith("each needs question, answers and queries") for line in lines)


def test_answer_sentences_count_only_where_some_are_right_and_some_wrong(tmp_path: Path) -> None:
    rows = 'qtext,label,atext\nWho?,0,"It, rained."\nWho?,1,Ann did. She knew.\nWhat?,1,a\nWhen?,0,b\n'
    data = read(written(tmp_path / "pairs.csv", rows))
    (task,) = data.tasks
    (label,) = task.labels
    assert data.form == "selection"
    assert (label.text, label.category) == ("Who?", "fact")
    assert [task.article.quote(span) for span in label.spans] == ["Ann did. She knew."]
    assert [len(passage.sentences) for passage in task.article.passages] == [1, 1]  # candidates stay whole


def test_bad_rows_are_named_by_the_line_where_they_end(tmp_path: Path) -> None:
    rows = 'qtext,label,atext\nWho?,1,"two\nlines"\nWho?,yes,b\n,1,c\nshort\n'
    with pytest.raises(LabelError) as caught:
        read(written(tmp_path / "p.csv", rows))
    assert str(caught.value).splitlines() == [
        f"p.csv:{line}: needs qtext, label 0 or 1, and atext" for line in (4, 5, 6)
    ]


def test_every_occurrence_of_a_quote_counts_overlapping_ones_too() -> None:
    assert list(occurrences("aaa b", "aa")) == [Span(0, 2), Span(1, 3)]
    assert list(occurrences("aaa b", "c")) == []
