"""What an encoder yields, and what it has to offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Role(StrEnum):
    """What a text is to the search; some models put another prompt before each."""

    QUERY = "query"
    PASSAGE = "document"


@dataclass(frozen=True, slots=True)
class Encoding:
    """One text, encoded in one pass of the model.

    Attributes:
        ids: int32, shape (t,): vocabulary id of each token; special tokens and prompt left out.
        offsets: int32, shape (t, 2): the code points ``[start, end)`` of the text that each token covers.
        tokens: float32, shape (t, w): unit-length contextual vectors of the last layer; w is d unless
            the model's pooling is followed by a layer that changes it.
        pooled: float32, shape (d,): the unit-length sentence embedding.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int32]
    tokens: NDArray[np.float32]
    pooled: NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors; handed to whoever needs one, so that a test can bring its own."""

    @property
    def fingerprint(self) -> str:
        """Return a digest of everything that decides the vectors."""

    @property
    def dimension(self) -> int:
        """Return the number of components of a pooled vector."""

    @property
    def max_tokens(self) -> int:
        """Return how many tokens of a text are read; what follows is cut off."""

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, in the order given."""

    def spans(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the code points of each token of each text, uncut: int32, shape (t, 2)."""
