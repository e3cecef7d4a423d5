"""Typing mistakes in questions, mended towards the words that the articles use."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import groupby
from operator import itemgetter
from threading import Lock

import numpy as np

WORD = re.compile(r"[^\W\d_]{4,}")  # shorter words have too many neighbours
# One wrong, missing, doubled or swapped letter in a word of six or more; less in shorter ones.
SIMILARITY = 0.83


class Vocabulary:
    """The words of the articles, by first letter, since that is seldom mistyped.

    They are looked for when a question first holds a word that the model does not know; many never do.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._lock = Lock()
        self._by_letter: dict[str, _Words] | None = None

    def prepare(self) -> None:
        """Look for the words now, so that no question has to wait for it."""
        self._words("")

    def _words(self, letter: str) -> "_Words | None":
        """Return the words that begin with a letter."""
        with self._lock:
            if self._by_letter is None:
                words = sorted({word.lower() for text in self._texts for word in WORD.findall(text)})
                self._by_letter = {first: _Words(own) for first, own in groupby(words, itemgetter(0))}
            return self._by_letter.get(letter)

    def mend(self, text: str, is_word: Callable[[str], bool]) -> str:
        """Replace each word that is none, and is not of the articles, by the article's word most like it.

        Args:
            text: a question.
            is_word: tells whether a lower-cased word is known to the language, so not to be touched.
        """

        def mended(match: re.Match[str]) -> str:
            word = match.group()
            lowered = word.lower()
            words = None if is_word(lowered) else self._words(lowered[0])
            if words is None or lowered in words.all:
                return word
            found = get_close_matches(lowered, words.near(lowered), n=1, cutoff=SIMILARITY)
            inflected = found and (found[0].startswith(lowered) or lowered.startswith(found[0]))
            return found[0] if found and not inflected else word

        return WORD.sub(mended, text)


class _Words:
    """Words in alphabetical order, and what tells at once that most of them are unlike another.

    Args:
        words: in that order.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.all = dict.fromkeys(words)
        self._list = list(self.all)
        self._lengths = np.array([len(word) for word in self._list])
        self._letters = np.array([_letters(word) for word in self._list], np.uint64)

    def near(self, word: str) -> list[str]:
        """Return those of about the same length and letters.

        What only one of two words has is no part of what they share: a bound that spares most comparisons.
        """
        differing = np.bitwise_count(self._letters ^ np.uint64(_letters(word)))
        alike = differing <= (1 - SIMILARITY) * (self._lengths + len(word))
        return [self._list[row] for row in np.flatnonzero(alike & (abs(self._lengths - len(word)) <= 2))]


def _letters(word: str) -> int:
    """Return a word's letters as a set of bits; letters far apart in Unicode may share one."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % 64)
    return bits
