"""The index knows which parts are whose, and finds them again."""

import itertools
from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
from toy import ToyEncoder

from qa import Span
from qa.encoder import Role
from qa.index import Index
from qa.index.build import REDUCED, build
from qa.index.vectors import single
from qa.readers import parse_article

BEES = parse_article(
    "bees.md",
    "# Bees\n\nBees dance. Wasps sting bees.\n\nHoney is sweet.\n\n## FAQ\n\n### Who dances?\n\nBees do.\n\n"
    "All of them.\n",
)


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
