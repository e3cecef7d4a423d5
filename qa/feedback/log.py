"""The log of a chat: what was asked, what came of it, and what the reader said of it, in one SQLite file."""

import hashlib
import logging
import secrets
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from qa.answering import SMALL_TALK, Answer, AnswerKind, Citation
from qa.article import Article
from qa.feedback.masking import mask
from qa.feedback.schema import OPEN_SECONDS, connect
from qa.readers import location_of
from qa.settings import Settings

LOGGER = logging.getLogger(__name__)

DAY = 86_400.0
ID_BYTES = 16  # unguessable: whoever knows a question's id may rate it
MAX_REASON = 1000  # code points of a reason that are kept
MAX_QUOTE = 10_000  # code points of a marked sentence; none is as long
MAX_POSITION = 2**31  # no article is as long
HASH_CHARS = 16  # of an article's SHA-256, as the evaluation gives it
BUSY_MS = 50  # a question may not; what cannot be written by then is kept in memory and written later
RETRY_SECONDS = 0.5
MAX_KEPT = 10_000  # rows in memory while the file is locked or its disk full: some 10 MB
PRUNED_AT_ONCE = 20  # old rows that one question deletes; the rest go when the file is opened
PRUNE_STEP = 10_000  # rows of one transaction then, so that other processes can write in between

Write = Callable[[sqlite3.Connection], bool]


def default_log_path(settings: Settings, path: str | Path) -> Path:
    """Return where the chat over a file, a folder or an address is recorded unless told otherwise."""
    name = hashlib.sha256(location_of(path).encode("utf-8", "surrogateescape")).hexdigest()[:HASH_CHARS]
    return settings.cache_path / "feedback" / f"{name}.sqlite3"


class FeedbackLog:
    """Records questions and ratings; safe to use from several threads, and from several processes at once.

    A question is committed before its answer is given, so that a kill of the process loses at most the question
    under way. While the file is locked or its disk full, rows wait in memory, and are written as soon as possible.

    Args:
        path: of the SQLite file; made if it is not there.
        retention_days: older questions are deleted, on opening and when others are recorded; 0 keeps all.
        clock: gives the time in seconds since 1970.

    Raises:
        FeedbackError: the file is no log, of a later version, or cannot be opened.
    """

    def __init__(self, path: Path, *, retention_days: int = 365, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._retention = retention_days * DAY
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: deque[Write] = deque(maxlen=MAX_KEPT)
        self._retry: threading.Timer | None = None
        self._warned = False
        self._connection: sqlite3.Connection | None = connect(path, create=True)
        try:
            while _prune(self._connection, self._horizon(), PRUNE_STEP):
                pass
        except sqlite3.Error as error:
            self._warn(error)
        self._connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")

    def record(self, answer: Answer, *, history: int, seconds: float, articles: Sequence[Article]) -> str:
        """Record a question and what came of it; never raises.

        Args:
            answer: what the reader gets.
            history: how many questions of the conversation came before.
            seconds: from question to answer.
            articles: those that were searched.

        Returns:
            An unguessable id, by which the reader can rate the answer.
        """
        question_id = secrets.token_urlsafe(ID_BYTES)
        try:
            # An answer to a follow-up tells what it was looked up with: "topic question".
            topic = answer.understood_as.removesuffix(f" {answer.question}") if history else ""
            follows_up = topic != answer.understood_as
            small_talk = answer.kind is AnswerKind.NONE and answer.reason == SMALL_TALK
            cited = answer.citations[0].sha256 if answer.citations else ""
            state = articles[0].sha256 if len(articles) == 1 else cited  # of several, the one that answered
            row = (
                question_id, self._clock(), _clean(answer.question), _clean(topic) if follows_up else "", history,
                SMALL_TALK if small_talk else answer.kind.value, answer.confidence, state[:HASH_CHARS], seconds,
            )  # fmt: skip
            self._write(partial(_insert, row, answer.citations, self._horizon()))
        except Exception as error:  # a reader's answer must not be lost for the sake of a statistic
            self._warn(error)
        return question_id

    def rate(self, question_id: str, liked: bool | None, *, reason: str = "", marked: Citation | None = None) -> bool:
        """Note what the reader says of an answer, in place of what they said before; never raises.

        Args:
            question_id: as ``record`` returned it.
            liked: None takes a rating back.
            reason: with a dislike, in the reader's words.
            marked: with a dislike, the sentence that the reader says is right.

        Returns:
            Whether it is noted; False if there is no such question.
        """
        disliked = liked is False
        if marked is not None and not (disliked and _is_quote(marked)):
            marked = None
        rating = (liked, None if liked is None else self._clock(), _clean(reason[:MAX_REASON]) if disliked else "")
        try:
            return self._write(partial(_update, rating, marked, question_id))
        except Exception as error:
            self._warn(error)
            return False

    def close(self) -> None:
        """Write what still waits, and close the file; a question that is recorded later opens it for a moment."""
        with self._lock:
            if self._retry is not None:
                self._retry.cancel()
                self._retry = None
            connection, self._connection = self._connection, None
            if connection is None:
                return
            try:
                connection.execute(f"PRAGMA busy_timeout={int(OPEN_SECONDS * 1000)}")
                self._commit(connection)
            except sqlite3.Error as error:
                LOGGER.warning(
                    "%d questions or ratings could not be written to %s: %s", len(self._kept), self.path, error
                )
            finally:
                connection.close()

    def _write(self, write: Write) -> bool:
        """Write at once, or keep it if that would make the reader wait; return what it came to."""
        with self._lock:
            self._kept.append(write)
            if self._retry is not None:  # the file was locked a moment ago; trying again would cost each reader time
                return True
            return self._try()

    def _try(self) -> bool:
        """Write all that is kept; what the file does not take now is tried again later; the lock is held."""
        closed = self._connection is None
        connection = self._connection or connect(self.path, create=True)
        try:
            return self._commit(connection)
        except sqlite3.OperationalError as error:
            self._warn(error)
            self._retry = threading.Timer(RETRY_SECONDS, self._try_again)
            self._retry.daemon = True
            self._retry.start()
            return True
        finally:
            if closed:
                connection.close()

    def _try_again(self) -> None:
        with self._lock:
            if self._retry is None:  # closed meanwhile
                return
            self._retry = None
            try:
                self._try()
            except Exception as error:
                self._warn(error)

    def _commit(self, connection: sqlite3.Connection) -> bool:
        """Write all that is kept in one transaction; return what the last came to."""
        if not self._kept:
            return True
        done = False
        connection.execute("BEGIN IMMEDIATE")
        try:
            for write in self._kept:
                done = write(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):  # a full disk has rolled back already
                connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.OperationalError):
                self._kept.clear()  # a damaged file will not take it later either
            raise
        self._kept.clear()
        return done

    def _horizon(self) -> float:
        """Return the time before which questions are deleted."""
        return self._clock() - self._retention if self._retention else 0.0

    def _warn(self, error: BaseException) -> None:
        """Say once that something could not be written."""
        if not self._warned:
            self._warned = True
            LOGGER.warning("questions cannot be recorded in %s for now: %s", self.path, error)


