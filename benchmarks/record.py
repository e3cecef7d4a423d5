"""What every benchmark writes: figures with their machine, versions, commit and ratios.

A figure never stands alone: it names the baseline that was measured beside it, in the same run on
the same machine, and its target, if it has one, is about their ratio. A record becomes three
files: ``results/NAME.json`` for programs, ``NAME.md`` for people, ``NAME.png`` for a quick look.
"""

import contextlib
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("bm25s", "faiss-cpu", "fastapi", "gradio", "numpy", "onnxruntime", "tokenizers", "torch", "uvicorn")
INK, PALE, MISSED = "#1f5f8b", "#b8c4cc", "#b3432b"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a row's ratio to its baseline, or on its value where it has none; a ``least`` or a ``most``."""

    most: float = math.inf
    least: float = -math.inf

    def __str__(self) -> str:
        """Return the bound as it is printed in tables."""
        return f"≤ {self.most:g}" if self.most < math.inf else f"≥ {self.least:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value: the median of ``runs`` with its 10th and 90th percentile, and what it is held against."""

    name: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    runs: int = 1
    baseline: str = ""
    ratio: float | None = None
    target: str = ""
    held: bool | None = None
    note: str = ""


class Record:
    """Collects one benchmark's rows and writes them.

    Args:
        name: of the files.
        question: what the benchmark asks, in one sentence.
    """

    def __init__(self, name: str, question: str) -> None:
        self.name = name
        self.question = question
        self.rows: list[Row] = []
        self.details: dict[str, Any] = {}
        self.machine = machine()

    def add(
        self,
        name: str,
        values: float | Sequence[float],
        unit: str,
        *,
        baseline: str = "",
        target: Target | None = None,
        note: str = "",
    ) -> float:
        """Add a row and return its value, the median of ``values``; ``baseline`` names an earlier row."""
        several = [float(values)] if isinstance(values, int | float) else [float(value) for value in values]
        value = statistics.median(several)
        ratio = None
        if baseline and (base := self.value(baseline)):
            ratio = value / base
        judged = value if ratio is None else ratio
        held = None if target is None or (baseline and ratio is None) else target.least <= judged <= target.most
        low, high = (percentile(several, 0.1), percentile(several, 0.9)) if len(several) > 1 else (None, None)
        bound = "" if target is None else str(target)
        self.rows.append(Row(name, value, unit, low, high, len(several), baseline, ratio, bound, held, note))
        return value

    def absent(self, name: str, reason: str) -> None:
        """Say that something could not be measured, and why."""
        self.rows.append(Row(name, None, "", note=reason))

    def value(self, name: str) -> float | None:
        """Return the value of a row by its name; None if there is none."""
        return next((row.value for row in self.rows if row.name == name), None)

    def save(self, folder: Path = RESULTS) -> None:
        """Write JSON and Markdown, the plot of all ratios, and show the table."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "name": self.name, "question": self.question, "machine": self.machine,
            "rows": [asdict(row) for row in self.rows], "details": self.details,
        }  # fmt: skip
        (folder / f"{self.name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        table = self.markdown()
        (folder / f"{self.name}.md").write_text(table, "utf-8")
        self._plot(folder / f"{self.name}.png")
        sys.stdout.write(f"{table}\n")

    def markdown(self) -> str:
        """Return the record as a Markdown table with its provenance below."""
        lines = [
            f"### {self.question}", "", "| | median | 10–90% | runs | against | ratio | target | |",
            "|---|---:|---:|---:|---|---:|---:|---|",
        ]  # fmt: skip
        for row in self.rows:
            held = {None: "", True: "held", False: "**missed**"}[row.held]
            spread = f"{_number(row.low)}–{_number(row.high)}" if row.runs > 1 else ""
            ratio = f"{row.ratio:.3g}" if row.ratio is not None else ""
            value = f"{_number(row.value)} {row.unit}" if row.value is not None else "not measured"
            cells = [
                row.name,
                value,
                spread,
                str(row.runs),
                row.baseline,
                ratio,
                row.target,
                f"{held} {row.note}".strip(),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        told = {key: value for key, value in self.machine.items() if key != "versions"}
        told["versions"] = ", ".join(f"{name} {number}" for name, number in self.machine["versions"].items())
        return "\n".join([*lines, "", "; ".join(f"{key}: {value}" for key, value in told.items()), ""])

    def _plot(self, path: Path) -> None:
        """Draw the ratios as bars, with a line at the baseline's 1; values where nothing has a ratio."""
        rows = [row for row in self.rows if row.ratio is not None] or [r for r in self.rows if r.value is not None]
        values = [(row.value if row.ratio is None else row.ratio) or 0.0 for row in rows]
        colours = [MISSED if row.held is False else INK if row.held else PALE for row in rows]
        with figure(path, self.question, 1 + 0.32 * len(rows)) as axes:
            axes.barh([row.name for row in rows], values, color=colours)
            for place, value in enumerate(values):
                axes.text(value, place, f" {value:.3g}", va="center", fontsize=8)
            if any(row.ratio is not None for row in rows):
                axes.axvline(1, color="black", linewidth=0.8)
                axes.set_xlabel("ratio to the baseline (blue: target held, red: missed)", fontsize=8)
            axes.invert_yaxis()


@contextlib.contextmanager
def figure(path: Path, title: str = "", height: float = 4.0) -> Iterator["Axes"]:
    """Yield axes to draw on, and write the plot to ``path`` when that is done."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn, axes = pyplot.subplots(figsize=(8, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    drawn.suptitle(title, fontsize=10)
    try:
        yield axes
        drawn.savefig(path, dpi=110, metadata={"Software": None})
    finally:
        pyplot.close(drawn)


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, memory, load, versions, commit."""
    return {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory GiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30) if _posix() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "load before": round(os.getloadavg()[0], 2) if _posix() else None,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in LIBRARIES},
    }


def commit() -> str:
    """Return the commit of the checkout, with "+changes" if files differ from it; "" outside of a checkout."""
    told = [_git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain", "--", "qa", "pyproject.toml")]
    return told[0] + ("+changes" if told[0] and told[1] else "")


def interleaved(actions: Mapping[str, Callable[[int], object]], rounds: int) -> dict[str, list[float]]:
    """Time actions by turns, so that a slow moment of the machine meets all of them; seconds by name.

    Args:
        actions: called with the round's number; one extra first round warms them up and is not counted.
        rounds: how often each is timed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(-1, rounds):
        for name, action in actions.items():
            start = time.perf_counter()
            action(max(number, 0))
            if number >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of ``values`` that at least ``share`` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _posix() -> bool:
    return os.name == "posix"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
