"""What can be seen of a hit that tells whether it is right: a handful of named numbers.

They are what confidence is fitted on; each lies in about 0..1 and is comparable between articles.
"""

import re
from collections.abc import Sequence
from itertools import compress, islice

import numpy as np

from qa.article import Faq
from qa.index import Floats, Index
from qa.language import stop_words, words
from qa.lines import flat
from qa.retrieval import FaqHits, Query, SentenceHits

SENTENCE_SIGNALS = (
    "late",  # of the best sentence
    "late_margin",  # over the next sentence
    "passage_margin",  # over the best sentence of the next passage
    "cosine",  # of the passage
    "weakest",  # best cosine of the question's worst matched token of weight
    "sentence_coverage",  # weighted share of the question's terms that the sentence holds
    "passage_coverage",  # and that its passage holds
    "agreement",  # share of the methods whose best passage it is
    "type_missing",  # 1 if a number, time or person is asked for and the quote tells of none
    "names_missing",  # share of the question's names and numbers that its passage does not hold
)
FAQ_SIGNALS = (
    "question_cosine",
    "cosine_margin",  # over the next entry
    "answer_cosine",
    "late",  # how much of the question is in the entry's question, by tokens
    "reverse",  # and the other way round
    "question_coverage",  # weighted share of the question's terms in the entry's question
    "entry_coverage",  # and in question or answer
    "question_covered",  # weighted share of the entry's terms that were asked
    "lead",  # late interaction with the entry's question over that with the best sentence
    "type_missing",  # as above, in the answer
    "names_missing",  # as above, in question and answer
    "alone",  # 1 where there is nothing but FAQ entries, so that no sentence competes
)

# What a question asks for, told by its question words, and what has to stand in an answer to it.
HOW_LONG = re.compile(r"\bhow long\b", re.IGNORECASE)
HOW_MUCH = re.compile(
    r"\b(?:how (?:many|much|old|far|tall|big|large|often|fast)"
    r"|(?:what|which) (?:(?:is|was|are|were) the (?:average |total |exact |current )?)?"
    r"(?:population|percentage|percent|number|price|cost|amount|share|fraction|age|height|length|distance|weight))\b",
    re.IGNORECASE,
)
# "When" and "where" ask only where they open the question; within it they join its parts.
OPENING = r"^\W*(?:(?:and|but|so|then|since|until|from|by|about|exactly)\s+)*"
WHEN = re.compile(
    rf"{OPENING}when\b(?!.*\b(?:what|which|who|how)\b)|\b(?:what|which) (?:year|date|day|month|decade|century|time)\b",
    re.IGNORECASE,
)
WHO = re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE)
DURATION = re.compile(
    r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies)|until|since|short(?:ly)?|\d{3,4}|"
    r"met(?:re|er)s?|kilomet(?:re|er)s?|km|miles?|feet)\b",
    re.IGNORECASE,
)
NUMBER = re.compile(
    r"(?<![^\W\d])\d[\d.,]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|dozens?|hundreds?|thousands?|millions?|billions?|trillions?|half|twice|double|several|"
    r"quarter|fraction|years|months|weeks|days)\b",
    re.IGNORECASE,
)
DATE = re.compile(
    r"\b\d{1,4}(?:st|nd|rd|th|s)?\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|yesterday|tomorrow|weeks?|months?|years?|"
    r"decades?|centur(?:y|ies)|era|days?|hours?|spring|summer|autumn|winter|ago|earlier|early|late|recently|now)\b",
    re.IGNORECASE,
)
PERSON = re.compile(
    r"\b[A-Z]\w*[a-z]\w*|\b(?:people|users?|developers?|analysts?|investors?|experts?|critics?|scientists?|researchers?|authors?|"
    r"governments?|compan(?:y|ies)|groups?|teams?|founders?|members?|students?|workers?|king|queen|president|"
    r"\w{3,}(?:ers|ists|ians|ors|ees))\b"
)
WHERE = re.compile(
    rf"{OPENING}where\b|\b(?:what|which) (?:country|countries|city|cities|place|state|region|continent)\b",
    re.IGNORECASE,
)
NAMED = re.compile(r"\b[A-Z]\w*[a-z]\w*")
PLACE = re.compile(
    r"\b(?:in|into|at|near|to|towards?|across|around|outside|inside|through|along|between|beyond|under|above|on)\s+"
    r"(?:the\s+|an?\s+)?[^\W\d]\w+",
    re.IGNORECASE,
)
EXPECTATIONS = ((HOW_LONG, DURATION), (HOW_MUCH, NUMBER), (WHEN, DATE), (WHO, PERSON), (WHERE, PLACE))
# A name or number within a question: a capital after its first word, or a digit anywhere.
NAME = re.compile(r"(?<=\s)[\"“'‘(]*([A-Z][\w-]*)|\b(\w*\d[\w.,]*\w|\d)\b")


