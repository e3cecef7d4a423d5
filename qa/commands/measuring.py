"""``qa eval``: files of labels in; table, report, gate and calibration out."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa import corpus_path
from qa.commands.options import ArticleOption, SettingsOption, console, load_settings, progress
from qa.errors import LabelError

if TYPE_CHECKING:
    from qa.article import Article
    from qa.evaluation.labels import DataSet


def evaluate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled questions; the bundled ones if left out.")
    ] = None,
    article: ArticleOption = "",
    settings: SettingsOption = "",
    split: Annotated[str, typer.Option(help="Only questions of these splits, with commas.")] = "",
    methods: Annotated[str, typer.Option(help="Rankings to compare, with commas.")] = "bm25,dense,rrf,late,product",
    limit: Annotated[int, typer.Option(min=0, help="At most so many questions of each article; 0 takes all.")] = 0,
    seed: Annotated[int, typer.Option(help="For samples and intervals.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.html, report.md, results.json, plots.")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fail if a figure fell below this baseline.")
    ] = None,
    pin: Annotated[Path | None, typer.Option(metavar="FILE", help="Write or raise a baseline.")] = None,
    lower: Annotated[bool, typer.Option("--lower", help="With --pin: allow floors to be lowered.")] = False,
    fit: Annotated[Path | None, typer.Option(metavar="FILE", help="Fit the confidence and write it there.")] = None,
    risk: Annotated[float, typer.Option(min=0, max=1, help="With --fit: share of wrong answers put up with.")] = 0.095,
) -> None:
    """Measure answers on labelled questions. Also fits the confidence and holds a baseline."""
    from qa.encoder import load_encoder
    from qa.evaluation import gate as floors
    from qa.evaluation.methods import METHODS
    from qa.evaluation.report import print_table, write_report
    from qa.evaluation.run import Evaluation

    done = count(1)
    chosen, ranked = load_settings(settings), tuple(filter(None, methods.split(",")))
    if unknown := sorted(set(ranked) - set(METHODS)):
        raise LabelError(f"unknown method {', '.join(unknown)}; known are {', '.join(METHODS)}")
    sets = read_sets(files or [corpus_path() / "questions.jsonl"], article or corpus_path(), split, limit)
    evaluation = Evaluation(chosen, load_encoder(chosen), ranked, seed)
    screen = console()
    if fit is not None:
        with progress("Fitting") as show:
            calibration = evaluation.fit(sets, risk, lambda: show(next(done), None))
        floors.write_whole(fit, calibration.to_json())
        screen.out(f"Wrote {fit}: threshold {calibration.threshold:.3f} for a risk of {risk:.0%}.")
        screen.out("Point the setting `calibration` at it, or put it in the package's place.")
        return
    total = sum(len(task.labels) for data in sets for task in data.tasks)
    with progress("Asking") as show:
        results = evaluation.results(sets, lambda: show(next(done), total))
    print_table(results, screen)
    if out is not None:
        write_report(results, out)
        screen.out(f"Wrote {out / 'report.html'}")
    if pin is not None:
        screen.out(floors.pin(results, pin, lower=lower))
    if gate is not None:
        screen.out(floors.check(results, gate))


def read_sets(files: Sequence[Path], article: str | Path, split: str = "", limit: int = 0) -> "list[DataSet]":
    """Read every file, report all bad records of all files at once, and cut to split and limit.

    Args:
        files: labelled questions, of any of the forms that ``read_labels`` knows.
        article: path of what our own JSON Lines are about.
        split: only these splits of our own questions, with commas; "" for all.
        limit: at most so many questions of each article; 0 for all.

    Raises:
        LabelError: records are malformed, two files have one name, a split is unknown, or nothing is left of a file.
    """
    from qa.evaluation.labels import SPLITS, read_labels

    splits = tuple(filter(None, split.split(",")))
    if unknown := sorted(set(splits) - set(SPLITS)):
        raise LabelError(f"unknown split {', '.join(unknown)}; known are {', '.join(SPLITS)}")
    sets, problems = [], []
    for path in files:
        try:
            sets.append(read_labels(path, lambda: _article(article)))
        except LabelError as error:
            problems.append(str(error))
    if problems:
        raise LabelError("\n".join(problems))
    names = [data.name for data in sets]
    double = next((name for name in names if names.count(name) > 1), None)
    if double:
        raise LabelError(f"two files are called {double}; rename one")
    sets = [data.restrict(*splits) if data.form == "questions" else data for data in sets]
    if limit:
        sets = [replace(d, tasks=tuple(replace(t, labels=t.labels[:limit]) for t in d.tasks)) for d in sets]
    empty = [data.name for data in sets if not any(task.labels for task in data.tasks)]
    if empty:
        raise LabelError(f"{', '.join(empty)}: no question of split {split!r}; leave --split out")
    return sets


def _article(path: str | Path) -> "Article":
    """Return the one article that our own questions are about."""
    from qa.readers import read_articles

    articles = read_articles(path)
    if len(articles) != 1:
        raise LabelError(f"{path} holds {len(articles)} articles; name the one that the questions are about")
    return articles[0]
