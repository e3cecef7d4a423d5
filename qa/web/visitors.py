"""Texts that visitors bring along: indexed one at a time, kept in memory only, each for its visitor alone."""

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from qa.article import Article
from qa.engine import Engine
from qa.errors import AskError, ReadError
from qa.readers import parse_bytes
from qa.web.service import Turns

IDLE_SECONDS = 3600.0  # a text that nobody asked for so long is forgotten
TIDY_SECONDS = 60.0
MAX_TEXTS = 50
MAX_CHARS = 300_000  # of one text; some 150 pages, encoded in about a minute by a busy core
MAX_PASSAGES = 1000
MAX_TOTAL_CHARS = 3_000_000  # of all texts; their token vectors take some 80 bytes a character, 250 MB
MAX_WAITING = 4  # texts that are indexed, one after the other


class GoneError(AskError):
    """A visitor's text is not kept any more, or never was."""


class Visitors:
    """Keeps a bounded number of engines under unguessable tokens; what was used longest ago goes first.

    Args:
        max_texts: how many are kept.
        max_chars: code points that one may have.
        max_total: code points that all kept ones may have together.
        clock: gives seconds.
    """

    def __init__(
        self,
        *,
        max_texts: int = MAX_TEXTS,
        max_chars: int = MAX_CHARS,
        max_total: int = MAX_TOTAL_CHARS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_texts = max_texts
        self._max_chars = max_chars
        self._max_total = max_total
        self._clock = clock
        self._kept: dict[str, tuple[Engine, float]] = {}  # with the time of its last use; the latest comes last
        self._lock = threading.Lock()
        # One thread: reading and encoding a long text must leave a processor to those who ask.
        busy = f"{MAX_WAITING} texts are being read already; try again in a moment"
        self.turns = Turns("own-text", 1, MAX_WAITING, busy)

    def __len__(self) -> int:
        """Return how many texts are kept, once those that nobody asked for too long are dropped."""
        with self._lock:
            self._tidy()
            return len(self._kept)

    async def add(self, published: Engine, name: str, data: bytes) -> str:
        """Read and index a text, and return the token that it can be asked with.

        Args:
            published: lends its encoder and settings.
            name: the file's name, as its visitor calls it.
            data: the file's bytes; they are never written to disk.

        Raises:
            ReadError: it is no readable article, or too long.
            BusyError: too many texts wait to be indexed.
        """
        return await asyncio.wrap_future(self.turns.submit(lambda: self._index(published, name, data)))

    def get(self, token: str) -> Engine:
        """Return the engine of a text, which counts as asking it.

        Raises:
            GoneError: it is not kept any more.
        """
        with self._lock:
            self._tidy()
            if token not in self._kept:
                raise GoneError("your text has expired here; upload it again, or return to the published article")
            engine, _ = self._kept.pop(token)
            self._kept[token] = engine, self._clock()
            return engine

    def forget(self, token: str) -> None:
        """Drop a text; nothing happens if it is gone already."""
        with self._lock:
            self._kept.pop(token, None)

    @asynccontextmanager
    async def tidied(self) -> AsyncIterator[None]:
        """Drop what is idle even if nobody comes by any more; close at the end."""

        async def tidy() -> None:
            while True:
                await asyncio.sleep(TIDY_SECONDS)
                len(self)

        task = asyncio.create_task(tidy())
        yield
        task.cancel()
        self.close()

    def close(self) -> None:
        """Forget all texts, and read no more."""
        self.turns.close()
        with self._lock:
            self._kept.clear()

    def _index(self, published: Engine, name: str, data: bytes) -> str:
        article = check_size(parse_bytes(name, data), self._max_chars)
        engine = Engine.from_articles([article], published.settings, published.encoder)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[token] = engine, self._clock()
            self._tidy()
        return token

    def _tidy(self) -> None:
        """Drop what is idle, and of too many or too long texts the longest unused ones; the lock is held."""
        idle = [token for token, (_, used) in self._kept.items() if used < self._clock() - IDLE_SECONDS]
        for token in idle:
            del self._kept[token]
        chars = sum(len(engine.articles[0].text) for engine, _ in self._kept.values())
        while len(self._kept) > self._max_texts or chars > self._max_total:
            engine, _ = self._kept.pop(next(iter(self._kept)))
            chars -= len(engine.articles[0].text)


def check_size(article: Article, max_chars: int = MAX_CHARS, max_passages: int = MAX_PASSAGES) -> Article:
    """Return the article if it is short enough to be indexed while its visitor waits.

    Raises:
        ReadError: it is longer.
    """
    for count, limit, unit in (
        (len(article.text), max_chars, "characters"),
        (len(article.passages) + len(article.faqs), max_passages, "passages"),
    ):
        if count > limit:
            raise ReadError(f"{article.name} has {count:,} {unit}; the limit is {limit:,}: give a part of it")
    return article
