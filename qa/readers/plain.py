"""Plain text, as typed or as scraped from the web."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from qa.article import Article, Span
from qa.readers.blocks import FAQ_HEADING, Block, Kind, assemble, is_noise, trim

HEADING_MAX_CHARS = 100
HEADING_MAX_WORDS = 14
WRAP_MAX_CHARS = 100  # lines of hard-wrapped text are no longer than this
BULLET = re.compile(r"[ \t]*(?:[-*•–]|\d{1,3}[.)])[ \t]+")
SENTENCE_END = re.compile(r"[.!?…。:;,][\"”’')\]]*$")


def read_plain(name: str, text: str) -> Article:
    """Read plain text; it becomes the article's text as it is.

    Paragraphs are separated by blank lines or, where lines are long, by line breaks. A short line
    without a full stop over a paragraph is a heading. Lines like "Also read: …" are left out.
    """
    return assemble(name, text, list(_blocks(text)))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank; ``apart`` tells whether a blank one, or the text's edge, stands before it."""

    text: str
    span: Span
    apart: bool


def _lines(text: str) -> list[_Line]:
    lines, apart, start = [], True, 0
    for line in text.split("\n"):
        if line.strip():
            lines.append(_Line(line, trim(text, start, start + len(line)), apart))
        apart = not line.strip()
        start += len(line) + 1
    return lines


def _blocks(text: str) -> Iterator[Block]:
    """Yield the text's blocks; once a FAQ began, its lines stay together for their questions to be found."""
    last: _Line | None = None
    in_faq = False
    lines = deque(_lines(text))
    while lines:
        before, last = last, lines.popleft()
        line = last.text.strip()
        if is_noise(line):
            continue
        answers = in_faq and before is not None and before.text.rstrip().endswith("?")
        if not answers and _is_heading(last, lines[0] if lines else None):
            in_faq = FAQ_HEADING.match(line) is not None
            yield Block(Kind.HEADING, last.span, level=2)
        elif in_faq:
            yield Block(Kind.PARAGRAPH, last.span)
        elif BULLET.match(last.text):
            yield Block(Kind.ITEM, last.span)
        else:
            start = last.span.start
            while lines and _continues(last, lines[0]):
                last = lines.popleft()
            yield Block(Kind.PARAGRAPH, Span(start, last.span.end))


def _is_heading(line: _Line, following: _Line | None) -> bool:
    """Return whether a short line that ends no sentence stands over a longer one."""
    text = line.text.strip()
    if FAQ_HEADING.match(text) and len(text) <= HEADING_MAX_CHARS and not SENTENCE_END.search(text.rstrip(":")):
        return following is not None
    alone = line.apart and (following is None or following.apart)
    short = len(text) <= HEADING_MAX_CHARS and len(text.split()) <= HEADING_MAX_WORDS
    begins = text[0].isupper() or text[0].isdigit()
    ends_nothing = not SENTENCE_END.search(text) or (alone and text.endswith("?"))
    over_text = following is not None and (alone or len(following.text.strip()) > WRAP_MAX_CHARS)
    return short and begins and ends_nothing and over_text and not BULLET.match(text)


def _continues(line: _Line, following: _Line) -> bool:
    """Return whether the next line is the same hard-wrapped paragraph."""
    wrapped = max(len(line.text), len(following.text)) <= WRAP_MAX_CHARS
    room = WRAP_MAX_CHARS // 2  # a line that ends a sentence early ends its paragraph
    goes_on = len(line.text) >= room or not SENTENCE_END.search(line.text)
    return not following.apart and wrapped and not BULLET.match(following.text) and goes_on
