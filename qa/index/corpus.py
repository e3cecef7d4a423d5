"""Articles as columns: arrays of spans and one file of text, from which each article is made when it is needed."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from qa.article import Article, Faq, Passage, Section, Span

SURROGATE = re.compile("[\ud800-\udfff]")
Columns = Mapping[str, NDArray[Any]]
Item = TypeVar("Item")
# How a text is kept, by the bytes of each code point: as many as its largest takes, so that a span is found at once.
# Halves of surrogate pairs would be taken together in two bytes.
CODECS: Mapping[int, tuple[str, str]] = {
    1: ("latin-1", "strict"),
    2: ("utf-16-le", "strict"),
    4: ("utf-32-le", "surrogatepass"),
}
KEPT_ARTICLES = 64  # those that were made last; a question touches a handful
KEPT_RECORDS = 1024  # of what articles have beside their text
KEPT_PARTS = 4096  # passages, sentences and FAQ entries, of each those that were used last


@dataclass(frozen=True, slots=True)
class Located:
    """A part of one of the indexed articles."""

    article: int
    passage: Passage


class View(Sequence[Item], Generic[Item]):
    """A sequence whose items are made when they are asked for.

    Args:
        size: how many there are.
        make: makes the item of a number.
        kept: how many of the last ones are kept.
    """

    def __init__(self, size: int, make: Callable[[int], Item], kept: int = 0) -> None:
        self._size = size
        self._make = lru_cache(kept)(make) if kept else make  # which threads may call at once

    def __len__(self) -> int:
        """Return how many items there are."""
        return self._size

    @overload
    def __getitem__(self, number: int) -> Item: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Item]: ...

    def __getitem__(self, number: int | slice) -> Item | Sequence[Item]:
        """Return the item of a number, or those of several."""
        if type(number) is int and 0 <= number < self._size:  # nearly always, and asked for often
            return self._make(number)
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self._size))]
        if not -self._size <= number < self._size:
            raise IndexError(f"number {number} of {self._size}")
        return self._make(int(number) % self._size)

    def __iter__(self) -> Iterator[Item]:
        """Make one item after the other."""
        return (self[number] for number in range(self._size))


def article_columns(articles: Sequence[Article]) -> dict[str, NDArray[Any]]:
    """Return all that articles consist of as arrays; ``Corpus`` makes the same articles of them."""
    widths, texts = zip(*(_stored(article.text) for article in articles), strict=True) if articles else ((), ())
    records = [_record(article).encode() for article in articles]
    passages = [passage for article in articles for passage in article.passages]
    faqs = [faq for article in articles for faq in article.faqs]
    return {
        "text": np.frombuffer(b"".join(texts), np.uint8),
        "text_starts": _starts(map(len, texts)),
        "text_widths": np.array(widths, np.int8),
        "records": np.frombuffer(b"".join(records), np.uint8),
        "record_starts": _starts(map(len, records)),
        "article_passages": _starts(len(article.passages) for article in articles),
        "article_faqs": _starts(len(article.faqs) for article in articles),
        "passage_spans": _spans(passage.span for passage in passages),
        "passage_sections": np.array([passage.section for passage in passages], np.int32),
        "passage_sentences": _starts(len(passage.sentences) for passage in passages),
        "sentence_spans": _spans(sentence for passage in passages for sentence in passage.sentences),
        "faq_questions": _spans(faq.question for faq in faqs),
        "faq_answers": _spans(faq.answer for faq in faqs),
        "faq_sections": np.array([faq.section for faq in faqs], np.int32),
    }


class Corpus:
    """Articles made of columns; the last ones used are kept.

    Attributes:
        articles, texts, passages, sentences, faqs: sequences, in the order of the articles.
        passage_article, faq_article: int64: the article of each passage and of each FAQ entry.
        sentence_passage: int64, shape (sentences,).
    """

    def __init__(self, columns: Columns, articles: Sequence[Article] | None = None) -> None:
        self.columns = columns
        size = len(columns["text_starts"]) - 1
        self.articles: Sequence[Article] = (
            View(size, self._article, KEPT_ARTICLES) if articles is None else tuple(articles)
        )
        self._records = View(size, lambda n: json.loads(_bytes(columns, "record", n)), KEPT_RECORDS)
        self.texts = View(size, self._text, KEPT_ARTICLES)
        self.passage_article = owners(columns["article_passages"])
        self.faq_article = owners(columns["article_faqs"])
        self.sentence_passage = owners(columns["passage_sentences"])
        self.passages = View(len(columns["passage_spans"]), self._passage, KEPT_PARTS)
        self.sentences = View(len(columns["sentence_spans"]), lambda n: _span(columns["sentence_spans"][n]), KEPT_PARTS)
        self.faqs = View(len(columns["faq_questions"]), lambda n: (int(self.faq_article[n]), self._faq(n)), KEPT_PARTS)

    def quote(self, article: int, span: Span) -> str:
        """Return an article's text at ``span``, without reading the rest of it."""
        width = int(self.columns["text_widths"][article])
        first = int(self.columns["text_starts"][article])
        text = self.columns["text"][first + width * span.start : first + width * span.end]
        return text.tobytes().decode(*CODECS[width])

    def name(self, article: int) -> str:
        """Return what tells an article from others."""
        return str(self._records[article]["name"])

    def title(self, article: int) -> str:
        """Return an article's title."""
        return str(self._records[article]["title"])

    def url(self, article: int) -> str:
        """Return where an article is published; "" if that is not known."""
        return str(self._records[article]["url"])

    def sha256(self, article: int) -> str:
        """Return the digest of an article's text."""
        return str(self._records[article]["sha256"])

    def page(self, article: int, position: int) -> int | None:
        """Return the number, from 1, of the page on which a position of an article's text lies; None without pages."""
        pages = enumerate(self._records[article]["pages"], start=1)
        return next((number for number, (start, end) in pages if start <= position < end), None)

    def language(self, article: int) -> str:
        """Return the language that an article is written in."""
        return str(self._records[article]["language"])

    def entries(self, article: int | None = None) -> range:
        """Return the numbers of an article's FAQ entries; of all of them for None."""
        if article is None:
            return range(len(self.faqs))
        return range(*self.columns["article_faqs"][article : article + 2].tolist())

    def section_title(self, article: int, section: int) -> str:
        """Return the heading over a passage or FAQ entry, or the article's title where there is none."""
        return str(self._records[article]["sections"][section][0]) or self.title(article)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Return the number of each article's name."""
        return {record["name"]: number for number, record in enumerate(self._records)}

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Return all titles, in the order of the articles: what is searched for the one that a reader types."""
        return tuple(record["title"] for record in self._records)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Return the languages of the articles, each once, in the order of the articles."""
        return tuple(dict.fromkeys(record["language"] for record in self._records))

    def _text(self, number: int) -> str:
        return _bytes(self.columns, "text", number).decode(*CODECS[int(self.columns["text_widths"][number])])

    def _article(self, number: int) -> Article:
        record = self._records[number]
        first, last = self.columns["article_passages"][number : number + 2]
        entry, end = self.columns["article_faqs"][number : number + 2]
        return Article(
            **{name: record[name] for name in TEXT_FIELDS},
            text=self.texts[number],
            sections=tuple(Section(title, level, Span(*a), Span(*b)) for title, level, a, b in record["sections"]),
            pages=tuple(Span(*page) for page in record["pages"]),
            passages=self._passages(first, last),
            faqs=tuple(self._faq(n) for n in range(entry, end)),
        )

    def _passage(self, number: int) -> Located:
        return Located(int(self.passage_article[number]), self._passages(number, number + 1)[0])

    def _passages(self, first: int, last: int) -> tuple[Passage, ...]:
        """Return the passages from the first up to the last, which is not one of them."""
        columns = self.columns
        edges = columns["passage_sentences"][first : last + 1].tolist()
        sentences = [Span(start, end) for start, end in columns["sentence_spans"][edges[0] : edges[-1]].tolist()]
        spans, sections = (columns[f"passage_{name}"][first:last].tolist() for name in ("spans", "sections"))
        return tuple(
            Passage(Span(*span), section, tuple(sentences[begin - edges[0] : end - edges[0]]))
            for span, section, begin, end in zip(spans, sections, edges, edges[1:], strict=False)
        )

    def _faq(self, number: int) -> Faq:
        question, answer = self.columns["faq_questions"][number], self.columns["faq_answers"][number]
        return Faq(_span(question), _span(answer), int(self.columns["faq_sections"][number]))


