"""``qa index``."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from qa.commands.options import (
    AllowPrivateOption,
    IndexOption,
    PathArgument,
    SettingsOption,
    console,
    load_settings,
    location_of,
    open_sources,
    progress,
)
from qa.errors import ReadError
from qa.readers import is_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from qa.encoder import Encoder
    from qa.readers import Source
    from qa.settings import Settings

LOGGER = logging.getLogger(__name__)

WATCH_MILLISECONDS = 500


def index(
    path: PathArgument = "",
    settings: SettingsOption = "",
    folder: IndexOption = "",
    watch: Annotated[bool, typer.Option("--watch", help="Index again whenever something changes.")] = False,
    allow_private: AllowPrivateOption = False,
) -> None:
    """Index articles ahead of time. Of what was indexed before, only changes are encoded."""
    chosen = load_settings(settings, folder)
    if watch and is_address(path):
        raise ReadError(f"{path} is an address, which cannot be watched; give a file or a folder")
    sources = open_sources(path, allow_private)  # before anything heavy is loaded
    from qa.encoder import load_encoder

    encoder = load_encoder(chosen)
    screen = console()
    if watch:
        _watch(path, encoder, chosen, screen)
    else:
        _index(sources, location_of(path), encoder, chosen, screen)


def _index(
    sources: "Sequence[Source]", location: str, encoder: "Encoder", settings: "Settings", screen: "Console"
) -> None:
    """Index once, showing how far it is."""
    from qa.index import open_index

    with progress("Indexing") as show:
        made = open_index(sources, encoder, settings.index_path, location, settings.token_type, show)
    counts = {"article": made.articles, "passage": made.passages, "FAQ question": made.faqs}
    parts = [f"{len(items):,} {name}{'' if len(items) == 1 else 's'}" for name, items in counts.items()]
    where = "kept nowhere" if made.folder is None else f"kept in {settings.index_path}"
    screen.print(f"Indexed {parts[0]}: {', '.join(parts[1:])}; {where}", soft_wrap=True)


def _watch(path: str, encoder: "Encoder", settings: "Settings", screen: "Console") -> None:
    """Index now and after each change, until interrupted; what cannot be read leaves the index as it is."""
    from watchfiles import watch

    watching = False
    # What it yields without a change tells that it is at work, so that no change is missed before the first indexing.
    with suppress(KeyboardInterrupt):
        for changes in watch(location_of(path), yield_on_timeout=True, rust_timeout=WATCH_MILLISECONDS):
            if changes or not watching:
                try:
                    _index(open_sources(path), location_of(path), encoder, settings, screen)
                except ReadError as error:
                    LOGGER.warning("%s", error)
            if not watching:
                watching = True
                screen.print("Watching for changes (Ctrl-C ends it)")
