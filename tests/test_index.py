"""The index gives the scores that its papers define, on texts short enough to work them out by hand."""

import itertools
import re
from dataclasses import replace
from itertools import pairwise
from math import log, sqrt
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ToyEncoder

from qa import Article, Span
from qa.encoder import Role
from qa.index import Index, Lexicon, TokenStore, encode_windows, inverse_document_frequency
from qa.index.build import REDUCED, build
from qa.index.cosines import MODEL, ZERO, integer_cosines, model
from qa.index.lexicon import number_terms, postings, text_frequencies
from qa.index.tokens import KEPT_BYTES, give_back, pack, unpack
from qa.index.vectors import single
from qa.readers import parse_article

BEES = parse_article(
    "bees.md",
    "# Bees\n\nBees dance. Wasps sting bees.\n\nHoney is sweet.\n\n## FAQ\n\n### Who dances?\n\nBees do.\n\n"
    "All of them.\n",
)


def rows(*values: list[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


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


def stack(texts: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]]) -> TokenStore:
    vectors = np.concatenate([np.zeros((0, 2), np.float32), *texts])
    return TokenStore(vectors, np.ones(len(vectors), np.float32), np.cumsum([0, *map(len, texts)]))


def test_the_best_similarity_of_each_query_token_is_found_text_by_text() -> None:
    store = stack([rows([1, 0], [0, 1]), rows([0.6, 0.8]), rows([0.8, -0.6], [-1, 0])])

    best = store.best(rows([1, 0], [0, 1], [0.6, 0.8]))

    assert best == pytest.approx(rows([1, 1, 0.8], [0.6, 0.8, 1], [0.8, 0, 0]), abs=1e-6)


@pytest.mark.parametrize("some", [[0, 2], [1, 2], [2], [0, 1, 2], []])
def test_some_texts_alone_get_the_same_similarities_as_among_all(some: list[int]) -> None:
    store = stack([rows([1, 0], [0, 1]), rows([0.6, 0.8]), rows([0.8, -0.6], [-1, 0])])
    query = rows([1, 0], [0, 1])

    assert store.best(query, np.array(some, np.int64)) == pytest.approx(store.best(query)[some])


