"""BM25 is as its papers define it, on texts short enough to work it out by hand."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.index import Lexicon, inverse_document_frequency
from qa.index.lexicon import number_terms, postings, text_frequencies


def lexicon(texts: list[list[str]], *, posted: bool = True) -> Lexicon:
    vocabulary: dict[str, int] = {}
    terms, starts = number_terms(map(" ".join, texts), list, vocabulary)
    frequencies = text_frequencies(terms, starts, len(vocabulary))
    columns = postings(terms, starts, len(vocabulary)) if posted else None
    return Lexicon(vocabulary, list(vocabulary), terms, starts, frequencies, columns)


def test_rarity_is_ln_of_one_plus_those_without_over_those_with() -> None:
    weights = inverse_document_frequency(np.array([0, 1, 4]), 4)

    assert weights.tolist() == pytest.approx([log(1 + 4.5 / 0.5), log(1 + 3.5 / 1.5), log(1 + 0.5 / 4.5)])


def test_lexical_scores_are_bm25_as_lucene_computes_it() -> None:
    texts = [["bee", "dance"], ["bee", "bee", "wasp", "sting"], ["honey"]]
    k1, b, mean_length = 1.5, 0.75, 7 / 3

    def term(frequency: int, length: int, containing: int) -> float:
        rarity = log(1 + (3 - containing + 0.5) / (containing + 0.5))
        return rarity * frequency / (frequency + k1 * (1 - b + b * length / mean_length))

    scores = lexicon(texts).scores(["bee", "wasp", "unknown"])

    assert scores.tolist() == pytest.approx([term(1, 2, 2), term(2, 4, 2) + term(1, 4, 1), 0], rel=1e-5)


@given(
    st.lists(st.lists(st.sampled_from("abcdefg"), max_size=8), min_size=1, max_size=8), st.text("abcdefgx", max_size=5)
)
@settings(deadline=None)
def test_scores_are_those_of_bm25s_for_all_texts_and_for_some(texts: list[list[str]], query: str) -> None:
    import bm25s

    asked = [letter for letter in query if any(letter in text for text in texts)]
    expected = np.zeros(len(texts))
    if asked:
        reference = bm25s.BM25()
        reference.index(texts, show_progress=False)
        expected = reference.get_scores(asked)
    some = np.arange(0, len(texts), 2)

    for words in (lexicon(texts), lexicon(texts, posted=False)):
        assert words.scores(list(query)).tolist() == pytest.approx(expected.tolist(), abs=1e-5)
        assert words.scores(list(query), some).tolist() == pytest.approx(expected[some].tolist(), abs=1e-5)


def test_the_terms_of_a_text_can_be_read_back() -> None:
    assert lexicon([["bee"], ["wasp", "bee", "wasp"]]).terms(1) == ("wasp", "bee", "wasp")


def test_a_term_asked_twice_counts_twice() -> None:
    words = lexicon([["bee"], ["wasp"]])

    assert words.scores(["bee", "bee"]).tolist() == pytest.approx((2 * words.scores(["bee"])).tolist())


@pytest.mark.parametrize(("texts", "query"), [([], ["bee"]), ([[], []], ["bee"]), ([["bee"]], []), ([["bee"]], ["x"])])
def test_lexical_scores_are_zero_where_nothing_matches(texts: list[list[str]], query: list[str]) -> None:
    assert lexicon(texts).scores(query).tolist() == [0] * len(texts)


def test_the_lexicon_weighs_terms_by_their_rarity() -> None:
    weights = lexicon([["bee", "bee"], ["bee", "wasp"]]).weights(["bee", "wasp", "moth"])

    assert weights.tolist() == pytest.approx([log(1 + 0.5 / 2.5), log(1 + 1.5 / 1.5), log(1 + 2.5 / 0.5)])
