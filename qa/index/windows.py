"""Texts of any length through an encoder that reads only so many tokens at once."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qa.article import Span
from qa.encoder.protocol import Encoder, Encoding, Role


def encode_windows(
    encoder: Encoder,
    requests: Sequence[tuple[str, Span, Sequence[Span]]],
    progress: Callable[[int], object] | None = None,
    role: Role = Role.PASSAGE,
) -> list[Encoding]:
    """Encode spans of texts, each with its sentences, whatever their length.

    A span with more tokens than the encoder reads is encoded in windows of whole sentences; each
    begins with the last sentence of the one before, for context. Offsets count from the text's
    start. The pooled vector is the mean of the windows', at unit length.
    """
    limit = max(encoder.max_tokens - 2, 1)  # the two special tokens count as well
    # A token is one code point at least, so that many spans need no counting.
    long = [number for number, (_, span, _) in enumerate(requests) if len(span) > limit]
    texts = [text[span.start : span.end] for text, span, _ in map(requests.__getitem__, long)]
    counted = dict(zip(long, encoder.spans(texts), strict=True)) if long else {}
    windows = [
        (number, window)
        for number, (_, span, sentences) in enumerate(requests)
        for window in (_windows(counted[number] + span.start, span, sentences, limit) if number in counted else [span])
    ]
    encodings: list[list[Encoding]] = [[] for _ in requests]
    batch = 512  # enough to sort by length, few enough to show progress
    done = [0] * len(requests)
    for first in range(0, len(windows), batch):
        part = windows[first : first + batch]
        texts = [requests[number][0][window.start : window.end] for number, window in part]
        for (number, window), encoding in zip(part, encoder.encode(texts, role), strict=True):
            offsets = encoding.offsets + window.start
            read = int(np.searchsorted(offsets[:, 0], done[number]))  # with the window before, and counts once
            done[number] = window.end
            encodings[number].append(
                Encoding(encoding.ids[read:], offsets[read:], encoding.tokens[read:], encoding.pooled)
            )
        if progress is not None:
            progress(len(part))
    return [_join(parts) for parts in encodings]


def _windows(offsets: NDArray[np.int32], span: Span, sentences: Sequence[Span], limit: int) -> Iterable[Span]:
    """Return the spans to encode, given where the tokens are: the whole if it fits, else runs of sentences that do."""
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
