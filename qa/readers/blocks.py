"""From blocks of text to an article: sections, passages, sentences and FAQ entries.

Every reader turns its format into a text and the blocks in it; what makes a FAQ entry or a
passage is decided here, once for all formats.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from qa import language
from qa.article import Article, Faq, Passage, Section, Span
from qa.lines import flat


class Kind(Enum):
    """What a block is."""

    HEADING = auto()
    PARAGRAPH = auto()
    ITEM = auto()  # of a list; its neighbours join it in one passage
    ROW = auto()  # of a table; its neighbours join it, and it is not cut into sentences
    CODE = auto()  # not cut either
    QUESTION = auto()  # of a FAQ entry that the source marks as one, wherever it stands
    ANSWER = auto()  # to the question before it


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text of one kind; ``level`` is a heading's, 1 for the largest."""

    kind: Kind
    span: Span
    level: int = 0


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says of itself; an ``url`` that is none of the web is left out of the article."""

    title: str = ""
    date: str = ""
    summary: str = ""
    language: str = ""
    author: str = ""
    url: str = ""


# What programs write into a document's properties when nobody gave it a title, or as its author.
NO_TITLE = re.compile(
    r"untitled.*|(word )?document ?\d*|microsoft (word|powerpoint)\b.*|.*\.(docx?|dvi|eps|fm|html?|indd|jpe?g|odt|"
    r"pages|pdf|png|pptx?|ps|pub|qxd|rtf|tex|tiff?|txt|wpd|xlsx?)",
    re.IGNORECASE,
)
NO_AUTHOR = "python-docx"
HEADINGS = {f"h{level}": level for level in range(1, 7)}  # HTML's names, which Markdown's parser uses as well
# What is cut into sentences at once, since the time for a text without words grows with the square of its length, and
# stops all other threads: up to a sentence's end, a word's, or anything.
SEGMENTED = re.compile(r".{1,9998}[.!?。！？]\s|.{1,10000}(?!\S)|.{1,10000}", re.DOTALL)
FAQ_HEADING = re.compile(
    r"\s*(the\s+)?(f\.?a\.?q\.?s?|frequently\s+asked(\s+questions)?|questions\s*(and|&)\s*answers|q\s*(&|and)\s*a)\b",
    re.IGNORECASE,
)
# A list's marker, also in mid-line: scraped lists run an answer and the next question together.
_MARK = r"(?:[-*•–—]|\(?\d{1,3}[.)]|[Qq](?:uestion)?\s?\d*\s?[.:)])"
# Where a question cannot have begun yet: a sentence ends, or any full stop stands before a marker.
_SENTENCE_END = rf"(?:(?<=[a-z0-9)”\"’])[.!…][”\"’')]*\s+\S|[.!…][”\"’')]*\s+{_MARK}\s)"
_WITHIN = rf"(?:(?!{_SENTENCE_END})[^\n?])"
# A question ends its line or stands before "A:"; behind a marker, its answer may follow at once.
FAQ_QUESTION = re.compile(
    rf"(?:(?P<marker>(?:^|(?<=[.!?…”\"’'):]))[ \t]*{_MARK}[ \t]+)|^[ \t]*)"
    rf"(?P<question>\S{_WITHIN}{{1,300}}\?(?:[ \t]{_WITHIN}{{1,200}}\?)?)"
    r"[ \t]*(?:(?=$|[ \t]A(?:nswer)?\s?[:.)])|(?(marker)(?=[ \t][^\W_a-z])|(?!)))",
    re.MULTILINE,
)
# A heading or a label that asks: it ends so, or begins so.
ASKING = re.compile(
    r"[^\n]*[?？؟]\W*$|(how|what|when|where|which|who|whose|why|can|could|do|does|did|is|are|was|were|will|would|should|may"
    r"|must|have|has)\s",
    re.IGNORECASE,
)
ANSWER_MARK = re.compile(r"\s*(?:A(?:nswer)?\s?\d*\s?[:.)]\s+)?")
NOISE = re.compile(
    r"\s*(also read|read also|read more|see also|related( articles?| stor(y|ies)| posts?)?|recommended( for you)?"
    r"|you (may|might) also like|don['’]t miss|advertisement|subscribe|share this( article)?)\s*([:–—|-].*)?",
    re.IGNORECASE,
)


def is_noise(text: str) -> bool:
    """Return whether a line only points elsewhere and says nothing of the article's matter."""
    return len(text) <= 300 and NOISE.fullmatch(text) is not None


