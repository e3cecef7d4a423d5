"""``qa chat``."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.commands.options import (
    AllowPrivateOption,
    IndexOption,
    PathArgument,
    SettingsOption,
    load_settings,
    location_of,
    open_sources,
)
from qa.errors import FeedbackError
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.feedback.log import FeedbackLog

LOGGER = logging.getLogger(__name__)


def chat(
    path: PathArgument = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 7860,
    root_path: Annotated[str, typer.Option(help="Path under which a proxy serves the page.")] = "",
    auth: Annotated[str, typer.Option(metavar="USER:PASSWORD", help="Protect page and API.")] = "",
    uploads: Annotated[bool, typer.Option(help="Let readers bring a text of their own.")] = True,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Record questions there, not in the usual place.")
    ] = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="Record nothing.")] = False,
    settings: SettingsOption = "",
    index: IndexOption = "",
    allow_private: AllowPrivateOption = False,
) -> None:
    """Serve the web chat and the HTTP API."""
    from qa.web.server import engine_loader, serve

    chosen = load_settings(settings, index)
    sources = open_sources(path, allow_private)
    serve(
        engine_loader(sources, location_of(path), chosen),
        host=host,
        port=port,
        root_path=root_path,
        auth=auth or None,
        settings=chosen,
        uploads=uploads,
        log=None if no_log else _open_log(log, chosen, location_of(path)),
        announce=lambda url: typer.echo(f"Ask the Article is at {url} (Ctrl-C ends it)"),
    )


def _open_log(path: Path | None, settings: Settings, article: str) -> "FeedbackLog | None":
    """Return the log to record in; where the usual place cannot be written to, the chat does without."""
    from qa.feedback.log import FeedbackLog, default_log_path

    try:
        return FeedbackLog(path or default_log_path(settings, article), retention_days=settings.retention_days)
    except FeedbackError as error:
        if path is not None:
            raise
        LOGGER.warning("nothing is recorded: %s", error)
        return None
