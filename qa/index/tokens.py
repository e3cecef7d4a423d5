"""Token vectors of many texts, and late interaction with them."""

import mmap
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa.index.cosines import ZERO, integer_cosines

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
TokenType = Literal["int8", "float16"]
KEPT_BYTES = 2**28  # of a file: what is read of a smaller one costs no more memory than to read it anew costs time


@dataclass(frozen=True, slots=True)
class TokenStore:
    """Token vectors of texts, one text after the other.

    Attributes:
        vectors: shape (tokens, w), each row of unit length once it is multiplied by its scale; float16, or uint8 where
            ``ZERO`` stands for 0, as the kernels for integers want it.
        scales: float32, shape (tokens,).
        starts: int64, shape (texts + 1,): text ``i`` owns the rows ``starts[i]:starts[i + 1]``.
        basis: float32, shape (d, w): what queries of d components are projected on first; None for w = d.
    """

    vectors: NDArray[Any]
    scales: Floats
    starts: Integers
    basis: Floats | None = None

    def unpacked(self) -> "TokenStore":
        """Return the same ready for products, for texts that every question is compared with."""
        return TokenStore(_ready(self.vectors), np.asarray(self.scales), self.starts, self.basis)

    def similarities(self, query: Floats) -> Floats:
        """Return the cosines of each stored token and each query token: shape (tokens, query tokens)."""
        return self._cosines(self.vectors, self.scales, query)

    def best(self, query: Floats, texts: Integers | None = None) -> Floats:
        """Return each query token's best cosine in each text, or in the given ones: shape (texts, query tokens).

        This is the inner part of MaxSim (Khattab and Zaharia 2020, ColBERT, section 3.3).
        """
        if texts is None:
            return text_maxima(self.similarities(query), self.starts[:-1])
        if not len(texts):
            return np.zeros((0, len(query)), np.float32)
        begins, ends = self.starts[texts], self.starts[texts + 1]
        lengths = ends - begins
        # Texts that stand together are read together.
        last = np.flatnonzero(texts[1:] != texts[:-1] + 1)
        runs = list(map(slice, [begins[0], *begins[last + 1].tolist()], [*ends[last].tolist(), ends[-1]]))
        vectors = np.concatenate([self.vectors[run] for run in runs])
        scales = np.concatenate([self.scales[run] for run in runs])
        give_back(self.vectors)
        return text_maxima(self._cosines(vectors, scales, query), np.cumsum(lengths) - lengths)

    def _cosines(self, vectors: NDArray[Any], scales: Floats, query: Floats) -> Floats:
        query = query if self.basis is None else query @ self.basis
        if vectors.dtype == np.uint8:
            return integer_cosines(vectors, scales, query)
        return np.asarray(_ready(vectors) @ query.T * scales[:, None], dtype=np.float32)

    def weighted_mean(self, values: Floats, weights: Floats) -> Floats:
        """Return each text's mean of a value per stored token: both of shape (tokens,), result (texts,)."""
        if len(self.starts) == 1:
            return np.zeros(0, np.float32)
        sums = np.add.reduceat(np.stack([values * weights, weights]), self.starts[:-1], axis=1)
        return np.asarray(sums[0] / np.maximum(sums[1], 1e-9), dtype=np.float32)


def text_maxima(similarities: Floats, starts: Integers) -> Floats:
    """Return each column's maximum in each text, from its start to the next's: shape (texts, query tokens)."""
    if not len(starts):
        return np.zeros((0, similarities.shape[1]), np.float32)
    return np.maximum.reduceat(similarities, starts, axis=0)


def give_back(array: NDArray[Any]) -> None:
    """Let go of the memory into which a large file was read; what was read of it stays in the system's cache.

    Otherwise, question by question, the process would come to hold gigabytes.
    """
    mapped = getattr(array.base, "base", None)
    if isinstance(mapped, mmap.mmap) and len(mapped) > KEPT_BYTES and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def pack(vectors: Floats, kind: TokenType) -> tuple[NDArray[Any], Floats]:
    """Return token vectors as they are stored, and the scale of each row.

    As int8, each row is divided by its largest component: half the size of float16. On squad-dev-8
    neither moves a figure.
    """
    if kind == "float16":
        return vectors.astype(np.float16), np.ones(len(vectors), np.float32)
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0), 1e-9) / np.float32(127)
    return (np.rint(vectors / scales[:, None]) + ZERO).astype(np.uint8), scales.astype(np.float32)


def unpack(vectors: NDArray[Any], scales: Floats) -> Floats:
    """Return the token vectors that ``pack`` stored."""
    whole = vectors.astype(np.float32)
    return (whole - ZERO if vectors.dtype == np.uint8 else whole) * scales[:, None]


def _ready(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return vectors as products take them."""
    return vectors if vectors.dtype == np.uint8 else vectors.astype(np.float32, copy=False)


def ranges(starts: Integers, ends: Integers) -> Integers:
    """Return the numbers from each start up to its end, one range after the other."""
    lengths = ends - starts
    offsets = np.cumsum(lengths) - lengths
    found: Integers = np.arange(lengths.sum()) + np.repeat(starts - offsets, lengths)
    return found
