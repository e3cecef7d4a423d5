"""What tests look at of articles and answers: their parts, quoted."""

from collections.abc import Sequence
from itertools import pairwise

from qa import Answer, Article


def headings(article: Article) -> list[str]:
    return [section.title for section in article.sections]


def passages(article: Article) -> list[str]:
    return [article.quote(passage.span) for passage in article.passages]


def sentences(article: Article) -> list[list[str]]:
    return [[article.quote(span) for span in passage.sentences] for passage in article.passages]


def faqs(article: Article) -> list[tuple[str, str]]:
    return [(article.quote(faq.question), article.quote(faq.answer)) for faq in article.faqs]


def check_spans(article: Article) -> None:
    """Hold what is true of every article: its parts lie within it and their sections, in order and apart."""
    entries = [span for faq in article.faqs for span in (faq.question, faq.answer)]
    parts = sorted([*(passage.span for passage in article.passages), *entries])
    for spans in ([section.span for section in article.sections], parts, *(p.sentences for p in article.passages)):
        assert all(before.end <= after.start for before, after in pairwise(spans))
        assert all(span.end <= len(article.text) for span in spans)
    assert sorted(article.passages, key=lambda passage: passage.span) == list(article.passages)
    for section in article.sections:
        assert section.span.contains(section.heading)
    for passage in article.passages:
        assert article.sections[passage.section].span.contains(passage.span)
        assert passage.sentences
        assert all(passage.span.contains(sentence) for sentence in passage.sentences)
    for faq in article.faqs:
        assert faq.question.end <= faq.answer.start
        assert article.sections[faq.section].span.contains(faq.question)
        assert article.sections[faq.section].span.contains(faq.answer)
    quotes = [*passages(article), *(quote for passage in sentences(article) for quote in passage)]
    quotes += [quote for entry in faqs(article) for quote in entry]
    assert all(quote == quote.strip() != "" for quote in quotes)
    assert quotes, "an article without anything to quote is no article"


def check_quotes(answer: Answer, articles: Sequence[Article]) -> None:
    """Hold that everything an answer quotes is a slice of its article."""
    texts = {article.name: article.text for article in articles}
    for citation in (*answer.citations, *([answer.closest] if answer.closest else [])):
        assert texts[citation.article][citation.start : citation.end] == citation.quote != ""
    for passage in answer.passages:
        assert texts[passage.article][passage.start : passage.end] == passage.text
        assert passage.sentence in passage.text
    for faq in answer.faqs:
        assert texts[faq.article][faq.start : faq.end] == faq.answer
        assert faq.question in texts[faq.article]
    assert 0 <= answer.confidence <= 1
    assert (answer.kind == "none") == (answer.citations == ()) == (answer.reason != "")
