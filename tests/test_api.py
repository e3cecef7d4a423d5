"""The HTTP API: questions, articles, the FAQ, and what monitors ask for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from attacks import ATTACKS
from calling import assert_headers, running
from fastapi.testclient import TestClient

from qa import Engine, Span
from qa.article import Article, Faq, Passage, Section
from qa.readers import parse_article

# Asking


def test_an_answer_is_the_engines_own_in_json(client: TestClient, engine: Engine, question: str) -> None:
    response = client.post("/api/ask", json={"question": question})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == json.loads(json.dumps(engine.ask(question).to_dict()))
    assert response.json()["kind"] == "faq"


def test_earlier_questions_are_handed_on(client: TestClient, engine: Engine, question: str) -> None:
    response = client.post("/api/ask", json={"question": "and why?", "history": [question]})
    assert response.json() == json.loads(json.dumps(engine.ask("and why?", [question]).to_dict()))


def test_an_abstention_is_an_answer(client: TestClient) -> None:
    response = client.post("/api/ask", json={"question": "How tall is the Eiffel Tower in Paris?"})
    assert (response.status_code, response.json()["kind"]) == (200, "none")
    assert response.json()["text"] == "The article doesn't say."


def test_the_only_article_may_be_named(client: TestClient, engine: Engine, question: str) -> None:
    name = engine.articles[0].name
    assert client.post("/api/ask", json={"question": question, "article": name}).status_code == 200
    refused = client.post("/api/ask", json={"question": question, "article": "<b>other</b>"})
    assert refused.status_code == 404
    assert refused.json() == {"error": f"There is no article of this name; there is {name!r}."}


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"question": ""}, 422, "The question is empty; type one, such as: what is this article about?"),
        ({"question": " \n\t "}, 422, "The question is empty; type one, such as: what is this article about?"),
        ({"question": "x" * 501}, 413, "The question has 501 characters; the limit is 500: shorten it."),
        ({"question": "a\0b"}, 422, "The question is not text: U+0000 at character 2; type it in plain words."),
        ({"question": "a\ud800"}, 422, "The question is not text: U+D800 at character 2; type it in plain words."),
        ({"question": "?!"}, 422, "The question holds no word; type one, such as: what is this article about?"),
        ({}, 422, "'question' is missing; send it along."),
        ({"question": 5}, 422, "'question' should be a valid string."),
        ({"question": None}, 422, "'question' should be a valid string."),
        ({"question": "a", "model": "x"}, 422, "'model' is not a field; there are question, history, article."),
        ({"question": "a", "history": "b"}, 422, "'history' should be a valid list."),
        ({"question": "a", "history": [1]}, 422, "'history.0' should be a valid string."),
        (
            {"question": "a", "history": ["b"] * 21},
            422,
            "'history': List should have at most 20 items after validation, not 21.",
        ),
        ({"question": "a", "article": "n" * 201}, 422, "'article': String should have at most 200 characters."),
        ([], 422, "There is no JSON object; send one, with Content-Type: application/json."),
        ("text", 422, "There is no JSON object; send one, with Content-Type: application/json."),
    ],
)
def test_a_request_that_cannot_be_answered_gets_a_sentence(
    client: TestClient, body: Any, status: int, sentence: str
) -> None:
    response = client.post("/api/ask", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (status, {"error": sentence})


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe\x00", b"[" * 60_000, b'{"question": ' + b"9" * 5000 + b"}"])
def test_a_body_that_is_not_json_gets_a_sentence(client: TestClient, body: bytes) -> None:
    response = client.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert set(response.json()) == {"error"}
    assert "JSON" in response.json()["error"]


def test_json_that_is_not_declared_as_such_is_refused(client: TestClient) -> None:
    response = client.post("/api/ask", content=b'{"question": "a"}', headers={"Content-Type": "text/plain"})
    assert response.status_code == 422
    assert response.json() == {"error": "There is no JSON object; send one, with Content-Type: application/json."}


def test_a_wrong_method_or_address_below_api_gets_a_sentence(client: TestClient) -> None:
    wrong = client.get("/api/ask")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json() == {"error": "/api/ask answers POST only."}
    nowhere = client.post("/api/<script>")
    assert nowhere.status_code == 404
    assert nowhere.json() == {"error": "There is nothing at this address; /api/openapi.json lists what there is."}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_comes_back_as_inert_unchanged_text(client: TestClient, attack: str) -> None:
    response = client.post("/api/ask", json={"question": attack, "history": [attack]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["question"] == " ".join(attack.split())
    assert_headers(response.headers)


def test_an_attack_in_a_query_parameter_is_not_repeated(client: TestClient) -> None:
    for attack in ATTACKS:
        response = client.get("/api/faq", params={"format": attack})
        assert response.status_code == 422
        assert response.json() == {"error": "'format' should be 'json' or 'jsonld'."}


# Article and FAQ


def test_the_article_is_given_with_its_sections(client: TestClient, engine: Engine) -> None:
    article = engine.articles[0]
    given = client.get("/api/article").json()
    assert {key: given[key] for key in ("name", "title", "date", "summary", "text", "sha256")} == {
        "name": article.name,
        "title": article.title,
        "date": article.date,
        "summary": article.summary,
        "text": article.text,
        "sha256": article.sha256,
    }
    assert [(part["title"], part["start"], part["end"]) for part in given["sections"]] == [
        (section.title, section.span.start, section.span.end) for section in article.sections
    ]


def test_each_faq_answer_is_a_slice_of_the_article(client: TestClient, engine: Engine) -> None:
    entries = client.get("/api/faq").json()["faq"]
    article = engine.articles[0]
    assert [entry["question"] for entry in entries] == [article.quote(faq.question) for faq in article.faqs]
    assert all(article.text[entry["start"] : entry["end"]] == entry["answer"] for entry in entries)


def test_the_faq_is_a_schema_org_faq_page(client: TestClient, engine: Engine) -> None:
    response = client.get("/api/faq?format=jsonld")
    assert response.headers["content-type"] == "application/ld+json"
    article = engine.articles[0]
    assert response.json() == {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "name": article.title,
        "inLanguage": "en",
        "mainEntity": [
            {
                "@type": "Question",
                "name": article.quote(faq.question),
                "acceptedAnswer": {"@type": "Answer", "text": article.quote(faq.answer)},
            }
            for faq in article.faqs
        ],
    }


def article_of_attacks() -> Article:
    """Return an article that is nothing but attacks: each one a passage, and a FAQ entry's question and answer."""
    text = "\n\n".join(ATTACKS)
    starts = [sum(len(attack) + 2 for attack in ATTACKS[:number]) for number in range(len(ATTACKS))]
    spans = [Span(start, start + len(attack)) for start, attack in zip(starts, ATTACKS, strict=True)]
    return Article(
        name=ATTACKS[0],
        title=ATTACKS[1],
        text=text,
        sections=(Section(ATTACKS[2], 1, spans[2], Span(0, len(text))),),
        passages=tuple(Passage(span, 0, (span,)) for span in spans),
        faqs=tuple(Faq(span, span, 0) for span in spans),
        summary=ATTACKS[3],
    )


