"""BM25 over texts given as runs of term numbers (Robertson and Zaragoza 2009, in Lucene's form)."""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.index.tokens import Floats, Integers, ranges
from qa.language import words

K1, B = 1.5, 0.75  # as the library bm25s has them
BLOCK = 4096  # texts whose words are analysed together


def inverse_document_frequency(frequencies: NDArray[np.integer], size: int) -> Floats:
    """Return ln(1 + (N - df + .5) / (df + .5)), the form that is never negative (Lucene's)."""
    return np.log1p((size - frequencies + 0.5) / (frequencies + 0.5)).astype(np.float32)


def rarities(frequencies: NDArray[np.int32], size: int) -> Floats:
    """Return the inverse document frequency of each number, and at last that of one which no text has."""
    return inverse_document_frequency(np.append(frequencies, 0), size)


def number_terms(
    texts: Iterable[str], terms: Callable[[Sequence[str]], Sequence[str]], vocabulary: dict[str, int]
) -> tuple[NDArray[np.int32], Integers]:
    """Return the texts' terms as numbers, one text after the other, and where each starts.

    Args:
        texts: any number of them.
        terms: the term of each of several words, "" for a word without one.
        vocabulary: the number of each term; it grows.
    """
    known: dict[str, int] = {}
    numbers, starts = array("i"), array("q", [0])
    rest = iter(texts)
    while part := [words(text) for text in islice(rest, BLOCK)]:
        fresh = [word for word in dict.fromkeys(chain.from_iterable(part)) if word not in known]
        for word, term in zip(fresh, terms(fresh), strict=True):
            known[word] = vocabulary.setdefault(term, len(vocabulary)) if term else -1
        for found in part:
            numbers.extend([number for word in found if (number := known[word]) >= 0])
            starts.append(len(numbers))
    return np.array(numbers, np.int32), np.array(starts, np.int64)


def postings(terms: NDArray[np.int32], starts: Integers, vocabulary: int) -> dict[str, NDArray[Any]]:
    """Return BM25 scores of all texts by term, as the sparse columns of a matrix.

    Eager scoring (Lù 2024, BM25S, section 2): a query adds up columns. The library of that name computes the same; to
    load it takes as long as twenty questions, and to index with it many times as long as on whole arrays.
    """
    size = len(starts) - 1
    lengths = np.diff(starts)
    keys = np.sort(terms.astype(np.int64) * max(size, 1) + np.repeat(np.arange(size), lengths))
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(first, append=len(keys)).astype(np.float32)
    columns, rows = np.divmod(keys[first], max(size, 1))
    frequencies = np.bincount(columns, minlength=vocabulary)
    shares = saturation(counts, lengths[rows], float(lengths.mean()) if size else 0.0)
    return {
        "data": (inverse_document_frequency(frequencies, size)[columns] * shares).astype(np.float32),
        "indices": rows.astype(np.int32),
        "indptr": np.concatenate([[0], np.cumsum(frequencies)]).astype(np.int64),
    }


def saturation(counts: NDArray[Any], lengths: NDArray[np.integer], mean: float) -> Floats:
    """Return how much of a term's weight a text gets that holds it so many times."""
    return np.asarray(counts / (counts + K1 * (1 - B + B * lengths / max(mean, 1e-9))), dtype=np.float32)


class Lexicon:
    """Knows the terms of texts, and scores all texts or some.

    Args:
        vocabulary: the number of each term.
        words: the term of each number.
        terms: int32: numbers of the texts' terms, one text after the other.
        starts: int64, shape (texts + 1,): where each text's terms start.
        frequencies: int32, shape (vocabulary,): in how many texts each term occurs.
        columns: see ``postings``; without them, only given texts are scored.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        words: Sequence[str],
        terms: NDArray[np.int32],
        starts: Integers,
        frequencies: NDArray[np.int32],
        columns: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.size = len(starts) - 1
        self._vocabulary, self._words, self._terms, self._starts = vocabulary, words, terms, starts
        self._mean = len(terms) / max(self.size, 1)
        self._rarity = rarities(frequencies, self.size)
        self._columns = columns

    def terms(self, text: int) -> tuple[str, ...]:
        """Return the terms of one text, as they follow each other."""
        return tuple(self._words[term] for term in self._numbers(text))

    def held(self, query: Sequence[str], text: int) -> list[bool]:
        """Return of each query term whether one text holds it."""
        numbers = set(self._numbers(text))
        return [self._vocabulary.get(term) in numbers for term in query]

    def _numbers(self, text: int) -> list[int]:
        numbers: list[int] = self._terms[self._starts[text] : self._starts[text + 1]].tolist()
        return numbers

    def weights(self, query: Sequence[str]) -> Floats:
        """Return the inverse document frequency of each query term: float32, shape (terms,)."""
        return self._rarity[[self._vocabulary.get(term, -1) for term in query]]

    def scores(self, query: Sequence[str], texts: Integers | None = None) -> Floats:
        """Return the BM25 score of each text, or of the given ones: float32, shape (texts,)."""
        known = [self._vocabulary[term] for term in query if term in self._vocabulary]
        if not known or not self.size:
            return np.zeros(self.size if texts is None else len(texts), np.float32)
        if self._columns is None:
            return self._some_scores(known, np.arange(self.size) if texts is None else texts)
        data, texts_of, edges = (self._columns[name] for name in ("data", "indices", "indptr"))
        scores = np.zeros(self.size, np.float32)
        for number in known:
            column = slice(edges[number], edges[number + 1])
            scores[texts_of[column]] += data[column]
        return scores if texts is None else scores[texts]

    def _some_scores(self, numbers: Sequence[int], texts: Integers) -> Floats:
        begins, ends = self._starts[texts], self._starts[texts + 1]
        lengths = ends - begins
        queried, places = np.nonzero(np.array(numbers, np.int32)[:, None] == self._terms[ranges(begins, ends)])
        cells = queried * len(texts) + np.repeat(np.arange(len(texts)), lengths)[places]
        counts = np.bincount(cells, minlength=len(numbers) * len(texts)).reshape(len(numbers), len(texts))
        return np.asarray(
            np.einsum("q,qs->s", self._rarity[numbers], saturation(counts, lengths, self._mean)), dtype=np.float32
        )


def text_frequencies(values: NDArray[np.int32], starts: Integers, size: int = 0) -> NDArray[np.int32]:
    """Return in how many texts each value occurs: int32, shape (at least ``size``,)."""
    texts = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    pairs = np.sort(values.astype(np.int64) * max(len(starts) - 1, 1) + texts)
    distinct = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))] // max(len(starts) - 1, 1)
    return np.bincount(distinct, minlength=size).astype(np.int32)
