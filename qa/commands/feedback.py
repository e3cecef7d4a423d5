"""``qa insights`` and ``qa feedback``."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from qa.commands.options import (
    AllowPrivateOption,
    ArticleOption,
    IndexOption,
    SettingsOption,
    console,
    load_engine,
    load_settings,
    location_of,
    open_sources,
)
from qa.errors import FeedbackError

LogOption = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="The chat's log; the one of the article if left out.")
]
SinceOption = Annotated[str, typer.Option(metavar="TIME", help="Only questions since then: 24h, 7d, 2w or a date.")]

group = typer.Typer(help="Use what readers said of the answers.", no_args_is_help=True)


@group.callback()
def feedback() -> None:
    """Use what readers said of the answers."""


def insights(
    since: SinceOption = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write insights.html, insights.md, insights.json, a plot.")
    ] = None,
    draft_faq: Annotated[
        bool, typer.Option("--draft-faq", help="Write a FAQ draft of what is lacking; into DIR, or else here.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    log: LogOption = None,
    article: ArticleOption = "",
    settings: SettingsOption = "",
    index: IndexOption = "",
    allow_private: AllowPrivateOption = False,
) -> None:
    """Tell what readers asked, and what the article lacks."""
    from qa.feedback.insights import gather, parse_since
    from qa.feedback.log import default_log_path
    from qa.feedback.schema import connect

    chosen = load_settings(settings, index)
    path = log or default_log_path(chosen, location_of(article))
    start = parse_since(since, time.time())
    connect(path).close()  # before anything is loaded
    found = gather(path, load_engine(article, chosen, allow_private), start)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    else:
        from qa.feedback.report import print_insights

        print_insights(found, console())
    if out is not None:
        from qa.feedback.report import write_report

        with _writing(out):
            write_report(found, out)
        typer.echo(f"Wrote {out / 'insights.html'}", err=True)
    if draft_faq:
        from qa.feedback.drafts import draft_entries, write_drafts

        entries = draft_entries(found.gaps)
        with _writing(out or Path()):
            written = write_drafts(entries, out or Path())
        answered = sum(bool(answer) for _, answer in entries)
        typer.echo(
            f"Wrote {written[0]} (entries: {len(entries)}, of which for you to answer: {len(entries) - answered}) "
            f"and {written[1]} (those with an answer: {answered}).",
            err=True,
        )


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FeedbackError(f"cannot write {place}: {error.strerror}; choose another place with --out") from error


@group.command("export")
def export_labels(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; to the terminal if left out.")] = None,
    since: SinceOption = "",
    log: LogOption = None,
    article: ArticleOption = "",
    settings: SettingsOption = "",
    allow_private: AllowPrivateOption = False,
) -> None:
    """Write ratings as labelled questions, for `qa eval`."""
    from qa.feedback.export import export, only_article
    from qa.feedback.insights import parse_since
    from qa.feedback.log import default_log_path
    from qa.feedback.schema import connect
    from qa.lines import clean
    from qa.readers import read_sources

    place = location_of(article)
    path = log or default_log_path(load_settings(settings), place)
    connect(path).close()  # before anything is read
    articles = read_sources(open_sources(article, allow_private))
    found = export(path, only_article(articles, place), parse_since(since, time.time()))
    if out is None:
        typer.echo(found.to_jsonl(), nl=False)
    else:
        with _writing(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(found.to_jsonl(), encoding="utf-8")
    typer.echo(
        f"{len(found.records)} labelled questions; {found.older} ratings were replaced by newer ones, "
        f"{found.unmarked} name no sentence, {len(found.stale)} name one that is not in the article any more",
        err=True,
    )
    for question in found.stale:
        typer.echo(f"stale: {clean(question)}", err=True)
