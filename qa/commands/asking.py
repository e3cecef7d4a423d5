"""``qa ask`` and ``qa show``."""

import json
from typing import Annotated

import typer

from qa import corpus_path
from qa.commands.options import ArticleOption, SettingsOption, console, load_engine, load_settings


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, in quotes.")],
    article: ArticleOption = "",
    settings: SettingsOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Answer one question."""
    from qa.engine import check_question

    chosen = load_settings(settings)
    check_question(question, chosen.max_question_chars)  # before anything is loaded
    answer = load_engine(article, chosen).ask(question)
    if as_json:
        typer.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
        return
    from qa.terminal import print_answer

    print_answer(answer, console())


def show(article: ArticleOption = "") -> None:
    """Print the article as understood: sections, passages, sentences, FAQ."""
    from qa.readers import read_articles
    from qa.terminal import print_article

    screen = console()
    for each in read_articles(article or corpus_path()):
        print_article(each, screen)
