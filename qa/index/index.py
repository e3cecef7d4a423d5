"""The index as questions see it: vectors, terms, and where they belong."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.article import Article, Span
from qa.encoder.protocol import Encoder
from qa.index.build import Progress, build
from qa.index.corpus import Columns, Corpus
from qa.index.lexicon import Lexicon, rarities
from qa.index.terms import stored_words
from qa.index.tokens import Integers, TokenStore, TokenType, ranges
from qa.index.vectors import Vectors
from qa.language import analyzer

# Up to so many passages, token vectors are kept unpacked: to compare all takes no longer than to choose some and copy.
UNPACKED = 24


class Index(Corpus):
    """Articles, ready to be asked.

    Args:
        columns: see ``qa.index.build``.
        articles: if they are at hand; else they are made of the columns.
        vectors: those of the passages, if they were indexed before.

    Attributes:
        analyze: from text to terms.
        passage_vectors, question_vectors, answer_vectors: of passages, FAQ questions, and FAQ answers' paragraphs.
        answer_faqs: int64: the FAQ entry of each such paragraph.
        passage_terms, sentence_terms, question_terms, entry_terms: for BM25; an entry is question and answer.
        token_rarity, question_token_rarity: float32: the inverse document frequency of each token in sentences, or in
            FAQ questions; the last one is that of all other tokens.
        sentence_tokens, question_tokens: of sentences and of FAQ questions.
        folder: where the index is kept; None for one in memory.
        question_token_weights: float32: the rarity of each token of the FAQ questions.
    """

    def __init__(
        self,
        columns: Columns,
        articles: Sequence[Article] | None = None,
        vectors: Vectors | None = None,
    ) -> None:
        super().__init__(columns, articles)
        self.folder: Path | None = None
        self.analyze = analyzer(self.articles[0].language if self.articles else "en")
        self.passage_vectors = vectors or Vectors.of(columns["passage_vectors"])
        self.question_vectors = Vectors(columns["question_vectors"])
        self.answer_vectors = Vectors(columns["answer_vectors"])
        self.answer_faqs: Integers = np.asarray(columns["answer_faqs"])
        words = stored_words(columns)
        vocabulary = {word: number for number, word in enumerate(words)}

        def lexicon(kind: str, texts: str) -> Lexicon:
            terms, starts = columns[f"{texts}_terms"], columns[f"{kind}_term_starts"]
            return Lexicon(vocabulary, words, terms, starts, columns[f"{kind}_frequencies"], _postings(columns, kind))

        self.passage_terms, self.sentence_terms = lexicon("passage", "sentence"), lexicon("sentence", "sentence")
        self.question_terms, self.entry_terms = lexicon("question", "question"), lexicon("entry", "entry")
        tokens = _store(columns, "passage", columns.get("token_basis"))
        self.sentence_tokens = tokens.unpacked() if len(self.passages) <= UNPACKED else tokens
        self.token_rarity = rarities(columns["passage_token_frequencies"], len(self.sentences))
        self.question_tokens = _store(columns, "question").unpacked()
        ids = np.asarray(columns["question_token_ids"])
        self.question_token_rarity = rarities(columns["question_token_frequencies"], len(self.faqs))
        # What stands for a question without tokens is numbered -1, and so as rare as can be.
        self.question_token_weights = self.question_token_rarity[ids]

    @classmethod
    def of(
        cls,
        articles: Sequence[Article],
        encoder: Encoder,
        token_type: TokenType = "int8",
        progress: Progress = lambda *_: None,
    ) -> "Index":
        """Index articles in memory.

        Args:
            articles: what to index.
            encoder: makes the vectors; questions must come from the same one.
            token_type: how token vectors are kept.
            progress: called with the number of texts that were encoded and the number of all.
        """
        columns = build(articles, encoder, token_type, progress)
        return cls(columns, articles)

    def sentences_within(self, passages: Integers) -> tuple[Integers, Integers]:
        """Return the sentences of the given passages, and of each the row of its passage among them."""
        if len(passages) == len(self.passages):
            return np.arange(len(self.sentences)), self.sentence_passage
        starts = self.columns["passage_sentences"]
        begins, ends = starts[passages], starts[passages + 1]
        return ranges(begins, ends), np.repeat(np.arange(len(passages)), ends - begins)

    def sentences_of(self, articles: Iterable[int]) -> NDArray[np.bool_]:
        """Return which sentences are of the given articles: shape (sentences,)."""
        return np.isin(self.passage_article, list(articles))[self.sentence_passage]

    def faqs_of(self, articles: Iterable[int]) -> NDArray[np.bool_]:
        """Return which FAQ entries are of the given articles: shape (entries,)."""
        return np.isin(self.faq_article, list(articles))

    def sentences_touching(self, article: int, span: Span) -> NDArray[np.bool_]:
        """Return which sentences share a code point with a span of an article: shape (sentences,)."""
        first, last = self.columns["passage_sentences"][self.columns["article_passages"][article : article + 2]]
        return _touching(self.columns["sentence_spans"], first, last, span)

    def faqs_touching(self, article: int, span: Span) -> NDArray[np.bool_]:
        """Return which FAQ entries' answers share a code point with a span of an article: shape (entries,)."""
        first, last = self.columns["article_faqs"][article : article + 2]
        return _touching(self.columns["faq_answers"], first, last, span)


def _touching(spans: NDArray[np.int32], first: int, last: int, span: Span) -> NDArray[np.bool_]:
    """Return which spans of a run share a code point with ``span``: shape (spans,), False outside of the run."""
    touching = np.zeros(len(spans), bool)
    touching[first:last] = (spans[first:last, 0] < span.end) & (spans[first:last, 1] > span.start)
    return touching


def _postings(columns: Columns, kind: str) -> dict[str, NDArray[Any]] | None:
    names = ("data", "indices", "indptr")
    return {name: columns[f"{kind}_{name}"] for name in names} if f"{kind}_data" in columns else None


def _store(columns: Columns, kind: str, basis: NDArray[np.float32] | None = None) -> TokenStore:
    vectors, scales, starts = (columns[f"{kind}_{name}"] for name in ("tokens", "token_scales", "token_starts"))
    return TokenStore(vectors, scales, starts, basis)
