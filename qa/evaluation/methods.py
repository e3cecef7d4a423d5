"""Ways of ranking passages, sentences and FAQ entries, side by side on the same index."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from qa.article import Span
from qa.encoder import Encoder
from qa.evaluation.labels import Label
from qa.index import Floats, Index, Integers
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

    def rank(self, query: Query) -> dict[str, dict[str, list[int]]]:
        """Return by unit and method the numbers found, best first; only the product's are of a short list."""
        ranked = self._units(query, search_sentences(self.index, query))
        if set(self.methods) != {"product"}:
            every = self._units(query, search_sentences(self.index, query, limit=len(self.index.passages)))
            shortened = {unit: {m: r for m, r in found.items() if m == "product"} for unit, found in ranked.items()}
            ranked = {unit: found | shortened[unit] for unit, found in every.items()}
        return ranked | {"faq": self._faqs(query)}

    def _units(self, query: Query, hits: SentenceHits) -> dict[str, dict[str, list[int]]]:
        if not len(hits.sentences):
            return {"passage": {}, "sentence": {}}
        return {"passage": self._passages(hits), "sentence": self._sentences(query, hits)}

    def _passages(self, hits: SentenceHits) -> dict[str, list[int]]:
        scores = {"bm25": hits.passage_bm25, "dense": hits.passage_cosine, "late": hits.late, "product": hits.score}
        best = {method: np.full(len(self.index.passages), -np.inf, np.float32) for method in scores}
        for method, values in scores.items():
            np.maximum.at(best[method], hits.passages, values)
        return self._orders(np.arange(len(self.index.passages)), best)

    def _sentences(self, query: Query, hits: SentenceHits) -> dict[str, list[int]]:
        scores = {"bm25": hits.sentence_bm25, "late": hits.late, "product": hits.score}
        if self._alone is not None:
            scores["dense"] = self._alone[hits.sentences] @ query.encoding.pooled
        return self._orders(hits.sentences, scores)

    def _faqs(self, query: Query) -> dict[str, list[int]]:
        hits = search_faqs(self.index, query)
        if not len(hits.entries):
            return {}
        scores = {"bm25": hits.bm25, "dense": hits.question_cosine, "late": hits.late, "product": hits.score}
        return self._orders(hits.entries, scores)

    def _orders(self, numbers: Integers, scores: Mapping[str, Floats]) -> dict[str, list[int]]:
        """Turn scores of numbered texts into rankings, adding the fusion of BM25 and the dense method."""
        order = np.argsort(numbers)  # each method's equals keep the article's order, not the product's
        numbers = numbers[order]
        orders = {name: np.argsort(-values[order], kind="stable") for name, values in scores.items()}
        if "rrf" in self.methods and "dense" in orders:
            orders["rrf"] = reciprocal_rank_fusion([orders["bm25"], orders["dense"]])
        return {name: numbers[orders[name][:DEPTH]].tolist() for name in self.methods if name in orders}


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


def relevant(index: Index, label: Label) -> dict[str, set[int]]:
    """Return the numbers of the passages, sentences and FAQ entries that are right for a label."""

    def holding(spans: Iterable[Span]) -> set[int]:
        return {number for number, span in enumerate(spans) if any(map(span.contains, label.spans))}

    return {
        "passage": holding(place.passage.span for place in index.passages),
        "sentence": holding(index.sentences),
        "faq": set(label.faqs),
    }
