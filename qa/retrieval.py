"""From a question to ranked hits: which sentences and FAQ entries answer it best, and how well.

The methods and their weights follow measurements on SQuAD and StackFAQ: late interaction over
contextual token vectors leads, BM25 and the passage's cosine correct it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.encoder.protocol import Encoding
from qa.index import Floats, Index, Integers, inverse_document_frequency, text_maxima

Allowed = NDArray[np.bool_]

# z-scored weights beside late interaction's 1. On squad-dev-8 / xquad-en-32 they raise sentence
# hit@1 from .862 / .837 to .872 / .845 and passage hit@1 from .931 / .979 to .944 / .982.
SENTENCE_BM25_WEIGHT = 0.15
PASSAGE_BM25_WEIGHT = 0.1
PASSAGE_COSINE_WEIGHT = 0.1
# Beside the question's cosine; on stackfaq they raise hit@1 from .945 to .962.
FAQ_BM25_WEIGHT = 0.2
FAQ_ANSWER_WEIGHT = 0.2
FAQ_LATE_WEIGHT = 0.5
FAQ_REVERSE_WEIGHT = 0.5
# Late interaction sees the best SHORT_LIST passages by the sum of BM25 and cosine, z-scored; among many passages, over
# the best FIRST_STAGE of each. On squad-dev-8, passage / sentence hit@1 is .944 / .874 with all of an article's 43,
# .940 / .874 with 24, .939 / .873 with 12; in one index of 345, .940 / .861 with all and
# .940 / .863 with 32.
FIRST_STAGE = 256
SHORT_LIST = 24
# Up to this share of the sentences, what may answer is compared exactly; beyond, what may not is dropped afterwards.
FEW = 0.5


@dataclass(frozen=True, slots=True)
class Query:
    """A question, encoded once for all methods.

    Attributes:
        text: what is looked up, which the conversation may have added to.
        focus: the question alone, as asked last.
        encoding: token vectors and pooled vector.
        emphasis: float32, shape (tokens,): what each token counts, beside its rarity; 1 unless the
            token comes from an earlier turn of the conversation.
        terms: as BM25 counts them.
    """

    text: str
    focus: str
    encoding: Encoding
    emphasis: Floats
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentenceHits:
    """Scored sentences, each array aligned with ``sentences``; higher is better.

    Attributes:
        sentences: int64, shape (n,): numbers of sentences in the index.
        passages: int64, shape (n,): the passage of each.
        score: the fused score that ranks them.
        late: weighted mean over question tokens of the best cosine in the sentence, about 0..1.
        similarities: shape (n, question tokens): those best cosines.
        weights: shape (question tokens,), sum 1: each token's share.
        sentence_bm25, passage_bm25, passage_cosine: the other methods' raw scores.
    """

    sentences: Integers
    passages: Integers
    score: Floats
    late: Floats
    similarities: Floats
    weights: Floats
    sentence_bm25: Floats
    passage_bm25: Floats
    passage_cosine: Floats

    def order(self) -> Integers:
        """Return row numbers, best first; equals keep the article's order."""
        return np.argsort(-self.score, kind="stable")

    def passage_order(self) -> Integers:
        """Return the row of the best sentence of each passage, best passage first."""
        order = self.order()
        _, first = np.unique(self.passages[order], return_index=True)
        return order[np.sort(first)]


@dataclass(frozen=True, slots=True)
class FaqHits:
    """Scored FAQ entries, each array aligned with ``entries``; higher is better.

    Attributes:
        entries: int64, shape (n,): numbers of entries in the index.
        score: the fused score that ranks them.
        question_cosine: of the two questions' pooled vectors.
        answer_cosine: of the question and the nearest paragraph of the answer.
        late: weighted mean over the asked question's tokens of the best cosine in the entry's question.
        reverse: the same the other way round: how much of the entry's question was asked.
        bm25: over question and answer.
    """

    entries: Integers
    score: Floats
    question_cosine: Floats
    answer_cosine: Floats
    late: Floats
    reverse: Floats
    bm25: Floats

    def order(self) -> Integers:
        """Return row numbers, best first; equals keep the article's order."""
        return np.argsort(-self.score, kind="stable")


def search_sentences(
    index: Index, query: Query, allowed: Allowed | None = None, limit: int = SHORT_LIST
) -> SentenceHits:
    """Score the sentences of the passages that may answer.

    Args:
        index: the articles.
        query: what is looked for.
        allowed: shape (sentences,): limits them.
        limit: how many passages late interaction sees.
    """
    passage_bm25 = index.passage_terms.scores(query.terms)
    near, values = _short_list(index, query, passage_bm25, allowed, limit)
    sentences = index.sentences_within(near)
    passages = index.sentence_passage[sentences]
    cosine = values[np.searchsorted(near, passages)]
    if allowed is not None:
        kept = allowed[sentences]
        sentences, passages, cosine = sentences[kept], passages[kept], cosine[kept]
    every = len(sentences) == len(index.sentences)
    similarities = index.sentence_tokens.best(query.encoding.tokens, None if every else sentences)
    weights = token_weights(query, index.token_frequencies, len(index.sentences))
    late = weigh(similarities, weights)
    sentence_bm25 = index.sentence_terms.scores(query.terms, sentences)
    score = (
        standardize(late)
        + SENTENCE_BM25_WEIGHT * standardize(sentence_bm25)
        + PASSAGE_BM25_WEIGHT * standardize(passage_bm25[passages])
        + PASSAGE_COSINE_WEIGHT * standardize(cosine)
    )
    return SentenceHits(
        sentences, passages, score, late, similarities, weights,
        sentence_bm25, passage_bm25[passages], cosine,
    )  # fmt: skip


