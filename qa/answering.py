"""From hits to an answer: the FAQ entry, the article's own sentence, or an honest no."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any

import numpy as np

from qa.article import Span
from qa.confidence import Calibration
from qa.fragments import link
from qa.index import Index
from qa.language import words
from qa.lines import flat
from qa.retrieval import FaqHits, Query, SentenceHits
from qa.signals import faq_signals, faq_text, sentence_signals

# A neighbour whose fused score (in standard deviations) is this close to the best sentence's is
# quoted with it. On squad-dev-8 / xquad-en-32, where 17% / 29% of the answers then are two
# sentences long, the quote holds the gold answer in .896 / .894 instead of .871 / .838.
NEIGHBOUR_DISTANCE = 1.0
# Log-odds by which a sentence has to be likelier than a FAQ entry to be preferred: an author wrote the
# entry as an answer. Of .5, .75 and 1, this answered most of the bundled dev half's questions and dialogues.
FAQ_LEAD = 0.75
SMALL_TALK = "small talk"  # the reason of a reply that is no answer, and none to tell a reader
MAX_CITATIONS = 5  # of the same words, in as many articles
COPIES_SOUGHT = 200  # hits that are compared; a copy of the best one ranks near it
# A sentence that opens so cannot be understood without the one before.
LEANING = re.compile(
    r"^[\"“'‘(]*(?:it|its|this|that|these|those|they|their|them|he|his|she|her|such|both|the (?:latter|former))\b",
    re.IGNORECASE,
)


class AnswerKind(StrEnum):
    """Where an answer comes from."""

    FAQ = "faq"
    PASSAGE = "passage"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote, and where it stands: ``article.text[start:end] == quote``; a receipt that ``qa verify`` checks.

    Attributes:
        sha256: of the article's text.
        page: the number, from 1, of the PDF's page on which the quote begins; None without pages.
        url: where the published page opens at the quote; "" if the article has no address.
    """

    number: int
    quote: str
    start: int
    end: int
    section: str
    article: str
    sha256: str = ""
    page: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class FaqMatch:
    """A FAQ entry near to the question; offsets locate its answer."""

    question: str
    answer: str
    start: int
    end: int
    section: str
    article: str
    score: float


@dataclass(frozen=True, slots=True)
class PassageMatch:
    """A passage near to the question, with its best sentence; offsets locate the passage."""

    text: str
    sentence: str
    start: int
    end: int
    section: str
    article: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader gets; an abstention is one as well.

    Attributes:
        question: as asked.
        kind: from the FAQ, from the article, or none.
        text: the FAQ answer or sentences verbatim; for none, a plain word that there is none.
        confidence: probability that the answer is right, 0..1; for none, that the closest one is.
        citations: what ``text`` quotes, numbered from 1; empty for none.
        faqs: the nearest FAQ entries, best first; ``score`` is late interaction with their question.
        passages: the nearest passages, best first; ``score`` is late interaction with their sentence.
        reason: for none, why in one line; else "".
        closest: for none, the sentence or FAQ answer that came nearest, which is not an answer.
        suggestions: for none, questions that the article does answer.
        understood_as: the question that was looked up, if the conversation added to it; else "".
    """

    question: str
    kind: AnswerKind
    text: str
    confidence: float
    citations: tuple[Citation, ...] = ()
    faqs: tuple[FaqMatch, ...] = ()
    passages: tuple[PassageMatch, ...] = ()
    reason: str = ""
    closest: Citation | None = None
    suggestions: tuple[str, ...] = ()
    understood_as: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could be answered: a span of an article and how likely it is right."""

    kind: AnswerKind
    article: int
    section: int
    span: Span
    confidence: float


