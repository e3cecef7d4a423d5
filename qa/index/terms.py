"""The terms of all texts as numbers, for BM25; those of passages that an earlier index knows are taken from there."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.index.corpus import Columns, Corpus, rows_by_key, runs
from qa.index.lexicon import number_terms, postings, text_frequencies
from qa.index.tokens import Integers
from qa.language import stemmer

# Up to so many sentences, all are scored by their postings in less time than those of a short list by their terms.
POSTED = 20_000

Numbers = tuple[NDArray[np.int32], Integers]  # texts' terms, one text after the other, and where each text starts


def term_columns(corpus: Corpus, known: Columns | None = None) -> dict[str, NDArray[Any]]:
    """Return the terms of sentences and FAQ entries as numbers, and the postings of passages and FAQ entries.

    Args:
        corpus: the articles; its columns hold the passages' keys.
        known: the columns of an earlier index.
    """
    articles, columns = corpus.articles, corpus.columns
    language = articles[0].language if articles else "en"
    stem = stemmer(language)
    if known is not None and Corpus(known).language(0) != language:
        known = None
    (terms, starts), vocabulary = _sentence_terms(corpus, stem, known)
    asked = [articles[number].quote(faq.question) for number, faq in corpus.faqs]
    question_terms, question_starts = number_terms(asked, stem, vocabulary)
    entries = (
        f"{question} {articles[number].quote(faq.answer)}"
        for question, (number, faq) in zip(asked, corpus.faqs, strict=True)
    )
    entry_terms, entry_starts = number_terms(entries, stem, vocabulary)
    texts = {
        "sentence": (terms, starts),
        "passage": (terms, starts[columns["passage_sentences"]]),
        "question": (question_terms, question_starts),
        "entry": (entry_terms, entry_starts),
    }
    found: dict[str, NDArray[Any]] = {
        f"{kind}_terms": numbers for kind, (numbers, _) in texts.items() if kind != "passage"
    }
    found["words"] = np.frombuffer("\n".join(vocabulary).encode("utf-8", "surrogatepass"), np.uint8)
    for kind, (numbers, edges) in texts.items():
        found[f"{kind}_term_starts"] = edges
        found[f"{kind}_frequencies"] = text_frequencies(numbers, edges, len(vocabulary))
        if kind in {"passage", "entry"} or (kind == "sentence" and len(edges) <= POSTED):
            found |= {f"{kind}_{name}": each for name, each in postings(numbers, edges, len(vocabulary)).items()}
    return found


def _sentence_terms(
    corpus: Corpus, stem: Callable[[Sequence[str]], Sequence[str]], known: Columns | None
) -> tuple[Numbers, dict[str, int]]:
    """Return the sentences' terms and the vocabulary, numbered as the terms first occur."""
    rows = {} if known is None else rows_by_key(known, "passage")
    keys = [key.tobytes() for key in corpus.columns["passage_keys"]]
    passages = list(runs(keys, rows))
    vocabulary = {word: number for number, word in enumerate(stored_words(known))} if known is not None else {}
    fresh = (
        corpus.articles[place.article].quote(sentence)
        for first, last, row in passages
        if row < 0
        for place in map(corpus.passages.__getitem__, range(first, last))
        for sentence in place.passage.sentences
    )
    numbers, starts = number_terms(fresh, stem, vocabulary)
    if known is None:
        return (numbers, starts), vocabulary
    terms, lengths, done = [numbers[:0]], [starts[:0]], 0
    for first, last, row in passages:
        if row < 0:
            begin, end = corpus.columns["passage_sentences"][[first, last]]
            count = end - begin
            edges, source = starts[done : done + count + 1], numbers
            done += count
        else:
            begin, end = known["passage_sentences"][[row, row + last - first]]
            edges, source = known["sentence_term_starts"][begin : end + 1], known["sentence_terms"]
        terms.append(source[edges[0] : edges[-1]])
        lengths.append(np.diff(edges))
    # Numbered as in an index that is built at once, which has no words of articles that are gone.
    joined = np.concatenate(terms)
    used, places = np.unique(joined, return_index=True)
    order = used[np.argsort(places)]
    renumbered = np.zeros(len(vocabulary), np.int32)
    renumbered[order] = np.arange(len(order))
    words = list(vocabulary)
    edges = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths]), dtype=np.int64)
    return (renumbered[joined], edges), {words[old]: new for new, old in enumerate(order.tolist())}


def stored_words(columns: Columns) -> list[str]:
    """Return the vocabulary of an index: the term of each number."""
    return columns["words"].tobytes().decode("utf-8", "surrogatepass").split("\n")
