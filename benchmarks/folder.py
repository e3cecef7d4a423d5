"""A folder of a hundred articles: indexing against the encoder's own pace, a second start, one edited paragraph.

Run: python -m benchmarks.folder [--rounds 3]
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.data import article
from benchmarks.record import Record, Target
from benchmarks.wrapped import WrappedEncoder
from qa import Engine, Settings
from qa.encoder import Encoder, Encoding, Role, load_encoder

ARTICLES = 100
EDITS = 3  # in each round
PASSAGES = 500  # as many as the public files have
PACE = Target(most=1 / 0.9)
RESTART = Target(most=0.1)
EDIT = Target(most=0.02)


class Noting(WrappedEncoder):
    """Serves an encoder, and notes which texts it is given."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts with the encoder."""
        self.texts += texts
        return super().encode(texts, role)


def main() -> None:
    """Measure by turns and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    encoder = Noting(load_encoder())
    source = article(PASSAGES)
    texts = [source.quote(passage.span) for passage in source.passages]
    with tempfile.TemporaryDirectory() as temporary:
        corpus, settings = Path(temporary) / "corpus", Settings(index_dir=f"{temporary}/indexes")
        corpus.mkdir()
        size = len(texts) // ARTICLES
        for number in range(ARTICLES):
            part = texts[size * number : size * (number + 1)]
            (corpus / f"{number:02}.txt").write_text("\n\n".join(part), encoding="utf-8")

        def index() -> Engine:
            return Engine.from_path(corpus, settings, encoder)

        bare, whole, again, edited = [], [], [], []
        for number in range(rounds):
            encoder.texts.clear()
            shutil.rmtree(settings.index_dir, ignore_errors=True)
            whole.append(_seconds(index))
            pieces = list(encoder.texts)
            again.append(_seconds(index))
            for changed in sorted(corpus.iterdir())[EDITS * number : EDITS * (number + 1)]:
                changed.write_text(f"{changed.read_text(encoding='utf-8')} That is all.", encoding="utf-8")
                edited.append(_seconds(index))
            # The same texts: long passages are encoded in several overlapping pieces, where the model would cut them.
            bare.append(_seconds(partial(encoder.encode, pieces)))
    record = Record("folder", f"A folder of {ARTICLES} articles, {len(texts)} passages: how long does an index take?")
    record.add("the encoder alone", bare, "s")
    record.add("indexing", whole, "s", baseline="the encoder alone", target=PACE)
    record.add("a second start", again, "s", baseline="indexing", target=RESTART)
    record.add("one edited paragraph", edited, "s", baseline="indexing", target=EDIT)
    record.save()


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
