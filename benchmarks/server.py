"""The real server, for a load test: as ``qa chat`` serves, or with encode calls that share passes of the model.

Run: python -m benchmarks.server served|batching [ARTICLE]
"""

import dataclasses
import os
import sys
from collections.abc import Callable

from qa import Engine, corpus_path
from qa.encoder import load_encoder
from qa.readers import find_sources
from qa.settings import Settings
from qa.web.batching import BatchingEncoder
from qa.web.server import SHARING, engine_loader, serve


def batching_loader(path: str) -> Callable[[], Engine]:
    """Return what loads an engine whose encode calls share passes in any precision; else like ``engine_loader``."""
    settings = Settings()

    def load() -> Engine:
        encoder = BatchingEncoder(load_encoder(dataclasses.replace(settings, threads=1)), os.cpu_count() or 1)
        return Engine.from_path(path, settings, encoder)

    return load


def main() -> None:
    """Serve on a free port, and print the address."""
    mode, *rest = sys.argv[1:]
    path = rest[0] if rest else str(corpus_path())
    batching = mode == "batching"
    load = batching_loader(path) if batching else engine_loader(find_sources(path), path)
    serve(load, port=0, rate="10000000/minute", at_once=SHARING if batching else 0, announce=_announce)


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
