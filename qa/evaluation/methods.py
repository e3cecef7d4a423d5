"""Ways of ranking passages, sentences and FAQ entries, side by side on the same index."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from qa.encoder import Encoder
from qa.evaluation.labels import Label
from qa.index import Floats, Index
from qa.retrieval import Query, SentenceHits, search_faqs, search_sentences

RRF_K = 60  # Cormack, Clarke and Büttcher 2009, Reciprocal Rank Fusion, section 3
DEPTH = 50  # how much of a ranking is judged; no measure here looks further


class Rankings:
    """Scores one question by every method; made once for an index.

    Args:
        index: the article.
        encoder: encodes each sentence by itself, as the usual tutorial does.
        methods: names of ``METHODS``; only what they need is computed.
    """

    def __init__(self, index: Index, encoder: Encoder, methods: Sequence[str]) -> None:
        self.index = index
        self.methods = methods
        self._alone: Floats | None = None
        if {"dense", "rrf"} & set(methods) and index.sentences:
            texts = [
                index.quote(index.passages[owner].article, span)
                for owner, span in zip(index.sentence_passage, index.sentences, strict=True)
            ]
            self._alone = np.stack([encoding.pooled for encoding in encoder.encode(texts)])

    def passages(self, hits: SentenceHits) -> dict[str, list[int]]:
        """Return each method's ranking of passage numbers, best first."""
        if not len(hits.sentences):
            return {}
        size = len(self.index.passages)
        bm25, dense, late, fused = (np.full(size, -np.inf, np.float32) for _ in range(4))
        for scores, values in (
            (bm25, hits.passage_bm25),
            (dense, hits.passage_cosine),
            (late, hits.late),
            (fused, hits.score),
        ):
            np.maximum.at(scores, hits.passages, values)
        return self._rank({"bm25": bm25, "dense": dense, "late": late, "product": fused})

    def sentences(self, query: Query, hits: SentenceHits) -> dict[str, list[int]]:
        """Return each method's ranking of sentence numbers, best first."""
        if not len(hits.sentences):
            return {}
        order = np.argsort(hits.sentences)  # each method's equals keep the article's order, not the product's
        numbers = hits.sentences[order]
        scores = {"bm25": hits.sentence_bm25[order], "late": hits.late[order], "product": hits.score[order]}
        if self._alone is not None:
            scores["dense"] = self._alone[numbers] @ query.encoding.pooled
        return {method: numbers[ranking].tolist() for method, ranking in self._rank(scores).items()}

    def faqs(self, query: Query) -> dict[str, list[int]]:
        """Return each method's ranking of FAQ entries, best first."""
        hits = search_faqs(self.index, query)
        if not len(hits.entries):
            return {}
        scores = {"bm25": hits.bm25, "dense": hits.question_cosine, "late": hits.late, "product": hits.score}
        order = np.argsort(hits.entries)
        return self._rank({method: values[order] for method, values in scores.items()})

    def _rank(self, scores: Mapping[str, Floats]) -> dict[str, list[int]]:
        """Turn scores into rankings, adding the fusion of BM25 and the dense method."""
        orders = {name: np.argsort(-values, kind="stable") for name, values in scores.items()}
        if "rrf" in self.methods and "dense" in orders:
            orders["rrf"] = reciprocal_rank_fusion([orders["bm25"], orders["dense"]])
        return {name: [int(row) for row in orders[name][:DEPTH]] for name in self.methods if name in orders}


def reciprocal_rank_fusion(orders: Sequence[np.ndarray]) -> np.ndarray:
    """Return the order by the sum over rankings of 1 / (60 + rank), ranks from 1."""
    total = np.zeros(len(orders[0]))
    for order in orders:
        total[order] += 1 / (RRF_K + 1 + np.arange(len(order)))
    return np.argsort(-total, kind="stable")


METHODS: Mapping[str, str] = {
    "bm25": "BM25 (bm25s, stemmed)",
    "dense": "one vector per text with FAISS, the usual tutorial",
    "rrf": "reciprocal rank fusion of the two",
    "late": "late interaction alone",
    "product": "what answers are drawn from",
}

Judge = Callable[[Label], set[int]]


def relevant(index: Index) -> dict[str, Judge]:
    """Return for passages, sentences and FAQ entries what tells which of them are right for a label."""

    def passages(label: Label) -> set[int]:
        return {
            number
            for number, place in enumerate(index.passages)
            if any(place.passage.span.contains(span) for span in label.spans)
        }

    def sentences(label: Label) -> set[int]:
        return {
            number
            for number, sentence in enumerate(index.sentences)
            if any(sentence.contains(span) for span in label.spans)
        }

    return {"passage": passages, "sentence": sentences, "faq": lambda label: set(label.faqs)}


def rank_all(rankings: Rankings, query: Query) -> dict[str, dict[str, list[int]]]:
    """Return each method's rankings of passages, sentences and FAQ entries; only the product's are of a short list."""
    index = rankings.index
    ranked = _rank_hits(rankings, query, search_sentences(index, query))
    if set(rankings.methods) != {"product"}:
        every = _rank_hits(rankings, query, search_sentences(index, query, limit=len(index.passages)))
        product = {unit: {m: r for m, r in found.items() if m == "product"} for unit, found in ranked.items()}
        ranked = {unit: found | product[unit] for unit, found in every.items()}
    return ranked | {"faq": rankings.faqs(query)}


def _rank_hits(rankings: Rankings, query: Query, hits: SentenceHits) -> dict[str, dict[str, list[int]]]:
    return {"passage": rankings.passages(hits), "sentence": rankings.sentences(query, hits)}
