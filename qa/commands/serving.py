"""``qa chat``."""

from pathlib import Path
from typing import Annotated

import typer

from qa import corpus_path
from qa.commands.options import SettingsOption, load_settings
from qa.errors import ReadError


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

    chosen = load_settings(settings)
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
