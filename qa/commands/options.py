"""What several commands take, and what they make of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa import corpus_path
from qa.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from qa.engine import Engine

ArticleOption = Annotated[
    str, typer.Option("--article", metavar="PATH", help="A file or folder to ask; the bundled article if left out.")
]
SettingsOption = Annotated[
    str, typer.Option("--settings", metavar="FILE", envvar="QA_SETTINGS", help="A TOML file of settings.")
]


def load_settings(path: str) -> Settings:
    """Return the settings in the file at ``path``, or the defaults where it is ""."""
    return Settings.from_file(Path(path)) if path else Settings()


def load_engine(article: str, settings: Settings) -> "Engine":
    """Return the engine for a path, or for the bundled article where it is ""."""
    from qa.engine import Engine

    return Engine.from_path(article or corpus_path(), settings)


def console() -> "Console":
    """Return the terminal to print to."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)
