"""What a log tells is counted right, grouped by meaning, and shown without running anything of it."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from diary import LAMP, NOON, TALL, VISITS, Diary
from lighthouse import TEXT, lighthouse
from toy import ToyEncoder

from qa import Engine, FeedbackError
from qa.encoder import Encoder
from qa.feedback.gaps import MAX_GROUPED, group_by_meaning
from qa.feedback.insights import gather, parse_since
from qa.feedback.report import write_report
from qa.feedback.schema import connect
from qa.readers import parse_article

ARTICLE = lighthouse()
HOUR = 3600.0


@pytest.fixture
def toy(toy_encoder: ToyEncoder) -> Engine:
    return Engine.from_articles([ARTICLE], encoder=toy_encoder)


def fill(diary: Diary) -> None:
    """Ask for two days."""
    diary.ask("how tall is the tower", "passage", TALL, sure=0.9, seconds=0.01, liked=True)
    diary.ask("How tall is the tower?!", "passage", TALL, sure=0.7, seconds=0.02)
    diary.ask("may visitors climb up", "faq", VISITS, sure=0.8, seconds=0.03)
    diary.ask("hello", reason="small talk")
    diary.now += 24 * HOUR
    diary.ask("which architect drew plans", sure=0.2, seconds=0.04)
    diary.now += 1
    diary.ask("Which architect drew plans?", sure=0.3, seconds=0.05)
    diary.ask("when does it turn", "passage", TALL, sure=0.6, seconds=0.9, liked=False, marked=LAMP)
    diary.now += HOUR


# Figures


def test_questions_are_counted_by_what_came_of_them(diary: Diary, path: Path, toy: Engine) -> None:
    fill(diary)

    found = gather(path, toy, now=diary.now)

    assert (found.questions, found.answered, found.faq, found.passage, found.none, found.small_talk) == (
        6,
        4,
        1,
        3,
        2,
        1,
    )
    assert (found.liked, found.disliked) == (1, 1)
    assert found.median_confidence == pytest.approx(0.75)  # of .6, .7, .8 and .9
    assert found.median_seconds == pytest.approx(0.035)
    assert found.days == {
        "2027-01-15": {"faq": 1, "passage": 2, "small talk": 1},
        "2027-01-16": {"none": 2, "passage": 1},
    }
    assert (found.since, found.until) == ("", "2027-01-16T09:00:01+00:00")
    assert sum(found.confidences["answered"]) == 4
    assert [place for place, count in enumerate(found.confidences["refused"]) if count] == [4, 6]


def test_only_what_was_asked_since_then_is_counted(diary: Diary, path: Path, toy: Engine) -> None:
    fill(diary)

    found = gather(path, toy, NOON + HOUR, diary.now)

    assert (found.questions, found.none, found.small_talk, found.liked) == (3, 2, 0, 0)
    assert found.days == {"2027-01-16": {"none": 2, "passage": 1}}
    assert [busy.cited for busy in found.passages] == [1]
    assert found.median_seconds == pytest.approx(0.05)


@pytest.mark.usefixtures("diary")
def test_a_log_without_questions_has_no_medians(path: Path, toy: Engine, tmp_path: Path) -> None:
    found = gather(path, toy)

    assert (found.questions, found.median_confidence, found.median_seconds, found.gaps) == (0, None, None, ())
    write_report(found, tmp_path / "out")
    assert "every question was answered" in (tmp_path / "out" / "insights.html").read_text(encoding="utf-8")


def test_the_busiest_passages_are_named_as_the_article_has_them_now(
    diary: Diary, path: Path, toy: Engine, toy_encoder: ToyEncoder
) -> None:
    fill(diary)
    diary.ask("and how fast does the lamp turn", "passage", LAMP)

    first, second = gather(path, toy).passages
    assert (first.quote, first.section, first.cited, first.liked, first.disliked, first.gone) == (
        TALL, "The lighthouse", 4, 1, 1, False,
    )  # fmt: skip
    assert (second.quote, second.section) == (VISITS, "FAQ")

    changed = TEXT.replace(f"{TALL} ", "").replace("Visitors climb", "Visitors\nclimb")
    engine = Engine.from_articles([parse_article("lighthouse.md", changed)], encoder=toy_encoder)
    assert [(busy.quote, busy.gone) for busy in gather(path, engine).passages] == [
        (TALL, True), (VISITS, False), (LAMP, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", 0), ("24h", NOON - 24 * HOUR), ("7d", NOON - 168 * HOUR), ("2W", NOON - 336 * HOUR), ("99999w", 0),
        ("2027-01-15", NOON - 8 * HOUR), ("2027-01-15T08:00+00:00", NOON),
    ],
)  # fmt: skip
def test_a_stretch_of_time_is_understood(text: str, moment: float) -> None:
    assert parse_since(text, NOON) == moment


@pytest.mark.parametrize("text", ["7", "d", "-7d", "yesterday", "2027-13-01", "7d\n7d"])
def test_another_stretch_of_time_is_refused(text: str) -> None:
    with pytest.raises(FeedbackError, match="is no stretch of time; write 24h, 7d, 2w or a date"):
        parse_since(text, NOON)


# Gaps


def test_unanswered_and_disliked_questions_are_grouped_by_what_they_mean(diary: Diary, path: Path, toy: Engine) -> None:
    fill(diary)
    diary.ask("architect plans drew which?")
    diary.ask("best pizza recipe")

    architect, turn, pizza = sorted(
        gather(path, toy).gaps, key=lambda gap: (-gap.count, gap.question != "when does it turn")
    )

    assert (architect.count, architect.unanswered, architect.disliked, architect.wordings) == (3, 3, 0, 2)
    assert (architect.question, architect.examples) == ("Which architect drew plans?", ("architect plans drew which?",))
    assert (architect.now, architect.marked, architect.answered_now) == ("refused", "", False)
    assert (turn.count, turn.unanswered, turn.disliked, turn.question, turn.marked) == (
        1,
        0,
        1,
        "when does it turn",
        LAMP,
    )
    assert pizza.question == "best pizza recipe"


def test_a_follow_up_is_told_with_what_it_follows(diary: Diary, path: Path, toy: Engine) -> None:
    diary.ask("and why?", before="Who drew the plans?")

    [gap] = gather(path, toy).gaps

    assert (gap.context, gap.question) == ("Who drew the plans?", "and why?")


def test_a_gap_that_a_later_version_of_the_article_fills_is_told(
    diary: Diary, path: Path, toy_encoder: ToyEncoder
) -> None:
    diary.ask("Which architect drew the plans?")
    diary.ask("Who painted it?", "passage", TALL, liked=False)
    later = TEXT + "\n### Which architect drew the plans?\n\nAda Stone drew them in 1901.\n"

    [before, disliked] = _gaps(path, TEXT, toy_encoder)
    [after, _] = _gaps(path, later, toy_encoder)

    assert (before.now, after.now, after.closest) == ("refused", "answered", "Ada Stone drew them in 1901.")
    assert disliked.now == "answered"  # with the FAQ entry, where a sentence had been given


def test_the_answer_that_was_disliked_fills_no_gap(diary: Diary, path: Path, toy: Engine) -> None:
    diary.ask("May visitors climb up?", "faq", VISITS, liked=False)

    [gap] = gather(path, toy).gaps

    assert (gap.now, gap.answered_now, gap.closest) == ("disliked", False, VISITS)


def _gaps(path: Path, text: str, encoder: Encoder) -> Sequence[Any]:
    engine = Engine.from_articles([parse_article("lighthouse.md", text)], encoder=encoder)
    return sorted(gather(path, engine).gaps, key=lambda gap: gap.disliked)


def test_paraphrases_are_grouped_and_other_questions_are_not(encoder: Encoder) -> None:
    texts = ["Who is DeepSeek's CEO?", "how do i bake bread", "who's the ceo of deepseek", "How is bread baked?"]

    first, second, third, fourth = group_by_meaning(texts, encoder)

    assert first == third != second == fourth
    assert group_by_meaning(["alone"], encoder) == [0]
    assert group_by_meaning([], encoder) == []


# Many questions


def _many(path: Path, count: int) -> None:
    """Write questions straight into the tables; a quarter of them different gaps."""
    with closing(connect(path, create=True)) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO spans VALUES (1, ?, 0, 1, ?, 'x')", (ARTICLE.name, TALL))
        connection.executemany(
            "INSERT INTO questions (number, id, time, question, context, history, kind, confidence, article, seconds)"
            " VALUES (?, ?, ?, ?, '', 0, ?, ?, '', 0.02)",
            (
                (n, f"id {n}", NOON + n, f"question {n % (count // 2)}", ("faq", "none")[n % 2], n % 100 / 100)
                for n in range(1, count + 1)
            ),
        )
        connection.execute("INSERT INTO citations SELECT number, 1 FROM questions WHERE kind = 'faq'")
        connection.execute("COMMIT")


MEASURE = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_insights import ARTICLE, Engine, ToyEncoder, gather
engine = Engine.from_articles([ARTICLE], encoder=ToyEncoder())
gather(Path(sys.argv[1]), engine)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_many_different_questions_are_told_of_in_bounded_memory_and_what_is_left_out_is_counted(
    tmp_path: Path, toy: Engine
) -> None:
    peaks = []
    for count in (100, 20_000):
        path = tmp_path / f"{count}.sqlite3"
        _many(path, count)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path), str(Path(__file__).parent)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        peaks.append(int(done.stdout) / 1024)

    found = gather(path, toy)
    assert (found.questions, found.none, found.left_out) == (20_000, 10_000, 5_000 - MAX_GROUPED)
    assert [busy.cited for busy in found.passages] == [10_000]
    assert peaks[1] - peaks[0] < 200  # MB; the distances of the grouped questions are 16 of them
