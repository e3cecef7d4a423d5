"""What an article lacks: questions without an answer, or with one that was disliked, grouped by meaning."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qa.answering import Answer
from qa.encoder import Encoder, Role
from qa.errors import QuestionError
from qa.feedback.schema import plain_words
from qa.quotes import locate

if TYPE_CHECKING:
    from qa.engine import Engine

MAX_GROUPED = 2000  # different questions, the most frequent ones; their distances take 16 MB
MAX_GAPS = 50  # groups that are looked up in the article as it is now, at some 20 ms each
BATCH = 32  # texts that are encoded at once; an encoder keeps every token of them
EXAMPLES = 3  # other wordings that are shown of a group
# Mean cosine distance at which two groups are not joined any more, chosen for F0.5 (a question that is hidden in a
# strange group is worse than two groups of one meaning) of .2 to 1 in steps of .05, for average and complete linkage.
# On the bundled dev half, 50 paraphrases of 10 FAQ entries and 54 unanswerable questions that each stand alone, pairs
# are grouped with precision .79 and recall .23; on the test half, with .71 and .40.
SAME_MEANING = 0.3
GAP = "(q.kind = 'none' OR q.liked = 0)"
FORM = "plain_words(q.context || ' ' || q.question)"  # equal questions, however they are spelt


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning that readers got no answer to, or one they disliked.

    Attributes:
        count: how often they were asked; ``unanswered`` and ``disliked`` of them.
        wordings: how many different questions they are; ``examples`` are the most frequent but the representative.
        question: the most frequent one; ``context`` is the earlier question that it follows up, or "".
        closest: the sentence or FAQ answer that is nearest now, with its section, article and confidence.
        now: what the article as it is now gives: an answer, the very answer that was disliked, or none.
        marked: the sentence that most readers marked as right, if the article still has it; else "".
    """

    count: int
    unanswered: int
    disliked: int
    wordings: int
    question: str
    context: str
    examples: tuple[str, ...]
    closest: str
    section: str
    article: str
    confidence: float
    now: Literal["answered", "disliked", "refused"]
    marked: str

    @property
    def answered_now(self) -> bool:
        """Return whether a later version of the article has filled the gap."""
        return self.now == "answered"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, however often and in whatever spelling it was asked."""

    form: str
    count: int
    unanswered: int
    disliked: int
    question: str
    context: str


def find_gaps(connection: sqlite3.Connection, engine: "Engine", since: float) -> tuple[tuple[Gap, ...], int, int]:
    """Return the largest gaps, how many groups there are, and how many different questions were left out.

    Args:
        connection: to the log.
        engine: over the article as it is now.
        since: leave out what was asked earlier.
    """
    rows = connection.execute(
        f"SELECT {FORM} AS form, count(*) AS count, sum(q.kind = 'none'), count(*) FILTER (WHERE q.liked = 0),"
        " q.question, q.context,"
        f" max(q.time) AS last, count(*) OVER () FROM questions q WHERE q.time >= ? AND {GAP} GROUP BY form"
        f" ORDER BY count DESC, last DESC, form LIMIT {MAX_GROUPED}",
        (since,),
    ).fetchall()
    total = rows[0][-1] if rows else 0
    asked = [_Asked(*columns) for *columns, _, _ in rows]
    texts = [f"{each.context} {each.question}".strip() for each in asked]
    groups: dict[int, list[_Asked]] = {}
    for each, group in zip(asked, group_by_meaning(texts, engine.encoder), strict=True):
        groups.setdefault(group, []).append(each)
    largest = sorted(groups.values(), key=lambda group: -sum(each.count for each in group))[:MAX_GAPS]
    forms = {each.form for group in largest for each in group}
    wrong = _quotes(connection, forms, "citations c ON c.question = q.number JOIN spans s ON s.number = c.span", since)
    right = _quotes(connection, forms, "spans s ON s.number = q.marked", since)
    gaps = [_gap(group, engine, wrong, right) for group in largest]
    return tuple(gaps), len(groups), total - len(asked)


def group_by_meaning(texts: Sequence[str], encoder: Encoder) -> list[int]:
    """Return the number of each text's group, by the embeddings that questions are looked up with."""
    from sklearn.cluster import AgglomerativeClustering

    if len(texts) < 2:
        return [0] * len(texts)
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    vectors = np.stack([encoding.pooled for batch in batches for encoding in encoder.encode(batch, Role.QUERY)])
    clusters = AgglomerativeClustering(None, metric="cosine", linkage="average", distance_threshold=SAME_MEANING)
    return [int(label) for label in clusters.fit_predict(vectors)]


def _quotes(
    connection: sqlite3.Connection, forms: set[str], tables: str, since: float
) -> dict[str, Counter[tuple[str, str]]]:
    """Return, by the form of a disliked question, the quotes that ``tables`` join to it, each with its article."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    rows = connection.execute(
        f"SELECT {FORM} AS form, s.article, s.quote, count(*) FROM questions q JOIN {tables}"
        " WHERE q.time >= ? AND q.liked = 0 GROUP BY form, s.number",
        (since,),
    )
    for form, article, quote, count in rows:
        if form in forms:
            found.setdefault(form, Counter())[article, quote] += count
    return found


def _gap(
    group: Sequence[_Asked],
    engine: "Engine",
    wrong: dict[str, Counter[tuple[str, str]]],
    right: dict[str, Counter[tuple[str, str]]],
) -> Gap:
    """Return a group as people read it, looked up in the article as it is now."""
    best, *others = group  # the most frequent one comes first
    answer = _ask(best, engine)
    closest = (answer.citations[0] if answer.citations else answer.closest) if answer else None
    disliked = {plain_words(quote) for each in group for _, quote in wrong.get(each.form, ())}
    marks: Counter[tuple[str, str]] = sum((right.get(each.form, Counter()) for each in group), Counter())
    standing = (
        found[0].quote(found[1])
        for (name, quote), _ in marks.most_common()
        if (found := locate(quote, engine.articles, name=name))
    )
    now: Literal["answered", "disliked", "refused"] = "refused"
    if answer and answer.citations:
        now = "disliked" if plain_words(answer.text) in disliked else "answered"
    return Gap(
        count=sum(each.count for each in group),
        unanswered=sum(each.unanswered for each in group),
        disliked=sum(each.disliked for each in group),
        wordings=len(group),
        question=best.question,
        context=best.context,
        examples=tuple(each.question for each in others[:EXAMPLES]),
        closest=closest.quote if closest else "",
        section=closest.section if closest else "",
        article=closest.article if closest else "",
        confidence=answer.confidence if answer else 0.0,
        now=now,
        marked=next(standing, ""),
    )


def _ask(asked: _Asked, engine: "Engine") -> Answer | None:
    """Ask the article as it is now; None if a setting refuses the question by now."""
    try:
        return engine.ask(asked.question, [asked.context] if asked.context else [])
    except QuestionError:
        return None
