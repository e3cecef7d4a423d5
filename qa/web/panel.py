"""An article, and FAQ entries, as HTML beside the chat; nothing of the text is markup or code.

Each sentence and each FAQ answer is a ``span`` that says where it lies (``data-start``, ``data-end``),
so that the page can light up whatever a citation covers.
"""

import html
import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from qa.article import Article, Faq, Passage, Section, Span
from qa.index.corpus import Corpus
from qa.lines import flat

DEEPEST_HEADING = 6
MOST_QUESTIONS = 100  # of several articles: more are no list to skim, and thousands a page that hardly opens
MORE_QUESTIONS = "ask in your own words, or choose an article and tick “Ask only this article” to see all of its own."


def article_html(article: Article, number: int = 0) -> str:
    """Return the article whose citations link to ``number``."""
    head = f"<h2>{html.escape(article.title)}</h2>"
    if article.date:
        head = f'<p class="date">{html.escape(article.date)}</p>{head}'
    if article.summary:
        head += f'<p class="summary">{html.escape(article.summary)}</p>'
    body = "".join(_body(article))
    return (
        f'<div class="art" tabindex="0" role="region" aria-label="The article" data-article="{number}"'
        f' lang="{html.escape(article.language)}" dir="auto"><header>{head}</header>{body}</div>'
    )


def faq_html(corpus: Corpus, only: int | None = None) -> str:
    """Return the FAQ entries of one article as buttons that ask them; of several, the first ones."""
    alone = only is not None or len(corpus.articles) == 1
    entries = corpus.entries(only)
    shown = entries if alone else entries[:MOST_QUESTIONS]
    parts = []
    for article, group in groupby(map(corpus.faqs.__getitem__, shown), key=itemgetter(0)):
        if not alone:
            parts.append(f"<h2>{html.escape(corpus.title(article))}</h2>")
        items = "".join(
            f'<li><button type="button" class="ask" dir="auto">{html.escape(question)}</button></li>'
            for question in (flat(corpus.quote(article, faq.question)) for _, faq in group)
        )
        parts.append(f'<ul lang="{html.escape(corpus.language(article))}">{items}</ul>')
    if len(shown) < len(entries):
        parts.append(f"<p>And {len(entries) - len(shown):,} more: {MORE_QUESTIONS}</p>")
    parts = parts or ["<p>There are no ready questions here. Ask in your own words.</p>"]
    label = "Questions that the article answers"
    return f'<div class="faq" tabindex="0" role="region" aria-label="{label}">{"".join(parts)}</div>'


def notice_html(text: str, *, busy: bool = False) -> str:
    """Return what stands in the article's place while there is none."""
    kind = "art notice busy" if busy else "art notice"
    return f'<div class="{kind}" role="status"><p>{html.escape(text)}</p></div>'


def _body(article: Article) -> Iterator[str]:
    """Yield headings, passages and FAQ entries in the order of the text."""
    parts: list[tuple[int, Section | Passage | Faq]] = [(passage.span.start, passage) for passage in article.passages]
    parts += [(faq.question.start, faq) for faq in article.faqs]
    parts += [(section.heading.start, section) for section in article.sections if section.title]
    level = 2  # the article's title; a heading is at most one level below the one before
    for _, part in sorted(parts, key=lambda pair: pair[0]):
        if isinstance(part, Section):
            if part.title == article.title:
                continue
            level = min(max(part.level + 1, 3), level + 1, DEEPEST_HEADING)
            yield f"<h{level}>{html.escape(part.title)}</h{level}>"
        elif isinstance(part, Faq):
            deeper = min(level + 1, DEEPEST_HEADING)
            yield f'<div class="entry"><h{deeper}>{html.escape(article.quote(part.question))}</h{deeper}>'
            answer = re.sub(r"\n\s*\n", "<br><br>", _located(article, part.answer))
            yield f"<p>{answer}</p></div>"
        else:
            yield _passage(article, part)


def _passage(article: Article, passage: Passage) -> str:
    """Return a paragraph; a list if every line of it is a sentence's own, code if it is one piece of lines."""
    text = article.quote(passage.span)
    broken = any("\n" in article.quote(sentence) for sentence in passage.sentences)
    pieces = []
    position = passage.span.start
    for sentence in passage.sentences:
        gap = html.escape(article.text[position : sentence.start])
        pieces += [gap if broken else gap.replace("\n", "<br>"), _located(article, sentence)]
        position = sentence.end
    pieces.append(html.escape(article.text[position : passage.span.end]))
    code = broken and len(passage.sentences) == 1 and text[-1] not in ".!?…”’)"
    kind = ' class="code"' if code else ""
    return f"<p{kind}>{''.join(pieces)}</p>"


def _located(article: Article, span: Span) -> str:
    return f'<span data-start="{span.start}" data-end="{span.end}">{html.escape(article.quote(span))}</span>'
