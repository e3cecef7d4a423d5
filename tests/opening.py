"""Opens an index in a process of its own, slowly if wished, and tells how many texts had to be encoded."""

import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from toy import ToyEncoder

from qa.encoder import Encoding, Role
from qa.index import Index, open_index
from qa.readers import find_sources


class _Numbers(dict[str, int]):
    """Numbers words by themselves, so that all processes number them alike."""

    def setdefault(self, word: str, _: int = 0) -> int:
        """Return the word's number."""
        return zlib.crc32(word.encode()) % 30_000


class CountingEncoder(ToyEncoder):
    """Counts the texts that it encodes; ``seconds`` is how long each batch takes."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.vocabulary = _Numbers()
        self.seconds = seconds

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, at leisure."""
        time.sleep(self.seconds)
        return super().encode(texts, role)

    def encoded(self) -> list[str]:
        """Return what was encoded since this was asked last."""
        texts = [text for call, _ in self.calls for text in call]
        self.calls.clear()
        return texts


def open_corpus(corpus: Path, folder: Path, encoder: CountingEncoder) -> Index:
    """Open the index of a folder of articles."""
    return open_index(find_sources(corpus), encoder, folder, str(corpus))


if __name__ == "__main__":
    encoder = CountingEncoder(float(sys.argv[3]))
    index = open_corpus(Path(sys.argv[1]), Path(sys.argv[2]), encoder)
    sys.stdout.write(f"{len(index.passages)} {len(encoder.encoded())}\n")
