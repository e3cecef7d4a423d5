"""Token vectors of many texts, and late interaction with them."""

import mmap
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
TokenType = Literal["int8", "float16"]


@dataclass(frozen=True, slots=True)
class TokenStore:
    """Token vectors of texts, one text after the other.

    Attributes:
        vectors: shape (tokens, w), each row of unit length once it is multiplied by its scale.
        scales: float32, shape (tokens,).
        starts: int64, shape (texts + 1,): text ``i`` owns the rows ``starts[i]:starts[i + 1]``.
        basis: float32, shape (d, w): what queries of d components are projected on first; None for w = d.
    """

    vectors: NDArray[Any]
    scales: Floats
    starts: Integers
    basis: Floats | None = None

    def unpacked(self) -> "TokenStore":
        """Return the same in memory as float32, for texts that every question is compared with."""
        size, width = self.vectors.shape
        # Column by column, in which order BLAS multiplies the few rows of a question a third faster.
        vectors = np.empty((width, size), np.float32)
        block = 512  # rows that are turned round within the processor's cache, four times as fast as all at once
        for first in range(0, size, block):
            part = slice(first, first + block)
            np.multiply(self.vectors[part].T, self.scales[part], out=vectors[:, part])
        return TokenStore(vectors.T, np.ones(size, np.float32), np.asarray(self.starts), self.basis)

    def similarities(self, query: Floats) -> Floats:
        """Return the cosines of each stored token and each query token: shape (tokens, query tokens)."""
        query = query if self.basis is None else query @ self.basis
        products = query @ self.vectors.astype(np.float32, copy=False).T
        return np.asarray((products * self.scales).T, dtype=np.float32)

    def best(self, query: Floats, texts: Integers | None = None) -> Floats:
        """Return each query token's best cosine in each text, or in the given ones: shape (texts, query tokens).

        This is the inner part of MaxSim (Khattab and Zaharia 2020, ColBERT, section 3.3).
        """
        if texts is None:
            return text_maxima(self.similarities(query), self.starts)
        query = query if self.basis is None else query @ self.basis
        turned = np.ascontiguousarray(query.T)
        found = np.zeros((len(texts), len(query)), np.float32)
        edges = np.flatnonzero(np.diff(texts, prepend=-2, append=-2) != 1)
        runs = [(first, last, *self.starts[[texts[first], texts[last - 1] + 1]]) for first, last in pairwise(edges)]
        longest = max((end - start for _, _, start, end in runs), default=0)
        vectors = np.empty((longest, query.shape[1]), np.float32)
        products = np.empty((longest, len(query)), np.float32)
        # Run by run, each of which fits into the processor's cache: half the time of all at once.
        for first, last, start, end in runs:
            part, product = vectors[: end - start], products[: end - start]
            np.copyto(part, self.vectors[start:end])
            np.matmul(part, turned, out=product)
            product *= self.scales[start:end, None]
            np.maximum.reduceat(product, self.starts[texts[first:last]] - start, axis=0, out=found[first:last])
        if isinstance(self.vectors.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            # What was read stays in the system's cache; otherwise, the process would come to map gigabytes of it.
            self.vectors.base.madvise(mmap.MADV_DONTNEED)
        return found

    def weighted_mean(self, values: Floats, weights: Floats) -> Floats:
        """Return each text's mean of a value per stored token: both of shape (tokens,), result (texts,)."""
        if len(self.starts) == 1:
            return np.zeros(0, np.float32)
        sums = np.add.reduceat(np.stack([values * weights, weights]), self.starts[:-1], axis=1)
        return np.asarray(sums[0] / np.maximum(sums[1], 1e-9), dtype=np.float32)


def text_maxima(similarities: Floats, starts: Integers) -> Floats:
    """Return each column's maximum in each text, none of which is empty: shape (texts, query tokens)."""
    if len(starts) == 1:
        return np.zeros((0, similarities.shape[1]), np.float32)
    return np.maximum.reduceat(similarities, starts[:-1], axis=0)


def pack(vectors: Floats, kind: TokenType) -> tuple[NDArray[Any], Floats]:
    """Return token vectors as they are stored, and the scale of each row.

    As int8, each row is divided by its largest component: half the size of float16. On squad-dev-8
    neither moves a figure.
    """
    if kind == "float16":
        return vectors.astype(np.float16), np.ones(len(vectors), np.float32)
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0), 1e-9) / np.float32(127)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def ranges(starts: Integers, ends: Integers) -> Integers:
    """Return the numbers from each start up to its end, one range after the other."""
    lengths = ends - starts
    offsets = np.cumsum(lengths) - lengths
    found: Integers = np.arange(lengths.sum()) + np.repeat(starts - offsets, lengths)
    return found
