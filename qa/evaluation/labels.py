"""Labelled questions, read from the forms in which people publish them.

A label names a span of an article or a FAQ entry, never a passage's number, so that it stays
valid when an article is cut in another way.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

from qa.article import Article, Faq, Section, Span
from qa.errors import LabelError
from qa.quotes import occurrences
from qa.readers.blocks import Block, Kind, assemble, trim

ANSWERABLE = ("faq", "fact", "dialogue")
UNANSWERABLE = ("near-miss", "off-topic", "hostile")
HELD_OUT = "fresh"  # asked to report only: nothing is fitted on, pinned to, or chosen by it
SPLITS = ("dev", "test", HELD_OUT, "feedback")
FIELDS = frozenset({"id", "split", "category", "question", "history", "faq", "also_faq", "quotes", "fresh"})
SHOWN_PROBLEMS = 20  # enough to see a pattern in a file's mistakes

Form = Literal["questions", "squad", "faq", "selection"]


@dataclass(frozen=True, slots=True)
class Label:
    """A question and what answers it.

    Attributes:
        id: unique within its data set.
        text: the question as typed.
        category: one of ``ANSWERABLE`` or ``UNANSWERABLE``.
        spans: an answer is right if its quote holds one of them.
        faqs: numbers of the article's FAQ entries that are right answers.
        history: earlier questions of the conversation, oldest first.
        split: one of ``SPLITS``: "dev" to tune on, "test" to check a fit by, "fresh" to report on, "feedback" from
            readers; "" if the data makes no difference.
        fresh: whether a dialogue's last question has nothing to do with the earlier ones.
    """

    id: str
    text: str
    category: str
    spans: tuple[Span, ...] = ()
    faqs: tuple[int, ...] = ()
    history: tuple[str, ...] = ()
    split: str = ""
    fresh: bool = False

    @property
    def answerable(self) -> bool:
        """Return whether the article answers it."""
        return bool(self.spans or self.faqs)


@dataclass(frozen=True, slots=True)
class Task:
    """An article and the questions that are asked about it."""

    article: Article
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class DataSet:
    """One file of labelled questions; ``sha256`` is of its bytes."""

    name: str
    form: Form
    sha256: str
    tasks: tuple[Task, ...]

    def where(self, wanted: Callable[[Label], bool]) -> "DataSet":
        """Return the data set with only the labels that are wanted."""
        return replace(self, tasks=tuple(Task(t.article, tuple(filter(wanted, t.labels))) for t in self.tasks))

    def restrict(self, *splits: str) -> "DataSet":
        """Return the data set with only the labels of some splits; without any, with all."""
        return self.where(lambda label: label.split in {*splits, ""}) if splits else self


def read_labels(path: str | Path, article: Callable[[], Article]) -> DataSet:
    """Read labelled questions; their form is told by the content.

    Args:
        path: JSON Lines of ours, SQuAD JSON, FAQ JSON, or answer-sentence CSV.
        article: gives the article that JSON Lines are about; called only for them.

    Raises:
        LabelError: the file cannot be read, or records are malformed; all of them are listed.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise LabelError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LabelError(f"{path} is not UTF-8 text (byte {error.start}); convert it") from error
    problems: list[str] = []
    form, tasks = _parse(path.name, text, article, problems)
    if problems:
        more = f"\n… and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise LabelError("\n".join(problems[:SHOWN_PROBLEMS]) + more)
    if not any(task.labels for task in tasks):
        raise LabelError(f"{path} holds no question; give at least one")
    return DataSet(path.stem, form, hashlib.sha256(data).hexdigest(), tuple(tasks))


