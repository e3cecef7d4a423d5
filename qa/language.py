"""Which language a text is in, and its words as BM25 counts them.

A few function words tell languages apart well enough to warn a reader; where they say nothing,
nothing is claimed.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from typing import Any

# name in English, PyStemmer's name, bm25s' list of stop words
LANGUAGES = {
    "en": ("English", "english", "EN_PLUS"),
    "fr": ("French", "french", "FRENCH"),
    "de": ("German", "german", "GERMAN"),
    "es": ("Spanish", "spanish", "SPANISH"),
    "it": ("Italian", "italian", "ITALIAN"),
    "pt": ("Portuguese", "portuguese", "PORTUGUESE"),
    "nl": ("Dutch", "dutch", "DUTCH"),
    "sv": ("Swedish", "swedish", "SWEDISH"),
    "da": ("Danish", "danish", "DANISH"),
    "no": ("Norwegian", "norwegian", "NORWEGIAN"),
    "tr": ("Turkish", "turkish", "TURKISH"),
    "ru": ("Russian", "russian", "RUSSIAN"),
}
# The first word of a letter's Unicode name tells its script.
SCRIPTS = {
    "CYRILLIC": "ru",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "ARABIC": "ar",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
    "THAI": "th",
}
NAMES = {code: names[0] for code, names in LANGUAGES.items()} | {
    "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "ar": "Arabic", "he": "Hebrew",
    "el": "Greek", "hi": "Hindi", "th": "Thai",
}  # fmt: skip
WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
NAMED_LETTERS = 4  # fewer may be a symbol or a word that is asked about
SAMPLE_WORDS = 2000  # far more than the function words need, and quick on a book


def detect(text: str) -> str:
    """Return the code of the language that a text is evidently in, or "" if nothing tells.

    Evident is a script of its own (most letters in it, or a good part of them if the rest are but
    names), or at least two function words of one language that outnumber those of each other.
    """
    words = [word.lower() for word in WORD.findall(text[: SAMPLE_WORDS * 8])][:SAMPLE_WORDS]
    used = Counter(code for word in words for code in _languages_of_words().get(word, ()))
    ranked = sorted(((count, code) for code, count in used.items()), reverse=True)
    (most, code), (second, _) = [*ranked, (0, ""), (0, "")][:2]
    whole = "".join(words)
    beyond = "" if whole.isascii() else whole
    scripts = Counter(_script(letter) for letter in beyond if letter > "\x7f" and letter.isalpha())
    foreign = scripts.total() - scripts.pop("", 0)
    letters = sum(map(str.isalpha, whole)) if foreign else 0
    names_only = (most == 0 or code in SCRIPTS.values()) and foreign >= NAMED_LETTERS and foreign * 3 >= letters
    if foreign and (foreign * 2 > letters or names_only):
        kana = scripts["ja"] > foreign / 10  # Japanese mixes its kana with Chinese characters
        return "ja" if kana else max(scripts, key=scripts.__getitem__)
    return code if most >= 2 and most > second else ""


def _script(letter: str) -> str:
    """Return the language that a letter's script tells; "" for the many that share the Latin one."""
    return SCRIPTS.get(unicodedata.name(letter, "?").split(" ")[0].split("-")[0], "")


def differs(text: str, code: str, than: str) -> bool:
    """Return whether a short text is evidently in one language and not in another.

    It has another script, or two function words that only the one knows: "on" and "ai" alone do
    not make French of "impact on ai", since English has an "on" too.
    """
    if {code, than} - set(LANGUAGES) or {code, than} & set(SCRIPTS.values()):
        return code != than
    words = [match.group().lower() for match in WORD.finditer(text)]
    own = sum(word in stop_words(code) - stop_words(than) for word in words)
    other = sum(word in stop_words(than) - stop_words(code) for word in words)
    return own >= 2 and own > other


@cache
def stop_words(code: str) -> frozenset[str]:
    """Return a language's function words; none for a language without a list."""
    if code not in LANGUAGES:
        return frozenset()
    return frozenset(_stop_word_lists()[f"STOPWORDS_{LANGUAGES[code][2]}"])


@cache
def _stop_word_lists() -> dict[str, Any]:
    """Return bm25s' lists by their names, without the package, whose scipy takes long to load."""
    package = find_spec("bm25s")
    assert package is not None, "a dependency"
    return run_path(str(Path(str(package.origin)).with_name("stopwords.py")))


@cache
def _languages_of_words() -> dict[str, list[str]]:
    """Return the languages that each function word belongs to."""
    found: dict[str, list[str]] = {}
    for code in LANGUAGES:
        for word in stop_words(code):
            found.setdefault(word, []).append(code)
    return found


def words(text: str) -> list[str]:
    """Return the words of a text, lower-cased; each is analysed by itself."""
    return re.findall(r"\w+", text.lower())


def stemmer(code: str) -> Callable[[Sequence[str]], list[str]]:
    """Return the function from words to BM25 terms: stemmed; "" for a function word."""
    stop = stop_words(code)
    stem: Callable[[list[str]], list[str]] = list
    if code in LANGUAGES:
        import Stemmer

        stem = Stemmer.Stemmer(LANGUAGES[code][1]).stemWords

    def terms(found: Sequence[str]) -> list[str]:
        return list(stem(["" if word in stop else word for word in found]))

    return terms


def analyzer(code: str) -> Callable[[str], list[str]]:
    """Return the function from text to BM25 terms: lower-cased, without function words, stemmed."""
    terms = stemmer(code)
    return lambda text: [term for term in terms(words(text)) if term]
