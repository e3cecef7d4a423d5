"""A chat's log: what recording costs a question, and what reading a million questions back takes.

Run: python -m benchmarks.feedback [--rows 1000000]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.data import questions
from benchmarks.record import Record, Target
from qa import Engine, corpus_path
from qa.feedback.log import FeedbackLog
from qa.feedback.schema import connect

REAL = 200  # questions that are asked; the others are those again, most of them in words of their own
RECORDING_MS = Target(most=1.0)
INSIGHTS_S = Target(most=60.0)
MEMORY_MIB = Target(most=1024.0)


def main() -> None:
    """Ask, record, multiply, read back, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    record = Record("feedback", f"A log of {rows:,} questions: what do recording and reading back take?")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite3"
        _fill(path, rows)
        record.add("recording one more", [1000 * each for each in _recorded(path)], "ms", target=RECORDING_MS)
        command = [sys.executable, "-m", "qa", "insights", "--log", str(path), "--out", f"{folder}/out"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        record.add("qa insights", time.perf_counter() - start, "s", target=INSIGHTS_S)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        record.add("its memory", peak, "MiB", target=MEMORY_MIB)
        record.add("the file", path.stat().st_size / 2**20, "MiB")
    record.save()


def _recorded(path: Path) -> list[float]:
    """Ask and record the bundled questions; return the seconds that each recording took."""
    engine = Engine.from_path(corpus_path())
    log = FeedbackLog(path, retention_days=0)
    seconds = []
    for question in questions(REAL):
        answer = engine.ask(question)
        start = time.perf_counter()
        question_id = log.record(answer, history=0, seconds=0.005, articles=engine.articles)
        seconds.append(time.perf_counter() - start)
        log.rate(question_id, len(question) % 3 > 0)
    log.close()
    return seconds


def _fill(path: Path, rows: int) -> None:
    """Record real questions, and multiply them within the file."""
    _recorded(path)
    connection = connect(path)
    connection.execute("BEGIN")
    connection.execute(
        "INSERT INTO questions (id, time, question, context, history, kind, confidence, article, seconds, liked)"
        " WITH RECURSIVE copies (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < ?)"
        " SELECT id || k, time - k, CASE k % 3 WHEN 0 THEN question ELSE question || ' ' || k END,"
        " context, history, kind, confidence, article, seconds, liked FROM questions, copies",
        (rows // REAL - 1,),
    )
    connection.execute(
        "INSERT OR IGNORE INTO citations SELECT copy.number, citations.span FROM questions AS copy"
        " JOIN questions AS own ON own.number = (copy.number - ?) % ? + 1"
        " JOIN citations ON citations.question = own.number",
        (REAL + 1, REAL),
    )
    connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    main()
