"""What monitors ask for, what a caller sees while the engine loads or is busy, and the API's own description."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from calling import HeldEncoder, assert_headers, metrics, running
from fastapi.testclient import TestClient
from waiting import PATIENCE, until

from qa import Engine, ReadError


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
