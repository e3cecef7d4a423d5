"""What several commands take, and what they make of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa import corpus_path
from qa.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from qa.engine import Engine
    from qa.readers import Source

ArticleOption = Annotated[
    str,
    typer.Option(
        "--article", metavar="PATH", help="A file, folder or http(s) address to ask; the bundled article if left out."
    ),
]
PathArgument = Annotated[
    str,
    typer.Argument(metavar="PATH", help="A file, folder or http(s) address; the bundled article if left out."),
]
AllowPrivateOption = Annotated[
    bool, typer.Option("--allow-private", help="Let an address lie on this computer or in a private network.")
]
SettingsOption = Annotated[
    str, typer.Option("--settings", metavar="FILE", envvar="QA_SETTINGS", help="A TOML file of settings.")
]
IndexOption = Annotated[
    str, typer.Option("--index", metavar="DIR", help="Where indexes are kept; the user's cache folder if left out.")
]


def load_settings(path: str, index: str = "") -> Settings:
    """Return the settings in the file at ``path``, or the defaults where it is "", with the ``index`` folder."""
    settings = Settings.from_file(Path(path)) if path else Settings()
    return replace(settings, index_dir=index) if index else settings


def load_engine(article: str, settings: Settings, allow_private: bool = False) -> "Engine":
    """Return the engine for a path or address, or for the bundled article where it is ""."""
    sources = open_sources(article, allow_private)  # before anything heavy is loaded
    from qa.engine import Engine

    return Engine.from_sources(sources, location_of(article), settings)


def location_of(path: str) -> str:
    """Return what tells a path's place from others, that of the bundled article where it is ""."""
    from qa import readers

    return readers.location_of(path or corpus_path())


def open_sources(path: str, allow_private: bool = False) -> "tuple[Source, ...]":
    """Return where the articles of a path, an http(s) address or "", the bundled article, come from.

    Raises:
        ReadError: the path holds none, or the address cannot be fetched.
    """
    from qa.readers import find_sources, is_address

    if is_address(path):
        from qa.fetch import fetch

        return (fetch(path, allow_private=allow_private),)
    return find_sources(path or corpus_path())


def console() -> "Console":
    """Return the terminal to print to."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


@contextmanager
def progress(title: str) -> "Iterator[Callable[[int, int | None], None]]":
    """Show a bar on standard error while a person watches; give what tells it how much is done, and of how much."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(stderr=True)
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(title, total=None, rate="")

        def show(done: int, total: int | None) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.0f}/s" if speed else "")

        yield show
