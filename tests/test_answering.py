"""From hits to an answer: an entry, the article's own words, or an honest no."""

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import check_quotes
from toy import ToyEncoder

from qa import Engine, Settings, Span
from qa.answering import FAQ_LEAD, NEIGHBOUR_DISTANCE, AnswerKind, Candidate, preference, quote_span
from qa.index import Index
from qa.readers import parse_article
from qa.retrieval import SentenceHits

ARTICLE = parse_article(
    "insects.md",
    """# Insects

Bees dance in the dark. Their dance shows the sun. Nobody sees it.

## Wasps

Wasps build nests from paper. Paper is made of wood.

It is grey.

## FAQ

### Who found the dance?

Karl von Frisch found the dance.

He won a prize.

### Why do bees dance?

Bees dance to show flowers.
""",
)
WORDS = sorted(set(ARTICLE.text.replace("?", " ").replace(".", " ").split()) | {"moon", "R1", "it", "🐝", "\u0301"})


def toy_engine(threshold: float) -> Engine:
    return Engine.from_articles([ARTICLE], Settings(threshold=threshold), ToyEncoder())


EAGER = toy_engine(0)
STRICT = toy_engine(1)


def test_an_answer_quotes_the_best_sentence_and_says_where_it_stands() -> None:
    answer = EAGER.ask("Who builds nests from paper?")

    [citation] = answer.citations
    assert answer.kind is AnswerKind.PASSAGE
    assert answer.text == citation.quote == "Wasps build nests from paper."
    assert (citation.number, citation.section, citation.article) == (1, "Wasps", "insects.md")
    assert (citation.start, citation.end) == (ARTICLE.text.index("Wasps build"), ARTICLE.text.index(" Paper is"))
    assert answer.passages[0].text == "Wasps build nests from paper. Paper is made of wood."
    assert answer.passages[0].sentence == answer.text


def test_a_question_of_the_faq_gets_its_whole_answer_whatever_its_case_and_marks() -> None:
    answer = EAGER.ask("  who FOUND the dance ")

    assert answer.kind is AnswerKind.FAQ
    assert answer.text == "Karl von Frisch found the dance.\n\nHe won a prize."
    assert answer.confidence == 1
    assert answer.citations[0].section == "FAQ"
    assert [(match.question, match.score) for match in answer.faqs] == [
        ("Who found the dance?", 1.0),
        ("Why do bees dance?", pytest.approx(0.0806, abs=1e-4)),
    ]


def test_an_answer_lists_no_more_passages_and_entries_than_asked_for() -> None:
    engine = Engine.from_articles([ARTICLE], Settings(threshold=0, top_k=1), ToyEncoder())

    answer = engine.ask("Why does the paper dance?")

    assert (len(answer.passages), len(answer.faqs)) == (1, 1)


@pytest.mark.parametrize("count", [1, 20, 40])
def test_as_many_passages_are_listed_as_the_settings_say(count: int) -> None:
    article = parse_article("long.txt", "\n\n".join(f"The moth number{number} flies." for number in range(50)))
    engine = Engine.from_articles([article], Settings(threshold=0, top_k=count), ToyEncoder())

    assert len(engine.ask("Which moth flies?").passages) == count


def test_below_the_threshold_the_answer_is_that_there_is_none_with_what_came_nearest() -> None:
    answer = STRICT.ask("Is wood made of paper?")

    assert answer.kind is AnswerKind.NONE
    assert answer.text == "The article doesn't say."
    assert answer.citations == ()
    assert answer.closest is not None
    assert answer.closest.quote == "Paper is made of wood."
    assert answer.reason == (
        f"the closest sentence has confidence {answer.confidence:.2f}, below the threshold of 1.00"
    )
    assert set(answer.suggestions) == {"Who found the dance?", "Why do bees dance?"}
    assert answer.passages[0].sentence == "Paper is made of wood."


def test_several_articles_abstain_in_the_plural() -> None:
    engine = Engine.from_articles([ARTICLE, parse_article("b.txt", "Moths fly.")], Settings(threshold=1), ToyEncoder())

    answer = engine.ask("Do moths fly at night?")

    assert answer.text == "The articles don't say."
    assert answer.closest is not None
    assert (answer.closest.quote, answer.closest.article) == ("Moths fly.", "b.txt")


def test_an_article_without_a_faq_or_with_nothing_else_answers_as_well() -> None:
    plain = Engine.from_articles([parse_article("b.txt", "Moths fly.")], Settings(threshold=0), ToyEncoder())
    entries = parse_article("c.md", "# FAQ\n\n## Do moths fly?\n\nYes.\n")
    faq = Engine.from_articles([entries], Settings(threshold=0), ToyEncoder())

    assert (plain.ask("Do moths fly?").kind, plain.ask("Do moths fly?").text) == ("passage", "Moths fly.")
    assert (faq.ask("Can moths fly?").kind, faq.ask("Can moths fly?").text) == ("faq", "Yes.")


