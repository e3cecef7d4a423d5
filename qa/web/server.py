"""Page and API in one app, and the server that runs it."""

import asyncio
import contextlib
import errno
import logging
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from qa.engine import Engine
from qa.errors import SettingsError
from qa.feedback.log import FeedbackLog
from qa.readers import Source
from qa.settings import Settings
from qa.web import parts, security
from qa.web.api import add_api
from qa.web.insights import add_insights
from qa.web.service import WORKERS, Service
from qa.web.upload import add_upload
from qa.web.visitors import Visitors

BACKLOG = 256  # connections that may wait to be accepted
SWITCH_SECONDS = 0.0005
SHUTDOWN_SECONDS = 1  # open pages hold a stream for as long as they live; there is nothing to wait for


def engine_loader(sources: Sequence[Source], location: str, settings: Settings | None = None) -> Callable[[], Engine]:
    """Return what loads the engine for ``sources`` (see ``Engine.from_sources``), so that no question has to wait."""

    def load() -> Engine:
        engine = Engine.from_sources(sources, location, settings)
        engine.vocabulary.prepare()
        return engine

    return load


def build_app(
    service: Service,
    *,
    settings: Settings | None = None,
    auth: str | None = None,
    root_path: str = "",
    rate: str = security.API_RATE,
    visitors: Visitors | None = None,
) -> FastAPI:
    """Return the app: the page at ``/``, the API beside it; starting it starts the service.

    It has to be called outside of an event loop.

    Args:
        service: answers the questions.
        settings: those of the engine; ``embed_origins`` may show the page in a frame.
        auth: ``user:password`` for everything but ``/healthz``; None leaves all open.
        root_path: where a proxy serves the app, such as ``/ask``.
        rate: how often one client may call the API.
        visitors: keeps the texts that readers bring along; None takes none. It is closed together with the app.

    Raises:
        SettingsError: ``auth`` or ``root_path`` is malformed.
    """
    from qa.web.layout import mount_page

    settings = settings or Settings()
    root_path = _check_root_path(root_path)
    if auth is not None:
        security.check_auth(auth)
    middleware = [
        Middleware(security.Guard, headers=security.security_headers(settings.embed_origins), root_path=root_path),
        # No other site's scripts may read anything; without this, Gradio would let all of them.
        Middleware(CORSMiddleware),
        Middleware(security.Gate, rate=rate, auth=auth),
        Middleware(security.BodyLimit),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        async with contextlib.nullcontext() if visitors is None else visitors.tidied():
            yield
        service.close()

    app = FastAPI(
        title="Ask the Article",
        summary="Ask an article a question; get the very sentence that answers it, or an honest no.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # both load scripts from another host
        redoc_url=None,
        middleware=middleware,
        lifespan=lifespan,
    )
    add_api(app, service)
    privacy_page = parts.privacy_page(None if service.log is None else settings.retention_days, visitors is not None)

    @app.get("/privacy", response_class=HTMLResponse, include_in_schema=False)
    async def privacy() -> str:
        return privacy_page

    add_insights(app, service, auth=auth is not None)
    if visitors is not None:
        add_upload(app, service, visitors)
    asyncio.run(mount_page(app, service, visitors))
    return app


def serve(
    load: Callable[[], Engine],
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    root_path: str = "",
    auth: str | None = None,
    settings: Settings | None = None,
    rate: str = security.API_RATE,
    uploads: bool = True,
    log: FeedbackLog | None = None,
    announce: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve page and API until interrupted; the page is there while ``load`` still runs.

    Args:
        load: makes the engine, see ``engine_loader``.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        root_path: see ``build_app``.
        auth: see ``build_app``.
        settings: see ``build_app``.
        rate: see ``build_app``.
        uploads: whether readers can bring a text of their own.
        log: records what is asked; None records nothing. It is closed at the end.
        announce: called with the page's URL once the server listens.

    Raises:
        SettingsError: host and port cannot be listened on, or an argument is malformed.
    """
    # Python lets a thread compute for so long before another gets its turn; by default, 5 ms, which the thread that
    # reads and writes the connections would wait for several times with each question.
    sys.setswitchinterval(SWITCH_SECONDS)
    with _listen(host, port) as listener:
        service = Service(load, workers=(settings or Settings()).threads or WORKERS, log=log)
        visitors = Visitors() if uploads else None
        app = build_app(service, settings=settings, auth=auth, root_path=root_path, rate=rate, visitors=visitors)
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        url = f"http://{shown}:{listener.getsockname()[1]}{_check_root_path(root_path)}/"
        config = uvicorn.Config(
            app, log_config=None, log_level=logging.getLogger().level, access_log=False, server_header=False, ws="none",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )  # fmt: skip
        with contextlib.suppress(KeyboardInterrupt):  # how Ctrl-C ends a server that has shut down
            _Server(config, lambda: announce(url)).run(sockets=[listener])
        if service.state == "loading":
            # Nothing can stop a model's export half-way, and Python's own shutdown crashes if it still runs.
            sys.stdout.flush()
            os._exit(0)


class _Server(uvicorn.Server):
    """Says when it is up, and ends without complaint about the streams of pages that are still open."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], object]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End quietly: that streams are cut off is no error then."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        SettingsError: it cannot.
    """
    listener = None
    try:
        if not 0 <= port < 2**16:  # which getaddrinfo would wrap round
            raise OverflowError("a port is a number from 0 to 65535")
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, socket.IPPROTO_TCP, socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        # The protocol has to be named for asyncio to set TCP_NODELAY, without which each answer takes 40 ms longer.
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere, this would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        return listener
    except (OSError, OverflowError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        taken = isinstance(error, OverflowError) or getattr(error, "errno", None) in {errno.EADDRINUSE, errno.EACCES}
        remedy = "--port" if taken else "--host"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason}; choose another with {remedy}") from error


def _check_root_path(root_path: str) -> str:
    """Return ``root_path`` with a slash before and none behind; "" for none.

    Raises:
        SettingsError: it is no plain path.
    """
    path = root_path.strip("/")
    if path and not re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*", path, re.ASCII):
        raise SettingsError(f"--root-path {root_path!r} must be a path of letters, digits and -_.~, like /ask")
    return f"/{path}" if path else ""
