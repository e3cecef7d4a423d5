"""Ten minutes of questions: does the server's memory stay flat?

Run: python -m benchmarks.soak [--minutes 10] [--clients 50] [--venvs FOLDER]
"""

import argparse
import statistics
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.against import environment
from benchmarks.load import drive, started
from benchmarks.record import INK, RESULTS, Record, Target, figure
from qa.settings import Settings

FLAT = Target(most=1.02)
WARM = 0.1  # of the time: caches and arenas fill up once
EVERY = 2.0  # seconds


def main() -> None:
    """Ask for minutes, watch the memory, write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--venvs", type=Path, default=Settings().cache_path / "benchmarks")
    chosen = parser.parse_args()
    record = Record("soak", f"{chosen.minutes:g} minutes with {chosen.clients} clients: does memory stay flat?")
    locust = environment(chosen.venvs / "load", Path(__file__).parent / "locust.txt")
    seen: dict[str, Any] = {}
    samples: list[tuple[float, float]] = []
    with started("plain") as (process, address):
        stages = f"{chosen.clients}:{chosen.minutes * 60}"
        users = threading.Thread(target=lambda: seen.update(drive(locust, address, stages)))
        begin = time.perf_counter()
        users.start()
        while users.is_alive():
            samples.append((time.perf_counter() - begin, resident_mib(process.pid)))
            users.join(EVERY)
    answered = sum(status == 200 for _, _, status in seen["requests"])
    record.add("answers", float(answered), "in all", note=f"{len(seen['requests']) - answered} refused or failed")
    warm = [mib for at, mib in samples if at >= WARM * samples[-1][0]]
    tenth = max(1, len(warm) // 10)
    record.add("memory after the warm-up", warm[:tenth], "MiB")
    record.add("memory at the end", warm[-tenth:], "MiB", baseline="memory after the warm-up", target=FLAT)
    slope = statistics.linear_regression(*zip(*samples[-len(warm) :], strict=True)).slope if len(warm) > 1 else 0.0
    record.add("memory, trend", slope * 3600, "MiB an hour")
    record.details["seconds, MiB"] = samples
    record.save()
    with figure(RESULTS / "soak.png", record.question) as axes:
        axes.plot(*zip(*samples, strict=True), color=INK)
        axes.set(xlabel="seconds", ylabel="MiB", ylim=(0, None))


def resident_mib(pid: int) -> float:
    """Return the memory that a process holds now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
    except OSError:
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
        return int(told.stdout) / 1024


if __name__ == "__main__":
    main()
