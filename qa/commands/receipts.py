"""``qa verify`` and ``qa faq``: what was taken out of an article, and whether it still stands there."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from qa.commands.options import AllowPrivateOption, PathArgument, console, open_sources


class FaqFormat(StrEnum):
    """How FAQ entries are written."""

    MARKDOWN = "markdown"
    JSONLD = "jsonld"


def verify(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT.json", help="Answers, as JSON or JSON Lines.")],
    path: PathArgument = "",
    allow_private: AllowPrivateOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of verdicts as JSON.")] = False,
) -> None:
    """Check whether earlier answers still stand in the article. Code 1 if some do not."""
    from qa.readers import read_sources
    from qa.receipts import State, check, read_receipts

    verdicts = check(read_receipts(receipt), read_sources(open_sources(path, allow_private)))
    if as_json:
        typer.echo(json.dumps([verdict.to_dict() for verdict in verdicts], ensure_ascii=False, indent=2))
    else:
        from qa.terminal import print_verdicts

        print_verdicts(verdicts, console())
    if any(verdict.state in {State.CHANGED, State.GONE} for verdict in verdicts):
        raise typer.Exit(1)


def faq(
    path: PathArgument = "",
    form: Annotated[FaqFormat, typer.Option("--format", help="As text or as schema.org data.")] = FaqFormat.MARKDOWN,
    allow_private: AllowPrivateOption = False,
) -> None:
    """Print the FAQ entries of an article, to be published or edited."""
    from qa.faq import faq_entries, faq_jsonld, faq_markdown
    from qa.readers import read_sources

    articles = read_sources(open_sources(path, allow_private))
    entries = faq_entries(articles)
    title = "; ".join(article.title for article in articles)
    if form is FaqFormat.MARKDOWN:
        typer.echo(faq_markdown(entries, title), nl=False)
    else:
        about = (articles[0].title, articles[0].language) if len(articles) == 1 else ()
        typer.echo(faq_jsonld(entries, *about))
    if not entries:
        typer.echo(f"qa: there is no FAQ in {title}; give it a heading such as 'FAQ' with questions below", err=True)