def _is_quote(citation: Citation) -> bool:
    """Return whether a mark, which comes from a browser, can be a quote of an article."""
    length = len(citation.quote)
    return bool(citation.quote.strip()) and length <= MAX_QUOTE and 0 <= citation.start <= citation.end < MAX_POSITION


def _insert(
    row: tuple[Any, ...], citations: Sequence[Citation], horizon: float, connection: sqlite3.Connection
) -> bool:
    number = connection.execute(
        "INSERT INTO questions (id, time, question, context, history, kind, confidence, article, seconds)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    ).lastrowid
    for span in {_span(connection, citation) for citation in citations}:
        connection.execute("INSERT INTO citations VALUES (?, ?)", (number, span))
    _prune(connection, horizon, PRUNED_AT_ONCE)
    return True


def _update(rating: tuple[Any, ...], marked: Citation | None, question_id: str, connection: sqlite3.Connection) -> bool:
    if not connection.execute("SELECT 1 FROM questions WHERE id = ?", (question_id,)).fetchone():
        return False
    span = None if marked is None else _span(connection, marked)
    connection.execute(
        "UPDATE questions SET liked = ?, rated = ?, reason = ?, marked = ? WHERE id = ?", (*rating, span, question_id)
    )
    return True


def _span(connection: sqlite3.Connection, citation: Citation) -> int:
    """Return the number of a cited span, noting it if it is new."""
    key = (_text(citation.article), citation.start, citation.end, _text(citation.quote))
    found = connection.execute(
        'SELECT number FROM spans WHERE article = ? AND start = ? AND "end" = ? AND quote = ?', key
    ).fetchone()
    if found:
        return int(found[0])
    insert = 'INSERT INTO spans (article, start, "end", quote, section) VALUES (?, ?, ?, ?, ?) RETURNING number'
    return int(connection.execute(insert, (*key, _text(citation.section))).fetchone()[0])


def _prune(connection: sqlite3.Connection, horizon: float, limit: int) -> int:
    """Delete up to so many of the oldest questions before a time; return how many there were."""
    old = "SELECT number FROM questions WHERE time < ? ORDER BY time LIMIT ?"
    return connection.execute(f"DELETE FROM questions WHERE number IN ({old})", (horizon, limit)).rowcount


def _clean(text: str) -> str:
    return _text(mask(text))


def _text(text: str) -> str:
    """Return text that SQLite takes: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
