"""Nearest passages by cosine: exactly while that is fast, approximately beyond. Only this module knows FAISS."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.index.tokens import Floats, Integers

if TYPE_CHECKING:
    import faiss

# Exact search reads every vector: some 3 ms for so many of 384 components on two cores, as long as the
# encoder's pass. Beyond, an inverted file reads a few percent of them; see docs/performance.md.
EXACT_LIMIT = 20_000
# Cells of the inverted file: about 4 sqrt(n) (faiss' guidelines), no more than a minute's training allows.
MAX_CELLS = 4096
TRAINING_VECTORS = 40  # of each cell; faiss warns below 39
# Share of the cells that are looked into, and how many times as many candidates as asked for are compared anew with
# the vectors as stored. Mixtures of sentences are no clusters, so that this many are needed for a recall@10 of .99
# against exact search: of 100,000, 1/8 finds .963 and 1/4 .993, in 2 ms instead of 10 (benchmarks/size.py).
PROBED = 1 / 4
REFINED = 2


class Vectors:
    """Unit vectors that can be searched.

    Args:
        vectors: float16 or float32, shape (n, d); may be memory-mapped.
        approximate: an index of them that was built before; None builds the exact one, in memory.
    """

    def __init__(self, vectors: NDArray[Any], approximate: "faiss.Index | None" = None) -> None:
        self.vectors = vectors
        self.exact = approximate is None
        self._index = _exact(vectors) if approximate is None else approximate
        if not self.exact:
            cells = _inverted(self._index)
            cells.nprobe = max(1, round(cells.nlist * PROBED))

    @classmethod
    def of(cls, vectors: NDArray[Any]) -> "Vectors":
        """Index vectors: exactly while that is fast, else approximately."""
        return cls(vectors, inverted_file(vectors) if len(vectors) > EXACT_LIMIT else None)

    @classmethod
    def read(cls, vectors: NDArray[Any], path: Path) -> "Vectors":
        """Return vectors whose approximate index is in a file, and stays there; exact ones if there is no file."""
        import faiss

        return cls(vectors, faiss.read_index(str(path), faiss.IO_FLAG_MMAP) if path.exists() else None)

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
        _, rows = self._index.search(query[None, :], min(REFINED * count, len(self)))
        found = rows[0][rows[0] >= 0]
        values = self.cosines(query, found)
        order = np.argsort(-values, kind="stable")[:count]
        return found[order], values[order]

    def cosines(self, query: Floats, rows: Integers) -> Floats:
        """Return the cosines of a unit vector and those at the given rows."""
        return np.asarray(self.vectors[rows].astype(np.float32) @ query, dtype=np.float32)


def _exact(vectors: NDArray[Any]) -> "faiss.IndexFlatIP":
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    if len(vectors):
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return index


def inverted_file(vectors: NDArray[Any]) -> "faiss.IndexIVFScalarQuantizer":
    """Return an inverted file of 8-bit vectors (Jégou, Douze and Schmid 2011, section IV; faiss' QT_8bit)."""
    import faiss

    size, dimension = vectors.shape
    cells = int(min(4 * size**0.5, MAX_CELLS))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    sample = np.random.default_rng(0).choice(size, min(TRAINING_VECTORS * cells, size), replace=False)
    index.train(np.ascontiguousarray(vectors[np.sort(sample)], dtype=np.float32))
    block = 65_536  # so that no second copy of all vectors is ever in memory
    for start in range(0, size, block):
        index.add(np.ascontiguousarray(vectors[start : start + block], dtype=np.float32))
    return index


def _inverted(index: "faiss.Index") -> "faiss.IndexIVF":
    """Return an index that was read from a file as what it is."""
    import faiss

    return faiss.extract_index_ivf(index)
