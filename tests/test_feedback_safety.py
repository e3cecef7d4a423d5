"""The log loses nothing, and never stands between a reader and an answer."""

import os
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from diary import ARTICLE, questions, record, rows
from toy import ToyEncoder
from waiting import until

from qa import Engine, QuestionError
from qa.feedback.log import FeedbackLog
from qa.web.service import Service


def test_fifty_writers_of_one_process_lose_nothing(path: Path) -> None:
    log = FeedbackLog(path)
    start = threading.Barrier(50)

    def write(number: int) -> None:
        start.wait()
        for count in range(10):
            assert log.rate(record(log, f"writer {number} asks {count}"), True)

    threads = [threading.Thread(target=write, args=[number]) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    assert sorted(questions(path)) == sorted(f"writer {n} asks {k}" for n in range(50) for k in range(10))
    assert all(row["liked"] == 1 for row in rows(path))


WRITER = """
import sys, threading
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from diary import FeedbackLog, record

log = FeedbackLog(Path(sys.argv[1]))
def write(thread):
    for count in range(20):
        record(log, f"writer {sys.argv[2]} {thread} asks {count}")
threads = [threading.Thread(target=write, args=[n]) for n in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
log.close()
"""


def python(source: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", source, *map(str, arguments), str(Path(__file__).parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> Sequence[str]:
    """Return the lines that a process printed, once it has ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.splitlines()


def test_fifty_writers_of_five_processes_that_make_the_file_lose_nothing(path: Path) -> None:
    for process in [python(WRITER, path, number) for number in range(5)]:
        finish(process)

    assert len(set(questions(path))) == 5 * 10 * 20


def test_a_locked_file_delays_nobody_and_what_waited_is_written_when_it_is_free(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = FeedbackLog(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    ids = [record(log, f"question {number}") for number in range(100)]
    assert log.rate(ids[7], True)
    assert time.perf_counter() - began < 2  # if each of them had waited, it would be 5 s at least
    assert questions(path) == []
    other.execute("ROLLBACK")
    other.close()

    until(lambda: len(questions(path)) == 100)
    log.close()
    assert [row["question"] for row in rows(path) if row["liked"]] == ["question 7"]
    assert [message.levelname for message in caplog.records] == ["WARNING"]


def test_closing_writes_what_waits_and_a_question_under_way_is_recorded_after_it(path: Path) -> None:
    log = FeedbackLog(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        record(log, "while it is locked")
    log.close()
    record(log, "after it was closed")

    assert questions(path) == ["while it is locked", "after it was closed"]


FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from diary import FeedbackLog, record

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = FeedbackLog(Path(sys.argv[1]))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
for number in range(300):
    assert record(log, f"question {number} " + "x" * 1000)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log.close()
"""


def test_a_full_disk_costs_no_answer_and_nothing_once_there_is_room_again(path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    finish(python(FULL, path))

    assert len(questions(path)) == 300


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from diary import FeedbackLog, record

log = FeedbackLog(Path(sys.argv[1]))
while True:
    print(record(log), flush=True)
"""


def test_a_kill_loses_no_question_that_was_answered(path: Path) -> None:
    process = python(KILLED, path)
    assert process.stdout is not None
    answered = [process.stdout.readline() for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    answered += process.stdout.read().splitlines()
    process.communicate()

    kept = [row["id"] for row in rows(path)]
    assert kept[: len(answered)] == [line.strip() for line in answered]
    assert len(kept) <= len(answered) + 1


def test_recording_takes_less_than_a_millisecond_at_the_median(path: Path) -> None:
    log = FeedbackLog(path)
    seconds = []
    for number in range(500):
        began = time.perf_counter()
        record(log, f"How tall is tower {number}?")
        seconds.append(time.perf_counter() - began)
    log.close()

    assert statistics.median(seconds) < 0.001  # some 0.05 ms


# Behind the page and the API


def test_the_service_records_each_answer_and_tells_the_id(path: Path, toy_encoder: ToyEncoder) -> None:
    engine = Engine.from_articles([ARTICLE], encoder=toy_encoder)
    service = Service(lambda: engine, log=FeedbackLog(path))
    service.start()
    service.wait()

    reply = service.submit("Who painted it?", ["How tall is the tower?"]).result()
    assert service.ask("may visitors climb up") == engine.ask("may visitors climb up")
    with pytest.raises(QuestionError):
        service.ask("  ")
    visitors = Engine.from_articles([ARTICLE], encoder=toy_encoder)
    assert service.submit("Who lives here?", (), None, visitors).result().question_id == ""
    service.close()

    assert reply.answer == engine.ask("Who painted it?", ["How tall is the tower?"])
    assert [(row["question"], row["kind"], row["history"]) for row in rows(path)] == [
        ("Who painted it?", "faq", 1),
        ("may visitors climb up", "faq", 0),
    ]
    assert rows(path)[0]["id"] == reply.question_id
    assert 0 < rows(path)[0]["seconds"] < 60


def test_a_service_without_a_log_records_nothing(toy_encoder: ToyEncoder) -> None:
    service = Service(lambda: Engine.from_articles([ARTICLE], encoder=toy_encoder))
    service.start()
    service.wait()

    assert service.submit("Who painted it?").result().question_id == ""
    service.close()