def _parse(name: str, text: str, article: Callable[[], Article], problems: list[str]) -> tuple[Form, list[Task]]:
    """Tell the form by the content and read it."""
    head = text.lstrip()[:1]
    if head in {"{", "["}:
        try:
            whole = json.loads(text)
        except ValueError as error:
            if head == "[" or "\n" not in text.strip():
                problems.append(f"{name}: not JSON ({error}); mend it or give one JSON object a line")
                return "questions", []
            whole = None
        if isinstance(whole, dict) and isinstance(whole.get("data"), list):
            return "squad", list(_squad(name, whole["data"], problems))
        if isinstance(whole, list):
            return "faq", _faq(name, whole, problems)
        return "questions", [_questions(name, text, article(), problems)]
    header = text.splitlines()[0] if text.strip() else ""
    if {"qtext", "label", "atext"} <= set(header.split(",")):
        return "selection", list(_selection(name, text, problems))
    problems.append(
        f"{name}: unknown form; give JSON Lines of questions, SQuAD JSON, FAQ JSON, or CSV with qtext,label,atext"
    )
    return "questions", []


def _questions(name: str, text: str, article: Article, problems: list[str]) -> Task:
    """Read our own form: one JSON object a line."""
    entries = {article.quote(faq.question): number for number, faq in enumerate(article.faqs)}
    labels: dict[str, Label] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            problems.append(f"{place}: not JSON ({error}); write one object a line")
            continue
        found = list(_record_problems(record, article, entries)) if isinstance(record, dict) else ["not an object"]
        if not found and str(record.get("id", number)) in labels:
            found = [f"id {record.get('id', number)!r} was used before; make it unique"]
        if found:
            problems.extend(f"{place}: {problem}" for problem in found)
            continue
        faqs = [record["faq"]] if record.get("faq") else []
        label = Label(
            id=str(record.get("id", number)),
            text=record["question"],
            category=record["category"],
            spans=tuple(span for quote in record.get("quotes", ()) for span in occurrences(article.text, quote)),
            faqs=tuple(entries[question] for question in [*faqs, *record.get("also_faq", ())]),
            history=tuple(record.get("history", ())),
            split=record.get("split", ""),
            fresh=record.get("fresh", False),
        )
        labels[label.id] = label
    return Task(article, tuple(labels.values()))


