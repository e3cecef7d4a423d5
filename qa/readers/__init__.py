"""Files to articles; the format is told by the content, not by the file's ending."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qa.article import Article
from qa.errors import ReadError
from qa.readers.blocks import web_address
from qa.readers.encodings import decode, is_marked
from qa.readers.formats import Format, looks_like_html, tell_format
from qa.readers.markdown import looks_like_markdown, read_markdown
from qa.readers.plain import read_plain
from qa.readers.sources import Source, check_size, find_sources, is_address, location_of

__all__ = [
    "Source",
    "find_sources",
    "is_address",
    "location_of",
    "parse_article",
    "parse_bytes",
    "read_articles",
    "read_sources",
]

LOGGER = logging.getLogger(__name__)


def read_articles(path: str | Path) -> tuple[Article, ...]:
    """Read the file at ``path``, or every article in the folder there, as ``read_sources`` does.

    Raises:
        ReadError: the path does not exist, or holds nothing that can be read.
    """
    return read_sources(find_sources(path))


def read_sources(sources: Sequence[Source]) -> tuple[Article, ...]:
    """Read articles; where there are several, what cannot be read is logged as a warning and left out.

    Raises:
        ReadError: nothing can be read.
    """
    articles, failures = [], []
    for source in sources:
        try:
            articles.append(parse_bytes(source.name, source.read(), source.url))
        except ReadError as error:
            if len(sources) == 1:
                raise
            LOGGER.warning("left out: %s", error)
            failures.append(str(error))
    if not articles:
        first = f"; the first: {failures[0]}" if failures else ""
        raise ReadError(f"none of the {len(sources):,} files can be read as an article{first}")
    return tuple(articles)


def parse_bytes(name: str, data: bytes, url: str = "") -> Article:
    """Read an article from a file's content; ``url`` is its address unless it names another.

    Raises:
        ReadError: it is too large, of a format that cannot be read, or holds no text.
    """
    check_size(name, data)
    article = _quotable(_read(name, data))
    return article if article.url else replace(article, url=web_address(url))


def parse_article(name: str, source: str) -> Article:
    """Read an article from text: HTML, Markdown or plain.

    Raises:
        ReadError: the text is empty or not text.
    """
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise ReadError(f"{name} is binary (it holds NUL bytes); give a text, Markdown, HTML, PDF or Word file")
    if broken := re.search("[\ud800-\udfff]", text):
        place = f"U+{ord(broken.group()):04X} at character {broken.start() + 1}"
        raise ReadError(f"{name} is not text (half a surrogate pair, {place}); write it anew as UTF-8")
    if not any(map(str.isalnum, text)):
        raise ReadError(f"{name} is empty; give a file with at least one sentence")
    if looks_like_html(text):
        from qa.readers.html import read_html

        return _quotable(read_html(name, text))
    return _quotable(read_markdown(name, text) if looks_like_markdown(text) else read_plain(name, text))


def _read(name: str, data: bytes) -> Article:
    """Read an article by the format that its content shows."""
    kind = tell_format(name, data)
    if kind is Format.PDF:
        from qa.readers.pdf import read_pdf

        return read_pdf(name, data)
    if kind is Format.DOCX:
        from qa.readers.docx import read_docx

        return read_docx(name, data)
    if not is_marked(data) and looks_like_html(data.decode("latin-1")):
        from qa.readers.html import read_html

        return read_html(name, data)  # a page declares its encoding itself
    return parse_article(name, decode(name, data))


def _quotable(article: Article) -> Article:
    """Return an article that has something to quote."""
    if article.passages or article.faqs:
        return article
    raise ReadError(f"{article.name} has no paragraph to quote, only headings; give a file with at least one sentence")
