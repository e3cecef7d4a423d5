"""Typing mistakes in questions, mended towards the words that the articles use."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from threading import Lock

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
        self._by_letter: dict[str, dict[str, None]] | None = None

    def prepare(self) -> None:
        """Look for the words now, so that no question has to wait for it."""
        self._words("")

    def _words(self, letter: str) -> dict[str, None]:
        """Return the words that begin with a letter, in alphabetical order."""
        with self._lock:
            if self._by_letter is None:
                found: dict[str, dict[str, None]] = {}
                for word in sorted({word.lower() for text in self._texts for word in WORD.findall(text)}):
                    found.setdefault(word[0], {})[word] = None
                self._by_letter = found
            return self._by_letter.get(letter, {})

    def mend(self, text: str, is_word: Callable[[str], bool]) -> str:
        """Replace each word that is none, and is not of the articles, by the article's word most like it.

        Args:
            text: a question.
            is_word: tells whether a lower-cased word is known to the language, so not to be touched.
        """

        def mended(match: re.Match[str]) -> str:
            word = match.group()
            lowered = word.lower()
            if is_word(lowered):
                return word
            words = self._words(lowered[0])
            if lowered in words:
                return word
            own = _letters(lowered)
            near = [
                other
                for other in words
                if abs(len(other) - len(lowered)) <= 2
                # What only one of two words has is no part of what they share: a bound that spares most comparisons.
                and (own ^ _letters(other)).bit_count() <= (1 - SIMILARITY) * (len(other) + len(lowered))
            ]
            found = get_close_matches(lowered, near, n=1, cutoff=SIMILARITY)
            inflected = found and (found[0].startswith(lowered) or lowered.startswith(found[0]))
            return found[0] if found and not inflected else word

        return WORD.sub(mended, text)


def _letters(word: str) -> int:
    """Return a word's letters as a set of bits; letters far apart in Unicode may share one."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % 64)
    return bits
