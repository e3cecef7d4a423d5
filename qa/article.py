"""The records: an article, its parts, and the spans that locate them.

Every part is a span of the article's text, so that a quote can never differ from what the
article says: ``article.text[span.start:span.end]``. Offsets count Unicode code points.
"""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range ``[start, end)`` of code points in an article's text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards."""
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}:{self.end} is not a range; need 0 <= start <= end")

    def __len__(self) -> int:
        """Return the number of code points."""
        return self.end - self.start

    def contains(self, other: "Span") -> bool:
        """Return whether ``other`` lies wholly inside of this span."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        """Return whether the two spans share at least one code point."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what follows it, up to the next heading; ``title`` is "" before the first."""

    title: str
    level: int
    heading: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, list, quotation or code block: the unit that is indexed."""

    span: Span
    section: int
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Faq:
    """A question that the article's author asked and answered."""

    question: Span
    answer: Span
    section: int


@dataclass(frozen=True, slots=True)
class Article:
    """A text and where its parts lie; ``name`` tells it from the others of a folder.

    Attributes:
        name: the file's path below the folder that was read, or what the text was called.
        date, author, summary, language: as the source tells them; language is a two-letter code.
        url: where the article is published, the page's canonical address; "" if that is not known.
        pages: the span of each page of a paged source, in order; empty for others.
        sha256: of the text, so that an answer can say what it was drawn from.
    """

    name: str
    title: str
    text: str
    sections: tuple[Section, ...]
    passages: tuple[Passage, ...]
    faqs: tuple[Faq, ...]
    date: str = ""
    summary: str = ""
    language: str = "en"
    author: str = ""
    url: str = ""
    pages: tuple[Span, ...] = ()
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Fingerprint the text, so that an answer can say what it was drawn from."""
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
        object.__setattr__(self, "sha256", digest)

    def quote(self, span: Span) -> str:
        """Return the text at ``span``, word for word."""
        return self.text[span.start : span.end]

    def page(self, position: int) -> int | None:
        """Return the number, from 1, of the page on which a position of the text lies; None without pages."""
        found = (number for number, page in enumerate(self.pages, start=1) if page.start <= position < page.end)
        return next(found, None)

    def section_title(self, number: int) -> str:
        """Return the heading over a passage or FAQ entry, or the article's title where there is none."""
        return self.sections[number].title or self.title
