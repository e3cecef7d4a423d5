"""A log of the lighthouse's chat, filled with questions at chosen times."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from lighthouse import lighthouse

from qa import Answer, AnswerKind, Citation
from qa.feedback.log import FeedbackLog

NOON = 1_800_000_000.0  # 2027-01-15, 08:00 UTC
TALL, LAMP = "The tower is forty metres tall.", "Its lamp turns every ten seconds."
VISITS = "Visitors climb the stairs on Sundays."
ARTICLE = lighthouse()


def cite(quote: str) -> Citation:
    start = ARTICLE.text.index(quote)
    return Citation(1, quote, start, start + len(quote), "The lighthouse", ARTICLE.name)


def answer(question: str = "How tall is it?", **values: Any) -> Answer:
    """Return an answer that cites the article."""
    return replace(Answer(question, AnswerKind.PASSAGE, TALL, 0.8, (cite(TALL),)), **values)


def record(log: FeedbackLog, question: str = "How tall is it?", *, history: int = 0, **values: Any) -> str:
    return log.record(answer(question, **values), history=history, seconds=0.02, articles=[ARTICLE])


def rows(path: Path, sql: str = "SELECT * FROM questions ORDER BY number") -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]


def questions(path: Path) -> list[str]:
    return [row["question"] for row in rows(path)]


class Diary:
    """Fills a log with questions at chosen times."""

    def __init__(self, path: Path) -> None:
        self.now = NOON
        self.log = FeedbackLog(path, retention_days=0, clock=lambda: self.now)

    def ask(
        self, question: str, kind: str = "none", quote: str = "", *, sure: float = 0.1, seconds: float = 0.02,
        liked: bool | None = None, marked: str = "", reason: str = "", before: str = "",
    ) -> str:  # fmt: skip
        """Record a question and its rating."""
        cited = (cite(quote),) if quote else ()
        answer = Answer(
            question, AnswerKind(kind), quote, sure, cited, reason=reason,
            understood_as=f"{before} {question}" if before else "",
        )  # fmt: skip
        question_id = self.log.record(answer, history=bool(before), seconds=seconds, articles=[ARTICLE])
        if liked is not None:
            self.log.rate(question_id, liked, marked=cite(marked) if marked else None)
        return question_id
