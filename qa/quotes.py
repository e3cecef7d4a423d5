"""Finding a quote that was noted earlier again in the article as it is now."""

import re
from collections.abc import Iterator, Sequence

from qa.article import Article, Span


def occurrences(text: str, quote: str) -> Iterator[Span]:
    """Yield every span at which a quote stands, overlapping ones too; its lines may be wrapped otherwise."""
    words = quote.split()
    if not words:
        return
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    match = pattern.search(text)
    while match:
        yield Span(*match.span())
        match = pattern.search(text, match.start() + 1)


def locate(
    quote: str, articles: Sequence[Article], *, name: str = "", sha256: str = "", start: int = 0
) -> tuple[Article, Span] | None:
    """Return where a quote stands now, not in the midst of a word; None if no article says it any more.

    Where it stands several times, the article called ``name``, then one whose text has this hash, and in it the place
    nearest to ``start`` are preferred.
    """
    for article in sorted(articles, key=lambda each: (each.name != name, each.sha256 != sha256)):
        places = [span for span in occurrences(article.text, quote) if not _cuts_a_word(article.text, span)]
        if places:
            return article, min(places, key=lambda span: abs(span.start - start))
    return None


def _cuts_a_word(text: str, span: Span) -> bool:
    edges = text[max(span.start - 1, 0) : span.start + 1], text[span.end - 1 : span.end + 1]
    return any(len(pair) == 2 and pair.isalnum() for pair in edges)
