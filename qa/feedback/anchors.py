"""Finding a recorded quote again in the article as it is now."""

import re
from collections.abc import Sequence

from qa.article import Article, Span


def anchor(quote: str, articles: Sequence[Article], *, name: str = "", start: int = 0) -> tuple[Article, Span] | None:
    """Return where a quote stands now; None if no article says it any more.

    The quote may have been wrapped in other lines since. Where it stands several times, the article called ``name``
    and the place nearest to ``start`` are preferred.
    """
    words = quote.split()
    if not words:
        return None
    flexible: re.Pattern[str] | None = None
    for article in sorted(articles, key=lambda each: each.name != name):
        found = [match.span() for match in re.finditer(re.escape(quote), article.text)]
        if not found:
            flexible = flexible or re.compile(r"\s+".join(map(re.escape, words)))
            found = [match.span() for match in flexible.finditer(article.text)]
        if found:
            return article, Span(*min(found, key=lambda place: abs(place[0] - start)))
    return None
