"""The SQLite file of a chat's log: its tables, its versions, and how it is opened."""

import re
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from qa.errors import FeedbackError

APPLICATION_ID = 0x71614C67  # "qaLg" in the file's header: no other program's database is ever written to
# Each step brings a file from the version before to its own; a step that was released is never changed.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE spans (
            number INTEGER PRIMARY KEY, article TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
            quote TEXT NOT NULL, section TEXT NOT NULL, UNIQUE (article, start, "end", quote))""",
        """CREATE TABLE questions (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time REAL NOT NULL, question TEXT NOT NULL,
            context TEXT NOT NULL, history INTEGER NOT NULL, kind TEXT NOT NULL, confidence REAL NOT NULL,
            article TEXT NOT NULL, seconds REAL NOT NULL, liked INTEGER, rated REAL, reason TEXT NOT NULL DEFAULT '',
            marked INTEGER REFERENCES spans)""",
        "CREATE INDEX questions_time ON questions (time)",
        """CREATE TABLE citations (
            question INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE, span INTEGER NOT NULL REFERENCES spans,
            PRIMARY KEY (question, span)) WITHOUT ROWID""",
    ),
)
OPEN_SECONDS = 5.0  # opening and closing may wait for other processes; nobody waits for an answer then


def plain_words(text: str) -> str:
    """Return what tells a question from others: its words in lower case, without punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """Open a log, bringing an older one up to date; SQL can call ``plain_words``.

    Raises:
        FeedbackError: there is none (unless ``create``), it is no log, of a later version, or cannot be opened.
    """
    if not create and not path.exists():
        raise FeedbackError(f"there is no log of questions at {path}; `qa chat` writes one, or name it with --log")
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # what people ask is nobody else's business
        connection = sqlite3.connect(path, timeout=OPEN_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise FeedbackError(f"cannot open the log {path}: {error}; name another with --log") from error
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")  # in WAL mode, only a power cut can lose the last questions
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        connection.create_function("plain_words", 1, plain_words, deterministic=True)
        _migrate_patiently(connection, path)
    except sqlite3.Error as error:
        connection.close()
        foreign = isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error)
        reason = "is no log of questions" if foreign else f"cannot be opened: {error}"
        raise FeedbackError(f"{path} {reason}; name another with --log") from error
    except FeedbackError:
        connection.close()
        raise
    return connection


def _migrate_patiently(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate; SQLite does not itself wait for others that make the same new file at the same time."""
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            return migrate(connection, path)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring a log to the version that ``steps`` make, all of them or none; one that is there already is not touched.

    Raises:
        FeedbackError: the file is not a log, or of a later version.
    """
    if _version(connection, path, len(steps)) == len(steps):
        return
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[_version(connection, path, len(steps)) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path, latest: int) -> int:
    """Return the version of a log; 0 for a file with nothing in it."""
    program, version, parts = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if program != APPLICATION_ID and (program or version or parts):
        raise FeedbackError(f"{path} is a database, but no log of questions; name another with --log")
    if version > latest:
        raise FeedbackError(f"{path} has version {version}, and the latest known is {latest}; update the package")
    return int(version)
