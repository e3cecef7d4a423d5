"""Hits are ranked by late interaction, corrected by BM25 and cosines; worked out by hand on a toy."""

from math import log, sqrt

import numpy as np
import pytest
from toy import ToyEncoder

from qa.encoder import Role
from qa.index import Floats, Index
from qa.language import analyzer
from qa.readers import parse_article
from qa.retrieval import SHORT_LIST, Query, SentenceHits, fuse, search_faqs, search_sentences, token_weights

ARTICLE = parse_article(
    "insects.md",
    "# Insects\n\nBees dance. Wasps sting bees.\n\nHoney tastes sweet.\n\n## FAQ\n\n### Who dances here?\n\nBees.\n\n"
    "### Who stings?\n\nWasps sting bees.\n\nHornets as well.\n",
)
ENGLISH = analyzer("en")


def make_query(encoder: ToyEncoder, text: str, emphasis: tuple[float, ...] = ()) -> Query:
    encoding = encoder.encode([text], Role.QUERY)[0]
    counts = np.array(emphasis or [1] * len(encoding.ids), np.float32)
    return Query(text, text, encoding, counts, tuple(ENGLISH(text)))


def quotes(index: Index, hits: SentenceHits) -> list[str]:
    return [ARTICLE.quote(index.sentences[number]) for number in hits.sentences.tolist()]


def test_each_question_token_weighs_by_its_rarity_among_the_sentences(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)

    weights = token_weights(make_query(toy_encoder, "bees honey unknown"), index.token_rarity)

    rarity = np.array([log(1 + 1.5 / 2.5), log(1 + 2.5 / 1.5), log(1 + 3.5 / 0.5)])
    assert weights.tolist() == pytest.approx((rarity / rarity.sum()).tolist())


def z_scores(scores: Floats) -> Floats:
    return np.asarray((scores - scores.mean()) / scores.std(), np.float32)


def test_tokens_of_an_earlier_turn_weigh_what_their_emphasis_says(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)

    weights = token_weights(make_query(toy_encoder, "honey dance", (0.5, 1)), index.token_rarity)

    assert weights.tolist() == pytest.approx([1 / 3, 2 / 3])


def test_late_interaction_is_the_weighted_mean_of_each_tokens_best_cosine(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)

    hits = search_sentences(index, make_query(toy_encoder, "wasps dance unknown"))

    known, unknown = log(1 + 2.5 / 1.5), log(1 + 3.5 / 0.5)
    share = known / (2 * known + unknown)
    assert hits.similarities == pytest.approx(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]), abs=1e-4)
    assert hits.late.tolist() == pytest.approx([share, share, 0], abs=1e-4)


def test_a_sentences_score_adds_the_standardized_scores_of_all_methods(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)
    query = make_query(toy_encoder, "wasps sting honey")

    hits = search_sentences(index, query)

    assert hits.passages.tolist() == [0, 1, 0]
    assert hits.passage_cosine.tolist() == pytest.approx([2 / sqrt(3 * 7), 1 / 3, 2 / sqrt(3 * 7)], rel=1e-3)
    assert hits.passage_bm25.tolist() == [index.passage_terms.scores(query.terms)[number] for number in (0, 1, 0)]
    assert hits.sentence_bm25.tolist() == index.sentence_terms.scores(query.terms, hits.sentences).tolist()
    expected = (
        z_scores(hits.late)
        + 0.15 * z_scores(hits.sentence_bm25)
        + 0.1 * z_scores(hits.passage_bm25)
        + 0.1 * z_scores(hits.passage_cosine)
    )
    assert hits.score.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    assert quotes(index, hits) == ["Wasps sting bees.", "Honey tastes sweet.", "Bees dance."]


def test_a_passage_ranks_by_its_best_sentence(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)

    hits = search_sentences(index, make_query(toy_encoder, "wasps sting honey"))

    assert hits.sentences[list(hits.passage_rows())].tolist() == [1, 2]


def test_equally_good_sentences_keep_the_articles_order(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)

    hits = search_sentences(index, make_query(toy_encoder, "nothing known"))

    assert hits.score.tolist() == [0, 0, 0]
    assert hits.sentences.tolist() == [0, 1, 2]


def test_only_allowed_sentences_are_hits(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)

    hits = search_sentences(index, make_query(toy_encoder, "wasps dance"), np.array([True, False, True]))

    assert hits.sentences.tolist() == [0, 2]
    assert hits.similarities == pytest.approx(np.array([[0, 1], [0, 0]]), abs=1e-4)


