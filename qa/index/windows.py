"""Texts of any length through an encoder that reads only so many tokens at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qa.article import Span
from qa.encoder.protocol import Encoder, Encoding, Role

Request = tuple[str, Span, Sequence[Span]]  # a text, the span of it to encode, and the sentences of that

# Spans that are encoded together: enough for all cores, few enough that they have something to do while the caller
# uses what came before.
AHEAD = 128


def encode_windows(
    encoder: Encoder,
    requests: Sequence[Request],
    progress: Callable[[int], object] = lambda _: None,
    role: Role = Role.PASSAGE,
) -> Iterator[Encoding]:
    """Encode spans of texts, each with its sentences, whatever their length; yield one after the other.

    A span with more tokens than the encoder reads is encoded in windows of whole sentences; each
    begins with the last sentence of the one before, for context. Offsets count from the text's
    start. The pooled vector is the mean of the windows', at unit length.
    """
    with ThreadPoolExecutor(1) as thread:
        under_way: list[tuple[list[Sequence[Span]], Future[list[Encoding]]]] = []
        for first in range(0, len(requests), AHEAD):
            part = requests[first : first + AHEAD]
            windows = _windows(encoder, part)
            texts = [text[each.start : each.end] for (text, *_), own in zip(part, windows, strict=True) for each in own]
            under_way.append((windows, thread.submit(encoder.encode, texts, role)))
            if first:
                yield from _finished(*under_way.pop(0), progress)
        for left in under_way:
            yield from _finished(*left, progress)


def _finished(
    windows: Sequence[Sequence[Span]], encoded: "Future[list[Encoding]]", progress: Callable[[int], object]
) -> Iterator[Encoding]:
    """Yield the encodings of spans, given the windows of each and the encodings of all windows."""
    rest = iter(encoded.result())
    progress(len(windows))
    for own in windows:
        parts, done = [], 0
        for window, encoding in zip(own, rest, strict=False):
            offsets = encoding.offsets + window.start
            read = int(np.searchsorted(offsets[:, 0], done))  # with the window before, and counts once
            done = window.end
            parts.append(Encoding(encoding.ids[read:], offsets[read:], encoding.tokens[read:], encoding.pooled))
        yield _join(parts)


def _windows(encoder: Encoder, requests: Sequence[Request]) -> list[Sequence[Span]]:
    """Return the windows of each span: the span alone if the encoder reads it whole."""
    limit = max(encoder.max_tokens - 2, 1)  # the two special tokens count as well
    # A token is one code point at least, so that many spans need no counting.
    long = [number for number, (_, span, _) in enumerate(requests) if len(span) > limit]
    texts = [text[span.start : span.end] for text, span, _ in map(requests.__getitem__, long)]
    counted = dict(zip(long, encoder.spans(texts), strict=True)) if long else {}
    return [
        _cut(counted[number] + span.start, span, sentences, limit) if number in counted else [span]
        for number, (_, span, sentences) in enumerate(requests)
    ]


def _cut(offsets: NDArray[np.int32], span: Span, sentences: Sequence[Span], limit: int) -> Sequence[Span]:
    """Return a span's windows, given where its tokens are: the whole if it fits, else runs of sentences that do."""
    if len(offsets) <= limit:
        return [span]
    pieces = [piece for sentence in sentences for piece in _pieces(offsets, sentence, limit)]
    windows: list[Span] = []
    start = 0
    for end in range(1, len(pieces) + 1):
        whole = Span(pieces[start].start, pieces[end].end) if end < len(pieces) else None
        if whole is not None and _count(offsets, whole) <= limit:
            continue
        windows.append(Span(pieces[start].start, pieces[end - 1].end))
        if end < len(pieces):
            overlap = Span(pieces[end - 1].start, pieces[end].end)
            start = end - 1 if _count(offsets, overlap) <= limit else end
    return windows


def _pieces(offsets: NDArray[np.int32], sentence: Span, limit: int) -> Iterable[Span]:
    """Yield the sentence, or pieces of it if it alone is longer than a window."""
    inside = offsets[(offsets[:, 0] < sentence.end) & (offsets[:, 1] > sentence.start)]
    if len(inside) <= limit:
        return [sentence]
    edges = [sentence.start, *(int(inside[row, 0]) for row in range(limit, len(inside), limit)), sentence.end]
    return [Span(start, end) for start, end in pairwise(edges) if start < end]


def _count(offsets: NDArray[np.int32], span: Span) -> int:
    """Return how many tokens lie in ``span``."""
    return int(((offsets[:, 0] < span.end) & (offsets[:, 1] > span.start)).sum())


def _join(parts: Sequence[Encoding]) -> Encoding:
    """Make one encoding of a span's windows."""
    if len(parts) == 1:
        return parts[0]
    mean = np.mean([part.pooled for part in parts], axis=0)
    pooled = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return Encoding(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.offsets for part in parts]),
        np.concatenate([part.tokens for part in parts]),
        pooled,
    )
