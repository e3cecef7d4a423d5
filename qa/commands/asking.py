"""``qa ask`` and ``qa show``."""

import json
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
    open_sources,
)


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, in quotes.")],
    article: ArticleOption = "",
    only: Annotated[
        str, typer.Option(metavar="NAME", help="Ask only the article of this name, where there are several.")
    ] = "",
    settings: SettingsOption = "",
    index: IndexOption = "",
    allow_private: AllowPrivateOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Answer one question."""
    from qa.engine import check_question

    chosen = load_settings(settings, index)
    check_question(question, chosen.max_question_chars)  # before anything is loaded
    answer = load_engine(article, chosen, allow_private).ask(question, article=only or None)
    if as_json:
        typer.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
        return
    from qa.terminal import print_answer

    print_answer(answer, console())


def show(article: ArticleOption = "", allow_private: AllowPrivateOption = False) -> None:
    """Print an article as understood, with sections, sentences, FAQ."""
    from qa.readers import read_sources
    from qa.terminal import print_article

    screen = console()
    for each in read_sources(open_sources(article, allow_private)):
        print_article(each, screen)
