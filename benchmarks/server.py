"""The real server, for a load test: as ``qa chat`` serves, or with encode calls that share passes.

Run: python -m benchmarks.server plain|batching [ARTICLE]
"""

import os
import sys
from collections.abc import Callable

from benchmarks.batching import BatchingEncoder
from qa import Engine, corpus_path
from qa.encoder import load_encoder
from qa.readers import find_sources
from qa.settings import Settings
from qa.web.server import engine_loader, serve

CALLERS = 8  # threads that ask, so that there are calls to share a pass


def batching_loader(path: str) -> Callable[[], Engine]:
    """Return what loads an engine whose threads share passes of the model, one pass for each core."""
    return lambda: Engine.from_path(path, encoder=BatchingEncoder(load_encoder(), os.cpu_count() or 1))


def main() -> None:
    """Serve on a free port, and print the address."""
    mode, *rest = sys.argv[1:]
    path = rest[0] if rest else str(corpus_path())
    load = batching_loader(path) if mode == "batching" else engine_loader(find_sources(path), path)
    settings = Settings(threads=CALLERS if mode == "batching" else 0)
    serve(load, port=0, rate="10000000/minute", settings=settings, announce=_announce)


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
