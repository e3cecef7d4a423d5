"""Encode calls from several threads share passes of the model, and each caller gets its own results."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from waiting import PATIENCE, until

from qa.encoder import Encoding, Role
from qa.engine import Engine
from qa.web.batching import BatchingEncoder


class GatedEncoder:
    """Encodes a text to its length, records each pass, and holds passes back while its gate is closed."""

    fingerprint = "gated"
    dimension = 2
    max_tokens = 7

    def __init__(self) -> None:
        self.passes: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode, once the gate is open."""
        self.passes.append(list(texts))
        if role is Role.QUERY:
            assert self.gate.wait(PATIENCE)
        if "bad" in texts:
            raise ValueError("cannot encode 'bad'")
        return [self.encoding(text) for text in texts]

    def encoding(self, text: str) -> Encoding:
        """Return what a text is encoded to."""
        vector = np.array([len(text), hash(text) % 97], dtype=np.float32)
        return Encoding(np.zeros(1, np.int32), np.zeros((1, 2), np.int32), vector[None, :], vector)

    def spans(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return one token of each text."""
        return [np.array([[0, len(text)]], dtype=np.int32) for text in texts]


@pytest.fixture
def gated() -> GatedEncoder:
    return GatedEncoder()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as threads:
        yield threads


def vectors(encodings: Sequence[Encoding]) -> list[list[float]]:
    return [encoding.pooled.tolist() for encoding in encodings]


def queue_up(
    encoder: BatchingEncoder, gated: GatedEncoder, pool: ThreadPoolExecutor, calls: Sequence[Sequence[str]]
) -> list["Future[list[Encoding]]"]:
    """Let the first call start a pass that is held back, and the others queue up behind it, in order."""
    gated.gate.clear()
    futures = [pool.submit(encoder.encode, calls[0], Role.QUERY)]
    until(lambda: bool(gated.passes))
    for texts in calls[1:]:
        futures.append(pool.submit(encoder.encode, texts, Role.QUERY))
        until(lambda: encoder.queued == len(futures) - 1)
    gated.gate.set()
    return futures


def test_calls_that_arrive_during_a_pass_share_the_next_one(gated: GatedEncoder, pool: ThreadPoolExecutor) -> None:
    questions = [f"question {'x' * number}" for number in range(8)]
    futures = queue_up(BatchingEncoder(gated), gated, pool, [[question] for question in questions])
    results = [future.result(PATIENCE) for future in futures]
    assert gated.passes == [questions[:1], questions[1:]]
    assert [vectors(result) for result in results] == [vectors([gated.encoding(text)]) for text in questions]


def test_calls_with_several_texts_get_their_own_back_in_order(gated: GatedEncoder, pool: ThreadPoolExecutor) -> None:
    calls = [["first"], ["a", "bb"], ["ccc"], ["d", "ee", "fff"]]
    futures = queue_up(BatchingEncoder(gated), gated, pool, calls)
    assert [vectors(future.result(PATIENCE)) for future in futures] == [
        vectors([gated.encoding(text) for text in texts]) for texts in calls
    ]
    assert gated.passes == [["first"], ["a", "bb", "ccc", "d", "ee", "fff"]]


def test_a_pass_holds_no_more_than_its_limit_and_the_rest_follows(
    gated: GatedEncoder, pool: ThreadPoolExecutor
) -> None:
    futures = queue_up(BatchingEncoder(gated, max_batch=2), gated, pool, [["1"], ["2"], ["3"], ["4", "5"], ["6"]])
    assert [len(future.result(PATIENCE)) for future in futures] == [1, 1, 1, 2, 1]
    assert gated.passes == [["1"], ["2", "3"], ["4", "5"], ["6"]]


def test_an_error_reaches_all_who_shared_the_pass_and_nobody_else(
    gated: GatedEncoder, pool: ThreadPoolExecutor
) -> None:
    encoder = BatchingEncoder(gated)
    before, *shared = queue_up(encoder, gated, pool, [["before"], ["fine"], ["bad"]])
    assert vectors(before.result(PATIENCE)) == vectors([gated.encoding("before")])
    for future in shared:
        with pytest.raises(ValueError, match="cannot encode 'bad'"):
            future.result(PATIENCE)
    assert vectors(encoder.encode(["after"], Role.QUERY)) == vectors([gated.encoding("after")])


def test_a_lone_call_runs_at_once(gated: GatedEncoder) -> None:
    encoder = BatchingEncoder(gated)
    for text in ("a", "b", "c"):
        encoder.encode([text], Role.QUERY)
    assert gated.passes == [["a"], ["b"], ["c"]]


def test_passages_empty_calls_and_long_calls_go_straight_through(gated: GatedEncoder, pool: ThreadPoolExecutor) -> None:
    encoder = BatchingEncoder(gated, max_batch=2)
    gated.gate.clear()
    question = pool.submit(encoder.encode, ["held"], Role.QUERY)
    until(lambda: bool(gated.passes))
    assert vectors(encoder.encode(["a passage"])) == vectors([gated.encoding("a passage")])
    gated.gate.set()
    question.result(PATIENCE)
    assert encoder.encode([], Role.QUERY) == []
    assert len(encoder.encode(["1", "2", "3"], Role.QUERY)) == 3
    assert gated.passes == [["held"], ["a passage"], [], ["1", "2", "3"]]


def test_as_many_passes_as_allowed_run_side_by_side(gated: GatedEncoder, pool: ThreadPoolExecutor) -> None:
    encoder = BatchingEncoder(gated, passes=2)
    gated.gate.clear()
    futures = [pool.submit(encoder.encode, ["1"], Role.QUERY), pool.submit(encoder.encode, ["2"], Role.QUERY)]
    until(lambda: len(gated.passes) == 2)
    futures.append(pool.submit(encoder.encode, ["3"], Role.QUERY))
    until(lambda: encoder.queued == 1)
    gated.gate.set()
    assert [len(future.result(PATIENCE)) for future in futures] == [1, 1, 1]
    assert sorted(gated.passes) == [["1"], ["2"], ["3"]]


def test_it_describes_itself_as_the_encoder_it_wraps(gated: GatedEncoder) -> None:
    encoder = BatchingEncoder(gated)
    assert (encoder.fingerprint, encoder.dimension, encoder.max_tokens) == ("gated", 2, 7)
    assert [spans.tolist() for spans in encoder.spans(["four"])] == [[[0, 4]]]


def test_the_real_model_gives_each_of_many_callers_the_vectors_of_its_own_question(
    engine: Engine, pool: ThreadPoolExecutor
) -> None:
    questions = [f"What does the article say about {topic}?" for topic in ("cost", "R1", "the chips used", "security")]
    encoder = BatchingEncoder(engine.encoder)
    alone = [engine.encoder.encode([question], Role.QUERY)[0].pooled for question in questions]
    together = list(pool.map(lambda number: encoder.encode([questions[number % 4]], Role.QUERY)[0].pooled, range(32)))
    for number, pooled in enumerate(together):
        np.testing.assert_allclose(pooled, alone[number % 4], atol=1e-5)
