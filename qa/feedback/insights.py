"""What a log tells: how much was asked and how it was answered, and what the article lacks."""

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.answering import SMALL_TALK, AnswerKind
from qa.article import Article
from qa.errors import FeedbackError
from qa.feedback.gaps import Gap, find_gaps
from qa.feedback.schema import connect
from qa.quotes import locate

if TYPE_CHECKING:
    from qa.engine import Engine

SINCE = re.compile(r"(\d{1,5})([hdw])")
HOURS = {"h": 1, "d": 24, "w": 168}
SPANS_PLACED = 100  # most cited spans that are looked up in the article; several may lie in one passage
PASSAGES_SHOWN = 10
BINS = 20  # of the confidence, for the plot


@dataclass(frozen=True, slots=True)
class Busy:
    """A passage or FAQ answer that was cited often.

    Attributes:
        quote: what was cited most often of it, as it stood then.
        section, article: where it stands now; where it stood if it is gone.
        cited, liked, disliked: counts of answers.
        gone: whether the article does not say it any more.
    """

    quote: str
    section: str
    article: str
    cited: int
    liked: int
    disliked: int
    gone: bool


@dataclass(frozen=True, slots=True)
class Insights:
    """What readers asked in a stretch of time, and what came of it; small talk is counted apart.

    Attributes:
        since, until: the stretch in ISO 8601; ``since`` is "" for all that is recorded.
        questions, faq, passage, none, small_talk: how many were asked, and answered from where, if at all.
        liked, disliked: answers that readers rated.
        median_confidence: of the answers given; None if there are none.
        median_seconds: from question to answer; None without questions.
        days: by day (UTC), the number of questions by kind.
        confidences: the number of answers, and of refusals, by confidence in ``BINS`` equal steps.
        passages: the busiest.
        gaps: what was not answered or disliked, grouped by meaning, the largest first.
        groups, left_out: how many groups there are in all, and different questions that were too many to be grouped.
    """

    since: str
    until: str
    questions: int
    faq: int
    passage: int
    none: int
    small_talk: int
    liked: int
    disliked: int
    median_confidence: float | None
    median_seconds: float | None
    days: dict[str, dict[str, int]]
    confidences: dict[str, list[int]]
    passages: tuple[Busy, ...]
    gaps: tuple[Gap, ...]
    groups: int
    left_out: int

    @property
    def answered(self) -> int:
        """Return how many questions were answered."""
        return self.faq + self.passage

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def parse_since(text: str, now: float) -> float:
    """Return the time that ``7d``, ``24h``, ``2w`` before ``now`` or an ISO date (UTC) stands for; "" is 0.

    Raises:
        FeedbackError: it is none of these.
    """
    if not text:
        return 0.0
    if match := SINCE.fullmatch(text.strip().lower()):
        return max(0.0, now - int(match[1]) * HOURS[match[2]] * 3600)
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise FeedbackError(
            f"--since {text!r} is no stretch of time; write 24h, 7d, 2w or a date like 2026-01-31"
        ) from error


def gather(path: Path, engine: "Engine", since: float = 0.0, now: float | None = None) -> Insights:
    """Read a log back; a million questions take some seconds, mostly within SQLite.

    Args:
        path: of the log.
        engine: over the article as it is now; tells where passages are, and what it answers by now.
        since: leave out what was asked earlier, in seconds since 1970.
        now: the time that the report is of; the present if left out.

    Raises:
        FeedbackError: there is no log at ``path``.
    """
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")  # all figures are of one moment, whatever is written meanwhile
        try:
            return _gather(connection, engine, since, time.time() if now is None else now)
        except sqlite3.Error as error:
            raise FeedbackError(
                f"cannot read the log {path}: {error}; restore it, or name another with --log"
            ) from error


