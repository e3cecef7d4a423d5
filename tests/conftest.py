"""What all tests share: the real engine, made once, and a toy encoder for exact values."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from toy import ToyEncoder

from qa import Engine, Settings, corpus_path
from qa.encoder import Encoder, load_encoder
from qa.settings import CACHE_VARIABLE

if TYPE_CHECKING:
    from diary import Diary
    from fastapi.testclient import TestClient
    from playwright.sync_api import Browser, BrowserContext, Page
    from tiny import Tiny


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests' indexes apart from the user's; exported encoders, which take long to make, are shared."""
    encoders = Settings().cache_path / "encoders"
    encoders.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("cache")
    (folder / "encoders").symlink_to(encoders)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="session")
def exact() -> Encoder:
    """Return the default model in float32."""
    return load_encoder(Settings(precision="float32"))


@pytest.fixture(scope="session")
def engine(encoder: Encoder) -> Engine:
    """Return an engine over the bundled article."""
    return Engine.from_path(corpus_path(), encoder=encoder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> "Tiny":
    from tiny import Tiny

    return Tiny.build(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def toy_encoder() -> ToyEncoder:
    return ToyEncoder()


@pytest.fixture(scope="module")
def question(engine: Engine) -> str:
    """Return the first question of the bundled article's FAQ."""
    return engine.articles[0].quote(engine.articles[0].faqs[0].question)


@pytest.fixture(scope="module")
def client(engine: Engine) -> "Iterator[TestClient]":
    """Return a client of the app over the bundled article."""
    from calling import running

    with running(lambda: engine) as (client, _):
        yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a test's log is kept."""
    return tmp_path / "log.sqlite3"


@pytest.fixture
def diary(path: Path) -> "Iterator[Diary]":
    from diary import Diary

    written = Diary(path)
    yield written
    written.log.close()


# A module's own, since the event loop that a browser keeps running would be in the way of other tests'.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    """Serve the page over the bundled article; yields its address."""
    from browser import serving

    from qa.web.service import Service
    from qa.web.visitors import Visitors

    with serving(Service(lambda: engine), visitors=Visitors()) as address:
        yield address


@pytest.fixture(scope="module")
def desk(browser: "Browser") -> "Iterator[BrowserContext]":
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(desk: "BrowserContext") -> "Iterator[Page]":
    """Return a page on a desk; what no page may do is held against it in the end."""
    from chatting import Watch

    opened = desk.new_page()
    watch = Watch(opened)
    yield opened
    watch.check()
    opened.close()


@pytest.fixture
def phone(browser: "Browser") -> "Iterator[Page]":
    """Return a page on a phone."""
    from browser import PHONE
    from chatting import Watch

    context = browser.new_context(locale="en-US", reduced_motion="reduce", **PHONE)
    opened = context.new_page()
    watch = Watch(opened)
    yield opened
    watch.check()
    context.close()