@pytest.fixture(scope="module")
def two_articles(engine: Engine) -> Iterator[tuple[TestClient, Engine]]:
    nasty = article_of_attacks()
    plain = parse_article("plain.txt", "The sky is blue.")
    several = Engine.from_articles([nasty, plain], engine.settings, engine.encoder)
    with running(lambda: several) as (client, _):
        yield client, several


def test_attacks_in_an_article_come_back_as_inert_unchanged_text(two_articles: tuple[TestClient, Engine]) -> None:
    client, engine = two_articles
    response = client.get("/api/article")
    assert response.headers["content-type"] == "application/json"
    nasty, plain = response.json()["articles"]
    assert (nasty["name"], nasty["title"], nasty["sections"][0]["title"], nasty["summary"]) == ATTACKS[:4]
    assert nasty["text"].split("\n\n") == list(ATTACKS)
    assert plain["text"] == engine.articles[1].text


def test_json_ld_can_stand_in_a_script_whatever_the_article_says(two_articles: tuple[TestClient, Engine]) -> None:
    client, _ = two_articles
    response = client.get("/api/faq?format=jsonld")
    assert not set("<>&") & set(response.text)
    assert [entry["acceptedAnswer"]["text"] for entry in response.json()["mainEntity"]] == list(ATTACKS)
    assert "name" not in response.json()


def test_one_of_several_articles_can_be_asked_and_fetched_alone(two_articles: tuple[TestClient, Engine]) -> None:
    client, engine = two_articles
    body = {"question": "What colour is the sky?"}
    plain = client.post("/api/ask", json={**body, "article": "plain.txt"}).json()
    assert plain == json.loads(json.dumps(engine.ask(**body, article="plain.txt").to_dict()))
    assert {match["article"] for match in plain["passages"]} == {"plain.txt"}
    nasty = client.post("/api/ask", json={**body, "article": ATTACKS[0]}).json()
    assert {match["article"] for match in (*nasty["passages"], *nasty["faqs"])} == {ATTACKS[0]}
    assert client.get("/api/article", params={"article": "plain.txt"}).json()["text"] == "The sky is blue."
    assert client.get("/api/faq", params={"article": "plain.txt"}).json() == {"faq": []}
    assert len(client.get("/api/faq", params={"article": ATTACKS[0]}).json()["faq"]) == len(ATTACKS)


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/ask"), ("GET", "/api/faq"), ("GET", "/api/article")])
def test_an_article_that_is_not_there_is_not_found(
    two_articles: tuple[TestClient, Engine], method: str, path: str
) -> None:
    client, _ = two_articles
    body = {"question": "Why?", "article": "none.md"} if method == "POST" else None
    response = client.request(method, path, params={"article": "none.md"}, json=body)
    assert response.status_code == 404
    assert response.json() == {"error": "There is no article of this name; /api/article lists all 2."}
    too_long = client.get("/api/faq", params={"article": "n" * 201})
    assert (too_long.status_code, too_long.json()) == (
        422,
        {"error": "'article': String should have at most 200 characters."},
    )