def _gather(connection: sqlite3.Connection, engine: "Engine", since: float, now: float) -> Insights:
    kinds: dict[str, int] = {}
    ratings = {0: 0, 1: 0}
    tally = "SELECT kind, liked, count(*) FROM questions WHERE time >= ? GROUP BY kind, liked"
    for kind, liked, count in connection.execute(tally, (since,)):
        kinds[kind] = kinds.get(kind, 0) + count
        if liked is not None:
            ratings[liked] += count
    small_talk = kinds.pop(SMALL_TALK, 0)
    days: dict[str, dict[str, int]] = {}
    daily = "SELECT date(time, 'unixepoch'), kind, count(*) FROM questions WHERE time >= ? GROUP BY 1, 2 ORDER BY 1"
    for day, kind, count in connection.execute(daily, (since,)):
        days.setdefault(day, {})[kind] = count
    bins = {"answered": [0] * BINS, "refused": [0] * BINS}
    histogram = (
        f"SELECT kind = 'none', min({BINS - 1}, max(0, CAST(confidence * {BINS} AS INTEGER))), count(*)"
        " FROM questions WHERE time >= ? AND kind != ? GROUP BY 1, 2"
    )
    for refused, place, count in connection.execute(histogram, (since, SMALL_TALK)):
        bins["refused" if refused else "answered"][place] = count
    gaps, groups, left_out = find_gaps(connection, engine, since)
    return Insights(
        since=_iso(since) if since else "",
        until=_iso(now),
        questions=sum(kinds.values()),
        faq=kinds.get(AnswerKind.FAQ, 0),
        passage=kinds.get(AnswerKind.PASSAGE, 0),
        none=kinds.get(AnswerKind.NONE, 0),
        small_talk=small_talk,
        liked=ratings[1],
        disliked=ratings[0],
        median_confidence=_median(connection, "confidence", since, (AnswerKind.FAQ, AnswerKind.PASSAGE)),
        median_seconds=_median(connection, "seconds", since, tuple(AnswerKind)),
        days=days,
        confidences=bins,
        passages=tuple(_busiest(connection, engine.articles, since))[:PASSAGES_SHOWN],
        gaps=gaps,
        groups=groups,
        left_out=left_out,
    )


def _median(connection: sqlite3.Connection, column: str, since: float, kinds: Sequence[str]) -> float | None:
    """Return the median of a column over the questions of some kinds; None without any."""
    chosen = f"FROM questions WHERE time >= ? AND kind IN ({', '.join('?' * len(kinds))})"
    count = connection.execute(f"SELECT count(*) {chosen}", (since, *kinds)).fetchone()[0]
    middle = f"SELECT {column} {chosen} ORDER BY {column} LIMIT {2 - count % 2} OFFSET {max(0, (count - 1) // 2)}"
    values = [value for (value,) in connection.execute(middle, (since, *kinds))]
    return sum(values) / len(values) if values else None


def _busiest(connection: sqlite3.Connection, articles: Sequence[Article], since: float) -> Iterator[Busy]:
    """Yield passages and FAQ answers, the most often cited first."""
    cited = connection.execute(
        "SELECT s.article, s.start, s.quote, s.section, count(*) AS cited, total(q.liked = 1),"
        " total(q.liked = 0) FROM citations c JOIN questions q ON q.number = c.question JOIN spans s ON"
        f" s.number = c.span WHERE q.time >= ? GROUP BY s.number ORDER BY cited DESC, s.number LIMIT {SPANS_PLACED}",
        (since,),
    )
    places: dict[tuple[str, str], list[Any]] = {}
    for name, start, quote, section, *counts in cited:
        found = locate(quote, articles, name=name, start=start)
        place, told = (name, quote), (section, name)
        if found:
            article, span = found
            parts = [(part.span, part.section) for part in article.passages]
            parts += [(entry.answer, entry.section) for entry in article.faqs]
            whole, number = next((part for part in parts if part[0].contains(span)), (span, None))
            place = (article.name, str(whole))
            told = (section if number is None else article.section_title(number), article.name)
        kept = places.setdefault(place, [quote, *told, 0, 0, 0, found is None])
        for column, count in enumerate(counts, start=3):
            kept[column] += int(count)
    yield from sorted((Busy(*values) for values in places.values()), key=lambda busy: -busy.cited)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
