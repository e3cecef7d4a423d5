"""``qa eval``."""

from pathlib import Path
from typing import Annotated

import typer

from qa import corpus_path
from qa.commands.options import ArticleOption, SettingsOption, console, load_settings


def evaluate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled questions; the bundled ones if left out.")
    ] = None,
    article: ArticleOption = "",
    settings: SettingsOption = "",
    split: Annotated[str, typer.Option(help="Only questions of this split, such as test.")] = "",
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
    from qa.evaluate import Request, evaluate_files

    evaluate_files(
        Request(
            files=tuple(files or [corpus_path() / "questions.jsonl"]), article=article or corpus_path(),
            settings=load_settings(settings), split=split, methods=tuple(filter(None, methods.split(","))), limit=limit,
            seed=seed, out=out, gate=gate, pin=pin, lower=lower, fit=fit, risk=risk,
        ),
        console(),
    )  # fmt: skip
