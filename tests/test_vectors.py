"""Search by cosine is exact while there are few vectors, and finds nearly the same where there are many."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa.index import Vectors
from qa.index.vectors import EXACT_LIMIT


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, np.float32)


@pytest.fixture(scope="module")
def many() -> NDArray[np.float16]:
    """Return vectors around 300 centres, as texts lie around topics."""
    chance = np.random.default_rng(0)
    centres = unit(chance.standard_normal((300, 32), np.float32))
    spread = chance.standard_normal((EXACT_LIMIT + 1, 32), np.float32)
    return unit(centres[chance.integers(300, size=EXACT_LIMIT + 1)] + 0.15 * spread).astype(np.float16)


def exact_top(vectors: NDArray[np.float16], query: NDArray[np.float32], count: int) -> list[int]:
    return [int(row) for row in np.argsort(-(vectors.astype(np.float32) @ query), kind="stable")[:count]]


def test_few_vectors_are_searched_exactly(many: NDArray[np.float16]) -> None:
    few = many[:1000]
    query = unit(few[7].astype(np.float32))

    rows, cosines = Vectors.of(few).search(query, 10)

    assert rows.tolist() == exact_top(few, query, 10)
    assert cosines.tolist() == pytest.approx((few[rows].astype(np.float32) @ query).tolist(), abs=1e-3)


def test_of_many_vectors_nearly_all_of_the_nearest_are_found_with_their_own_cosines(
    many: NDArray[np.float16], tmp_path: Path
) -> None:
    built = Vectors.of(many)
    built.write(tmp_path / "nearest.faiss")
    read = Vectors.read(many, tmp_path / "nearest.faiss")
    chance = np.random.default_rng(1)
    queries = unit(many[chance.integers(len(many), size=50)] + 0.1 * chance.standard_normal((50, 32), np.float32))

    assert (Vectors.of(many[:EXACT_LIMIT]).exact, built.exact, read.exact) == (True, False, False)
    for vectors in (built, read):
        found = [vectors.search(query, 10) for query in queries]
        shares = [
            len(set(rows.tolist()) & set(exact_top(many, query, 10))) / 10
            for (rows, _), query in zip(found, queries, strict=True)
        ]
        assert np.mean(shares) >= 0.99
        for (rows, cosines), query in zip(found, queries, strict=True):
            assert cosines.tolist() == sorted(cosines.tolist(), reverse=True)
            assert cosines.tolist() == pytest.approx((many[rows].astype(np.float32) @ query).tolist(), abs=1e-3)


def test_vectors_without_a_file_are_searched_exactly(tmp_path: Path) -> None:
    vectors = Vectors.of(np.eye(3, dtype=np.float16))
    vectors.write(tmp_path / "nearest.faiss")

    assert not (tmp_path / "nearest.faiss").exists()
    assert Vectors.read(np.eye(3, dtype=np.float16), tmp_path / "nearest.faiss").exact