def candidates(
    index: Index, query: Query, sentences: SentenceHits, faqs: FaqHits, calibration: Calibration
) -> list[Candidate]:
    """Return the best FAQ entry and the best sentence, the preferred one first.

    A question that is an entry's question word for word gets that entry, whatever else fits.
    """
    found = []
    if len(faqs.entries):
        number, faq = index.faqs[int(faqs.entries[0])]
        confidence = calibration.faq.probability(faq_signals(index, query, faqs, sentences))
        if _same_question(query.focus, index.quote(number, faq.question)):
            confidence = 1.0
        found.append(Candidate(AnswerKind.FAQ, number, faq.section, faq.answer, confidence))
    if len(sentences.sentences):
        place = index.passages[int(sentences.passages[0])]
        span = quote_span(index, sentences)
        quote = index.quote(place.article, span)
        confidence = calibration.passage.probability(sentence_signals(index, query, sentences, quote))
        found.append(Candidate(AnswerKind.PASSAGE, place.article, place.passage.section, span, confidence))
    return sorted(found, key=preference, reverse=True)


def preference(candidate: Candidate) -> float:
    """Return what ranks candidates of different kinds: log-odds, with a lead for the author's own answers."""
    odds = max(candidate.confidence, 1e-9) / max(1 - candidate.confidence, 1e-9)
    return math.log(odds) + (FAQ_LEAD if candidate.kind is AnswerKind.FAQ else 0.0)


def quote_span(index: Index, hits: SentenceHits) -> Span:
    """Return the best sentence, with a neighbour of its passage if one of them needs the other."""
    sentence, passage = int(hits.sentences[0]), int(hits.passages[0])
    own = np.flatnonzero(hits.passages == passage)
    scores = dict(zip(hits.sentences[own].tolist(), hits.score[own].tolist(), strict=True))
    neighbours = [number for number in (sentence - 1, sentence + 1) if number in scores]
    place, span = index.passages[passage], index.sentences[sentence]
    partner = None
    if sentence - 1 in neighbours and LEANING.match(index.quote(place.article, span)):
        partner = sentence - 1
    elif neighbours:
        nearest = max(neighbours, key=scores.__getitem__)
        if scores[sentence] - scores[nearest] < NEIGHBOUR_DISTANCE:
            partner = nearest
    if partner is None:
        return span
    other = index.sentences[partner]
    return Span(min(span.start, other.start), max(span.end, other.end))


def compose(
    index: Index,
    question: str,
    sentences: SentenceHits,
    faqs: FaqHits,
    ranked: Sequence[Candidate],
    threshold: float,
    top_k: int,
    only: int | None = None,
) -> Answer:
    """Make the answer from the likeliest candidate, or abstain if it is below ``threshold``.

    What stands word for word in another article that was searched is cited there as well. ``only`` is the number
    of the article that was asked alone.
    """
    near, passages = _faq_matches(index, faqs, top_k), _passage_matches(index, sentences, top_k)
    best = ranked[0] if ranked else None
    if best is not None and best.confidence >= threshold:
        citations = tuple(
            _cite(index, place.article, place.section, place.span, number)
            for number, place in enumerate([best, *_copies(index, best, sentences, faqs)][:MAX_CITATIONS], start=1)
        )
        return Answer(question, best.kind, citations[0].quote, best.confidence, citations, near, passages)
    closest = _cite(index, best.article, best.section, best.span) if best else None
    confidence = best.confidence if best else 0.0
    reason = f"the closest {'FAQ entry' if best and best.kind is AnswerKind.FAQ else 'sentence'} has confidence "
    reason += f"{confidence:.2f}, below the threshold of {threshold:.2f}"
    return abstain(
        question, reason, index, confidence=confidence, closest=closest, faqs=near, passages=passages, only=only
    )


def abstain(
    question: str,
    reason: str,
    index: Index,
    *,
    confidence: float = 0.0,
    closest: Citation | None = None,
    faqs: tuple[FaqMatch, ...] = (),
    passages: tuple[PassageMatch, ...] = (),
    only: int | None = None,
) -> Answer:
    """Return the answer that is none, with what can be asked instead (of ``only`` one article, if one was asked)."""
    nearest = [match.question for match in faqs]
    first = [index.quote(number, faq.question) for number, faq in (index.faqs[n] for n in index.entries(only)[:3])]
    suggestions = tuple(dict.fromkeys([*nearest, *first]))[:3]
    subject = "article doesn't" if only is not None or len(index.articles) == 1 else "articles don't"
    return Answer(
        question, AnswerKind.NONE, f"The {subject} say.", confidence,
        faqs=faqs, passages=passages, reason=reason, closest=closest, suggestions=suggestions,
    )  # fmt: skip


