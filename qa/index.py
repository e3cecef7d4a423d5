"""What is known of the articles before a question comes: vectors, terms and where they belong.

This is the only module that knows FAISS and bm25s. It gives scores, never an opinion on them.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.article import Article, Faq, Passage, Span
from qa.encoder.protocol import Encoder, Encoding, Role
from qa.language import analyzer

if TYPE_CHECKING:
    import faiss

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenStore:
    """Token vectors of many texts, one after the other.

    Attributes:
        vectors: float32, shape (tokens, d), each of unit length.
        starts: int64, shape (texts + 1,): text ``i`` owns the rows ``starts[i]:starts[i + 1]``.
    """

    vectors: Floats
    starts: Integers

    @classmethod
    def stack(cls, parts: Sequence[Floats], dimension: int) -> "TokenStore":
        """Put the token vectors of texts together; a text without tokens gets one zero vector.

        Some models' pooled vectors have another ``dimension`` than their tokens'; it serves where there is no text.
        """
        width = parts[0].shape[1] if parts else dimension
        filled = [part if len(part) else np.zeros((1, width), np.float32) for part in parts]
        starts = np.cumsum([0, *map(len, filled)], dtype=np.int64)
        # Column by column, in which order BLAS multiplies the few rows of a question a third faster.
        return cls(np.asfortranarray(np.concatenate([np.zeros((0, width), np.float32), *filled])), starts)

    def similarities(self, query: Floats, texts: Integers | None = None) -> Floats:
        """Return the cosines of each stored token and each query token: shape (tokens, query tokens)."""
        vectors = self.vectors if texts is None else self.vectors[self._rows(texts)]
        return (query @ vectors.T).T

    def best(self, similarities: Floats, texts: Integers | None = None) -> Floats:
        """Return each query token's best cosine in each text: shape (texts, query tokens).

        This is the inner part of MaxSim (Khattab and Zaharia 2020, ColBERT, section 3.3).
        """
        starts = self.starts[:-1] if texts is None else self._offsets(texts)
        if not len(starts):
            return np.zeros((0, similarities.shape[1]), np.float32)
        return np.maximum.reduceat(similarities, starts, axis=0)

    def weighted_mean(self, values: Floats, weights: Floats) -> Floats:
        """Return each text's mean of a value per stored token: both of shape (tokens,), result (texts,)."""
        if len(self.starts) == 1:
            return np.zeros(0, np.float32)
        sums = np.add.reduceat(np.stack([values * weights, weights]), self.starts[:-1], axis=1)
        return np.asarray(sums[0] / np.maximum(sums[1], 1e-9), dtype=np.float32)

    def _offsets(self, texts: Integers) -> Integers:
        """Return where each text starts among the rows of the given texts alone."""
        lengths = self.starts[texts + 1] - self.starts[texts]
        offsets: Integers = np.cumsum(lengths) - lengths
        return offsets

    def _rows(self, texts: Integers) -> Integers:
        """Return the rows of the given texts, one after the other."""
        lengths = self.starts[texts + 1] - self.starts[texts]
        rows: Integers = np.arange(lengths.sum()) + np.repeat(self.starts[texts] - self._offsets(texts), lengths)
        return rows


class Lexicon:
    """BM25 over texts (Robertson and Zaragoza 2009), as bm25s computes it.

    Args:
        terms: those of each text; ``Lexicon.terms`` holds them as sets.
    """

    def __init__(self, terms: Sequence[Sequence[str]]) -> None:
        import bm25s

        # It reports every step, whatever level the root logger is set to.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self.size = len(terms)
        self.terms = [frozenset(text) for text in terms]
        self._bm25 = None
        if any(terms):
            self._bm25 = bm25s.BM25()
            self._bm25.index([list(text) for text in terms], show_progress=False)
        frequencies: dict[str, int] = {}
        for text in self.terms:
            for term in text:
                frequencies[term] = frequencies.get(term, 0) + 1
        self._frequencies = frequencies

    def scores(self, query: Sequence[str]) -> Floats:
        """Return the BM25 score of each text: float32, shape (texts,)."""
        known = [term for term in query if term in self._frequencies]
        if self._bm25 is None or not known:
            return np.zeros(self.size, np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)

    def weights(self, query: Sequence[str]) -> Floats:
        """Return the inverse document frequency of each query term: float32, shape (terms,)."""
        return inverse_document_frequency(np.array([self._frequencies.get(term, 0) for term in query]), self.size)