def search_faqs(index: Index, query: Query, allowed: Allowed | None = None) -> FaqHits:
    """Score the FAQ entries by question, answer and terms; ``allowed``, shape (entries,), limits them."""
    size = len(index.faqs)
    entries = np.arange(size) if allowed is None else np.flatnonzero(allowed)
    question_cosine = np.zeros(size, np.float32)
    rows, values = index.question_vectors.search(query.encoding.pooled)
    question_cosine[rows] = values
    answer_cosine = np.full(size, -1, np.float32)
    rows, values = index.answer_vectors.search(query.encoding.pooled)
    np.maximum.at(answer_cosine, index.answer_faqs[rows], values)
    similarities = index.question_tokens.similarities(query.encoding.tokens)
    weights = token_weights(query, index.question_token_frequencies, size)
    late = weigh(text_maxima(similarities, index.question_tokens.starts), weights)
    reverse = index.question_tokens.weighted_mean(similarities.max(axis=1, initial=-1), index.question_token_weights)
    bm25 = index.entry_terms.scores(query.terms)
    score = (
        standardize(question_cosine)
        + FAQ_BM25_WEIGHT * standardize(bm25)
        + FAQ_ANSWER_WEIGHT * standardize(answer_cosine)
        + FAQ_LATE_WEIGHT * standardize(late)
        + FAQ_REVERSE_WEIGHT * standardize(reverse)
    )
    return FaqHits(
        entries, *(scores[entries] for scores in (score, question_cosine, answer_cosine, late, reverse, bm25))
    )


def token_weights(query: Query, frequencies: NDArray[np.int32], size: int) -> Floats:
    """Return each question token's share by inverse document frequency: shape (tokens,), sum 1."""
    ids = query.encoding.ids
    counts = np.zeros(len(ids), np.int32)
    known = ids < len(frequencies)
    counts[known] = frequencies[ids[known]]
    weights = inverse_document_frequency(counts, size) * query.emphasis
    total = float(weights.sum())
    return weights / np.float32(total) if total else weights


def weigh(similarities: Floats, weights: Floats) -> Floats:
    """Return the weighted sum over question tokens: shape (texts, tokens) and (tokens,) to (texts,).

    Not by ``@``: for so few columns, OpenBLAS is no faster and may raise a floating-point flag for nothing.
    """
    return np.asarray(np.einsum("st,t->s", similarities, weights), dtype=np.float32)


def standardize(scores: Floats) -> Floats:
    """Return z-scores, so that methods of different scales can be added; all 0 where nothing differs."""
    if not len(scores):
        return scores
    centred = scores - np.float32(scores.sum(dtype=np.float64) / len(scores))
    deviation = math.sqrt(float(np.einsum("s,s->", centred, centred)) / len(scores))
    return centred / np.float32(deviation) if deviation > 1e-9 else np.zeros_like(scores)


def _short_list(
    index: Index, query: Query, bm25: Floats, allowed: Allowed | None, limit: int
) -> tuple[Integers, Floats]:
    """Return the passages that late interaction shall see, in their order, and their cosines."""
    size = len(index.passages)
    pooled = query.encoding.pooled
    if size <= max(limit, FIRST_STAGE):
        near = np.arange(size)
        values = np.zeros(size, np.float32)
        rows, found = index.passage_vectors.search(pooled)
        values[rows] = found
        if allowed is not None:
            near = np.unique(index.sentence_passage[np.flatnonzero(allowed)])
            values = values[near]
    elif allowed is None or allowed.mean() > FEW:
        near = np.union1d(_highest(bm25, FIRST_STAGE), index.passage_vectors.search(pooled, FIRST_STAGE)[0])
        if allowed is not None:
            near = near[[allowed[index.sentences_within(near[n : n + 1])].any() for n in range(len(near))]]
        values = index.passage_vectors.cosines(pooled, near)
    else:
        few = np.unique(index.sentence_passage[np.flatnonzero(allowed)])
        found = index.passage_vectors.cosines(pooled, few)
        rows = np.union1d(_highest(bm25[few], FIRST_STAGE), _highest(found, FIRST_STAGE))
        near, values = few[rows], found[rows]
    if len(near) <= limit:
        return near, values
    best = np.sort(_highest(standardize(values) + standardize(bm25[near]), limit))
    return near[best], values[best]


def _highest(scores: Floats, count: int) -> Integers:
    """Return the numbers of the highest scores, in no order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.argpartition(-scores, count - 1)[:count]
