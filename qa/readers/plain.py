"""Plain text, as typed or as scraped from the web."""

import re
from collections.abc import Iterator

from qa.article import Article
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


def _blocks(text: str) -> Iterator[Block]:
    """Yield the text's blocks; once a FAQ began, its lines stay together for their questions to be found."""
    lines = [(match.start(), match.end()) for match in re.finditer(r"[^\n]+", text)]
    lines = [(start, end) for start, end in lines if text[start:end].strip()]
    position = 0
    in_faq = False
    while position < len(lines):
        start, end = lines[position]
        line = text[start:end].strip()
        span = trim(text, start, end)
        position += 1
        if is_noise(line):
            continue
        following = text[lines[position][0] : lines[position][1]] if position < len(lines) else ""
        if _is_heading(line, following, alone=_alone(text, start, end, lines, position)) and not (
            in_faq and _answers_question(text, lines, position)
        ):
            in_faq = FAQ_HEADING.match(line) is not None
            yield Block(Kind.HEADING, span, level=2)
        elif in_faq:
            yield Block(Kind.PARAGRAPH, span)
        elif BULLET.match(text, start, end):
            yield Block(Kind.ITEM, span)
        else:
            while position < len(lines) and _continues(text, lines[position - 1], lines[position]):
                end = lines[position][1]
                position += 1
            yield Block(Kind.PARAGRAPH, trim(text, start, end))


def _alone(text: str, start: int, end: int, lines: list[tuple[int, int]], following: int) -> bool:
    """Return whether blank lines, or the text's edges, enclose the line ``[start, end)``."""
    before = lines[following - 2][1] if following >= 2 else None
    after = lines[following][0] if following < len(lines) else None
    return (before is None or text.count("\n", before, start) > 1) and (
        after is None or text.count("\n", end, after) > 1
    )


def _is_heading(line: str, following: str, *, alone: bool) -> bool:
    """Return whether a short line that ends no sentence stands over a longer one."""
    if FAQ_HEADING.match(line) and len(line) <= HEADING_MAX_CHARS and not SENTENCE_END.search(line.rstrip(":")):
        return bool(following)
    short = len(line) <= HEADING_MAX_CHARS and len(line.split()) <= HEADING_MAX_WORDS
    begins = line[0].isupper() or line[0].isdigit()
    ends_nothing = not SENTENCE_END.search(line) or (alone and line.endswith("?"))
    over_text = bool(following) and (alone or len(following.strip()) > WRAP_MAX_CHARS)
    return short and begins and ends_nothing and over_text and not BULLET.match(line)


def _answers_question(text: str, lines: list[tuple[int, int]], following: int) -> bool:
    """Return whether the line before is a question, so that this one answers it, however short."""
    return following >= 2 and text[slice(*lines[following - 2])].rstrip().endswith("?")


def _continues(text: str, line: tuple[int, int], following: tuple[int, int]) -> bool:
    """Return whether the next line is the same hard-wrapped paragraph."""
    last = text[line[0] : line[1]]
    nearest = text[following[0] : following[1]]
    adjacent = text.count("\n", line[1], following[0]) == 1
    wrapped = len(last) <= WRAP_MAX_CHARS and len(nearest) <= WRAP_MAX_CHARS
    room = WRAP_MAX_CHARS // 2  # a line that ends a sentence early ends its paragraph
    return adjacent and wrapped and not BULLET.match(nearest) and (len(last) >= room or not SENTENCE_END.search(last))
