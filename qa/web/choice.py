"""Which of the articles the picker offers: all of a few, and of thousands those that a reader's words find."""

from itertools import islice
from typing import Any

from qa.index.corpus import Corpus
from qa.lines import flat

MOST_CHOICES = 100  # as many as the picker shows without scrolling on; the browser searches them by itself
SEARCHED = "searched"  # the class by which the page's script knows that what is typed has to be sent


def offered(corpus: Corpus, shown: int, typed: str = "") -> list[tuple[str, int]]:
    """Return title and number of the first articles whose title holds what was typed.

    Where nothing was typed, the one ``shown`` is always among them; its own title is what stands there till then.
    """
    words = flat(typed).lower()
    if words == flat(corpus.title(shown)).lower():
        words = ""
    found = list(islice((n for n, title in enumerate(corpus.titles) if words in flat(title).lower()), MOST_CHOICES))
    if not words and shown not in found:
        found.append(shown)
    return [(corpus.title(number), number) for number in found]


def look(corpus: Corpus) -> dict[str, Any]:
    """Return how the picker looks: hidden where there is nothing to choose, and with a word where it searches."""
    count = len(corpus.articles)
    searched = count > MOST_CHOICES
    return {
        "label": f"Article (type to search all {count:,})" if searched else "Article",
        "elem_classes": [SEARCHED] if searched else [],
        "visible": count > 1,
    }
