"""Nearest passages by cosine: exactly while that is fast, approximately beyond. Only this module knows FAISS."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.index.tokens import Floats, Integers, give_back

if TYPE_CHECKING:
    import faiss

# Exact search reads every vector: 0.6 ms for so many of 384 components. Beyond, codes of four bits for every two
# components are compared through tables in the processor's registers (André, Kermarrec and Le Scouarnec 2015, Cache
# locality is not enough; faiss' fast scan): a sixteenth of the bytes.
EXACT_LIMIT = 5_000
PAIR = 2  # components of a code; with 4, 256 candidates hold but .90 of the ten nearest
TRAINING_VECTORS = 20_000  # for the 16 values of a code; more change nothing
# How many times as many candidates as asked for, and for how many at least, are compared anew with the vectors as
# stored: of 100,000, 192 candidates hold .995 of the ten nearest (benchmarks/size.py).
REFINED, FEWEST = 3, 64
# Of a million vectors, 256 candidates hold .957: so many times as many vectors get one more.
PER_CANDIDATE = 1000
# IEEE 754: a half has 10 bits of mantissa and an exponent from -15, a single 23 and one from -127.
MANTISSA_SHIFT, EXPONENT_SHIFT = 23 - 10, np.float32(2.0 ** (127 - 15))
SINGLE_BITS = np.int32(0x8FFFE000 - (1 << 32))  # the sign, and what was moved


class Vectors:
    """Unit vectors that can be searched.

    Args:
        vectors: float16 or float32, shape (n, d); may be memory-mapped.
        approximate: an index of them that was built before; None builds the exact one, in memory.
    """

    def __init__(self, vectors: NDArray[Any], approximate: "faiss.Index | None" = None) -> None:
        self.vectors = vectors
        self.exact = approximate is None
        self._index: faiss.Index
        if approximate is None:
            self._index = exact = _exact(vectors)
            self._ready = _held(exact)  # as float32
        else:
            self._index, self._ready = approximate, vectors

    @classmethod
    def of(cls, vectors: NDArray[Any]) -> "Vectors":
        """Index vectors: exactly while that is fast, else approximately."""
        return cls(vectors, _scanned(vectors) if len(vectors) > EXACT_LIMIT else None)

    @classmethod
    def read(cls, vectors: NDArray[Any], path: Path) -> "Vectors":
        """Return vectors whose approximate index is in a file; exact ones if there is no file."""
        import faiss

        return cls(vectors, faiss.read_index(str(path)) if path.exists() else None)

    def write(self, path: Path) -> None:
        """Write the approximate index to a file; exact search needs none."""
        import faiss

        if not self.exact:
            faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        """Return how many vectors there are."""
        return len(self.vectors)

    def search(self, query: Floats, limit: int | None = None) -> tuple[Integers, Floats]:
        """Return the rows nearest to a unit vector and their cosines, best first."""
        count = len(self) if limit is None else min(limit, len(self))
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        if self.exact:
            cosines, rows = self._index.search(query[None, :], count)
            return rows[0], cosines[0]
        found = self.candidates(query, max(count, FEWEST))
        values = self.cosines(query, found)
        order = np.argsort(-values, kind="stable")[:count]
        return found[order], values[order]

    def candidates(self, query: Floats, count: int) -> Integers:
        """Return rows among which the ``count`` nearest to a unit vector are, nearly all; in no order."""
        wanted = count if self.exact else max(REFINED * count, len(self) // PER_CANDIDATE)
        _, rows = self._index.search(query[None, :], min(wanted, len(self)))
        found: Integers = rows[0][rows[0] >= 0]
        return found

    def cosines(self, query: Floats, rows: Integers | None = None) -> Floats:
        """Return the cosines of a unit vector and all, or those at the given rows."""
        chosen = self._ready if rows is None else self._ready.take(rows, axis=0)
        give_back(self._ready)
        return np.asarray(single(chosen) @ query, dtype=np.float32)


def single(vectors: NDArray[Any]) -> Floats:
    """Return finite float16 as float32; what is float32 already stays as it is.

    The bits of a half are moved to where a single has them, its exponent by a product: numpy, which converts one number
    after the other, takes four times as long.
    """
    if vectors.dtype != np.float16:
        return vectors
    bits = vectors.view(np.int16).astype(np.int32)  # copies the sign to the left
    np.left_shift(bits, MANTISSA_SHIFT, out=bits)
    np.bitwise_and(bits, SINGLE_BITS, out=bits)
    found: Floats = bits.view(np.float32)
    return np.multiply(found, EXPONENT_SHIFT, out=found)


def _exact(vectors: NDArray[Any]) -> "faiss.IndexFlatIP":
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    if len(vectors):
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return index


def _held(index: "faiss.IndexFlatIP") -> NDArray[Any]:
    """Return the vectors that an exact index holds, without a copy; for as long as the index lives."""
    import faiss

    if not index.ntotal:
        return np.zeros((0, index.d), np.float32)
    return faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)


def _scanned(vectors: NDArray[Any]) -> "faiss.IndexPQFastScan":
    """Return an index of product-quantised vectors (Jégou, Douze and Schmid 2011, section III) that reads all codes."""
    import faiss

    size, dimension = vectors.shape
    index = faiss.IndexPQFastScan(
        dimension, dimension // (PAIR if dimension % PAIR == 0 else 1), 4, faiss.METRIC_INNER_PRODUCT
    )
    sample = np.random.default_rng(0).choice(size, min(TRAINING_VECTORS, size), replace=False)
    index.train(np.ascontiguousarray(vectors[np.sort(sample)], dtype=np.float32))
    block = 65_536  # so that no second copy of all vectors is ever in memory
    for start in range(0, size, block):
        index.add(np.ascontiguousarray(vectors[start : start + block], dtype=np.float32))
    return index
