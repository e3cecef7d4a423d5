"""Ratings as labelled questions, of the form that ``qa eval`` reads."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.article import Article, Span
from qa.errors import FeedbackError
from qa.feedback.schema import connect, plain_words
from qa.quotes import locate, occurrences

ID_CHARS = 12  # of a hash over the question: more than enough for a file's questions to differ


@dataclass(frozen=True, slots=True)
class Export:
    """Labelled questions, and what could not become any.

    Attributes:
        records: one a question, in our own form, sorted by the question's words.
        stale: questions whose right sentence the article does not have any more.
        older: ratings that a newer one of the same question replaced.
        unmarked: dislikes without a marked sentence, and likes of an answer that cites nothing.
    """

    records: tuple[dict[str, Any], ...]
    stale: tuple[str, ...]
    older: int
    unmarked: int

    def to_jsonl(self) -> str:
        """Return the records as JSON Lines; what a terminal would obey, or might hide, is escaped."""
        lines = (json.dumps(record, ensure_ascii=False) for record in self.records)
        return "".join(
            "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line) + "\n"
            for line in lines
        )


def export(path: Path, article: Article, since: float = 0.0) -> Export:
    """Return what readers said is right: what a liked answer cites, and what they marked after a dislike.

    Args:
        path: of the log.
        article: as it is now; quotes are looked up in it.
        since: leave out ratings of questions that were asked earlier, in seconds since 1970.

    Raises:
        FeedbackError: there is no log at ``path``.
    """
    latest: dict[str, tuple[str, str, list[tuple[str, str, int]]]] = {}
    labels = unmarked = 0
    with closing(connect(path)) as connection:
        rated = connection.execute(
            "SELECT q.number, q.question, q.context, q.liked, s.article, s.quote, s.start FROM questions q"
            " LEFT JOIN spans s ON s.number = q.marked WHERE q.liked IS NOT NULL AND q.time >= ?"
            " ORDER BY q.rated, q.number",
            (since,),
        )
        cited = (
            "SELECT s.article, s.quote, s.start FROM citations c JOIN spans s ON s.number = c.span"
            " WHERE c.question = ? ORDER BY s.number"
        )
        for number, question, context, liked, *marked in rated:
            right = connection.execute(cited, (number,)).fetchall() if liked else [marked] if marked[1] else []
            if right:
                labels += 1
                latest[plain_words(f"{context} {question}")] = (question, context, right)
            else:
                unmarked += 1
    records, stale = [], []
    for form, (question, context, right) in sorted(latest.items()):
        found = [locate(quote, [article], name=name, start=start) for name, quote, start in right]
        spans = [place[1] for place in found if place]
        if spans:
            records.append(_record(form, question, context, spans, article))
        else:
            stale.append(f"{context} {question}".strip())
    return Export(tuple(records), tuple(stale), labels - len(latest), unmarked)


def only_article(articles: Sequence[Article], path: str | Path) -> Article:
    """Return the one article whose questions are exported.

    Raises:
        FeedbackError: there are several; labelled questions are about one.
    """
    if len(articles) != 1:
        raise FeedbackError(
            f"{path} holds {len(articles)} articles; name one with --article, and with --log the log of the chat"
        )
    return articles[0]


def _record(form: str, question: str, context: str, spans: Sequence[Span], article: Article) -> dict[str, Any]:
    """Return a labelled question; an entry of the FAQ is right as well if its answer holds what is right."""
    quotes = list(dict.fromkeys(article.quote(span) for span in spans))
    places = [place for quote in quotes for place in occurrences(article.text, quote)]
    entries = [
        article.quote(entry.question) for entry in article.faqs if any(entry.answer.contains(place) for place in places)
    ]
    record: dict[str, Any] = {
        "id": f"feedback-{hashlib.sha256(form.encode()).hexdigest()[:ID_CHARS]}",
        "split": "feedback",
        "category": "dialogue" if context else "faq" if entries else "fact",
        "question": question,
    }
    if context:
        record["history"] = [context]
    if entries:
        record["faq"] = entries[0]
        record |= {"also_faq": entries[1:]} if entries[1:] else {}
    return record | {"quotes": quotes}
