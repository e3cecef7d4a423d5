"""The product itself, as `Engine.from_path` serves a file."""

import hashlib
import itertools
from bisect import bisect_right

from benchmarks.peers.measure import Index, Search, measure


def load() -> Index:
    """Load the encoder, which all articles share."""
    from qa.encoder import load_encoder
    from qa.engine import Engine
    from qa.settings import Settings

    settings = Settings()
    encoder = load_encoder(settings)

    def index(paragraphs: list[str]) -> Search:
        starts = list(itertools.accumulate((len(each) + 2 for each in paragraphs[:-1]), initial=0))
        text = "\n\n".join(paragraphs)
        # The same text gets the same place, where it is found again by a later process.
        path = settings.cache_path / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt"
        path.write_text(text, "utf-8")
        engine = Engine.from_path(path, settings, encoder)

        def search(question: str) -> int:
            answer = engine.ask(question)
            return bisect_right(starts, answer.passages[0].start) - 1 if answer.passages else -1

        return search

    return index


if __name__ == "__main__":
    measure(load, "ask-the-article")