def chat(question: str, reply: str, index: Index, only: int | None = None) -> Answer:
    """Return a reply to small talk: no answer, and nothing that was not found."""
    return replace(abstain(question, SMALL_TALK, index, only=only), text=reply)


def _copies(index: Index, best: Candidate, sentences: SentenceHits, faqs: FaqHits) -> Iterator[Candidate]:
    """Yield where else the words of a candidate stand, best first: once in each other article, as the same kind."""
    seen = {best.article}
    if len(index.articles) == 1:
        return
    if best.kind is AnswerKind.FAQ:
        entries = [index.faqs[entry] for entry in faqs.entries[:COPIES_SOUGHT].tolist()]
        entry = faq_text(index, *entries[0])  # the candidate's own
        for number, faq in entries:
            if number not in seen and faq_text(index, number, faq) == entry:
                seen.add(number)
                yield replace(best, article=number, section=faq.section, span=faq.answer)
        return
    text = flat(index.quote(best.article, best.span))
    for number, passage in zip(sentences.sentences[:COPIES_SOUGHT].tolist(), sentences.passages.tolist(), strict=False):
        place, first = index.passages[passage], index.sentences[number]
        if place.article in seen or not text.startswith(flat(index.quote(place.article, first))):
            continue
        spans = (Span(first.start, own.end) for own in place.passage.sentences if own.start >= first.start)
        found = next((span for span in spans if flat(index.quote(place.article, span)) == text), None)
        if found:
            seen.add(place.article)
            yield replace(best, article=place.article, section=place.passage.section, span=found)


def located(index: Index, article: int, start: int, end: int) -> Citation | None:
    """Return the citation of the sentence or FAQ answer that lies at exactly these offsets; None if none does."""
    span = Span(start, end)
    whole = index.articles[article]
    places = [(faq.answer, faq.section) for faq in whole.faqs]
    places += [(sentence, passage.section) for passage in whole.passages for sentence in passage.sentences]
    return next((_cite(index, article, section, each) for each, section in places if each == span), None)


def _cite(index: Index, article: int, section: int, span: Span, number: int = 1) -> Citation:
    url = index.url(article)
    return Citation(
        number, index.quote(article, span), span.start, span.end, index.section_title(article, section),
        index.name(article), index.sha256(article), index.page(article, span.start),
        link(url, index.texts[article], span) if url else "",  # the whole text is read for a link alone
    )  # fmt: skip


def _faq_matches(index: Index, hits: FaqHits, top_k: int) -> tuple[FaqMatch, ...]:
    matches = []
    for entry, late in zip(hits.entries[:top_k].tolist(), hits.late[:top_k].tolist(), strict=True):
        number, faq = index.faqs[entry]
        matches.append(
            FaqMatch(
                index.quote(number, faq.question), index.quote(number, faq.answer), faq.answer.start, faq.answer.end,
                index.section_title(number, faq.section), index.name(number), round(late, 4),
            )
        )  # fmt: skip
    return tuple(matches)


def _passage_matches(index: Index, hits: SentenceHits, top_k: int) -> tuple[PassageMatch, ...]:
    matches = []
    for row in islice(hits.passage_rows(), top_k):
        place = index.passages[int(hits.passages[row])]
        number, span = place.article, place.passage.span
        sentence = index.quote(number, index.sentences[int(hits.sentences[row])])
        matches.append(
            PassageMatch(
                index.quote(number, span), sentence, span.start, span.end,
                index.section_title(number, place.passage.section), index.name(number), round(float(hits.late[row]), 4),
            )
        )  # fmt: skip
    return tuple(matches)


def _same_question(asked: str, entry: str) -> bool:
    """Return whether two questions have the same words in the same order."""
    return words(asked) == words(entry)