def test_without_sentences_or_entries_there_are_no_hits(toy_encoder: ToyEncoder) -> None:
    index = Index.of([], toy_encoder)
    query = make_query(toy_encoder, "wasps")

    assert search_sentences(index, query).sentences.tolist() == []
    assert list(search_sentences(index, query).passage_rows()) == []
    assert search_faqs(index, query).entries.tolist() == []


@pytest.mark.parametrize(
    ("last", "question"),
    [
        ("Rare " + " ".join(f"filler{number}" for number in range(99)) + ".", "the rare"),  # long, so of low cosine
        ("Who is.", "who is"),  # no terms, so without BM25
    ],
)
def test_beyond_the_limit_the_best_passages_of_either_first_stage_are_looked_at_closely(
    last: str, question: str
) -> None:
    encoder = ToyEncoder(dimension=2000)
    count = 600  # beyond what is searched whole
    others = (f"The word{number}" + f" and more{number}" * (number % 3) for number in range(count - 1))
    text = "\n\n".join(f"{each}." for each in others) + f"\n\n{last}\n"
    index = Index.of([parse_article("long.txt", text)], encoder)

    hits = search_sentences(index, make_query(encoder, question))

    assert len(index.passages) == count
    assert len(hits.sentences) == SHORT_LIST
    assert int(hits.sentences[0]) == count - 1


def test_beyond_the_limit_only_allowed_passages_are_looked_at() -> None:
    encoder = ToyEncoder(dimension=2000)
    text = "\n\n".join(f"Common word{number}." for number in range(600))
    index = Index.of([parse_article("long.txt", text)], encoder)
    allowed = np.arange(600) < 7

    hits = search_sentences(index, make_query(encoder, "word3 common"), allowed)

    assert sorted(hits.sentences.tolist()) == list(range(7))
    assert int(hits.sentences[0]) == 3


def test_an_entry_is_scored_by_its_question_both_ways_its_answer_and_its_terms(toy_encoder: ToyEncoder) -> None:
    index = Index.of([ARTICLE], toy_encoder)
    query = make_query(toy_encoder, "who stings bees")

    hits = search_faqs(index, query)

    # "who" is in both entries, "stings" in one, "bees" in none.
    who, stings, bees = log(1 + 0.5 / 2.5), log(1 + 1.5 / 1.5), log(1 + 2.5 / 0.5)
    asked = who + stings + bees
    assert hits.entries.tolist() == [1, 0]
    assert hits.question_cosine.tolist() == pytest.approx([2 / sqrt(6), 1 / 3], rel=1e-3)
    assert hits.answer_cosine.tolist() == pytest.approx([1 / 3, 1 / sqrt(3)], rel=1e-3)
    assert hits.late.tolist() == pytest.approx([(who + stings) / asked, who / asked], abs=1e-4)
    assert hits.reverse.tolist() == pytest.approx([1, who / (who + 2 * stings)], abs=1e-4)
    assert hits.bm25.tolist() == index.entry_terms.scores(query.terms)[[1, 0]].tolist()
    expected = (
        z_scores(hits.question_cosine)
        + 0.2 * z_scores(hits.bm25)
        + 0.2 * z_scores(hits.answer_cosine)
        + 0.5 * z_scores(hits.late)
        + 0.5 * z_scores(hits.reverse)
    )
    assert hits.score.tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_only_allowed_entries_are_hits(toy_encoder: ToyEncoder) -> None:
    hits = search_faqs(Index.of([ARTICLE], toy_encoder), make_query(toy_encoder, "who stings"), np.array([True, False]))

    assert hits.entries.tolist() == [0]


def test_fused_scores_are_the_weighted_sum_of_z_scores() -> None:
    first, second = np.array([1, 2, 3], np.float32), np.array([5, -5, 0], np.float32)

    assert fuse((first, 1)).tolist() == pytest.approx([-sqrt(1.5), 0, sqrt(1.5)])
    assert fuse((first, 2), (second, 0.5)).tolist() == pytest.approx(
        [-1.5 * sqrt(1.5), -0.5 * sqrt(1.5), 2 * sqrt(1.5)]
    )


@pytest.mark.parametrize("scores", [[], [0.5], [2, 2, 2]])
def test_scores_that_do_not_differ_add_nothing(scores: list[float]) -> None:
    assert fuse((np.array(scores, np.float32), 1)).tolist() == [0] * len(scores)
