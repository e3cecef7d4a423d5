"""A chat is polite, understands what points back, and never lets an old topic into a new question."""

import pytest
from toy import ToyEncoder

from qa import Engine, Settings
from qa.answering import Answer, AnswerKind
from qa.conversation import may_tell, points_back, small_talk, suggest
from qa.encoder import Encoder
from qa.language import analyzer
from qa.readers import parse_article

ENGLISH = analyzer("en")
FOUNDED = "When was DeepSeek founded?"
RESTRICTED = "Why did DeepSeek restrict new registrations?"
COST = "How much did it cost to train R1?"


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("hello", "Hello! Ask me something about “Bees”, and I will quote the sentence that answers it."),
        ("Hi there!", "Hello! Ask me something about “Bees”, and I will quote the sentence that answers it."),
        ("Good morning :)", "Hello! Ask me something about “Bees”, and I will quote the sentence that answers it."),
        ("thanks a lot", "You are welcome. Ask on whenever you like."),
        ("OK, thank you!", "You are welcome. Ask on whenever you like."),
        ("bye", "Goodbye! Come back whenever you have a question about “Bees”."),
        ("Who are you?", "I am a program that looks things up in “Bees”. "),
        ("are you a real person", "I am a program that looks things up in “Bees”. "),
        ("What can you do?", "Ask me anything that “Bees” may say. "),
        ("help", "Ask me anything that “Bees” may say. "),
    ],
)
def test_small_talk_gets_a_short_human_reply(said: str, reply: str) -> None:
    assert small_talk(said, "“Bees”").startswith(reply)


@pytest.mark.parametrize(
    "asked",
    [
        "hello world programs: who wrote the first?",
        "Thanks to whom was it found?",
        "Who are they?",
        "What can bees do?",
        "Are you sure that bees dance?",
        "Is help needed?",
        "Great Britain",
        "",
    ],
)
def test_a_question_is_not_taken_for_small_talk(asked: str) -> None:
    assert small_talk(asked, "“Bees”") == ""


def test_a_subject_with_braces_is_said_as_it_is() -> None:
    assert "“{0} {subject}”" in small_talk("hello", "“{0} {subject}”")


def test_small_talk_is_answered_without_pretending_to_quote(engine: Engine) -> None:
    answer = engine.ask("Hello!")

    assert answer.kind is AnswerKind.NONE
    assert answer.reason == "small talk"
    assert answer.text.startswith(f"Hello! Ask me something about “{engine.articles[0].title}”")
    assert (answer.citations, answer.closest, answer.passages, answer.faqs) == ((), None, (), ())
    assert len(answer.suggestions) == 3


def test_several_articles_are_spoken_of_together() -> None:
    articles = [parse_article("a.txt", "Bees dance."), parse_article("b.txt", "Moths fly.")]

    assert "about these articles" in Engine.from_articles(articles, Settings(), ToyEncoder()).ask("hi").text


@pytest.mark.parametrize(
    "question", ["And why?", "When did that happen?", "What about its rivals?", "Who said so?", "Are there more?"]
)
def test_a_question_that_surely_points_back_needs_the_one_before_even_if_it_finds_an_answer(question: str) -> None:
    assert points_back(question, ENGLISH, answered=True)


@pytest.mark.parametrize(
    "question", ["Why?", "how much", "In which country?", "What is such a big deal?", "Who founded the company?"]
)
def test_a_question_that_may_point_back_needs_the_one_before_only_if_it_finds_no_answer(question: str) -> None:
    assert points_back(question, ENGLISH, answered=False)
    assert not points_back(question, ENGLISH, answered=True)


@pytest.mark.parametrize(
    "question",
    [
        "How many customers signed up for the new service in January?",
        "Why did DeepSeek restrict new registrations?",
        "What did the Jefferies analysts estimate that training costs?",
    ],
)
def test_a_question_that_stands_on_its_own_does_not_point_back(question: str) -> None:
    assert not points_back(question, ENGLISH, answered=False)


@pytest.mark.parametrize(
    ("before", "question", "fact"),
    [
        (RESTRICTED, "When did that happen?", "27 January 2025"),
        (FOUNDED, "And with what goal?", "artificial general intelligence"),
        (COST, "Who said so?", "Jefferies"),
        ("What is R1, the model from DeepSeek?", "How much did it cost?", "US$5.6 million"),
    ],
)
def test_a_follow_up_is_understood_with_the_question_before(
    engine: Engine, before: str, question: str, fact: str
) -> None:
    answer = engine.ask(question, [before])

    assert fact in answer.text
    assert answer.question == question
    assert answer.understood_as == f"{before} {question}"


