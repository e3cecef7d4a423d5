"""The HTTP API, and the headers and limits around page and API."""

import asyncio
import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from attacks import ATTACKS
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from waiting import PATIENCE, until

from qa import Engine, ReadError, Settings, SettingsError, Span
from qa.article import Article, Faq, Passage, Section
from qa.encoder import Encoder, Encoding, Role
from qa.readers import parse_article
from qa.web.security import BodyLimit, Meter
from qa.web.server import build_app
from qa.web.service import Service

NO_LIMIT = "1000000/minute"
CLIENT = ("192.0.2.1", 50000)
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; "
    "object-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
}


class HeldEncoder:
    """Encodes questions once its gate is open, or fails on purpose."""

    def __init__(self, encoder: Encoder, failure: Exception | None = None) -> None:
        self._encoder = encoder
        self._failure = failure
        self.gate = threading.Event()
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode, when allowed to."""
        if self._failure is not None:
            raise self._failure
        assert self.gate.wait(PATIENCE)
        return self._encoder.encode(texts, role)

    def spans(self, text: str) -> NDArray[Any]:
        """Return the encoder's own."""
        return self._encoder.spans(text)


@contextlib.contextmanager
def running(
    load: Callable[[], Engine], *, wait: bool = True, workers: int = 8, max_waiting: int = 64, **options: Any
) -> Iterator[tuple[TestClient, Service]]:
    """Run the app with an engine, and wait until it is loaded."""
    service = Service(load, workers=workers, max_waiting=max_waiting)
    app = build_app(service, **{"rate": NO_LIMIT, **options})
    with TestClient(app, base_url="http://127.0.0.1", client=CLIENT) as client:
        if wait:
            service.wait(PATIENCE)
        yield client, service


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[TestClient]:
    with running(lambda: engine) as (client, _):
        yield client


@pytest.fixture(scope="module")
def question(engine: Engine) -> str:
    article = engine.articles[0]
    return article.quote(article.faqs[0].question)


def metrics(client: TestClient) -> dict[str, float]:
    """Return the counters by name, and the questions' by kind."""
    response = client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample.labels.get("kind", sample.name): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def assert_headers(headers: Any, expected: dict[str, str] = HEADERS) -> None:
    assert {name: headers.get(name) for name in expected} == expected
    assert "server" not in headers


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


def test_one_of_several_articles_cannot_be_asked_alone(two_articles: tuple[TestClient, Engine]) -> None:
    client, _ = two_articles
    known = client.post("/api/ask", json={"question": "What colour is the sky?", "article": "plain.txt"})
    assert known.status_code == 422
    assert known.json() == {"error": "Questions go to all 2 articles at once; leave 'article' out."}
    unknown = client.post("/api/ask", json={"question": "What colour is the sky?", "article": "none.md"})
    assert unknown.status_code == 404
    assert unknown.json() == {"error": "There is no article of this name; /api/article lists all 2."}


# State, metrics, description


def test_page_and_health_are_there_before_the_engine_is(engine: Engine, question: str) -> None:
    release = threading.Event()

    def load() -> Engine:
        assert release.wait(PATIENCE)
        return engine

    with running(load, wait=False) as (client, service):
        health = client.get("/healthz")
        assert (health.status_code, health.json()) == (503, {"status": "loading"})
        assert client.get("/").status_code == 200
        refused = client.post("/api/ask", json={"question": question})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json() == {"error": service.message}
        assert client.get("/api/article").status_code == 503
        assert metrics(client)["qa_ready"] == 0.0
        release.set()
        assert service.wait(PATIENCE)
        health = client.get("/healthz")
        assert (health.status_code, health.json()) == (200, {"status": "ready"})
        assert client.head("/healthz").status_code == 200
        assert client.post("/api/ask", json={"question": question}).status_code == 200
        assert metrics(client)["qa_ready"] == 1.0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ReadError("a.md is empty; give a longer file"), "a.md is empty; give a longer file"),
        (RuntimeError("secret"), "The article could not be prepared; the server's log tells why."),
    ],
)
def test_a_failed_start_is_told_without_internals(error: Exception, sentence: str) -> None:
    def load() -> Engine:
        raise error

    with running(load) as (client, service):
        assert service.state == "failed"
        health = client.get("/healthz")
        assert (health.status_code, health.json()) == (503, {"status": "failed"})
        refused = client.post("/api/ask", json={"question": "Why?"})
        assert (refused.status_code, refused.json()) == (503, {"error": sentence})


