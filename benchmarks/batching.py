"""Encode calls that arrive together share one pass of the model: tried, and left, since the server is quicker without.

In int8, a pass of many questions takes as long as one after the other, and what is gained in float32 is little.
"""

import threading
from collections.abc import Sequence

from benchmarks.wrapped import WrappedEncoder
from qa.encoder import Encoder, Encoding, Role
from qa.encoder.onnx import BATCH_TEXTS


class BatchingEncoder(WrappedEncoder):
    """Serves an encoder to several threads, a few passes at a time.

    A call that finds the encoder idle runs at once; calls that arrive meanwhile queue up, and the
    first of them then leads: it encodes all that are queued in one pass and hands out the results.
    Nobody ever waits for more calls to come. Passages (an article that is being indexed) go
    straight through.

    Args:
        encoder: does the work; called from the threads that ask.
        passes: how many may run at once: as many as there are cores. Each holds as many texts as the encoder itself
            puts into one; a call with more goes straight through.
    """

    def __init__(self, encoder: Encoder, passes: int) -> None:
        super().__init__(encoder)  # batching changes no vector by more than rounding
        self._idle = passes
        self._lock = threading.Lock()
        self._queue: list[_Call] = []

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, in the order given; an error of a shared pass reaches all who shared it."""
        if role is not Role.QUERY or not 0 < len(texts) <= BATCH_TEXTS:
            return self.encoder.encode(texts, role)
        call = _Call(texts)
        with self._lock:
            self._queue.append(call)
            self._lead()
        call.woken.wait()
        if call.batch:
            batch, call.batch = call.batch, []
            self._run(batch)
        if call.error is not None:
            raise call.error
        return call.encodings

    def _run(self, batch: "list[_Call]") -> None:
        """Encode a batch, hand out the results, and pass the lead on to the first that came since."""
        try:
            encodings = self.encoder.encode([text for call in batch for text in call.texts], Role.QUERY)
            for call in batch:
                call.encodings, encodings = encodings[: len(call.texts)], encodings[len(call.texts) :]
        except BaseException as error:  # an interrupt of the leader must not leave the others waiting
            for call in batch:
                call.error = error
        for call in batch:
            call.woken.set()
        with self._lock:
            self._idle += 1
            self._lead()

    def _lead(self) -> None:
        """Give the oldest call as many of the queued ones to encode as a pass may hold; the lock is held."""
        if not self._idle or not self._queue:
            return
        self._idle -= 1
        leader, room = self._queue[0], BATCH_TEXTS
        while self._queue and len(self._queue[0].texts) <= room:
            room -= len(self._queue[0].texts)
            leader.batch.append(self._queue.pop(0))
        leader.woken.set()


class _Call:
    """One thread's texts, and the outcome it waits for: a batch to lead, its encodings, or an error."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.woken = threading.Event()
        self.batch: list[_Call] = []
        self.encodings: list[Encoding] = []
        self.error: BaseException | None = None
