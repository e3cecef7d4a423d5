"""Headers, limits and passwords around page and API."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest
from calling import assert_headers, basic, running
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from qa import Engine, Settings, SettingsError
from qa.web.security import BodyLimit, Meter
from qa.web.server import build_app
from qa.web.service import Service

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


def send_chunks(
    limit: int, chunks: Sequence[bytes], declared: int | None = None, *, chunked: bool = False
) -> tuple[int, int, bytes]:
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

    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    headers += [(b"transfer-encoding", b"chunked")] if chunked or declared is None else []
    scope = {"type": "http", "method": "POST", "path": "/api/ask", "headers": headers}
    asyncio.run(BodyLimit(app, {"api": limit})(scope, receive, send))
    return status, read, arrived


def test_a_body_that_grows_too_long_is_not_read_to_its_end() -> None:
    assert send_chunks(10, [b"12345"] * 1000) == (413, 3, b"")
    assert send_chunks(10, [b"12345"] * 1000, declared=5, chunked=True) == (413, 3, b"")


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
