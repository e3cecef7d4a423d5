"""Late interaction is as its paper defines it, however the token vectors are stored."""

import re
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from qa.index import TokenStore
from qa.index.cosines import MODEL, ZERO, integer_cosines, model
from qa.index.tokens import KEPT_BYTES, give_back, pack, unpack


def rows(*values: list[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def stack(texts: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]]) -> TokenStore:
    vectors = np.concatenate([np.zeros((0, 2), np.float32), *texts])
    return TokenStore(vectors, np.ones(len(vectors), np.float32), np.cumsum([0, *map(len, texts)]))


def test_the_best_similarity_of_each_query_token_is_found_text_by_text() -> None:
    store = stack([rows([1, 0], [0, 1]), rows([0.6, 0.8]), rows([0.8, -0.6], [-1, 0])])

    best = store.best(rows([1, 0], [0, 1], [0.6, 0.8]))

    assert best == pytest.approx(rows([1, 1, 0.8], [0.6, 0.8, 1], [0.8, 0, 0]), abs=1e-6)


@pytest.mark.parametrize("some", [[0, 2], [1, 2], [2], [0, 1, 2], []])
def test_some_texts_alone_get_the_same_similarities_as_among_all(some: list[int]) -> None:
    store = stack([rows([1, 0], [0, 1]), rows([0.6, 0.8]), rows([0.8, -0.6], [-1, 0])])
    query = rows([1, 0], [0, 1])

    assert store.best(query, np.array(some, np.int64)) == pytest.approx(store.best(query)[some])


@pytest.mark.parametrize(("kind", "stored", "error"), [("int8", np.uint8, 1 / 254), ("float16", np.float16, 1e-3)])
def test_packed_vectors_differ_by_less_than_half_a_step(
    kind: Literal["int8", "float16"], stored: type, error: float
) -> None:
    vectors = np.random.default_rng(0).standard_normal((600, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed, scales = pack(vectors, kind)
    store = TokenStore(packed, scales, np.arange(601))

    assert packed.dtype == stored
    assert np.abs(unpack(packed, scales) - vectors).max() <= error
    assert store.similarities(vectors[:3]) == pytest.approx(store.unpacked().similarities(vectors[:3]), abs=1e-5)
    some = np.array([3, 4, 9])
    assert store.best(vectors[:3], some) == pytest.approx(store.unpacked().best(vectors[:3])[some], abs=1e-5)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what memory is mapped from files")
@pytest.mark.parametrize(("size", "kept"), [(KEPT_BYTES, True), (KEPT_BYTES + 1, False)])
def test_what_was_read_of_a_large_file_is_let_go_and_can_be_read_again(tmp_path: Path, size: int, kept: bool) -> None:
    def mapped() -> int:
        return int(re.findall(r"RssFile:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) * 1024

    with (tmp_path / "large").open("wb") as stream:
        stream.write(b"bees")
        stream.truncate(size)  # takes no room on disk
    array = np.asarray(np.memmap(tmp_path / "large", np.uint8, "r"))
    before = mapped()
    assert int(array[::4096].sum()) == ord("b")
    assert mapped() - before > size * 0.9

    give_back(array)

    assert (mapped() - before > size * 0.9) == kept
    assert bytes(array[:4]) == b"bees"


def test_the_kernels_file_holds_the_operators_that_are_told() -> None:
    assert MODEL.read_bytes() == model().SerializeToString()


@pytest.mark.parametrize("stored", [-127, -1, 0, 127])
@pytest.mark.parametrize("asked", [-1.0, 1.0])
def test_integer_cosines_are_exact_where_a_component_is_a_whole_number_of_steps(stored: int, asked: float) -> None:
    vectors = np.full((3, 512), stored + ZERO, np.uint8)
    scales = np.array([1, 0.5, 0], np.float32)

    found = integer_cosines(vectors, scales, np.full((2, 512), asked, np.float32))

    assert found == pytest.approx(512 * stored * asked * np.repeat(scales[:, None], 2, axis=1), rel=1e-6)


def test_vectors_on_fewer_directions_are_compared_with_the_query_there() -> None:
    basis = rows([0.6, 0], [0.8, 0], [0, 1])  # of three components, two directions
    store = TokenStore(rows([1, 0], [0, 1]), np.ones(2, np.float32), np.array([0, 2]), basis)

    assert store.similarities(rows([0.6, 0.8, 0], [0, 0, 1])) == pytest.approx(rows([1, 0], [0, 1]))


def test_a_text_of_a_zero_vector_is_like_nothing() -> None:
    store = stack([rows([0, 0]), rows([1, 0])])

    assert store.best(rows([1, 0])).tolist() == [[0], [1]]


def test_no_texts_have_no_similarities() -> None:
    store = stack([])

    assert store.best(rows([1, 0])).shape == (0, 1)
    assert store.weighted_mean(np.zeros(0, np.float32), np.zeros(0, np.float32)).shape == (0,)


def test_a_weighted_mean_is_taken_text_by_text() -> None:
    store = stack([rows([1, 0], [0, 1]), rows([1, 0])])

    mean = store.weighted_mean(np.array([1, 0.5, 0.25], np.float32), np.array([3, 1, 2], np.float32))

    assert mean.tolist() == pytest.approx([(3 * 1 + 1 * 0.5) / 4, 0.25])