@pytest.mark.parametrize(("kind", "stored", "error"), [("int8", np.uint8, 1 / 254), ("float16", np.float16, 1e-3)])
def test_packed_vectors_differ_by_less_than_half_a_step(
    kind: Literal["int8", "float16"], stored: type, error: float
) -> None:
    vectors = np.random.default_rng(0).standard_normal((600, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed, scales = pack(vectors, kind)
    store = TokenStore(packed, scales, np.arange(601))

    assert packed.dtype == stored
    assert np.abs(unpack(packed, scales) - vectors).max() <= error
    assert store.similarities(vectors[:3]) == pytest.approx(store.unpacked().similarities(vectors[:3]), abs=1e-5)
    some = np.array([3, 4, 9])
    assert store.best(vectors[:3], some) == pytest.approx(store.unpacked().best(vectors[:3])[some], abs=1e-5)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what memory is mapped from files")
@pytest.mark.parametrize(("size", "kept"), [(KEPT_BYTES, True), (KEPT_BYTES + 1, False)])
def test_what_was_read_of_a_large_file_is_let_go_and_can_be_read_again(tmp_path: Path, size: int, kept: bool) -> None:
    def mapped() -> int:
        return int(re.findall(r"RssFile:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) * 1024

    with (tmp_path / "large").open("wb") as stream:
        stream.write(b"bees")
        stream.truncate(size)  # takes no room on disk
    array = np.asarray(np.memmap(tmp_path / "large", np.uint8, "r"))
    before = mapped()
    assert int(array[::4096].sum()) == ord("b")
    assert mapped() - before > size * 0.9

    give_back(array)

    assert (mapped() - before > size * 0.9) == kept
    assert bytes(array[:4]) == b"bees"


def test_the_kernels_file_holds_the_operators_that_are_told() -> None:
    assert MODEL.read_bytes() == model().SerializeToString()


@pytest.mark.parametrize("stored", [-127, -1, 0, 127])
@pytest.mark.parametrize("asked", [-1.0, 1.0])
def test_integer_cosines_are_exact_where_a_component_is_a_whole_number_of_steps(stored: int, asked: float) -> None:
    vectors = np.full((3, 512), stored + ZERO, np.uint8)
    scales = np.array([1, 0.5, 0], np.float32)

    found = integer_cosines(vectors, scales, np.full((2, 512), asked, np.float32))

    assert found == pytest.approx(512 * stored * asked * np.repeat(scales[:, None], 2, axis=1), rel=1e-6)


def test_vectors_on_fewer_directions_are_compared_with_the_query_there() -> None:
    basis = rows([0.6, 0], [0.8, 0], [0, 1])  # of three components, two directions
    store = TokenStore(rows([1, 0], [0, 1]), np.ones(2, np.float32), np.array([0, 2]), basis)

    assert store.similarities(rows([0.6, 0.8, 0], [0, 0, 1])) == pytest.approx(rows([1, 0], [0, 1]))


def test_a_text_of_a_zero_vector_is_like_nothing() -> None:
    store = stack([rows([0, 0]), rows([1, 0])])

    assert store.best(rows([1, 0])).tolist() == [[0], [1]]


def test_no_texts_have_no_similarities() -> None:
    store = stack([])

    assert store.best(rows([1, 0])).shape == (0, 1)
    assert store.weighted_mean(np.zeros(0, np.float32), np.zeros(0, np.float32)).shape == (0,)


def test_a_weighted_mean_is_taken_text_by_text() -> None:
    store = stack([rows([1, 0], [0, 1]), rows([1, 0])])

    mean = store.weighted_mean(np.array([1, 0.5, 0.25], np.float32), np.array([3, 1, 2], np.float32))

    assert mean.tolist() == pytest.approx([(3 * 1 + 1 * 0.5) / 4, 0.25])


def test_vectors_are_searched_by_cosine_best_first(toy_encoder: ToyEncoder) -> None:
    index = Index.of([BEES], toy_encoder)
    query = toy_encoder.encode(["Honey bees"], Role.QUERY)[0].pooled

    numbers, values = index.passage_vectors.search(query)

    assert numbers.tolist() == [0, 1]
    assert values.tolist() == pytest.approx([2 / sqrt(7 * 2), 1 / sqrt(3 * 2)], rel=1e-3)
    assert index.passage_vectors.search(query, limit=1)[0].tolist() == [0]


def test_halves_become_the_same_numbers_as_singles() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(-1, 2)

    assert single(finite).dtype == np.float32
    assert np.array_equal(single(finite), finite.astype(np.float32))


@pytest.mark.parametrize("letters", ["honey", "Crème brûlée", "“Honey”, Łódź", "🐝 and honey", "\ud83d\udc1d"])
def test_a_quote_of_a_kept_text_is_the_span_of_its_code_points(toy_encoder: ToyEncoder, letters: str) -> None:
    article = replace(BEES, text=f"{letters}, {BEES.text}")  # also what no reader lets through
    plain = parse_article("plain.md", "# Plain\n\nNothing.\n")
    kept = Index(Index.of([plain, article, plain], toy_encoder).columns)

    assert kept.articles[1].text == article.text
    for start, end in itertools.combinations(range(len(article.text) + 1), 2):
        assert kept.quote(1, Span(start, end)) == article.text[start:end]
    start = plain.text.index("Nothing.")
    assert kept.quote(2, Span(start, start + 8)) == "Nothing."


def test_an_empty_index_finds_nothing(toy_encoder: ToyEncoder) -> None:
    index = Index.of([], toy_encoder)

    assert index.question_vectors.search(np.ones(512, np.float32))[0].tolist() == []


def test_each_sentence_owns_the_tokens_that_lie_in_it(toy_encoder: ToyEncoder) -> None:
    index = Index.of([BEES], toy_encoder)
    axes = {axis: word for word, axis in toy_encoder.vocabulary.items()}
    store = index.sentence_tokens
    parts = np.split(store.vectors, store.starts[1:-1])

    assert [BEES.quote(span) for span in index.sentences] == ["Bees dance.", "Wasps sting bees.", "Honey is sweet."]
    assert index.sentence_passage.tolist() == [0, 0, 1]
    assert [[axes[int(axis)] for axis in part.argmax(axis=1)] for part in parts] == [
        ["bees", "dance"],
        ["wasps", "sting", "bees"],
        ["honey", "is", "sweet"],
    ]


def test_a_token_is_as_rare_as_the_sentences_that_hold_it_and_unknown_ones_are_rarest(toy_encoder: ToyEncoder) -> None:
    index = Index.of([BEES], toy_encoder)
    known = [toy_encoder.vocabulary[word] for word in ("bees", "honey")]

    assert index.token_rarity[[*known, -1]].tolist() == pytest.approx(
        [log(1 + (3 - held + 0.5) / (held + 0.5)) for held in (2, 1, 0)]
    )


def test_questions_of_the_faq_are_encoded_as_questions_and_the_rest_as_passages(toy_encoder: ToyEncoder) -> None:
    Index.of([BEES], toy_encoder)

    assert toy_encoder.calls == [
        (("Bees dance. Wasps sting bees.", "Honey is sweet."), Role.PASSAGE),
        (("Who dances?",), Role.QUERY),
        (("Bees do.", "All of them."), Role.PASSAGE),
    ]


def test_progress_tells_how_many_texts_were_encoded(toy_encoder: ToyEncoder) -> None:
    counts: list[tuple[int, int]] = []

    Index.of([BEES], toy_encoder, progress=lambda done, total: counts.append((done, total)))

    assert counts[-1] == (5, 5)
    assert counts == sorted(counts)


def test_a_later_articles_parts_are_its_own(toy_encoder: ToyEncoder) -> None:
    moths = parse_article("moths.md", "# Moths\n\nMoths fly.\n\n## FAQ\n\n### Who flies?\n\nMoths do.\n")
    index = Index.of([BEES, moths], toy_encoder)

    assert [(place.article, index.articles[place.article].quote(place.passage.span)) for place in index.passages] == [
        (0, "Bees dance. Wasps sting bees."),
        (0, "Honey is sweet."),
        (1, "Moths fly."),
    ]
    assert [number for number, _ in index.faqs] == [0, 1]
    assert index.answer_faqs.tolist() == [0, 0, 1]


def test_what_tells_articles_apart_is_known_without_making_them(toy_encoder: ToyEncoder) -> None:
    articles = [
        parse_article("a.md", "# First\n\nOne.\n\n## FAQ\n\n### Why one?\n\nSo.\n\n### Why two?\n\nSo."),
        parse_article("b.md", "---\nlanguage: de\n---\n# Zweiter\n\nEins."),
        parse_article("c.md", "# Third\n\nOne.\n\n## FAQ\n\n### Why three?\n\nSo."),
    ]
    index = Index(build(articles, toy_encoder, "int8"))

    assert index.titles == ("First", "Zweiter", "Third")
    assert [index.title(number) for number in range(3)] == list(index.titles)
    assert [index.language(number) for number in range(3)] == ["en", "de", "en"]
    assert [index.entries(number) for number in (0, 1, 2, None)] == [range(2), range(2, 2), range(2, 3), range(3)]


def test_what_is_known_whole_is_projected_where_there_are_many_passages(toy_encoder: ToyEncoder) -> None:
    whole = build([BEES], toy_encoder, "float16")
    toy_encoder.calls.clear()
    basis = np.eye(512, REDUCED, dtype=np.float32)  # keeps the first words' axes, which are all there are

    index = Index(build([BEES], toy_encoder, "float16", known={**whole, "token_basis": basis}))

    assert toy_encoder.calls == []
    assert index.columns["passage_tokens"].shape == (8, REDUCED)
    query = toy_encoder.encode(["Honey"], Role.QUERY)[0].tokens
    assert index.sentence_tokens.best(query).tolist() == [[0], [0], [1]]


def tokens(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+", text)]


def one_passage(text: str) -> tuple[Article, Span]:
    article = parse_article("long.txt", text)
    [passage] = article.passages
    return article, passage.span


def test_a_long_passage_is_encoded_in_windows_of_whole_sentences_that_overlap_by_one() -> None:
    encoder = ToyEncoder(max_tokens=2 + 6)
    article, span = one_passage("One two three. Four five. Six seven eight nine. Ten. Eleven twelve. Thirteen.")

    encode_windows(encoder, [(article.text, span, article.passages[0].sentences)])

    assert encoder.calls[0][0] == (
        "One two three. Four five.",
        "Four five. Six seven eight nine.",
        "Six seven eight nine. Ten.",
        "Ten. Eleven twelve. Thirteen.",
    )


def test_a_sentence_longer_than_a_window_is_encoded_in_pieces() -> None:
    encoder = ToyEncoder(max_tokens=2 + 4)
    article, span = one_passage("One two three four five six seven eight nine ten.")

    [encoding] = encode_windows(encoder, [(article.text, span, article.passages[0].sentences)])

    assert encoder.calls[0][0] == ("One two three four ", "five six seven eight ", "nine ten.")
    assert encoding.offsets.tolist() == [list(token) for token in tokens(article.text)]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=12),
    st.integers(1, 9),
    st.sampled_from(["", "Before.\n\n"]),
)
@settings(max_examples=150, deadline=None)
def test_windows_cover_each_token_once_in_order_and_none_is_cut_off(
    lengths: list[int], limit: int, before: str
) -> None:
    encoder = ToyEncoder(max_tokens=limit + 2)
    words = iter(f"w{number}" for number in range(sum(lengths)))
    text = before + " ".join(" ".join(next(words) for _ in range(length)) + "." for length in lengths)
    span = Span(len(before), len(text))
    ends = [match.end() for match in re.finditer(r"\.", text) if match.end() > len(before)]
    sentences = [Span(start, end) for start, end in pairwise([len(before), *ends])]

    [encoding] = encode_windows(encoder, [(text, span, sentences)])

    assert encoding.offsets.tolist() == [list(token) for token in tokens(text) if token[0] >= len(before)]
    assert [text[start:end] for start, end in encoding.offsets] == [f"w{number}" for number in range(sum(lengths))]
    assert all(len(tokens(window)) <= limit for window in encoder.calls[0][0])
    assert float(np.linalg.norm(encoding.pooled)) == pytest.approx(1, abs=1e-5)


def test_the_windows_vector_is_the_unit_mean_of_theirs() -> None:
    encoder = ToyEncoder(max_tokens=2 + 2)
    article, span = one_passage("One two. Three four.")

    [encoding] = encode_windows(encoder, [(article.text, span, article.passages[0].sentences)])

    assert sorted(encoding.pooled[:4].tolist()) == pytest.approx([0.5] * 4)
