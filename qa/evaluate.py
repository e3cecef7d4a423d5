"""Evaluation as a command: files of labels in; table, report, gate and calibration out."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.article import Article
from qa.encoder import load_encoder
from qa.errors import LabelError
from qa.evaluation.gate import check, pin
from qa.evaluation.labels import DataSet, Task, read_labels
from qa.evaluation.methods import METHODS
from qa.evaluation.report import print_table, write_report
from qa.evaluation.run import Evaluation
from qa.readers import read_articles
from qa.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to evaluate and what to do with the results.

    Attributes:
        files: labelled questions, of any of the forms that ``read_labels`` knows.
        article: what our own JSON Lines are about.
        settings: of the product.
        split: only this half of our own questions; "" for all.
        methods: rankings to compare.
        limit: at most so many questions of each article; 0 for all.
        seed: for samples and intervals.
        out: folder for the report.
        gate: baseline to hold.
        pin: baseline to write or raise.
        lower: whether ``pin`` may lower a floor.
        fit: file for a new calibration; nothing else is done then.
        risk: share of wrong answers that the fitted threshold puts up with.
    """

    files: Sequence[Path]
    article: str | Path
    settings: Settings
    split: str = ""
    methods: Sequence[str] = tuple(METHODS)
    limit: int = 0
    seed: int = 0
    out: Path | None = None
    gate: Path | None = None
    pin: Path | None = None
    lower: bool = False
    fit: Path | None = None
    risk: float = 0.095


def evaluate_files(request: Request, console: "Console") -> dict[str, Any]:
    """Do what the request says; return the results.

    Raises:
        LabelError: labels are malformed, or a method is unknown.
        GateError: a figure fell below its baseline.
    """
    unknown = sorted(set(request.methods) - set(METHODS))
    if unknown:
        raise LabelError(f"unknown method {', '.join(unknown)}; known are {', '.join(METHODS)}")
    sets = read_all(request)
    evaluation = Evaluation(request.settings, load_encoder(request.settings), request.methods, request.seed)
    if request.fit is not None:
        with _progress("Fitting", None) as advance:
            calibration = evaluation.fit(sets, request.risk, advance)
        _write(request.fit, calibration.to_json())
        console.out(f"Wrote {request.fit}: threshold {calibration.threshold:.3f} for a risk of {request.risk:.0%}.")
        console.out("Point the setting `calibration` at it, or put it in the package's place.")
        return {}
    total = sum(len(task.labels) for data in sets for task in data.tasks)
    with _progress("Asking", total) as advance:
        results = evaluation.results(sets, advance)
    print_table(results, console)
    if request.out is not None:
        write_report(results, request.out)
        console.out(f"Wrote {request.out / 'report.html'}")
    if request.pin is not None:
        console.out(pin(results, request.pin, lower=request.lower))
    if request.gate is not None:
        console.out(check(results, request.gate))
    return results


def read_all(request: Request) -> list[DataSet]:
    """Read every file, report all bad records of all files at once, and cut to split and limit."""
    sets, problems = [], []
    for path in request.files:
        try:
            sets.append(read_labels(path, lambda: _article(request.article)))
        except LabelError as error:
            problems.append(str(error))
    if problems:
        raise LabelError("\n".join(problems))
    names = [data.name for data in sets]
    double = next((name for name in names if names.count(name) > 1), None)
    if double:
        raise LabelError(f"two files are called {double}; rename one")
    sets = [data.restrict(request.split) if data.form == "questions" else data for data in sets]
    if request.limit:
        sets = [
            DataSet(d.name, d.form, d.sha256, tuple(Task(t.article, t.labels[: request.limit]) for t in d.tasks))
            for d in sets
        ]
    empty = [data.name for data in sets if not any(task.labels for task in data.tasks)]
    if empty:
        raise LabelError(f"{', '.join(empty)}: no question of split {request.split!r}; leave --split out")
    return sets


def _article(path: str | Path) -> Article:
    """Return the one article that our own questions are about."""
    articles = read_articles(path)
    if len(articles) != 1:
        raise LabelError(f"{path} holds {len(articles)} articles; name the one that the questions are about")
    return articles[0]


def _write(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)


@contextmanager
def _progress(task: str, total: int | None) -> "Iterator[Any]":
    """Show a bar on standard error while a person watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        number = bar.add_task(task, total=total)
        yield lambda count: bar.advance(number, count)


if __name__ == "__main__":
    from qa.cli import main

    main(["eval", *sys.argv[1:]])
