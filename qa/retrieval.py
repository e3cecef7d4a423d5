"""From a question to ranked hits: which sentences and FAQ entries answer it best, and how well.

The methods and their weights follow measurements on SQuAD and StackFAQ: late interaction over
contextual token vectors leads, BM25 and the passage's cosine correct it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.encoder.protocol import Encoding
from qa.index import UNPACKED, Floats, Index, Integers, text_maxima

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
# the best FIRST_STAGE of each. Quotes hold the gold answer of squad-dev-8 in .898 with 8 passages, in .898 with 16 and
# .897 with 24; on xquad-en-32, none differs. In one index of both (505 passages), sentence / passage hit@1 of the first
# is .858 / .936 with 8, .857 / .935 with 16 and .861 / .937 with 48, and the same with a FIRST_STAGE of 64 and 128.
FIRST_STAGE = 64
WHOLE = 256  # passages up to which all are compared: as quick as to choose FIRST_STAGE of them
SHORT_LIST = 8
FLAT = 1e-9  # a standard deviation below which scores do not differ but by rounding
GROUP = 64  # scores of which only the best is compared at first
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
    """Scored sentences, best first (equals in the article's order), each array aligned with ``sentences``.

    Attributes:
        sentences: int64, shape (n,): numbers of sentences in the index.
        passages: int64, shape (n,): the passage of each.
        score: the fused score that ranks them; higher is better, as of all scores.
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

    def ranked(self, score: Floats) -> "SentenceHits":
        """Return the same hits as another score ranks them, which is aligned with ``sentences``."""
        order = np.lexsort((self.sentences, -score))
        return SentenceHits(
            self.sentences[order], self.passages[order], score[order], self.late[order], self.similarities[order],
            self.weights, self.sentence_bm25[order], self.passage_bm25[order], self.passage_cosine[order],
        )  # fmt: skip

    def passage_rows(self) -> Iterator[int]:
        """Yield the row of the best sentence of each passage, best passage first."""
        seen: set[int] = set()
        for row, passage in enumerate(self.passages.tolist()):
            if passage not in seen:
                seen.add(passage)
                yield row


@dataclass(frozen=True, slots=True)
class FaqHits:
    """Scored FAQ entries, best first (equals in the article's order), each array aligned with ``entries``.

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
    sentences, rows = index.sentences_within(near)
    if allowed is not None:
        kept = allowed[sentences]
        sentences, rows = sentences[kept], rows[kept]
    passages, cosine = near[rows], values[rows]
    every = len(sentences) == len(index.sentences)
    similarities = index.sentence_tokens.best(query.encoding.tokens, None if every else sentences)
    weights = token_weights(query, index.token_rarity)
    late = weigh(similarities, weights)
    sentence_bm25 = index.sentence_terms.scores(query.terms, sentences)
    bm25 = passage_bm25[passages]
    score = fuse(
        (late, 1), (sentence_bm25, SENTENCE_BM25_WEIGHT), (bm25, PASSAGE_BM25_WEIGHT), (cosine, PASSAGE_COSINE_WEIGHT)
    )
    hits = SentenceHits(sentences, passages, score, late, similarities, weights, sentence_bm25, bm25, cosine)
    return hits.ranked(score)


def search_faqs(index: Index, query: Query, allowed: Allowed | None = None) -> FaqHits:
    """Score the FAQ entries by question, answer and terms; ``allowed``, shape (entries,), limits them."""
    size = len(index.faqs)
    if not size:
        none = np.zeros(0, np.float32)
        return FaqHits(np.zeros(0, np.int64), none, none, none, none, none, none)
    question_cosine = index.question_vectors.cosines(query.encoding.pooled)
    answer_cosine = np.full(size, -1, np.float32)
    np.maximum.at(answer_cosine, index.answer_faqs, index.answer_vectors.cosines(query.encoding.pooled))
    similarities = index.question_tokens.similarities(query.encoding.tokens)
    weights = token_weights(query, index.question_token_rarity)
    late = weigh(text_maxima(similarities, index.question_tokens.starts[:-1]), weights)
    reverse = index.question_tokens.weighted_mean(similarities.max(axis=1, initial=-1), index.question_token_weights)
    bm25 = index.entry_terms.scores(query.terms)
    score = fuse(
        (question_cosine, 1), (bm25, FAQ_BM25_WEIGHT), (answer_cosine, FAQ_ANSWER_WEIGHT), (late, FAQ_LATE_WEIGHT),
        (reverse, FAQ_REVERSE_WEIGHT),
    )  # fmt: skip
    entries = np.argsort(-score, kind="stable")
    if allowed is not None:
        entries = entries[allowed[entries]]
    return FaqHits(
        entries, *(scores[entries] for scores in (score, question_cosine, answer_cosine, late, reverse, bm25))
    )


def token_weights(query: Query, rarity: Floats) -> Floats:
    """Return each question token's share by its rarity, the last of which is that of all others: shape (tokens,)."""
    weights = rarity.take(query.encoding.ids, mode="clip") * query.emphasis
    total = float(weights.sum())
    return weights / np.float32(total) if total else weights


def weigh(similarities: Floats, weights: Floats) -> Floats:
    """Return the weighted sum over question tokens: shape (texts, tokens) and (tokens,) to (texts,).

    Not by ``@``: for so few columns, OpenBLAS is no faster and may raise a floating-point flag for nothing.
    """
    return np.asarray(np.einsum("st,t->s", similarities, weights), dtype=np.float32)


def fuse(*methods: tuple[Floats, float]) -> Floats:
    """Return the weighted sum of methods' z-scores: shape (texts,), as of each method's scores.

    So, methods of different scales can be added; one whose scores do not differ adds nothing.
    """
    scores = np.stack([scores for scores, _ in methods])
    size = max(scores.shape[1], 1)
    centred = scores - (scores.sum(axis=1, dtype=np.float64, keepdims=True) / size).astype(np.float32)
    deviations = np.sqrt(np.einsum("ms,ms->m", centred, centred) / size).tolist()
    shares = [weight / each if each > FLAT else 0.0 for (_, weight), each in zip(methods, deviations, strict=True)]
    return weigh(centred.T, np.array(shares, np.float32))


def _short_list(
    index: Index, query: Query, bm25: Floats, allowed: Allowed | None, limit: int
) -> tuple[Integers, Floats]:
    """Return the passages that late interaction shall see, in their order, and their cosines."""
    size = len(index.passages)
    pooled = query.encoding.pooled
    if size <= max(limit, WHOLE):
        near = np.arange(size)
        values = np.zeros(size, np.float32)
        rows, found = index.passage_vectors.search(pooled)
        values[rows] = found
        if allowed is not None:
            near = np.unique(index.sentence_passage[np.flatnonzero(allowed)])
            values = values[near]
    elif allowed is None or allowed.mean() > FEW:
        near = np.union1d(_highest(bm25, FIRST_STAGE), index.passage_vectors.candidates(pooled, FIRST_STAGE))
        if allowed is not None:
            near = near[[allowed[index.sentences_within(near[n : n + 1])[0]].any() for n in range(len(near))]]
        values = index.passage_vectors.cosines(pooled, near)
    else:
        few = np.unique(index.sentence_passage[np.flatnonzero(allowed)])
        found = index.passage_vectors.cosines(pooled, few)
        rows = np.union1d(_highest(bm25[few], FIRST_STAGE), _highest(found, FIRST_STAGE))
        near, values = few[rows], found[rows]
    if len(near) <= limit or size <= UNPACKED:  # then, all lie there to be compared
        return near, values
    best = np.sort(_highest(fuse((values, 1), (bm25[near], 1)), limit))
    return near[best], values[best]


def _highest(scores: Floats, count: int) -> Integers:
    """Return the numbers of the highest scores, in no order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    if len(scores) > GROUP * count:
        # As many groups as are asked for have a score of this at least, so that few others are worth comparing.
        tops = scores[: len(scores) // GROUP * GROUP].reshape(GROUP, -1).max(axis=0)
        likely = np.flatnonzero(scores >= np.partition(tops, -count)[-count])
        if len(likely) < len(scores) // 2:  # else they are all alike
            return likely[_highest(scores[likely], count)]
    return np.argpartition(-scores, count - 1)[:count]
