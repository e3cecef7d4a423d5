"""The real server, for a load test: as ``qa chat`` serves, or without batching of encode calls.

Run: python -m benchmarks.server batching|plain [ARTICLE]
"""

import dataclasses
import sys
from collections.abc import Callable

from qa import Engine, corpus_path
from qa.encoder import load_encoder
from qa.readers import find_sources
from qa.settings import Settings
from qa.web.server import engine_loader, serve


def plain_loader(path: str) -> Callable[[], Engine]:
    """Return what loads an engine whose threads each encode by themselves, like ``engine_loader`` otherwise."""
    settings = Settings()
    return lambda: Engine.from_path(path, settings, load_encoder(dataclasses.replace(settings, threads=1)))


def main() -> None:
    """Serve on a free port, and print the address."""
    mode, *rest = sys.argv[1:]
    path = rest[0] if rest else str(corpus_path())
    load = plain_loader(path) if mode == "plain" else engine_loader(find_sources(path), path)
    serve(load, port=0, rate="10000000/minute", announce=_announce)


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
