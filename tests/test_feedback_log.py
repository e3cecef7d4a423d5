"""The log keeps what it promises and nothing else."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from diary import ARTICLE, TALL, questions, record, rows

from qa import AnswerKind, Citation, FeedbackError, Settings, SettingsError
from qa.commands.serving import _open_log
from qa.feedback.log import MAX_REASON, FeedbackLog, default_log_path
from qa.feedback.schema import APPLICATION_ID, MIGRATIONS, connect, migrate

DAY = 86_400.0
RIGHT = Citation(1, "Its lamp turns every ten seconds.", 48, 81, "The lighthouse", "lighthouse.md")
COLUMNS = {
    "number", "id", "time", "question", "context", "history", "kind", "confidence", "article", "seconds", "liked",
    "rated", "reason", "marked",
}  # fmt: skip


# What is kept


def test_a_question_is_recorded_with_what_came_of_it_and_nothing_else(path: Path) -> None:
    log = FeedbackLog(path, clock=lambda: 1_800_000_000.5)
    question_id = record(log, history=2)
    log.close()

    [row] = rows(path)
    assert set(row) == COLUMNS
    expected = {
        "id": question_id, "time": 1_800_000_000.5, "question": "How tall is it?", "context": "", "history": 2,
        "kind": "passage", "confidence": 0.8, "article": ARTICLE.sha256[:16], "seconds": 0.02, "liked": None,
        "rated": None, "reason": "", "marked": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    [span] = rows(path, "SELECT s.* FROM citations c JOIN spans s ON s.number = c.span")
    assert ARTICLE.text[span["start"] : span["end"]] == span["quote"] == TALL
    assert len(question_id) >= 20
    assert path.stat().st_mode & 0o077 == 0


def test_what_identifies_a_person_never_reaches_the_file(path: Path) -> None:
    log = FeedbackLog(path)
    topic = "Who answers jo@mail.example"
    question_id = record(
        log, "or 0171 2345678?", history=1, understood_as=f"{topic} or 0171 2345678?", text="x", citations=()
    )
    log.rate(question_id, False, reason="my card is 4111 1111 1111 1111")

    [row] = rows(path)
    assert (row["question"], row["context"]) == ("or [phone]?", "Who answers [e-mail]")
    assert row["reason"] == "my card is [card]"
    log.close()
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert not any(secret in written for secret in (b"mail.example", b"2345678", b"1111"))


def test_small_talk_is_a_kind_of_its_own(path: Path) -> None:
    log = FeedbackLog(path)
    record(log, "hello", kind=AnswerKind.NONE, reason="small talk", citations=())
    record(log, "Who built it?", kind=AnswerKind.NONE, reason="the closest sentence has …", citations=())
    log.close()

    assert [row["kind"] for row in rows(path)] == ["small talk", "none"]


def test_a_follow_up_keeps_what_it_was_understood_with_and_a_corrected_question_nothing(path: Path) -> None:
    log = FeedbackLog(path)
    record(log, "and its lamp?", history=1, understood_as="How tall is the tower? and its lamp?")
    record(log, "how tal is it", history=1, understood_as="how tall is it")
    record(log, "how tal is it", understood_as="how tall is it")
    log.close()

    assert [row["context"] for row in rows(path)] == ["How tall is the tower?", "", ""]


def test_a_rating_replaces_the_one_before_and_only_a_dislike_has_reason_and_sentence(path: Path) -> None:
    log = FeedbackLog(path)
    question_id = record(log)
    states = []
    for liked in (False, True, None, False):
        assert log.rate(question_id, liked, reason="wrong " * 1000, marked=RIGHT)
        [row] = rows(path)
        states.append((row["liked"], len(row["reason"]), row["marked"], row["rated"] is not None))
    log.close()

    assert states == [(0, MAX_REASON, 2, True), (1, 0, None, True), (None, 0, None, False), (0, MAX_REASON, 2, True)]
    assert [span["quote"] for span in rows(path, "SELECT quote FROM spans")] == [TALL, RIGHT.quote]


def test_an_unknown_id_rates_nothing_and_a_mark_that_is_no_quote_is_left_out(path: Path) -> None:
    log = FeedbackLog(path)
    assert not log.rate("guessed", False, marked=RIGHT)
    known = record(log, citations=())
    for nonsense in ({"quote": " "}, {"start": -1}, {"end": 2**63}, {"quote": "x" * 10_001}):
        assert log.rate(known, False, marked=replace(RIGHT, **nonsense))
    log.close()

    assert rows(path, "SELECT * FROM spans") == []


def test_half_a_surrogate_pair_is_kept_as_a_question_mark(path: Path) -> None:
    log = FeedbackLog(path)
    question_id = record(log, "why \ud800?")
    assert log.rate(question_id, False, reason="\udfff")
    log.close()

    assert [(row["question"], row["reason"]) for row in rows(path)] == [("why ??", "?")]


def test_old_questions_are_deleted_on_opening_and_while_others_are_recorded(path: Path) -> None:
    now = 0.0
    log = FeedbackLog(path, retention_days=2, clock=lambda: now)
    record(log, "first")
    now = 1.5 * DAY
    record(log, "second")
    now = 2.5 * DAY
    record(log, "third")
    log.close()
    assert questions(path) == ["second", "third"]
    assert len(rows(path, "SELECT * FROM citations")) == 2

    now = 4 * DAY
    FeedbackLog(path, retention_days=0, clock=lambda: now).close()
    assert questions(path) == ["second", "third"]
    FeedbackLog(path, retention_days=2, clock=lambda: now).close()
    assert questions(path) == ["third"]


def test_the_retention_is_a_setting_within_bounds() -> None:
    assert (Settings().retention_days, Settings(retention_days=0).retention_days) == (365, 0)
    with pytest.raises(SettingsError, match="retention_days = -1 must be a number between 0 and 36500"):
        Settings(retention_days=-1)


def test_each_article_has_a_log_of_its_own_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(cache_dir=str(tmp_path / "cache"))
    (tmp_path / "a.md").touch()
    monkeypatch.chdir(tmp_path)

    assert default_log_path(settings, "a.md") == default_log_path(settings, tmp_path / "x" / ".." / "a.md")
    assert default_log_path(settings, "a.md") != default_log_path(settings, "b.md")
    address = "https://example.org/a"
    assert default_log_path(settings, address) != default_log_path(settings, Path(address))  # which is a file's name
    assert default_log_path(settings, "a.md").parent == tmp_path / "cache" / "feedback"


# Files that are no log


def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.md"
    text.write_text("# Notes\n" * 200, encoding="utf-8")
    other = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.commit()
    before = [text.read_bytes(), other.read_bytes()]

    for file, message in ((text, "is no log of questions"), (other, "but no log of questions"), (tmp_path, "cannot")):
        with pytest.raises(FeedbackError, match=message) as caught:
            FeedbackLog(file)
        assert "\n" not in str(caught.value)
    assert [text.read_bytes(), other.read_bytes()] == before


def test_a_log_of_a_later_version_is_refused(path: Path) -> None:
    FeedbackLog(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")

    with pytest.raises(FeedbackError, match=f"has version {len(MIGRATIONS) + 1}, and the latest known is"):
        FeedbackLog(path)


def test_a_log_of_an_earlier_version_is_brought_up_to_date_whole_or_not_at_all(path: Path) -> None:
    log = FeedbackLog(path)
    record(log)
    log.close()
    later = (*MIGRATIONS, ("ALTER TABLE questions ADD COLUMN mood TEXT",), ("UPDATE questions SET mood = 'curious'",))

    with closing(connect(path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
            migrate(connection, path, (*later, ("DELETE FROM nowhere",)))
        assert set(rows(path)[0]) == COLUMNS
        migrate(connection, path, later)

    assert [(row["question"], row["mood"]) for row in rows(path)] == [("How tall is it?", "curious")]
    assert rows(path, "PRAGMA user_version") == [{"user_version": len(later)}]
    assert rows(path, "PRAGMA application_id") == [{"application_id": APPLICATION_ID}]


def test_a_place_that_cannot_be_written_to_ends_the_chat_only_if_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blocked = tmp_path / "file" / "log.sqlite3"
    settings = Settings(cache_dir=str(tmp_path / "file"))

    with pytest.raises(FeedbackError, match="cannot open the log"):
        _open_log(blocked, settings, "a.md")
    assert _open_log(None, settings, "a.md") is None
