"""Many at once: requests and waiting by number of clients, past saturation and after it, against the real server.

Locust asks, from an environment of its own (``locust.txt``); it shares the machine with the server,
as does the measurement of what the encoder alone can do in batches.

Run: python -m benchmarks.load [--seconds 10] [--modes plain,batching] [--venvs FOLDER]
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.against import environment
from benchmarks.data import questions
from benchmarks.record import INK, PALE, RESULTS, ROOT, Record, Target, figure, percentile
from benchmarks.start import get
from qa.encoder import Role, load_encoder
from qa.encoder.onnx import BATCH_TEXTS
from qa.settings import Settings

CLIENTS = (1, 8, 50, 200)
SETTLING = 0.5  # seconds of each stage that do not count: earlier questions still wait
RECOVERY = 3.0  # seconds of one client after the rush
RUSH = "200 that never wait"
THROUGHPUT = Target(least=0.80)  # of the encoder's own in batches, at 50 clients
REFUSAL_MS = Target(most=250.0)  # a 503 past saturation, 95th percentile
RECOVERY_S = Target(most=1.0)


def main() -> None:
    """Run all modes and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each stage")
    parser.add_argument("--modes", default="plain,batching")
    parser.add_argument("--venvs", type=Path, default=Settings().cache_path / "benchmarks")
    chosen = parser.parse_args()
    record = Record("load", "Many at once: how many questions a second, how long each waits")
    locust = environment(chosen.venvs / "load", Path(__file__).parent / "locust.txt")
    stages = ",".join(f"{count}:{chosen.seconds}" for count in CLIENTS)
    alone, seen = [encoder_rate(3.0)], {}
    for mode in chosen.modes.split(","):
        with started(mode) as (_, address):
            seen[mode] = drive(locust, address, f"{stages},200:{chosen.seconds}!,1:{RECOVERY}")
        alone.append(encoder_rate(3.0))
    record.add("the encoder alone, in batches", alone, "questions/s")
    curves = {mode: _add(record, mode, found) for mode, found in seen.items()}
    record.save()
    _plot(record, curves)


def encoder_rate(seconds: float) -> float:
    """Return how many questions a second the encoder encodes in full batches, one thread on each core."""
    asked = questions(BATCH_TEXTS * 20)
    encoder = load_encoder(Settings(threads=1))  # each thread here does its own passes, one after the other
    counts: list[int] = []

    def work() -> None:
        end, done = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            first = done % len(asked)
            done += len(encoder.encode(asked[first : first + BATCH_TEXTS], Role.QUERY))
        counts.append(done)

    threads = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


@contextlib.contextmanager
def started(mode: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Start the server; yield its process and its address once questions are answered."""
    command = [sys.executable, "-m", "benchmarks.server", mode]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = urlsplit(process.stdout.readline().strip()).netloc
            while get(address, "/healthz")[0] != 200:
                time.sleep(0.05)
            yield process, address
        finally:
            process.terminate()


def drive(python: str, address: str, stages: str) -> dict[str, Any]:
    """Let Locust's users go through the stages; return what they saw."""
    with tempfile.TemporaryDirectory() as folder:
        asked, out = Path(folder) / "questions.json", Path(folder) / "seen.json"
        asked.write_text(json.dumps(questions(1000)), "utf-8")
        subprocess.run(
            [python, "-m", "locust", "-f", Path(__file__).parent / "users.py", "--headless", "--only-summary",
             "--host", f"http://{address}", "--stop-timeout", "0"],
            env=os.environ | {"STAGES": stages, "QUESTIONS": str(asked), "OUT": str(out)},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        seen: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return seen


def _add(record: Record, mode: str, seen: dict[str, Any]) -> dict[str, list[float]]:
    """Add a mode's rows; return its curves for the plot."""
    curves: dict[str, list[float]] = {"rate": [], "p50": [], "p95": [], "p99": []}
    beginnings = seen["beginnings"]
    names = [*map(str, CLIENTS), RUSH]
    for number, name in enumerate(names):
        first, last = beginnings[number] + SETTLING, beginnings[number + 1]
        inside = [r for r in seen["requests"] if first <= r[0] and r[0] + r[1] <= last]
        answered = [1000 * r[1] for r in inside if r[2] == 200]
        refused = [1000 * r[1] for r in inside if r[2] == 503]
        other = len(inside) - len(answered) - len(refused)
        title = f"{mode}, {name}" + {RUSH: "", "1": " client"}.get(name, " clients")
        if not answered:
            record.absent(title, f"nothing answered, {len(refused)} refused, {other} failed")
            continue
        rate = record.add(
            f"{title}: answers", len(answered) / (last - first), "/s", baseline="the encoder alone, in batches",
            target=THROUGHPUT if name == "50" and mode == "plain" else None,
            note=f"{len(refused) / len(inside):.0%} refused, {other} failed",
        )  # fmt: skip
        curves["rate"].append(rate)
        for share in (50, 95, 99):
            curves[f"p{share}"].append(record.add(f"{title}: p{share}", percentile(answered, share / 100), "ms"))
        if refused:
            # The load tool shares the cores here: much of this is its own waiting for its turn.
            target = REFUSAL_MS if mode == "plain" else None
            record.add(f"{title}: a refusal, p95", percentile(refused, 0.95), "ms", target=target)
    _add_recovery(record, mode, seen, beginnings[len(names)])
    return curves


def _add_recovery(record: Record, mode: str, seen: dict[str, Any], end: float) -> None:
    """Add how long after the rush one client's questions take as long as ever again."""
    alone = [r[1] for r in seen["requests"] if r[0] < seen["beginnings"][1] and r[2] == 200]
    normal = 2 * statistics.median(alone)
    # The first question that is asked after the end and answered as fast as ever, and when it was answered.
    well = [r[0] + r[1] - end for r in seen["requests"] if r[0] >= end and r[2] == 200 and r[1] <= normal]
    if well:
        record.add(f"{mode}: recovered after the rush", min(well), "s", target=RECOVERY_S)
    else:
        record.absent(f"{mode}: recovered after the rush", f"not within {RECOVERY:g} s")


def _plot(record: Record, curves: dict[str, dict[str, list[float]]]) -> None:
    """Draw answers a second by clients for each mode, beside what the encoder alone can do."""
    with figure(RESULTS / "load.png", record.question) as axes:
        places = [*map(str, CLIENTS), RUSH]
        for (mode, curve), colour in zip(curves.items(), (INK, PALE), strict=False):
            axes.plot(places[: len(curve["rate"])], curve["rate"], marker="o", color=colour, label=mode)
            for place, rate, p95 in zip(places, curve["rate"], curve["p95"], strict=False):
                axes.annotate(f"p95 {p95:.0f} ms", (place, rate), fontsize=7)
        alone = record.value("the encoder alone, in batches") or 0.0
        axes.axhline(alone, color="black", linewidth=0.8, label="the encoder alone, in batches")
        axes.set(xlabel="clients", ylabel="answers a second", ylim=(0, None))
        axes.legend(fontsize=8)


if __name__ == "__main__":
    main()