def _record_problems(record: dict[str, Any], article: Article, entries: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with one record of our own form, each with its remedy."""
    for field in sorted(set(record) - FIELDS):
        yield f"unknown field {field!r}; known are {', '.join(sorted(FIELDS))}"
    if not isinstance(record.get("question"), str) or not record["question"].strip():
        yield "question is missing; give it as text"
    if record.get("category") not in (*ANSWERABLE, *UNANSWERABLE):
        yield f"category {record.get('category')!r} is none of {', '.join((*ANSWERABLE, *UNANSWERABLE))}"
    if record.get("split", "") not in ("", *SPLITS):
        yield f"split {record['split']!r} is none of {', '.join(SPLITS)}"
    lists = [record.get(field, []) for field in ("history", "also_faq", "quotes")]
    if all(isinstance(values, list) and all(isinstance(value, str) for value in values) for values in lists):
        yield from _gold_problems(record, article, entries)
    else:
        yield "history, also_faq and quotes must be lists of text"


def _gold_problems(record: dict[str, Any], article: Article, entries: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with a record's answers, each with its remedy."""
    category = record.get("category")
    for question in [*([record["faq"]] if record.get("faq") else []), *record.get("also_faq", [])]:
        if not isinstance(question, str) or question not in entries:
            yield f"FAQ entry {question!r} is not in {article.name}; copy its question word for word"
    for quote in record.get("quotes", []):
        if not quote.strip() or quote not in article.text:
            yield f"quote {quote!r} is not in {article.name}; copy it word for word"
    labelled = bool(record.get("faq") or record.get("also_faq") or record.get("quotes"))
    if category in ANSWERABLE and not labelled:
        yield f"{category} questions need faq or quotes; add what answers it"
    if category in UNANSWERABLE and labelled:
        yield f"{category} questions have no answer; remove faq and quotes or change the category"


def _squad(name: str, data: Sequence[Any], problems: list[str]) -> Iterator[Task]:
    """Read SQuAD 1.1 or 2.0; each article is a task of its own."""
    for number, entry in enumerate(data):
        try:
            contexts = [paragraph["context"] for paragraph in entry["paragraphs"]]
            article, starts = article_of_paragraphs(str(entry.get("title") or f"article {number + 1}"), contexts)
            labels = []
            for paragraph, start in zip(entry["paragraphs"], starts, strict=True):
                for question in paragraph["qas"]:
                    spans = []
                    for answer in question["answers"]:
                        begin, text = answer["answer_start"], answer["text"]
                        if paragraph["context"][begin : begin + len(text)] != text:
                            problems.append(f"{name}: {question['id']}: {text!r} is not at {begin} of its context")
                        spans.append(Span(start + begin, start + begin + len(text)))
                    category = "fact" if spans else "near-miss"
                    labels.append(
                        Label(str(question["id"]), question["question"], category, tuple(dict.fromkeys(spans)))
                    )
            yield Task(article, tuple(labels))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            problems.append(f"{name}: article {number + 1} is not as SQuAD has it ({error!r}); see its format")


def article_of_paragraphs(
    name: str, paragraphs: Sequence[str], kind: Kind = Kind.PARAGRAPH
) -> tuple[Article, list[int]]:
    """Return an article of paragraphs as they are, and where each begins."""
    text = "\n\n".join(paragraphs)
    starts = list(accumulate((len(paragraph) + 2 for paragraph in paragraphs[:-1]), initial=0))
    blocks = [
        Block(kind, trim(text, start, start + len(paragraph)))
        for start, paragraph in zip(starts, paragraphs, strict=True)
    ]
    return assemble(name, text, blocks), starts


def _faq(name: str, entries: Sequence[Any], problems: list[str]) -> list[Task]:
    """Read FAQ entries, each with answers and the ways in which people ask for it."""
    text = ""
    faqs: list[Faq] = []
    labels = []
    for number, entry in enumerate(entries, start=1):
        try:
            question, answers, queries = entry["question"], entry["answers"], entry["queries"]
            if not (question.strip() and answers and all(isinstance(query, str) for query in queries)):
                raise ValueError("an empty question or no answer")
            start = len(text)
            text += f"{question}\n\n" + "\n\n".join(answers)
            faqs.append(Faq(Span(start, start + len(question)), Span(start + len(question) + 2, len(text)), 0))
            text += "\n\n"
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            problems.append(f"{name}: entry {number}: {error!r}; each needs question, answers and queries")
            continue
        labels += [Label(f"{number}-{k}", q, "faq", faqs=(len(faqs) - 1,)) for k, q in enumerate(queries, start=1)]
    section = Section("", 0, Span(0, 0), Span(0, len(text)))
    return [Task(Article(name, name, text, (section,), (), tuple(faqs)), tuple(labels))]


def _selection(name: str, text: str, problems: list[str]) -> Iterator[Task]:
    """Read questions with candidate sentences, label 1 if the sentence answers; each is a task of its own.

    As is usual, a question counts only if some candidates answer it and some do not.
    """
    groups: dict[str, list[tuple[str, bool]]] = {}
    reader = csv.DictReader(io.StringIO(text))
    for row in reader:
        if row["label"] not in {"0", "1"} or not (row["qtext"] or "").strip() or not (row["atext"] or "").strip():
            problems.append(f"{name}:{reader.line_num}: needs qtext, label 0 or 1, and atext")
            continue
        groups.setdefault(row["qtext"], []).append((row["atext"], row["label"] == "1"))
    for number, (question, candidates) in enumerate(groups.items(), start=1):
        if len({right for _, right in candidates}) < 2:
            continue
        sentences = [sentence for sentence, _ in candidates]
        article, starts = article_of_paragraphs(f"{name} {number}", sentences, Kind.CODE)  # kept whole, as judged
        spans = tuple(
            trim(article.text, start, start + len(sentence))
            for (sentence, right), start in zip(candidates, starts, strict=True)
            if right
        )
        yield Task(article, (Label(str(number), question, "fact", spans),))
