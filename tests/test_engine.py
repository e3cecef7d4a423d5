"""The whole way from a question to an answer, over the bundled article with the real model."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from reading import check_quotes
from toy import ToyEncoder

from qa import Engine, QuestionError, ReadError, Settings, SettingsError, corpus_path
from qa.answering import Answer, AnswerKind, Citation, FaqMatch, PassageMatch
from qa.readers import parse_article, read_articles

ARTICLE = read_articles(corpus_path())[0]
ENTRIES = [(ARTICLE.quote(faq.question), ARTICLE.quote(faq.answer)) for faq in ARTICLE.faqs]
LABELS = [json.loads(line) for line in (corpus_path() / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_bundled_article_has_ten_entries_of_its_faq() -> None:
    assert len(ENTRIES) == 10


@pytest.mark.parametrize(("question", "reply"), ENTRIES)
def test_a_question_of_the_faq_typed_word_for_word_gets_its_entry(engine: Engine, question: str, reply: str) -> None:
    for typed in (question, question.lower().rstrip("?"), f"  {question.upper()} "):
        answer = engine.ask(typed)

        assert (answer.kind, answer.text, answer.confidence) == (AnswerKind.FAQ, reply, 1)


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("When was DeepSeek founded?", "2023"),
        ("How much did training R1 cost?", "US$5.6 million"),
        ("which app did deepseek overtake in the app store", "ChatGPT"),
        ("Who estimated the cost of training?", "Jefferies"),
        ("What does the United States export less of to China?", "chips"),
    ],
)
def test_a_fact_of_the_article_is_answered_with_the_sentence_that_tells_it(
    engine: Engine, question: str, fact: str
) -> None:
    answer = engine.ask(question)

    assert answer.kind is AnswerKind.PASSAGE
    assert fact in answer.text
    assert answer.confidence >= engine.threshold


@pytest.mark.parametrize(
    "question", ["What is the capital of France?", "how do i bake bread", "Who won the football world cup in 2022?"]
)
def test_a_question_about_something_else_is_not_answered(engine: Engine, question: str) -> None:
    answer = engine.ask(question)

    assert answer.kind is AnswerKind.NONE
    assert answer.text == "The article doesn't say."
    assert answer.confidence < engine.threshold
    assert answer.reason.endswith(
        f"has confidence {answer.confidence:.2f}, below the threshold of {engine.threshold:.2f}"
    )
    assert answer.closest is not None
    assert answer.closest.quote in ARTICLE.text
    assert len(answer.suggestions) == 3
    assert set(answer.suggestions) <= {question for question, _ in ENTRIES}


def test_every_quote_of_every_labelled_question_is_a_slice_of_the_article(engine: Engine) -> None:
    refused = set()
    for label in LABELS:
        try:
            answer = engine.ask(label["question"], label.get("history", ()))
        except QuestionError:
            refused.add(label["category"])
        else:
            check_quotes(answer, engine.articles)
    assert refused <= {"hostile"}


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "the question is empty; type one, such as: what is this article about?"),
        (" \n\t\u3000", "the question is empty; type one, such as: what is this article about?"),
        ("why " * 200, "the question has 799 characters; the limit is 500: shorten it"),
        ("What\0is R1?", "the question is not text: U+0000 at character 5; type it in plain words"),
        ("What is R1?\x7f", "the question is not text: U+007F at character 12; type it in plain words"),
        ("\ud83d what is R1?", "the question is not text: U+D83D at character 1; type it in plain words"),
        ("👩‍👩‍👧 🐝?!", "the question holds no word; type one, such as: what is this article about?"),
    ],
)
def test_what_is_no_question_is_refused_with_a_remedy(engine: Engine, question: str, message: str) -> None:
    with pytest.raises(QuestionError) as caught:
        engine.ask(question)

    assert str(caught.value) == message


def test_the_longest_question_that_is_allowed_is_answered(engine: Engine) -> None:
    question = "When was DeepSeek founded? " + "x" * 473

    assert len(question) == 500
    assert engine.ask(question).question == question


def test_white_space_within_a_question_does_not_matter(engine: Engine) -> None:
    assert engine.ask("When\twas \n DeepSeek  founded?") == engine.ask("When was DeepSeek founded?")


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Quand la société a-t-elle été fondée et par qui ?", "French"),
        ("Wann wurde die Firma gegründet und von wem?", "German"),
        ("DeepSeek 是什么时候成立的？", "Chinese"),
    ],
)
def test_a_question_in_another_language_is_not_guessed_at(engine: Engine, question: str, language: str) -> None:
    answer = engine.ask(question)

    assert answer.kind is AnswerKind.NONE
    assert answer.reason == f"the question seems to be in {language}, but the article is in English"
    assert len(answer.suggestions) == 3


def test_a_question_may_be_in_the_language_of_any_article_that_is_asked() -> None:
    texts = {
        "a.txt": "Die Fähre wurde im Jahr 1874 gebaut und fährt noch.",
        "b.txt": "The lighthouse was lit in 1902, and it is still there.",
        "c.txt": "Der Damm ist nicht hoch und wurde von den Bauern gebaut.",
    }
    engine = Engine.from_articles([parse_article(*text) for text in texts.items()], encoder=ToyEncoder())
    question, foreign = "When was the lighthouse lit, and is it still there?", "Quand le phare a-t-il été construit ?"

    assert "seems to be in" not in engine.ask(question).reason
    assert "seems to be in" not in engine.ask(question, article="b.txt").reason
    alone = engine.ask(question, article="c.txt").reason
    assert alone == "the question seems to be in English, but the article is in German"
    among = engine.ask(foreign).reason
    assert among == "the question seems to be in French, but the articles are in German and English"


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("When was Deepsek foundd?", "When was deepseek founded?"),
        ("why did deepseek restirct registratons", "why did deepseek restrict registrations"),
        ("cyberatack", "cyberattack"),
    ],
)
def test_a_mistyped_question_is_mended_and_the_answer_says_so(engine: Engine, typed: str, understood: str) -> None:
    answer = engine.ask(typed)

    assert (answer.question, answer.understood_as) == (typed, understood)
    assert answer.text == engine.ask(understood).text != "The article doesn't say."


def test_a_question_without_mistakes_is_understood_as_it_is(engine: Engine) -> None:
    assert engine.ask("When was DeepSeek founded?").understood_as == ""


def test_threads_get_the_answers_that_one_alone_gets(engine: Engine) -> None:
    questions = [label["question"] for label in LABELS[:40]]
    alone = [engine.ask(question).text for question in questions]

    with ThreadPoolExecutor(4) as pool:
        assert [answer.text for answer in pool.map(engine.ask, questions)] == alone


def test_the_threshold_is_the_settings_or_else_the_calibrations() -> None:
    articles = [parse_article("a.txt", "Bees dance.")]

    assert Engine.from_articles(articles, Settings(threshold=0.75), ToyEncoder()).threshold == 0.75
    fitted = Engine.from_articles(articles, encoder=ToyEncoder())
    assert fitted.threshold == fitted.calibration.threshold


def test_a_missing_calibration_is_named_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=rf"cannot read calibration {tmp_path}/no\.json: .*; make one with: qa eval"
    ):
        Engine.from_articles([], Settings(calibration=str(tmp_path / "no.json")), ToyEncoder())


def test_a_folder_is_one_engine_and_its_citations_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "bees.md").write_text("# Bees\n\nBees dance in the dark.\n", encoding="utf-8")
    (tmp_path / "wasps.md").write_text("# Wasps\n\nWasps build nests from paper.\n", encoding="utf-8")
    counts: list[int] = []

    engine = Engine.from_path(tmp_path, Settings(threshold=0), ToyEncoder(), lambda done, _: counts.append(done))

    assert [article.name for article in engine.articles] == ["bees.md", "wasps.md"]
    assert engine.ask("Who builds nests?").citations[0].article == "wasps.md"
    assert counts[-1] == 2


def test_a_path_without_an_article_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="holds no article"):
        Engine.from_path(tmp_path, encoder=ToyEncoder())


def test_one_passage_and_one_sentence_are_enough_to_answer() -> None:
    engine = Engine.from_articles([parse_article("a.txt", "Moths fly.")], Settings(threshold=0), ToyEncoder())

    assert engine.ask("Who flies?").text == "Moths fly."


TWINS = [
    parse_article(
        "a.md", "# Bees\n\nBees dance in the dark. Their hive is warm.\n\n## FAQ\n\n### Why sing?\n\nFor joy.\n"
    ),
    parse_article(
        "b.md", "# Ants\n\nAnts walk in line. Bees dance in  the dark.\n\n## FAQ\n\n### Why sing?\n\nFor joy.\n"
    ),
    parse_article("c.md", "# Moths\n\nMoths fly at night.\n"),
]


def named(answer: Answer) -> set[str]:
    """Return the articles that an answer speaks of."""
    places: list[Citation | PassageMatch | FaqMatch] = [*answer.passages, *answer.faqs, *answer.citations]
    return {place.article for place in places}


def twins() -> Engine:
    return Engine.from_articles(TWINS, Settings(threshold=0), ToyEncoder())


def test_one_article_can_be_asked_alone() -> None:
    engine = twins()

    for article in TWINS:
        answer = engine.ask("Why do bees dance in the dark?", article=article.name)
        assert named(answer) == {article.name}
    assert "“Moths”" in engine.ask("hello", article="c.md").text
    assert engine.ask("hello", article="c.md").suggestions == ()
    assert "these articles" in engine.ask("hello").text


def test_an_article_asked_alone_abstains_in_the_singular() -> None:
    engine = Engine.from_articles(TWINS, Settings(threshold=1), ToyEncoder())

    assert engine.ask("Do moths fly at noon?", article="c.md").text == "The article doesn't say."
    assert engine.ask("Do moths fly at noon?").text == "The articles don't say."


def test_a_follow_up_stays_with_the_article_that_is_asked_alone() -> None:
    answer = twins().ask("And what else?", ["Who walks in line?", "Who dances in the dark?"], "b.md")

    assert named(answer) == {"b.md"}


def test_an_article_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(QuestionError, match=r"there is no article 'd\.md'; there are a\.md, b\.md, c\.md"):
        twins().ask("Who dances?", article="d.md")


def test_the_same_sentence_in_two_articles_is_cited_in_both() -> None:
    answer = twins().ask("Who dances in the dark?")

    assert answer.kind is AnswerKind.PASSAGE
    assert [(cited.number, cited.article, " ".join(cited.quote.split())) for cited in answer.citations] == [
        (1, answer.citations[0].article, "Bees dance in the dark."),
        (2, answer.citations[1].article, "Bees dance in the dark."),
    ]
    assert {cited.article for cited in answer.citations} == {"a.md", "b.md"}
    check_quotes(answer, tuple(TWINS))


def test_the_same_entry_in_two_articles_is_cited_in_both() -> None:
    engine = twins()

    answer = engine.ask("Why sing so?")
    assert [(cited.article, cited.quote) for cited in answer.citations] == [("a.md", "For joy."), ("b.md", "For joy.")]
    assert [cited.article for cited in engine.ask("Why sing so?", article="b.md").citations] == ["b.md"]


def test_a_copy_of_the_article_does_not_make_its_answers_less_sure(engine: Engine) -> None:
    copies = [replace(ARTICLE, name=name) for name in ("a.md", "b.md")]
    doubled = Engine.from_articles(copies, engine.settings, engine.encoder)

    for question in ("How much did training R1 cost?", "When was DeepSeek founded?", "Is R1 open source?"):
        one, two = engine.ask(question), doubled.ask(question)
        assert two.text == one.text
        assert [cited.article for cited in two.citations] == ["a.md", "b.md"]
        assert abs(two.confidence - one.confidence) < 0.05