def test_the_answer_as_plain_data_is_json_with_the_fields_of_the_record() -> None:
    data = json.loads(json.dumps(EAGER.ask("Who builds nests from paper?").to_dict()))

    assert list(data) == [
        "question", "kind", "text", "confidence", "citations", "faqs", "passages",
        "reason", "closest", "suggestions", "understood_as",
    ]  # fmt: skip
    assert data["kind"] == "passage"
    assert list(data["citations"][0]) == [
        "number", "quote", "start", "end", "section", "article", "sha256", "page", "url",
    ]  # fmt: skip


def test_a_citation_carries_fingerprint_page_and_link_for_others_to_check() -> None:
    first = ARTICLE.text.index("Wasps build")
    pages = (Span(0, first), Span(first, len(ARTICLE.text)))
    published = replace(ARTICLE, url="https://example.org/insects#top", pages=pages)

    [citation] = (
        Engine.from_articles([published], Settings(threshold=0), ToyEncoder()).ask("Who builds nests?").citations
    )

    assert citation.sha256 == hashlib.sha256(ARTICLE.text.encode()).hexdigest()
    assert citation.page == 2
    assert citation.url == "https://example.org/insects#top:~:text=Wasps%20build%20nests%20from%20paper."


def test_without_pages_and_address_a_citation_has_none() -> None:
    closest = STRICT.ask("Is wood made of paper?").closest

    assert closest is not None
    assert (closest.sha256, closest.page, closest.url) == (ARTICLE.sha256, None, "")


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join).filter(lambda text: "e" in text))
@settings(max_examples=150, deadline=None)
def test_every_quote_is_a_slice_of_the_article_whatever_is_asked(question: str) -> None:
    for engine in (EAGER, STRICT):
        check_quotes(engine.ask(question), engine.articles)


def test_an_entry_is_preferred_to_a_sentence_up_to_its_lead() -> None:
    def candidate(kind: AnswerKind, log_odds: float) -> Candidate:
        return Candidate(kind, 0, 0, Span(0, 1), 1 / (1 + math.exp(-log_odds)))

    entry = preference(candidate(AnswerKind.FAQ, 1))

    assert preference(candidate(AnswerKind.PASSAGE, 1 + FAQ_LEAD - 0.01)) < entry
    assert preference(candidate(AnswerKind.PASSAGE, 1 + FAQ_LEAD + 0.01)) > entry
    assert math.isfinite(preference(Candidate(AnswerKind.FAQ, 0, 0, Span(0, 1), 1.0)))
    assert math.isfinite(preference(Candidate(AnswerKind.PASSAGE, 0, 0, Span(0, 1), 0.0)))


def quoted(scores: dict[int, float]) -> str:
    """Return what is quoted where sentences of the article, by number, have the given scores."""
    index = Index.of([ARTICLE], ToyEncoder())
    numbers = np.array(sorted(scores, key=lambda number: -scores[number]))
    values = np.array([scores[number] for number in numbers], np.float32)
    none = np.zeros(len(numbers), np.float32)
    hits = SentenceHits(numbers, index.sentence_passage[numbers], values, none, none[:, None], none, none, none, none)
    return ARTICLE.quote(quote_span(index, hits))


FAR = -2 * NEIGHBOUR_DISTANCE
NEAR = -NEIGHBOUR_DISTANCE / 2


def test_the_best_sentence_is_quoted_alone_where_its_neighbours_are_far_off() -> None:
    assert quoted({0: 0, 1: FAR, 2: FAR, 3: FAR, 4: FAR, 5: FAR}) == "Bees dance in the dark."


def test_a_sentence_that_leans_on_the_one_before_is_quoted_with_it() -> None:
    assert quoted({0: FAR, 1: 0, 2: NEAR, 3: FAR, 4: FAR, 5: FAR}) == (
        "Bees dance in the dark. Their dance shows the sun."
    )
    assert EAGER.ask("Which dance shows the sun?").text == "Bees dance in the dark. Their dance shows the sun."


def test_a_neighbour_that_scores_nearly_as_well_is_quoted_too() -> None:
    assert quoted({0: FAR, 1: FAR, 2: FAR, 3: 0, 4: NEAR, 5: FAR}) == (
        "Wasps build nests from paper. Paper is made of wood."
    )
    assert quoted({0: FAR, 1: NEAR, 2: 0, 3: FAR, 4: FAR, 5: FAR}) == "Their dance shows the sun. Nobody sees it."


def test_a_neighbour_in_another_passage_is_not_quoted() -> None:
    assert quoted({2: FAR, 3: NEAR, 4: NEAR, 5: 0}) == "It is grey."


def test_a_neighbour_that_is_no_hit_is_not_quoted() -> None:
    assert quoted({1: 0, 5: NEAR}) == "Their dance shows the sun."