def web_address(text: str) -> str:
    """Return an http or https address as it is, and "" for whatever else a source calls its address."""
    return text if re.fullmatch(r"https?://[\w.-]+(:\d+)?([/?#][^\s<>\"'`\\]*)?", text, re.IGNORECASE) else ""


def properties(title: str, author: str, created: datetime | None) -> Metadata:
    """Return what a document's properties say of it, but for what programs write where nobody said anything."""
    return Metadata(
        title="" if NO_TITLE.fullmatch(title) else title,
        date=created.date().isoformat() if created else "",
        author="" if author == NO_AUTHOR else author,
    )


def trim(text: str, start: int, end: int) -> Span:
    """Return the span without white space at either end; empty at ``start`` if nothing is left."""
    piece = text[start:end]
    body = piece.strip()
    lead = len(piece) - len(piece.lstrip()) if body else 0
    return Span(start + lead, start + lead + len(body))


class BlockWriter:
    """Writes an article's text block by block, a blank line between two, and remembers where each lies."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """Return what was written so far."""
        return "".join(self._parts)

    def add(self, kind: Kind, visible: str, level: int = 0) -> None:
        """Append a block, unless it is blank; items of a list and rows of a table stand line by line."""
        body = visible.strip()
        if not body:
            return
        start, gap = 0, ""
        if self.blocks:
            last = self.blocks[-1]
            gap = "\n" if kind in {Kind.ITEM, Kind.ROW} and last.kind is kind else "\n\n"
            start = last.span.end + len(gap)
        self.blocks.append(Block(kind, Span(start, start + len(body)), level))
        self._parts += [gap, body]


def assemble(
    name: str, text: str, blocks: Sequence[Block], metadata: Metadata | None = None, pages: Sequence[Span] = ()
) -> Article:
    """Build the article whose ``text`` holds ``blocks``, which are in order and do not overlap."""
    metadata = metadata or Metadata()
    code = metadata.language or language.detect(text) or "en"
    builder = _Builder(text, code)
    for block in blocks:
        builder.add(block)
    builder.close()
    ends = [*(section.span.start for section in builder.sections[1:]), len(text)]
    sections = [
        replace(section, span=Span(section.span.start, end))
        for section, end in zip(builder.sections, ends, strict=False)
    ]
    title = metadata.title or next((section.title for section in sections if section.level == 1), "") or name
    return Article(
        name=name,
        title=title,
        text=text,
        sections=tuple(sections),
        passages=tuple(builder.passages),
        faqs=tuple(builder.faqs),
        date=metadata.date,
        summary=metadata.summary,
        language=code,
        author=metadata.author,
        url=web_address(metadata.url),
        pages=tuple(pages),
    )


def split_sentences(text: str, span: Span, code: str) -> list[Span]:
    """Return the sentences within ``span``; what holds no letter or digit joins its neighbour."""
    from sentencex import segment

    found: list[Span] = []
    worded = False  # whether the last one holds a letter or digit
    position = span.start
    for piece in (piece for part in SEGMENTED.findall(text, span.start, span.end) for piece in segment(code, part)):
        sentence = trim(text, position, position + len(piece))
        position += len(piece)
        if not len(sentence):
            continue
        own = _has_word(text, sentence)
        if found and not (worded and own):
            found[-1], worded = Span(found[-1].start, sentence.end), worded or own
        else:
            found.append(sentence)
            worded = own
    return found


def _has_word(text: str, span: Span) -> bool:
    """Return whether a span holds a letter or digit."""
    return any(map(str.isalnum, text[span.start : span.end]))


class _Builder:
    """Takes blocks one by one; an open passage or an open FAQ entry waits for what follows.

    Attributes:
        sections: those begun so far; the spans are only of their headings.
    """

    def __init__(self, text: str, code: str) -> None:
        self.text, self.code = text, code
        self.sections: list[Section] = []
        self.passages: list[Passage] = []
        self.faqs: list[Faq] = []
        self._open: list[Block] = []  # of the passage
        self._faq_level: int | None = None  # the level of the FAQ's heading while inside of it
        self._question: Span | None = None
        self._marked = False  # whether the open entry is one of a QUESTION block
        self._answer: list[Span] = []

    def add(self, block: Block) -> None:
        """Take the next block."""
        if not len(block.span):
            return
        if self._marked and block.kind is Kind.ANSWER:
            self._answer.append(block.span)
            return
        if self._marked or block.kind in {Kind.QUESTION, Kind.HEADING}:  # marks say where an answer ends, too
            self.close()
        if block.kind is Kind.QUESTION:
            self._question, self._marked = block.span, True
        elif block.kind is Kind.HEADING:
            self._heading(block)
        elif self._faq_level is not None:
            self._entry(block)
        else:
            if not (self._open and self._joins(block, self._open[-1])):
                self.close()
            self._open.append(block)

    def close(self) -> None:
        """Store the open FAQ entry or passage; a question that nothing answers is a passage after all."""
        question, answer, blocks = self._question, self._answer, self._open
        self._question, self._marked, self._answer, self._open = None, False, [], []
        if question and answer:
            self.faqs.append(Faq(question, Span(answer[0].start, answer[-1].end), self._section()))
            return
        sentences = [question] if question else []
        for block in blocks:
            whole = block.kind in {Kind.CODE, Kind.ROW}
            sentences += [block.span] if whole else split_sentences(self.text, block.span, self.code)
        if any(_has_word(self.text, sentence) for sentence in sentences):
            span = Span(sentences[0].start, sentences[-1].end)
            self.passages.append(Passage(span, self._section(), tuple(sentences)))

    def _joins(self, block: Block, last: Block) -> bool:
        """Return whether a block belongs to one passage with the block before it."""
        if block.kind is Kind.ROW:
            return last.kind is Kind.ROW
        return block.kind is Kind.ITEM and (last.kind is Kind.ITEM or self._quote(last.span).endswith(":"))

    def _quote(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _heading(self, block: Block) -> None:
        """Open a section, unless the heading is a question of the FAQ."""
        title = flat(self._quote(block.span))
        inside = self._faq_level is not None and block.level > self._faq_level
        if (title.endswith("?") and self._faq_level is not None) or (
            inside and (self._faq_level != 1 or ASKING.match(title))
        ):
            self._question = block.span
            return
        if not inside or FAQ_HEADING.match(title):
            self._faq_level = block.level if FAQ_HEADING.match(title) else None
        self.sections.append(Section(title.rstrip(" :"), block.level, block.span, block.span))

    def _section(self) -> int:
        """Return the number of the open section; what stands before all headings has one without title."""
        if not self.sections:
            self.sections.append(Section("", 0, Span(0, 0), Span(0, 0)))
        return len(self.sections) - 1

    def _entry(self, block: Block) -> None:
        """Take a block of the FAQ: questions in it open entries, the rest answers them."""
        marker = "- " if block.kind is Kind.ITEM else ""  # the reader has taken the item's own away
        position, offset = block.span.start, block.span.start - len(marker)
        for match in FAQ_QUESTION.finditer(marker + self._quote(block.span)):
            self._add_answer(position, max(position, offset + match.start()))
            self.close()
            self._question = trim(self.text, *(offset + edge for edge in match.span("question")))
            position = offset + match.end()
        self._add_answer(position, block.span.end)

    def _add_answer(self, start: int, end: int) -> None:
        """Note a piece of the open entry's answer, or keep as a passage what answers no question."""
        mark = ANSWER_MARK.match(self.text, start, end)
        piece = trim(self.text, mark.end() if mark else start, end)
        if not _has_word(self.text, piece):
            return
        if self._question is not None:
            self._answer.append(piece)
        else:
            self._open.append(Block(Kind.PARAGRAPH, piece))
            self.close()
