"""Typing mistakes in questions, mended towards the words that the articles use."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

WORD = re.compile(r"[^\W\d_]{4,}")  # shorter words have too many neighbours
# One wrong, missing, doubled or swapped letter in a word of six or more; less in shorter ones.
SIMILARITY = 0.83


class Vocabulary:
    """The words of the articles, by first letter, since that is seldom mistyped."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = {word.lower() for text in texts for word in WORD.findall(text)}
        self._words = words
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(words):
            self._by_letter.setdefault(word[0], []).append(word)

    def mend(self, text: str, is_word: Callable[[str], bool]) -> str:
        """Replace each word that is none, and is not of the articles, by the article's word most like it.

        Args:
            text: a question.
            is_word: tells whether a lower-cased word is known to the language, so not to be touched.
        """

        def mended(match: re.Match[str]) -> str:
            word = match.group()
            lowered = word.lower()
            if lowered in self._words or is_word(lowered):
                return word
            own = _letters(lowered)
            near = [
                other
                for other in self._by_letter.get(lowered[0], ())
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