def sentence_signals(index: Index, query: Query, hits: SentenceHits, quote: str) -> dict[str, float]:
    """Return the signals of the best sentence, which ``quote`` holds; ``hits`` must not be empty."""
    passage = int(hits.passages[0])
    place = index.passages[passage]
    passage_text = index.quote(place.article, place.passage.span)
    weights = index.passage_terms.weights(query.terms)
    late = hits.late.tolist()
    runner_up = next((late[row] for row in range(1, len(late)) if not _copied(index, hits, row)), 0.0)
    rival = next((late[row] for row in islice(hits.passage_rows(), 1, None) if not _copied(index, hits, row)), 0.0)
    tops = [
        int(hits.passages[top]) == passage or _copied(index, hits, top, whole=True)
        for top in (_top(hits, scores) for scores in (hits.late, hits.passage_bm25, hits.passage_cosine))
    ]
    return {
        "late": late[0],
        "late_margin": late[0] - runner_up,
        "passage_margin": late[0] - rival,
        "cosine": float(hits.passage_cosine[0]),
        "weakest": _weakest(query, hits.similarities[0]),
        "sentence_coverage": _coverage(weights, index.sentence_terms.held(query.terms, int(hits.sentences[0]))),
        "passage_coverage": _coverage(weights, index.passage_terms.held(query.terms, passage)),
        "agreement": sum(tops) / len(tops),
        "type_missing": float(_type_missing(query.focus, quote)),
        "names_missing": _names_missing(query.focus, f"{index.title(place.article)} {passage_text}"),
    }


def faq_signals(index: Index, query: Query, hits: FaqHits, sentences: SentenceHits) -> dict[str, float]:
    """Return the signals of the best FAQ entry; ``hits`` must not be empty."""
    best = int(hits.entries[0])
    number, faq = index.faqs[best]
    question = index.question_terms.terms(best)
    answer = index.quote(number, faq.answer)
    entry = f"{index.quote(number, faq.question)} {answer}"
    late, cosine = float(hits.late[0]), hits.question_cosine.tolist()
    rival = float(sentences.late.max(initial=0.0))
    weights = index.entry_terms.weights(query.terms)
    others = ((row, *index.faqs[other]) for row, other in enumerate(hits.entries.tolist()) if row)
    text = faq_text(index, number, faq)
    runner_up = next(
        (cosine[row] for row, other, one in others if other == number or faq_text(index, other, one) != text), 0.0
    )
    return {
        "question_cosine": cosine[0],
        "cosine_margin": cosine[0] - runner_up,
        "answer_cosine": float(hits.answer_cosine[0]),
        "late": late,
        "reverse": float(hits.reverse[0]),
        "question_coverage": _coverage(weights, index.question_terms.held(query.terms, best)),
        "entry_coverage": _coverage(weights, index.entry_terms.held(query.terms, best)),
        "question_covered": _coverage(index.entry_terms.weights(question), [term in query.terms for term in question]),
        "lead": late - rival if rival else 0.0,
        "type_missing": float(_type_missing(query.focus, answer)),
        "names_missing": _names_missing(query.focus, f"{index.title(number)} {entry}"),
        "alone": float(not index.passages),
    }


def faq_text(index: Index, number: int, faq: Faq) -> tuple[str, str]:
    """Return an entry's question and answer, as copies are compared."""
    return flat(index.quote(number, faq.question)), flat(index.quote(number, faq.answer))


def _copied(index: Index, hits: SentenceHits, row: int, *, whole: bool = False) -> bool:
    """Return whether a hit has the best one's words (or its ``whole`` passage's) in another article: no rival to it."""
    if len(index.articles) == 1:
        return False
    here, there = (int(index.passage_article[hits.passages[each]]) for each in (0, row))
    if here == there:
        return False
    if whole:
        first, other = (index.passages[int(hits.passages[each])].passage.span for each in (0, row))
    else:
        first, other = (index.sentences[int(hits.sentences[each])] for each in (0, row))
    texts = index.quote(here, first), index.quote(there, other)
    return texts[0][0] == texts[1][0] and flat(texts[0]) == flat(texts[1])


def _top(hits: SentenceHits, scores: Floats) -> int:
    """Return the row that one method ranks first; where it says nothing, the first of the article."""
    row = int(np.argmax(scores))
    return row if scores[row] > 0 else int(np.argmin(hits.sentences))


def _coverage(weights: Floats, found: Sequence[bool]) -> float:
    """Return the weighted share of the terms that were ``found``; 0 if there are no terms."""
    shares = weights.tolist()
    total = sum(shares)
    return sum(compress(shares, found)) / total if total else 0.0


def _weakest(query: Query, similarities: Floats) -> float:
    """Return the lowest similarity among the tokens of the question's content words."""
    values, stop = similarities.tolist(), stop_words("en")
    tokens = (query.text[start:end].lower() for start, end in query.encoding.offsets.tolist())
    content = [value for word, value in zip(tokens, values, strict=True) if word.isalnum() and word not in stop]
    return min(content, default=sum(values) / len(values) if values else 0.0)


def expects(question: str) -> re.Pattern[str] | None:
    """Return the pattern of what has to stand in an answer: a number, time, person or place; None if anything may."""
    return next((found for asks, found in EXPECTATIONS if asks.search(question)), None)


def holds(pattern: re.Pattern[str], quote: str, known: str) -> bool:
    """Return whether a quote matches the pattern with a word that is not in ``known`` already."""
    asked, stop = set(words(known)), stop_words("en")
    told = (word for match in pattern.finditer(quote) for word in words(match.group()))
    return any(word not in asked and word not in stop for word in told)


def _type_missing(question: str, quote: str) -> bool:
    """Return whether the question asks for a kind of fact of which the quote tells none but the question's own."""
    pattern = expects(question)
    return pattern is not None and not holds(pattern, quote, question)


def _names_missing(question: str, text: str) -> float:
    """Return the share of the question's names and numbers that ``text`` does not hold; 0 if it has none."""
    names = {(capital or number).lower() for capital, number in NAME.findall(question)}
    names = {name.removesuffix("'s") for name in names} - stop_words("en")
    text = text.lower()
    return sum(name not in text for name in names) / len(names) if names else 0.0
