"""From printed lines to blocks of text: paragraphs, headings and lists, as a reader of the page sees them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qa.article import Span
from qa.readers.blocks import FAQ_HEADING, Block, BlockWriter, Kind, is_noise

BULLET = re.compile(r"(?:[-*•◦▪■●‣·–]|(?P<number>\(?\d{1,3}[.)]))\s+(?=\S)")
ENDS = re.compile(r"[.!?…:。！？][)\]\"”’'»]*$")
GOES_ON = re.compile(r"[.,;:]$")  # no heading ends so
WORD = re.compile(r"\w+(?:-\w+)*")
BROKEN = re.compile(r"\b(\w+)[-\xad]$")
SUSPENDED = frozenset({"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e"})  # "long- and short-term"
DIGITS = re.compile(r"\d{1,9}")
NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")
CONTENTS = re.compile(r"(?:\. ?){5}\W{0,5}(?:\d{1,4}|[ivxlc]{1,8})$")  # a line of a table of contents
HEADING_MAX_CHARS = 120
LARGER = 1.12  # a heading's print, as times the body's
WIDER = 1.3  # the gap before a paragraph, as times the usual one between lines
# A line ends its paragraph if the next word had found room: with it, the line is so long, as times the longest nearby.
SHORT = 0.85
HALF_EMPTY = 0.6  # where it ends no sentence
NEARBY_LINES = 10
EDGE_LINES = 3  # at the top and at the bottom of a page, where heads, feet and page numbers stand
NEAR = 2  # pages to either side; heads of left and right pages differ
SAME_PLACE = 3.0  # points


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line; ``x`` and ``y`` in points from the page's lower left corner, ``page`` from 1."""

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool


def without_running_heads(pages: Sequence[Sequence[Line]]) -> Iterator[Line]:
    """Yield all lines but page numbers, tables of contents, and what nearby pages have in the same place at an edge."""
    edges = []
    for page in pages:
        by_height = sorted(page, key=lambda line: line.y)
        edges.append([*by_height[:EDGE_LINES], *by_height[EDGE_LINES:][-EDGE_LINES:]])
    body = main_size([line for page in pages for line in page])
    for index, page in enumerate(pages):
        near = [line for lines in edges[max(index - NEAR, 0) : index + NEAR + 1] for line in lines]
        for line in page:
            at_edge = line.size <= body and line in edges[index]
            if CONTENTS.search(line.text) or (at_edge and line.text.strip("-–— ") == str(line.page)):
                continue
            if not (at_edge and any(_same_head(line, other) for other in near if other.page != line.page)):
                yield line


def _same_head(line: Line, other: Line) -> bool:
    """Return whether two pages' lines are one running head; its number, if any, counts the pages."""
    apart = line.page - other.page
    numbers = zip(*([int(digits) for digits in DIGITS.findall(each.text)] for each in (line, other)), strict=False)
    return (
        abs(line.y - other.y) < SAME_PLACE
        and NUMBER.sub("#", line.text.lower()) == NUMBER.sub("#", other.text.lower())
        and all(number - counterpart in {0, apart} for number, counterpart in numbers)
    )