def inverse_document_frequency(frequencies: NDArray[np.integer], size: int) -> Floats:
    """Return ln(1 + (N - df + .5) / (df + .5)), the form that is never negative (Lucene's)."""
    return np.log1p((size - frequencies + 0.5) / (frequencies + 0.5)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Located:
    """A part of one of the indexed articles."""

    article: int
    passage: Passage


class Index:
    """Articles, ready to be asked.

    Args:
        articles: what to index.
        encoder: makes the vectors; questions must come from the same one.
        progress: called with the number of texts that were just encoded.
    """

    def __init__(
        self, articles: Sequence[Article], encoder: Encoder, progress: Callable[[int], object] | None = None
    ) -> None:
        self.articles = tuple(articles)
        self.fingerprint = encoder.fingerprint
        self.analyze = analyzer(self.articles[0].language if self.articles else "en")
        self.passages = [
            Located(number, passage) for number, article in enumerate(self.articles) for passage in article.passages
        ]
        self.faqs: list[tuple[int, Faq]] = [
            (number, faq) for number, article in enumerate(self.articles) for faq in article.faqs
        ]
        self._index_passages(encoder, progress)
        self._index_faqs(encoder, progress)

    def _index_passages(self, encoder: Encoder, progress: Callable[[int], object] | None) -> None:
        """Encode the passages and cut each sentence's tokens out of its passage's encoding."""
        requests = [
            (self.articles[place.article].text, place.passage.span, place.passage.sentences) for place in self.passages
        ]
        encodings = encode_windows(encoder, requests, progress)
        tokens, ids, owners = [], [], []
        self.sentences: list[Span] = []
        for number, (place, encoding) in enumerate(zip(self.passages, encodings, strict=True)):
            for sentence in place.passage.sentences:
                inside = (encoding.offsets[:, 0] < sentence.end) & (encoding.offsets[:, 1] > sentence.start)
                tokens.append(encoding.tokens[inside])
                ids.append(encoding.ids[inside])
                owners.append(number)
                self.sentences.append(sentence)
        self.sentence_passage: Integers = np.array(owners, dtype=np.int64)
        self.sentence_tokens = TokenStore.stack(tokens, encoder.dimension)
        self.token_frequencies = _document_frequencies(ids)
        self.passage_vectors = _faiss_index([encoding.pooled for encoding in encodings], encoder.dimension)
        self.passage_terms = Lexicon([self.analyze(text[span.start : span.end]) for text, span, _ in requests])
        self.sentence_terms = Lexicon(
            [
                self.analyze(self.articles[self.passages[owner].article].quote(sentence))
                for owner, sentence in zip(owners, self.sentences, strict=True)
            ]
        )

    def _index_faqs(self, encoder: Encoder, progress: Callable[[int], object] | None) -> None:
        """Encode the FAQ entries: their questions, and each paragraph of their answers."""
        texts = [self.articles[number].text for number, _ in self.faqs]
        questions = encoder.encode([self.articles[number].quote(faq.question) for number, faq in self.faqs], Role.QUERY)
        self.faq_tokens = TokenStore.stack([encoding.tokens for encoding in questions], encoder.dimension)
        self.faq_token_frequencies = _document_frequencies([encoding.ids for encoding in questions])
        self.faq_token_weights = inverse_document_frequency(
            np.concatenate([[0], *(self.faq_token_frequencies[e.ids] if len(e.ids) else [0] for e in questions)])[1:],
            len(self.faqs),
        )
        self.faq_questions = _faiss_index([encoding.pooled for encoding in questions], encoder.dimension)
        paragraphs = [
            (owner, span) for owner, (_, faq) in enumerate(self.faqs) for span in _paragraphs(texts[owner], faq.answer)
        ]
        answers = encode_windows(encoder, [(texts[owner], span, (span,)) for owner, span in paragraphs], progress)
        self.faq_answer_owner: Integers = np.array([owner for owner, _ in paragraphs], dtype=np.int64)
        self.faq_answers = _faiss_index([encoding.pooled for encoding in answers], encoder.dimension)
        self.faq_question_terms = [tuple(self.analyze(self.articles[n].quote(faq.question))) for n, faq in self.faqs]
        self.faq_terms = Lexicon(
            [
                self.analyze(f"{self.articles[number].quote(faq.question)} {self.articles[number].quote(faq.answer)}")
                for number, faq in self.faqs
            ]
        )


def cosines(index: "faiss.IndexFlatIP", query: Floats, limit: int | None = None) -> tuple[Integers, Floats]:
    """Return the rows of a FAISS index nearest to a unit vector and their cosines, best first."""
    size: int = index.ntotal
    count = size if limit is None else min(limit, size)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    scores, rows = index.search(query[None, :], count)
    return rows[0], scores[0]


def encode_windows(
    encoder: Encoder,
    requests: Sequence[tuple[str, Span, Sequence[Span]]],
    progress: Callable[[int], object] | None = None,
) -> list[Encoding]:
    """Encode spans of texts, each with its sentences, whatever their length.

    A span with more tokens than the encoder reads is encoded in windows of whole sentences; each
    begins with the last sentence of the one before, for context. Offsets count from the text's
    start. The pooled vector is the mean of the windows', at unit length.
    """
    limit = max(encoder.max_tokens - 2, 1)  # the two special tokens count as well
    windows = [
        (number, window)
        for number, (text, span, sentences) in enumerate(requests)
        for window in _windows(encoder, text, span, sentences, limit)
    ]
    encodings: list[list[Encoding]] = [[] for _ in requests]
    batch = 256  # enough to sort by length, few enough to show progress
    done = [0] * len(requests)
    for first in range(0, len(windows), batch):
        part = windows[first : first + batch]
        texts = [requests[number][0][window.start : window.end] for number, window in part]
        for (number, window), encoding in zip(part, encoder.encode(texts), strict=True):
            offsets = encoding.offsets + window.start
            fresh = offsets[:, 0] >= done[number]  # what the window before has read counts once
            done[number] = window.end
            encodings[number].append(
                Encoding(encoding.ids[fresh], offsets[fresh], encoding.tokens[fresh], encoding.pooled)
            )
        if progress is not None:
            progress(len(part))
    return [_join(parts) for parts in encodings]


def _windows(encoder: Encoder, text: str, span: Span, sentences: Sequence[Span], limit: int) -> Iterable[Span]:
    """Yield the spans to encode: the whole if it fits, else runs of sentences that do."""
    # A token is one code point at least, so that most spans need no counting.
    if len(span) <= limit:
        return [span]
    offsets = encoder.spans(text[span.start : span.end]) + span.start
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


def _paragraphs(text: str, span: Span) -> list[Span]:
    """Return the non-empty paragraphs of a span, which blank lines separate."""
    spans = []
    position = span.start
    for piece in text[span.start : span.end].split("\n\n"):
        if piece.strip():
            spans.append(Span(position, position + len(piece)))
        position += len(piece) + 2
    return spans


def _document_frequencies(texts: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return in how many texts each token id occurs: int32, shape (largest id + 1,)."""
    largest = max((int(ids.max()) for ids in texts if len(ids)), default=-1)
    frequencies = np.zeros(largest + 1, dtype=np.int32)
    for ids in texts:
        frequencies[np.unique(ids)] += 1
    return frequencies


def _faiss_index(vectors: Sequence[Floats], dimension: int) -> "faiss.IndexFlatIP":
    """Return a FAISS index of unit vectors by inner product, which is their cosine."""
    import faiss

    index = faiss.IndexFlatIP(dimension)
    if vectors:
        index.add(np.ascontiguousarray(np.stack(vectors), dtype=np.float32))
    return index