def test_questions_are_counted_by_kind(engine: Engine, question: str) -> None:
    with running(lambda: engine) as (client, _):
        for text in (question, question, "How tall is the Eiffel Tower in Paris?", ""):
            client.post("/api/ask", json={"question": text})
        counted = metrics(client)
        assert counted.pop("qa_answer_seconds_sum") > 0
        assert counted == {
            "faq": 2.0,
            "passage": 0.0,
            "none": 1.0,
            "refused": 1.0,
            "busy": 0.0,
            "failed": 0.0,
            "qa_answer_seconds_count": 3.0,
            "qa_questions_waiting": 0.0,
            "qa_ready": 1.0,
        }


def test_too_many_waiting_questions_are_refused_and_the_others_answered(engine: Engine, question: str) -> None:
    held = HeldEncoder(engine.encoder)
    slow = Engine(engine.index, held, engine.settings)
    body = {"question": question}
    with running(lambda: slow, workers=1, max_waiting=2) as (client, service), ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(client.post, "/api/ask", json=body) for _ in range(3)]
        until(lambda: service.waiting == 2)
        assert metrics(client)["qa_questions_waiting"] == 2.0
        refused = client.post("/api/ask", json=body)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json() == {"error": "2 questions are waiting already; ask again in a moment."}
        assert_headers(refused.headers)
        assert client.get("/healthz").status_code == 200  # the event loop is free
        held.gate.set()
        assert [future.result(PATIENCE).status_code for future in asked] == [200, 200, 200]
        counted = metrics(client)
        assert (counted["faq"], counted["busy"], counted["qa_questions_waiting"]) == (3.0, 1.0, 0.0)
        assert client.post("/api/ask", json=body).status_code == 200


def test_an_unexpected_error_is_logged_and_not_shown(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    broken = Engine(engine.index, HeldEncoder(engine.encoder, RuntimeError("secret")), engine.settings)
    with running(lambda: broken) as (client, _):
        response = client.post("/api/ask", json={"question": "Why did it happen in that year?"})
        assert response.status_code == 500
        assert response.json() == {"error": "Something went wrong here; the server's log tells more."}
        assert_headers(response.headers)
        assert "RuntimeError: secret" in caplog.text
        assert metrics(client)["failed"] == 1.0


def test_the_api_is_described_and_no_page_loads_scripts_from_elsewhere(client: TestClient) -> None:
    description = client.get("/api/openapi.json").json()
    assert sorted(description["paths"]) == ["/api/article", "/api/ask", "/api/faq", "/healthz", "/metrics"]
    assert sorted(description["paths"]["/api/ask"]["post"]["responses"]) == ["200", "404", "413", "422", "429", "503"]
    assert "understood_as" in description["components"]["schemas"]["Answer"]["properties"]
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]


# Headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/config", 200),
        ("GET", "/theme.css", 200),
        ("GET", "/favicon.ico", 200),
        ("GET", "/gradio_api/info", 200),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/api/faq", 200),
        ("GET", "/api/ask", 405),
        ("GET", "/api/none", 404),
        ("POST", "/api/ask", 422),
        ("GET", "/static/none", 404),
        ("GET", "/assets/../../../pyproject.toml", 404),
        ("POST", "/gradio_api/queue/join", 422),
        ("OPTIONS", "/api/ask", 405),
    ],
)
def test_every_response_carries_the_headers(client: TestClient, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert_headers(response.headers)


def test_static_files_of_the_page_carry_the_headers(client: TestClient) -> None:
    script = client.get("/").text.split('src="./assets/')[1].split('"')[0]
    response = client.get(f"/assets/{script}")
    assert response.status_code == 200
    assert_headers(response.headers)


def test_only_named_origins_may_show_the_page_in_a_frame(engine: Engine) -> None:
    settings = Settings(embed_origins=("https://example.org", "https://news.example.org:8443"))
    with running(lambda: engine, settings=settings) as (client, _):
        headers = client.get("/").headers
    assert headers["content-security-policy"].endswith(
        "; frame-ancestors 'self' https://example.org https://news.example.org:8443"
    )
    assert "x-frame-options" not in headers


def test_no_other_sites_script_may_read_anything(client: TestClient) -> None:
    foreign = {"Origin": "https://example.org", "Host": "ask.example.com"}
    for path in ("/", "/config", "/api/faq", "/gradio_api/info"):
        response = client.get(path, headers=foreign)
        assert response.status_code == 200
        assert "access-control-allow-origin" not in response.headers
    preflight = client.options("/gradio_api/queue/join", headers={**foreign, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    assert_headers(preflight.headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=https://example.org/"),
        ("GET", "/gradio_api/file=HTTP://example.org/"),
        ("GET", "/gradio_api/file/https://example.org/"),
        ("GET", "/gradio_api/proxy=https://example.hf.space/"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/run/ask"),
        ("GET", "/gradio_api/vibe-code"),
        ("GET", "/gradio_api/deep_link"),
        ("GET", "/monitoring"),
        ("GET", "/login"),
        ("GET", "/.env"),
    ],
)
def test_what_nobody_needs_is_closed(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.json()) == (404, {"error": "There is nothing at this address."})


def test_files_of_the_server_cannot_be_fetched(client: TestClient) -> None:
    for path in (__file__, "pyproject.toml", "/etc/hostname"):
        assert client.get(f"/gradio_api/file={path}").status_code == 403


# Body limit


def test_a_body_beyond_the_limit_is_refused_with_a_sentence(client: TestClient) -> None:
    fits = json.dumps({"question": "Why?", "history": ["x" * 65_000]}).ljust(65_536)
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/ask", content=fits, headers=headers).status_code in {200, 413, 422}
    refused = client.post("/api/ask", content=fits + " ", headers=headers)
    assert refused.status_code == 413
    assert refused.json() == {"error": "The request's body is longer than 65,536 bytes; send a shorter one."}
    assert_headers(refused.headers)
    page = client.post("/gradio_api/queue/join", content=b" " * (2 * 1024 * 1024 + 1), headers=headers)
    assert page.status_code == 413


def send_chunks(limit: int, chunks: Sequence[bytes], declared: int | None = None) -> tuple[int, int, bytes]:
    """Send a body in chunks through the limit; return the status, the chunks read, and the body that arrived."""
    read, arrived, status = 0, b"", 0

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        nonlocal arrived
        more = True
        while more:
            message = await receive()
            arrived += message["body"]
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": chunks[read - 1], "more_body": read < len(chunks)}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    length = (b"transfer-encoding", b"chunked") if declared is None else (b"content-length", str(declared).encode())
    scope = {"type": "http", "method": "POST", "path": "/api/ask", "headers": [length]}
    asyncio.run(BodyLimit(app, api=limit)(scope, receive, send))
    return status, read, arrived


def test_a_body_that_grows_too_long_is_not_read_to_its_end() -> None:
    assert send_chunks(10, [b"12345"] * 1000) == (413, 3, b"")


def test_a_body_declared_too_long_is_not_read_at_all() -> None:
    assert send_chunks(10, [b"12345"] * 3, declared=15) == (413, 0, b"")


def test_a_body_within_the_limit_arrives_whole() -> None:
    assert send_chunks(10, [b"12345", b"67890"]) == (200, 2, b"1234567890")
    assert send_chunks(10, [b"12345", b"67890"], declared=10) == (200, 2, b"1234567890")


# Rate limit


def test_a_client_that_asks_too_often_is_told_when_to_come_back(engine: Engine) -> None:
    with running(lambda: engine, rate="3/minute") as (client, service):
        assert [client.get("/api/faq").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.post("/api/ask", json={"question": "Why?"})
        wait = int(refused.headers["retry-after"])
        assert refused.status_code == 429
        assert 1 <= wait <= 60
        assert refused.json() == {"error": f"Too many requests: the limit is 3 in 60 s; try again in {wait} s."}
        assert_headers(refused.headers)
        assert client.post("/gradio_api/call/ask", json={"data": ["Why?", []]}).status_code == 429
        assert [client.get(path).status_code for path in ("/", "/healthz", "/metrics")] == [200, 200, 200]
        other = TestClient(client.app, base_url="http://127.0.0.1", client=("192.0.2.2", 50000))
        assert other.get("/api/faq").status_code == 200
        assert service.state == "ready"


def scope_of(address: str) -> Scope:
    return {"type": "http", "client": (address, 1)}


def test_counts_are_kept_for_a_bounded_number_of_clients() -> None:
    meter = Meter("1/minute", max_clients=2)
    hits = [meter.hit(scope_of(f"192.0.2.{number}")) for number in (1, 1, 2, 2, 3, 3, 1)]
    assert hits == [True, False, True, False, True, False, True]  # the first was forgotten when the third came
    assert len(meter) == 2


def test_addresses_of_one_ipv6_network_count_together() -> None:
    meter = Meter("1/minute")
    assert [meter.hit(scope_of(address)) for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [
        True,
        False,
        True,
    ]


# Password, path, protocol


@pytest.fixture(scope="module")
def guarded(engine: Engine) -> Iterator[TestClient]:
    with running(lambda: engine, auth="reader:pässword:1") as (client, _):
        yield client


def test_page_and_api_ask_for_the_password_and_health_does_not(guarded: TestClient) -> None:
    for path in ("/", "/api/faq", "/metrics", "/config", "/gradio_api/info", "/api/openapi.json", "/assets/x"):
        refused = guarded.get(path)
        assert (refused.status_code, refused.json()) == (401, {"error": "A user name and a password are needed."})
        assert refused.headers["www-authenticate"] == 'Basic realm="Ask the Article", charset="UTF-8"'
        assert_headers(refused.headers)
    assert guarded.get("/healthz").status_code == 200
    for path in ("/", "/api/faq", "/metrics", "/config"):
        assert guarded.get(path, headers=basic("reader:pässword:1")).status_code == 200


def test_a_wrong_password_is_refused_and_guessing_is_slowed_down(engine: Engine) -> None:
    wrong = ["reader:", "reader:pässword", "x:pässword:1", ":", ""]
    with running(lambda: engine, auth="reader:pässword:1") as (client, _):
        tries = [*map(basic, wrong), {"Authorization": "Basic ???"}, {"Authorization": "Bearer abc"}]
        assert [client.get("/api/faq", headers=header).status_code for header in tries] == [401] * 7
        assert [client.get("/", headers=basic("reader:no")).status_code for _ in range(14)] == [401] * 13 + [429]
        assert client.get("/", headers=basic("reader:pässword:1")).status_code == 429


@pytest.mark.parametrize("auth", ["", "reader", "reader:", ":secret"])
def test_a_password_without_name_or_the_reverse_is_a_setting_error(engine: Engine, auth: str) -> None:
    with pytest.raises(SettingsError, match="--auth needs a name and a password, like --auth reader:secret"):
        build_app(Service(lambda: engine), auth=auth)


def test_websockets_are_closed(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/"):
        pass
    assert closed.value.code == 1003


@pytest.mark.parametrize("prefix", ["", "/ask/me"])
def test_below_a_proxys_path_it_answers_with_and_without_the_path(engine: Engine, prefix: str) -> None:
    with running(lambda: engine, root_path="ask/me/") as (client, _):
        for path in ("/", "/healthz", "/api/faq", "/config"):
            assert client.get(prefix + path).status_code == 200
        assert client.get(f"{prefix}/gradio_api/upload").status_code == 404
        assert client.get(f"{prefix}/api/openapi.json").json()["servers"] == [{"url": "/ask/me"}]
        assert client.get(f"{prefix}/config").json()["root"] == "http://127.0.0.1/ask/me"


def test_a_malformed_proxy_path_is_a_setting_error(engine: Engine) -> None:
    with pytest.raises(SettingsError, match="--root-path '/a b' must be a path of letters, digits"):
        build_app(Service(lambda: engine), root_path="/a b")