def main_size(lines: Sequence[Line]) -> float:
    """Return the size in which most of the text is printed, in points."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return max(sizes, key=sizes.__getitem__, default=0.0)


class LineWriter(BlockWriter):
    """Joins lines to blocks and writes them.

    Attributes:
        title: the largest heading of the first page; "" if it has none.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self.title, self._title_size = "", 0.0
        self._starts = [0, 0]  # where in the text each page begins, by its number
        self._body = main_size(lines)
        body = [line for line in lines if line.size == self._body]
        gaps = Counter(
            round(last.y - line.y) for last, line in pairwise(body) if last.page == line.page and last.y > line.y
        )
        self._leading = max(gaps.most_common(1)[0][0] if gaps else 0, self._body) / (self._body or 1)
        self._words = {word.lower() for line in lines for word in WORD.findall(line.text)}
        larger = {line.size for line in lines if line.size > self._body * LARGER}
        self._levels = {size: level for level, size in enumerate(sorted(larger, reverse=True), start=1)}
        self._in_faq = False
        opened: list[Line] = []
        for line in lines:
            if opened and self._begins(opened, line):
                self._close(opened)
                opened = []
            opened.append(line)
        if opened:
            self._close(opened)

    def pages(self, count: int) -> tuple[Span, ...]:
        """Return the spans of ``count`` pages, which cover the text; one that has no text is empty."""
        ends = [len(self.text)] * (count + 2 - len(self._starts))
        return tuple(Span(start, end) for start, end in pairwise([*self._starts[1:], *ends]))

    def _begins(self, opened: list[Line], line: Line) -> bool:
        """Return whether a line begins a new block, rather than go on with the open one."""
        first, last = opened[0], opened[-1]
        ended, drop = ENDS.search(last.text) is not None, last.y - line.y
        marker, item = BULLET.match(line.text), BULLET.match(first.text)
        if abs(line.size - last.size) > 0.1 * last.size and (
            ended or line.size in self._levels or last.size in self._levels
        ):
            return True
        if line.bold != last.bold and is_title_like(line.text if line.bold else last.text):
            return True
        if marker and (not marker["number"] or ended or (item and item["number"])):
            return True
        if line.page != last.page or drop < 0:  # the next page or column
            return ended or line.bold or line.size in self._levels
        longest = max(len(each.text) for each in (*opened[-NEARBY_LINES:], line))
        with_next = len(f"{last.text} {line.text.split()[0]}")
        may_end = ended or not (last.size in self._levels or BROKEN.search(last.text))
        indent = line.x - (first.x if item else last.x)
        return (
            drop > WIDER * self._leading * line.size
            or (item is not None and indent < -0.5 * line.size)
            or (with_next < (SHORT if ended else HALF_EMPTY) * longest and may_end)
            or (ended and indent > 0.8 * line.size and item is None)
            or (self._in_faq and last.text.endswith("?"))
        )

    def _close(self, lines: list[Line]) -> None:
        """Write the lines of a block."""
        text = ""
        offsets = []  # of what each line begins with
        for line, following in zip(lines, [*lines[1:], None], strict=True):
            offsets.append(len(text))
            text += self._joined(line.text, following.text) if following else line.text
        if is_noise(text):
            return
        kind, level = self._kind(lines, text)
        marker = BULLET.match(text) if kind is Kind.ITEM else None
        skipped = marker.end() if marker and not marker["number"] else 0  # a dot says nothing, a number may
        self.add(kind, text[skipped:], level)
        span = self.blocks[-1].span
        if marker and not skipped:
            self.blocks[-1] = Block(kind, Span(span.start + marker.end(), span.end))
        for line, offset in zip(lines, offsets, strict=True):
            self._starts += [span.start + max(offset - skipped, 0)] * (line.page + 1 - len(self._starts))
        if kind is Kind.HEADING:
            self._in_faq = FAQ_HEADING.match(text) is not None or (self._in_faq and text.endswith("?"))
            if lines[0].page == 1 and lines[0].size > max(self._title_size, self._body * LARGER):
                self.title, self._title_size = text, lines[0].size

    def _kind(self, lines: list[Line], text: str) -> tuple[Kind, int]:
        """Return what a block is, and a heading's level: 1 for the largest print."""
        if len(text) <= HEADING_MAX_CHARS and any(map(str.isalpha, text)):
            if lines[0].size in self._levels:
                return Kind.HEADING, self._levels[lines[0].size]
            in_bold = all(line.bold for line in lines)
            if (in_bold or (len(lines) == 1 and FAQ_HEADING.match(text))) and is_title_like(text):
                return Kind.HEADING, len(self._levels) + 1
        return (Kind.ITEM if BULLET.match(text) else Kind.PARAGRAPH), 0

    def _joined(self, text: str, following: str) -> str:
        """Return a line with what stands between it and the next: nothing where a word was broken."""
        broken, rest = BROKEN.search(text), WORD.match(following)
        if broken is None or rest is None or rest.group() in SUSPENDED:
            return f"{text} "
        head, tail = broken[1].lower(), rest.group().lower()
        compound = f"{head}-{tail}" in self._words and f"{head}{tail}" not in self._words
        kept = compound or not following[0].islower() or "/" in text.split()[-1]  # the last is an address
        return text if kept else text[:-1]


def is_title_like(text: str) -> bool:
    """Return whether a line could be a heading: short, and it neither goes on nor ends a sentence."""
    return (text[0].isupper() or text[0].isdigit()) and len(text) <= HEADING_MAX_CHARS and not GOES_ON.search(text)
