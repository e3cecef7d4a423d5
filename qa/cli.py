"""The ``qa`` command: ask, show, chat and evaluate, from a terminal."""

import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa import corpus_path
from qa.errors import AskError, ReadError
from qa.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from qa.engine import Engine

app = typer.Typer(
    help="Ask an article a question; get the very sentence that answers it, or an honest no.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ArticleOption = Annotated[
    str, typer.Option("--article", metavar="PATH", help="A file or folder to ask; the bundled article if left out.")
]
SettingsOption = Annotated[
    str, typer.Option("--settings", metavar="FILE", envvar="QA_SETTINGS", help="A TOML file of settings.")
]


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is going on, on standard error.")] = False,
) -> None:
    """Ask an article a question; get the very sentence that answers it, or an honest no."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="qa: %(message)s")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, in quotes.")],
    article: ArticleOption = "",
    settings: SettingsOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Answer one question."""
    from qa.engine import check_question

    chosen = _settings(settings)
    check_question(question, chosen.max_question_chars)  # before anything is loaded
    answer = _engine(article, chosen).ask(question)
    if as_json:
        typer.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
        return
    from qa.terminal import print_answer

    print_answer(answer, _console())


@app.command()
def show(article: ArticleOption = "") -> None:
    """Print the article as understood: sections, passages, sentences, FAQ."""
    from qa.readers import read_articles
    from qa.terminal import print_article

    console = _console()
    for each in read_articles(article or corpus_path()):
        print_article(each, console)


@app.command()
def chat(
    path: Annotated[
        str, typer.Argument(metavar="[PATH]", help="A file or folder; the bundled article if left out.")
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 7860,
    root_path: Annotated[str, typer.Option(help="Path under which a proxy serves the page.")] = "",
    auth: Annotated[str, typer.Option(metavar="USER:PASSWORD", help="Protect page and API.")] = "",
    settings: SettingsOption = "",
) -> None:
    """Serve the web chat and the HTTP API."""
    from qa.web.server import engine_loader, serve

    chosen = _settings(settings)
    if path and not Path(path).exists():
        raise ReadError(f"{path} does not exist; give a file or a folder")
    serve(
        engine_loader(path or corpus_path(), chosen),
        host=host,
        port=port,
        root_path=root_path,
        auth=auth or None,
        settings=chosen,
        announce=lambda url: typer.echo(f"Ask the Article is at {url} (Ctrl-C ends it)"),
    )


@app.command("eval")
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
    """Measure answers on labelled questions; fit the confidence; hold a baseline."""
    from qa.evaluate import Request, evaluate_files

    evaluate_files(
        Request(
            files=tuple(files or [corpus_path() / "questions.jsonl"]), article=article or corpus_path(),
            settings=_settings(settings), split=split, methods=tuple(filter(None, methods.split(","))), limit=limit,
            seed=seed, out=out, gate=gate, pin=pin, lower=lower, fit=fit, risk=risk,
        ),
        _console(),
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; errors that are a person's to mend end it with one line and code 2."""
    try:
        app(arguments, standalone_mode=False)
    except AskError as error:
        sys.stderr.write(f"qa: {error}\n")
        raise SystemExit(2) from None
    except typer.Abort:
        raise SystemExit(130) from None
    except typer.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except Exception as error:
        # Typer's own usage errors know how to show themselves.
        shown: Callable[[], None] | None = getattr(error, "show", None)
        if shown is None:
            raise
        shown()
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _settings(path: str) -> Settings:
    return Settings.from_file(path) if path else Settings()


def _engine(article: str, settings: Settings) -> "Engine":
    from qa.engine import Engine

    return Engine.from_path(article or corpus_path(), settings)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)
