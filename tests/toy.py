"""An encoder simple enough to work its vectors out by hand."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.encoder import Encoding, Role


class ToyEncoder:
    """Gives each lower-cased word its own axis, so that equal words have cosine 1 and others 0.

    Args:
        max_tokens: how many words of a text are read, and two special tokens.
        dimension: words beyond the so many first ones share axes.
    """

    fingerprint = "toy"

    def __init__(self, max_tokens: int = 512, dimension: int = 512) -> None:
        self.max_tokens = max_tokens
        self.dimension = dimension
        self.vocabulary: dict[str, int] = {}
        self.calls: list[tuple[tuple[str, ...], Role]] = []

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode each text alone; both roles are encoded alike."""
        self.calls.append((tuple(texts), role))
        return [self._encode(text) for text in texts]

    def spans(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return where the words are."""
        found = ([match.span() for match in re.finditer(r"\w+", text)] for text in texts)
        return [np.array(spans, dtype=np.int32).reshape(-1, 2) for spans in found]

    def _encode(self, text: str) -> Encoding:
        offsets = self.spans([text])[0][: self.max_tokens - 2]
        words = [text[start:end].lower() for start, end in offsets]
        ids = np.array([self.vocabulary.setdefault(word, len(self.vocabulary)) for word in words], dtype=np.int32)
        tokens = np.zeros((len(ids), self.dimension), np.float32)
        tokens[np.arange(len(ids)), ids % self.dimension] = 1
        total = tokens.sum(axis=0)
        return Encoding(ids, offsets, tokens, total / np.float32(float(np.linalg.norm(total)) or 1.0))
