"""Links that open a published page at a quote: text fragments, ``#:~:text=``.

A browser looks for the fragment's words in the page and shows the first place that fits: whole words, in any
case and with any accents, white space alike. So that it is the right place, candidates, from the shortest on,
are tried on the article's text as a browser would, and the first that leads to the quote is taken.

Source: https://wicg.github.io/scroll-to-text-fragment/
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from qa.article import Span

MAX_EXACT_CHARS = 100  # beyond that, a link names how a quote starts and ends; it shall fit in a message
EDGE_WORDS = (4, 8, 16, 64)  # tried for start and end
CONTEXT_WORDS = (0, 3, 6, 12, 24)  # tried before and after, where the quote's own words are ambiguous
MAX_CONTEXT_CHARS = 1_000  # more than so many words have
RESERVED = "!#$%&'()*+,/:;=?@[]~"  # what an address may hold beside letters, digits and -._
BLOCK_END = re.compile(r"\n|(?:^|(?<=\s))\|(?=\s|$)")  # a line's end, or the bar between two cells of a table
BETWEEN_BLOCKS = "[ |]*"
NO_WORD_BEFORE = "(?<![a-z0-9])"
QUOTE_MARKS = dict.fromkeys("‘’‚‛", "'") | dict.fromkeys("“”„‟", '"')


class Terms(NamedTuple):
    """The four terms of a text directive; what is "" is left out."""

    prefix: str
    start: str
    end: str
    suffix: str

    def directive(self) -> str:
        """Return the directive, percent-encoded."""
        terms = [_encode(term) for term in self]
        parts = (terms[0] and terms[0] + "-", terms[1], terms[2], terms[3] and "-" + terms[3])
        return "text=" + ",".join(filter(None, parts))

    def find(self, folded: str) -> tuple[int, int] | None:
        """Return where a browser would see them first in a text that ``fold`` made; None for nowhere.

        Word ends are asked for only where no browser sees them otherwise, so that too many places fit, not too few.
        """
        prefix, start, end, suffix = (" +".join(map(re.escape, fold(term).split())) for term in self)
        pattern = NO_WORD_BEFORE + (prefix + BETWEEN_BLOCKS if prefix else "")
        pattern += f"(?P<quote>{start}" + (f".*?{NO_WORD_BEFORE}{end})" if end else ")")
        pattern += BETWEEN_BLOCKS + suffix if suffix else "(?![a-z0-9])"
        match = re.search(pattern, folded)
        return match and match.span("quote")


def fold(text: str) -> str:
    """Return a text, as long as before, without what browsers overlook: case, accents, kinds of quotes and space."""
    return text.translate({ord(letter): _base(letter) for letter in set(text)})


def text_fragment(article_text: str, span: Span) -> str:
    """Return the directive ``text=…`` that leads to a span of an article's text; "" for an empty one.

    If the same words in the same surroundings stand earlier as well, the link leads there.
    """
    first = None
    folded = fold(article_text)
    for terms in _candidates(article_text, span):
        first = first or terms
        if terms.find(folded) == (span.start, span.end):
            return terms.directive()
    return first.directive() if first else ""


def link(url: str, article_text: str, span: Span) -> str:
    """Return an article's address, opened at a ``span`` of its text; "" if it has none on the web."""
    address = url.partition(":~:")[0].strip()
    try:
        if urlsplit(address).scheme not in {"http", "https"}:  # others, such as javascript:, could do something
            return ""
    except ValueError:
        return ""
    fragment = text_fragment(article_text, span)
    mark = "" if "#" in address else "#"
    return f"{quote(address, safe=RESERVED)}{mark}:~:{fragment}" if fragment else ""


def _candidates(text: str, span: Span) -> Iterator[Terms]:
    """Yield what could lead to a span, from the simplest on; each term lies within one block."""
    blocks = _blocks(text[span.start : span.end])
    if not blocks:
        return
    first, last = blocks[0], blocks[-1]
    before, after = text[: span.start], text[span.end :]
    lead, trail = (_blocks(before[-MAX_CONTEXT_CHARS:]) or [[]])[-1], (_blocks(after[:MAX_CONTEXT_CHARS]) or [[]])[0]
    edges = [(first[:count], last[-count:]) for count in EDGE_WORDS if len(blocks) > 1 or 2 * count <= len(first)]
    if len(blocks) == 1 and (len(" ".join(first)) <= MAX_EXACT_CHARS or not edges):
        edges = [(first, [])]
    for count in CONTEXT_WORDS:
        sides = [(lead[-count:], []), ([], trail[:count])] if count else [([], [])]
        if before[len(before.rstrip()) :].count("\n"):
            sides.reverse()  # the page may have more between two blocks than the text has
        for prefix, suffix in [*sides, *([(lead[-count:], trail[:count])] if count else [])]:
            for start, end in edges:
                yield Terms(*map(" ".join, (prefix, start, end, suffix)))


def _blocks(text: str) -> list[list[str]]:
    """Return the words of each block in a text."""
    return [words for block in BLOCK_END.split(text) if (words := block.split())]


def _encode(term: str) -> str:
    """Percent-encode a term; ``-``, ``,`` and ``&`` would mean something in a directive."""
    return quote(term, safe="", errors="replace").replace("-", "%2D")


def _base(letter: str) -> str:
    """Return the one letter that stands for another and its like."""
    if letter.isspace():
        return " "
    if letter in QUOTE_MARKS:
        return QUOTE_MARKS[letter]
    parts = unicodedata.normalize("NFKD", letter)
    folded = (parts[0] if all(map(unicodedata.combining, parts[1:])) else letter).lower()
    return folded if len(folded) == 1 else letter
