"""An encoder that serves another one, for whatever stands between the two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.encoder.protocol import Encoder, Encoding, Role


class WrappedEncoder:
    """Serves another encoder as it is; a subclass overrides what it does differently.

    Args:
        encoder: does the work.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, in the order given."""
        return self.encoder.encode(texts, role)

    def spans(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the code points of each token of each text, uncut: int32, shape (t, 2)."""
        return self.encoder.spans(texts)
