"""The way in for a visitor's own text, and the store that keeps it for a while."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from calling import HeldEncoder, assert_headers, running
from fastapi.testclient import TestClient
from toy import ToyEncoder
from waiting import PATIENCE, until

from qa import Engine, ReadError, Settings
from qa.readers import parse_article
from qa.readers.sources import MAX_BYTES
from qa.web.upload import clean_name
from qa.web.visitors import MAX_WAITING, GoneError, Visitors, check_size

NAME = {"X-Name": "bees.md"}
BEES = b"# Bees\n\nBees dance in the dark. Wasps do not.\n"


class Clock:
    """Shows the time that it is set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def toy_engine(encoder: Any = None) -> Engine:
    article = parse_article("a.txt", "Moths fly.")
    return Engine.from_articles([article], Settings(threshold=0), encoder or ToyEncoder())


def add(visitors: Visitors, *texts: str) -> list[str]:
    """Add texts one after the other; return their tokens."""

    async def run() -> list[str]:
        return [await visitors.add(published, f"{text[:4]}.txt", text.encode()) for text in texts]

    published = toy_engine()
    return asyncio.run(run())


@pytest.fixture
def visitors() -> Iterator[Visitors]:
    kept = Visitors()
    yield kept
    kept.close()


@pytest.fixture
def client(visitors: Visitors) -> Iterator[TestClient]:
    with running(toy_engine, visitors=visitors) as (client, _):
        yield client


def test_a_text_is_kept_under_a_token_that_nobody_can_guess(client: TestClient, visitors: Visitors) -> None:
    first, second = (client.post("/upload", content=BEES, headers=NAME).json() for _ in range(2))
    assert first["name"] == "bees.md"
    assert len(first["token"]) == 43  # 256 bits
    assert first["token"] != second["token"]
    assert visitors.get(first["token"]).ask("Who dances?").citations[0].article == "bees.md"
    published = client.post("/api/ask", json={"question": "Who dances in the dark?"}).json()
    assert {match["article"] for match in published["passages"]} == {"a.txt"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "bees.md is empty; give a file with at least one sentence."),
        (b"a\0b", "bees.md is binary"),
        (b"# Only a heading\n", "bees.md has no paragraph to quote"),
    ],
)
def test_what_cannot_be_read_gets_the_readers_sentence(client: TestClient, data: bytes, sentence: str) -> None:
    response = client.post("/upload", content=data, headers=NAME)
    assert response.status_code == 422
    assert response.json()["error"].startswith(sentence)
    assert_headers(response.headers)


def test_only_the_page_itself_can_send_a_text(client: TestClient, visitors: Visitors) -> None:
    for headers in ({}, {**NAME, "Sec-Fetch-Site": "cross-site"}, {**NAME, "Sec-Fetch-Site": "same-site"}):
        refused = client.post("/upload", content=BEES, headers=headers)
        assert (refused.status_code, refused.json()) == (
            403,
            {"error": "A text can be sent from the page itself only."},
        )
    preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    preflight["Access-Control-Request-Headers"] = "x-name"
    assert client.options("/upload", headers=preflight).status_code == 400
    assert client.get("/upload").status_code == 404
    assert len(visitors) == 0


def test_a_text_beyond_the_limit_or_of_unknown_length_is_not_read(client: TestClient) -> None:
    long = client.post("/upload", content=b"", headers={**NAME, "Content-Length": str(MAX_BYTES + 1)})
    assert long.status_code == 413
    chunked = client.post("/upload", content=iter([BEES]), headers=NAME)
    assert (chunked.status_code, chunked.json()) == (411, {"error": "An upload has to say how long it is."})


def test_too_many_texts_of_one_visitor_are_refused(client: TestClient) -> None:
    statuses = [client.post("/upload", content=BEES, headers=NAME).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert client.post("/api/ask", json={"question": "Who flies?"}).status_code == 200


def test_where_texts_of_visitors_are_not_taken_there_is_nothing_to_send_them_to() -> None:
    with running(toy_engine) as (client, _):
        assert client.post("/upload", content=BEES, headers=NAME).status_code in {404, 405}


def test_texts_that_wait_are_bounded_and_questions_go_on_meanwhile(visitors: Visitors) -> None:
    encoder = ToyEncoder()
    published = toy_engine(encoder)
    held = HeldEncoder(encoder)
    lent = Engine(published.index, held, published.settings)
    with running(lambda: published, visitors=visitors) as (client, _), ThreadPoolExecutor(MAX_WAITING) as pool:

        def post() -> str:
            return asyncio.run(visitors.add(lent, "bees.md", BEES))

        waiting = [pool.submit(post) for _ in range(MAX_WAITING)]
        until(lambda: visitors.turns.pending == MAX_WAITING)
        refused = client.post("/upload", content=BEES, headers=NAME)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json() == {"error": "4 texts are being read already; try again in a moment."}
        assert client.post("/api/ask", json={"question": "Who flies?"}).status_code == 200
        held.gate.set()
        assert len({future.result(PATIENCE) for future in waiting}) == MAX_WAITING
        assert visitors.turns.pending == 0


def test_what_nobody_asks_for_an_hour_is_forgotten() -> None:
    clock = Clock()
    visitors = Visitors(clock=clock)
    first, second = add(visitors, "Bees dance.", "Ants walk.")
    clock.now = 3000
    visitors.get(first)
    clock.now = 3601
    assert len(visitors) == 1
    with pytest.raises(GoneError, match="your text has expired here; upload it again, or return"):
        visitors.get(second)
    assert visitors.get(first).ask("Who dances?").text == "Bees dance."
    visitors.forget(first)
    assert len(visitors) == 0
    visitors.close()


def test_the_longest_unused_goes_first_when_there_are_too_many_or_too_long_texts() -> None:
    visitors = Visitors(max_texts=2, max_total=30)
    first, second = add(visitors, "Bees dance.", "Ants walk.")
    visitors.get(first)
    [third] = add(visitors, "Moths fly.")
    assert [gone(visitors, token) for token in (first, second, third)] == [False, True, False]
    [fourth] = add(visitors, "Beetles live under bark.")
    assert [gone(visitors, token) for token in (first, third, fourth)] == [True, True, False]
    visitors.close()


def gone(visitors: Visitors, token: str) -> bool:
    try:
        visitors.get(token)
    except GoneError:
        return True
    return False


def test_a_text_too_long_to_wait_for_is_refused_with_the_limit() -> None:
    short = Visitors(max_chars=10)
    with pytest.raises(ReadError, match=r"Bees\.txt has 11 characters; the limit is 10: give a part of it"):
        add(short, "Bees dance.")
    short.close()
    article = parse_article("a.txt", "Bees dance.\n\nAnts walk.\n\nMoths fly.")
    with pytest.raises(ReadError, match=r"a\.txt has 3 passages; the limit is 2: give a part of it"):
        check_size(article, max_passages=2)
    assert check_size(article, max_passages=3) is article


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bees.md", "bees.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\texts\\bees.pdf", "bees.pdf"),
        ("a\nb\u202ecod.exe\0.md", "a b cod.exe .md"),
        ("", "Your text"),
        ("...", "Your text"),
        ("x" * 200 + ".docx", "x" * 87 + "…" + "xxxxxxx.docx"),
    ],
)
def test_a_files_name_is_cut_to_what_a_line_can_show(name: str, shown: str) -> None:
    assert clean_name(name) == shown
