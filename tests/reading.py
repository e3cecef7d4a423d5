"""What tests look at of articles and answers: their parts, quoted."""

from collections.abc import Sequence

from qa import Answer, Article


def headings(article: Article) -> list[str]:
    return [section.title for section in article.sections]


def passages(article: Article) -> list[str]:
    return [article.quote(passage.span) for passage in article.passages]


def sentences(article: Article) -> list[list[str]]:
    return [[article.quote(span) for span in passage.sentences] for passage in article.passages]


def faqs(article: Article) -> list[tuple[str, str]]:
    return [(article.quote(faq.question), article.quote(faq.answer)) for faq in article.faqs]


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