TEXT_FIELDS = ("name", "title", "date", "summary", "language", "author", "url")


def _record(article: Article) -> str:
    """Return what an article has beside text, passages and FAQ, as JSON."""
    edges = [
        (each.title, each.level, (each.heading.start, each.heading.end), (each.span.start, each.span.end))
        for each in article.sections
    ]
    pages = [(page.start, page.end) for page in article.pages]
    fields = {name: getattr(article, name) for name in (*TEXT_FIELDS, "sha256")}
    return json.dumps(fields | {"sections": edges, "pages": pages})


def _stored(text: str) -> tuple[int, bytes]:
    """Return how many bytes each code point of a text takes, and the text in so many."""
    width = 1
    with suppress(UnicodeEncodeError):
        return width, text.encode(*CODECS[width])
    pairs = len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text)
    width = 4 if pairs or SURROGATE.search(text) else 2
    return width, text.encode(*CODECS[width])


def owners(starts: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of the run that each item belongs to, given where the runs start."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def rows_by_key(columns: Columns, kind: str) -> dict[bytes, int]:
    """Return the row of each text of a kind in an index, by the key of what it says."""
    return {key.tobytes(): row for row, key in enumerate(columns[f"{kind}_keys"])}


def runs(keys: Sequence[bytes], rows: Mapping[bytes, int]) -> Iterator[tuple[int, int, int]]:
    """Yield the texts of some keys run by run, in order: the first, the one after the last, and the first's row.

    The texts of a run have rows one after the other, or all have none, which is told as -1.
    """
    first = 0
    while first < len(keys):
        row, last = rows.get(keys[first], -1), first + 1
        while last < len(keys) and rows.get(keys[last], -1) == (row + last - first if row >= 0 else -1):
            last += 1
        yield first, last, row
        first = last


def _starts(lengths: "Iterator[int] | map[int]") -> NDArray[np.int64]:
    return np.cumsum([0, *lengths], dtype=np.int64)


def _spans(spans: Iterator[Span]) -> NDArray[np.int32]:
    return np.array([(span.start, span.end) for span in spans], np.int32).reshape(-1, 2)


def _span(row: NDArray[Any]) -> Span:
    return Span(int(row[0]), int(row[1]))


def _bytes(columns: Columns, name: str, number: int) -> bytes:
    start, end = columns[f"{name}_starts"][number : number + 2]
    return columns["text" if name == "text" else f"{name}s"][start:end].tobytes()
