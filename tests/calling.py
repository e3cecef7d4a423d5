"""The app as a program calls it: in this process, without a network."""

import base64
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from waiting import PATIENCE

from benchmarks.wrapped import WrappedEncoder
from qa import Engine
from qa.encoder import Encoder, Encoding, Role
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


class HeldEncoder(WrappedEncoder):
    """Encodes questions once its gate is open, or fails on purpose."""

    def __init__(self, encoder: Encoder, failure: Exception | None = None) -> None:
        super().__init__(encoder)
        self._failure = failure
        self.gate = threading.Event()

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode, when allowed to."""
        if self._failure is not None:
            raise self._failure
        assert self.gate.wait(PATIENCE)
        return super().encode(texts, role)


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
