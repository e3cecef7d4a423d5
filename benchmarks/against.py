"""Against the usual way: the same model and article in the tutorial, in every peer library, and here.

Each peer runs in an environment of its own, made once from ``peers/NAME.txt`` in the cache folder
(about 1.6 GB each); one that cannot be installed or run is reported with the reason. The rounds go
through all of them by turns.

Run: python -m benchmarks.against [--rounds 5] [--only tutorial,with_txtai] [--venvs FOLDER]
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.data import data_sets
from benchmarks.record import ROOT, Record, Target
from qa.encoder import load_encoder
from qa.evaluation.labels import Task
from qa.settings import CACHE_VARIABLE, Settings

SCRIPTS = Path(__file__).parent / "peers"
PEERS = ("tutorial", "with_txtai", "with_haystack", "with_llamaindex", "with_langchain")
QUIET = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false", "HAYSTACK_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore",
}  # fmt: skip
FIGURES = (
    ("cold start", "cold_seconds", "s", 1),
    ("warm question", "warm_seconds", "ms", 1000),
    ("peak memory", "peak_mib", "MiB", 1),
)
TARGETS = {"cold start": Target(most=0.20), "warm question": Target(most=0.50), "peak memory": Target(most=0.60)}
BETTER = Target(least=1.0)
OURS, OURS_AGAIN, BASE = "product, new article", "product, known article", "tutorial"
WARM_QUESTIONS = 100
PATIENCE = 1800  # seconds for one run; the slowest peer needs a tenth


def main() -> None:
    """Set up the peers, run all by turns, write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=0, help="questions of each article for the quality; 0 takes all")
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--venvs", type=Path, default=Settings().cache_path / "benchmarks")
    chosen = parser.parse_args()
    record = Record("against", "Against the usual way: the same model and article elsewhere and here")
    interpreters, reasons = _environments(chosen.venvs, filter(None, chosen.only.split(",")))
    runs: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        record.add("product, export of the model, once ever", _fresh_cache(Path(folder)), "s")
        for number in range(chosen.rounds):
            work = Path(folder) / "work.json"
            work.write_text(json.dumps(_work(number, chosen.limit)), "utf-8")
            for name, interpreter in interpreters.items():
                module = "product" if name.startswith("product") else name
                try:
                    runs.setdefault(name, []).append(_run(interpreter, module, work, Path(folder)))
                except (subprocess.SubprocessError, OSError, ValueError) as error:
                    reasons[name] = str(error)
            interpreters = {name: path for name, path in interpreters.items() if name not in reasons}
    _fill(record, {name: found for name, found in runs.items() if name not in reasons}, reasons)
    record.save()


def _environments(folder: Path, names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the interpreter of each peer, and why there is none for the others; ours come first and last."""
    interpreters, reasons = {OURS: sys.executable}, {}
    for name in names:
        try:
            interpreters[name] = environment(folder / name, SCRIPTS / f"{name}.txt")
        except (OSError, subprocess.SubprocessError) as error:
            reasons[name] = f"does not install: {_last_line(getattr(error, 'stderr', None) or str(error))}"
    return interpreters | {OURS_AGAIN: sys.executable}, reasons


def environment(place: Path, requirements: Path) -> str:
    """Return the interpreter of the environment at ``place``, making it first if it is not as required."""
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = place / f"{hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]}.ready"
    if not marker.exists():
        sys.stderr.write(f"setting up {place}\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)]
        subprocess.run(install, check=True, capture_output=True, text=True)
        marker.touch()
    return str(python)


def _fresh_cache(folder: Path) -> float:
    """Export the model into an empty cache for the product's runs; return the seconds that took."""
    start = time.perf_counter()
    load_encoder(Settings(cache_dir=str(folder / "cache")))
    return time.perf_counter() - start


def _work(number: int, limit: int) -> dict[str, Any]:
    """Return what every peer gets in this round; quality is asked in the first one only, being the same in all."""
    tasks = data_sets(("squad-dev-8.json",))[0].tasks
    first = _task(tasks[number % len(tasks)], WARM_QUESTIONS)
    # So that no round's article was ever seen before.
    first["paragraphs"].append(f"This was written for round {number}, {time.time_ns()}.")
    first["questions"] = [question["text"] for question in first["questions"]]
    return {"first": first, "rest": [_task(task, limit) for task in tasks] if number == 0 else []}


def _task(task: Task, limit: int) -> dict[str, Any]:
    """Return an article's paragraphs and its answerable questions with the paragraphs that answer them."""
    spans = [passage.span for passage in task.article.passages]
    asked = []
    for label in task.labels:
        right = [k for k, span in enumerate(spans) if any(span.contains(gold) for gold in label.spans)]
        if right and not label.history:
            asked.append({"text": label.text, "right": right})
    return {"paragraphs": [task.article.quote(span) for span in spans], "questions": asked[: limit or None]}


def _run(interpreter: str, module: str, work: Path, folder: Path) -> dict[str, Any]:
    """Run one peer once; return what it printed, and the seconds from its start to its first answer."""
    with (folder / "errors.txt").open("w+") as errors:
        start = time.perf_counter()
        with subprocess.Popen(
            [interpreter, "-m", f"benchmarks.peers.{module}", str(work)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | QUIET | {CACHE_VARIABLE: str(folder / "cache")},
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            cold = time.perf_counter() - start
            rest = process.communicate(timeout=PATIENCE)[0]
        if process.returncode:
            errors.seek(0)
            raise ValueError(f"does not run: {_last_line(errors.read())}")
    told: dict[str, Any] = json.loads(rest)
    return told | {"cold_seconds": [cold]}


def _fill(record: Record, runs: dict[str, list[dict[str, Any]]], reasons: dict[str, str]) -> None:
    """Add all rows, figure by figure, each against the tutorial's."""
    record.details["runs"] = runs
    order = sorted(runs, key=lambda name: name != BASE)
    ours = {OURS, OURS_AGAIN}
    for figure, field, unit, factor in FIGURES:
        for name in order:
            several = [factor * value for run in runs[name] for value in run[field]]
            record.add(
                f"{figure}: {name}", several, unit, baseline="" if name == BASE else f"{figure}: {BASE}",
                target=TARGETS[figure] if name in ours else None,
            )  # fmt: skip
    for name in order:
        run = runs[name][0]
        base = "" if name == BASE else f"index all articles: {BASE}"
        if name != OURS_AGAIN:  # it reads what was kept
            record.add(f"index all articles: {name}", run["index_seconds"], "s", baseline=base)
    best = max((runs[name][0]["hit_at_1"] for name in order if name not in ours), default=0.0)
    for name in order:
        run = runs[name][0]
        if name == OURS_AGAIN:
            continue
        base = "" if name == BASE else f"passage hit@1: {BASE}"
        note = f"best of the others: {best:.4f}" if name == OURS else f"version {run['version']}"
        record.add(
            f"passage hit@1: {name}", run["hit_at_1"], f"of {run['questions']}", baseline=base,
            target=BETTER if name == OURS else None, note=note,
        )  # fmt: skip
    for name, reason in reasons.items():
        record.absent(name, reason)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason given")[:300]


if __name__ == "__main__":
    main()