MILL = """The old mill was built in 1817 and ground corn until the war. It was reopened in April 1991 as a museum, and
62 guides work there today. Visitors stay for about three hours.

The first guide was Hanna Berg, a teacher from the village. The garden behind the mill covers 900 square metres."""


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("When was it reopened?", "April 1991"),
        ("How many guides work there?", "62 guides"),
        ("And how long do visitors stay there?", "three hours"),
        ("And how large is its garden?", "900 square metres"),
        ("And who was its first guide?", "Hanna Berg"),
    ],
)
def test_a_fact_of_the_kind_just_given_is_not_repeated_where_another_sentence_tells_the_one_asked_for(
    encoder: Encoder, question: str, fact: str
) -> None:
    mill = Engine.from_articles([parse_article("mill.txt", MILL)], Settings(), encoder)
    before = mill.ask("When was the old mill built?")

    assert "1817" in before.text
    assert fact in mill.ask(question, [before.question]).text


@pytest.mark.parametrize("question", ["And when exactly?", "In which year was that?", "Since when does it stand?"])
def test_what_was_just_said_is_given_again_where_nothing_else_tells_it_better(encoder: Encoder, question: str) -> None:
    mill = Engine.from_articles([parse_article("mill.txt", MILL)], Settings(), encoder)

    assert "1817" in mill.ask(question, ["What is known about the old mill?", "When was the old mill built?"]).text


@pytest.mark.parametrize(
    ("said", "question", "told"),
    [
        ("The garden was opened on 12 June 2002.", "How large is it?", False),
        ("The uprising began in 1944.", "And how long?", False),
        ("The garden covers 1500 square metres in 2002.", "How large is it?", True),
        ("The siege went on until 1658.", "And how long?", True),
        ("The garden was opened on 12 June 2002.", "And when?", True),
    ],
)
def test_a_date_tells_when_but_neither_how_much_nor_how_long(said: str, question: str, told: bool) -> None:
    assert may_tell(question, Answer("What is known?", AnswerKind.PASSAGE, said, 1), "“Places”") == told


def test_a_follow_up_reaches_over_small_talk(engine: Engine) -> None:
    question = "When did that happen?"

    assert engine.ask(question, ["hello", RESTRICTED, "thanks!"]) == engine.ask(question, [RESTRICTED])


def test_after_nothing_but_small_talk_a_question_is_taken_as_it_is(engine: Engine) -> None:
    assert engine.ask("And why?", ["hello", "thanks"]) == engine.ask("And why?")


@pytest.mark.parametrize("history", [[FOUNDED], [RESTRICTED, "When did that happen?"], [COST, "Who said so?", FOUNDED]])
@pytest.mark.parametrize(
    "question",
    [
        "What did analysts at Jefferies estimate about the training?",
        "What does artificial general intelligence (AGI) mean?",
        "Which free app was overtaken on Apple's App Store in the United States?",
        "What is the capital city of France called?",
        "what is agi",
        "R1 explained",
        "Why did DeepSeek restrict new registrations?",
        "What makes R1 so special?",
    ],
)
def test_a_fresh_question_in_mid_conversation_gets_the_very_answer_that_it_gets_alone(
    engine: Engine, history: list[str], question: str
) -> None:
    assert engine.ask(question, history) == engine.ask(question)


@pytest.mark.parametrize("turn", ["", "x" * 501, "a\0b", "🐝"])
def test_a_turn_that_was_no_question_does_not_stop_the_next(engine: Engine, turn: str) -> None:
    assert engine.ask("And why?", [turn]) == engine.ask("And why?")


def test_no_question_is_suggested_that_was_asked_or_answered(engine: Engine) -> None:
    entries = {engine.articles[0].quote(faq.question) for faq in engine.articles[0].faqs}
    asked: list[str] = []
    question = FOUNDED
    while question:
        answer = engine.ask(question)
        suggested = suggest(engine, answer, asked)
        asked.append(question)
        assert len(suggested) == len(set(suggested)) <= 3
        assert set(suggested) <= entries - set(asked)
        question = next(iter(suggested), "")

    assert set(asked) == entries | {FOUNDED}


def test_the_suggestions_begin_with_the_entries_nearest_to_the_question(engine: Engine) -> None:
    answer = engine.ask("Is it risky that the code of R1 is open to everyone?")
    entry, *_ = (match.question for match in answer.faqs if match.answer != answer.text)

    assert suggest(engine, answer, [])[0] == entry


def test_a_question_counts_as_asked_however_it_was_typed(engine: Engine) -> None:
    answer = engine.ask(FOUNDED)
    first = suggest(engine, answer, [])[0]

    assert first not in suggest(engine, answer, [f" {first.upper().rstrip('?')} "])


def test_an_article_without_a_faq_suggests_nothing() -> None:
    engine = Engine.from_articles([parse_article("a.txt", "Bees dance.")], Settings(threshold=0), ToyEncoder())

    assert suggest(engine, engine.ask("Who dances?"), []) == ()
