"""What stands between the network and the app, as plain ASGI middleware that lets streams through."""

import base64
import binascii
import ipaddress
import logging
import math
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.errors import SettingsError
from qa.readers.sources import MAX_BYTES

LOGGER = logging.getLogger(__name__)

API_PREFIXES = ("/api/", "/gradio_api/call/")  # the page itself uses other addresses
UPLOAD_PATH = "/upload"
BODY_BYTES: Mapping[str, int] = {
    "api": 64 * 1024,  # a question of 10,000 code points in JSON escapes still fits
    "page": 2 * 1024 * 1024,  # the browser sends the whole conversation along with a question
    "upload": MAX_BYTES,
}
API_RATE = "120/minute"
UPLOAD_RATE = "10/minute"
FAILED_LOGINS = "20/minute"
MAX_CLIENTS = 2048  # addresses remembered at once: with 120 requests each, about 30 MB

# Gradio's compiled page needs 'unsafe-eval' and inline scripts; what matters is that nothing can
# be loaded from, or sent to, another host.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; object-src 'none'; frame-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
# All that page, API and gradio_client use. Gradio opens more: uploads to its disk, a proxy, a fetcher of other
# hosts' files, recordings, an editor; they answer 404 here.
OPEN_PATHS = re.compile(
    r"/(?:|api/.*|upload|privacy|insights|healthz|metrics|config/?|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon.*"
    r"|(?:static|assets|svelte)/.*"
    r"|gradio_api/(?:info/?|app_id/?|user/?|login_check/?|startup-events|theme\.css|queue/(?:join|data|status)|cancel"
    r"|reset/?|(?:call|heartbeat)/.*|file=(?!https?:).*))",
    re.IGNORECASE | re.DOTALL,
)


def refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error response: one plain sentence as JSON."""
    return JSONResponse({"error": sentence}, status, headers)


def security_headers(embed_origins: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of every response; only ``embed_origins`` may show the page in a frame."""
    headers = {
        "Content-Security-Policy": " ".join([CONTENT_SECURITY_POLICY, *embed_origins]),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if not embed_origins:  # this old header can name no other site, and would overrule the policy's
        headers["X-Frame-Options"] = "SAMEORIGIN"
    return headers


class Guard:
    """The outermost layer: sets headers, hides errors, and settles the path under a proxy.

    Args:
        app: what it wraps.
        headers: put on every response, over whatever is there.
        root_path: where a proxy serves the app (``/ask``), whether or not the proxy strips it.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], root_path: str = "") -> None:
        self.app = app
        self.headers = headers
        self.root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1003})
            return
        if self.root_path:
            inside = f"{scope['path']}/".startswith(f"{self.root_path}/")
            path = scope["path"] if inside else self.root_path + scope["path"]
            scope = {**scope, "root_path": self.root_path, "path": path}
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                del headers["server"]
                headers.update(self.headers)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            LOGGER.exception("%s %s failed", scope["method"], _route(scope))
            if not started:
                response = refusal(500, "Something went wrong here; the server's log tells more.")
                await response(scope, receive, send_with_headers)


class Gate:
    """Lets through what page and API need, from those who know the password, and not too often.

    Args:
        app: what it wraps.
        rate: how often one client may call the API.
        auth: ``user:password`` for everything but ``/healthz`` (HTTP Basic); None asks nobody.
    """

    def __init__(self, app: ASGIApp, rate: str, auth: str | None = None) -> None:
        self.app = app
        self.auth = None if auth is None else auth.encode()
        self.meters = {"api": Meter(rate), "upload": Meter(UPLOAD_RATE)}
        self.failures = Meter(FAILED_LOGINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response = self._refuse(scope, _route(scope)) if scope["type"] == "http" else None
        await (response or self.app)(scope, receive, send)

    def _refuse(self, scope: Scope, route: str) -> JSONResponse | None:
        """Return the refusal of a request; None if it may pass."""
        if not OPEN_PATHS.fullmatch(route):
            return refusal(404, "There is nothing at this address.")
        meter = self.meters.get(_kind(route))
        if meter is not None and not meter.hit(scope):
            return meter.refusal(scope)
        if self.auth is None or route == "/healthz":
            return None
        given = Headers(scope=scope).get("authorization")
        if given and self.failures.full(scope):  # also for the right one, or guessing could go on
            return self.failures.refusal(scope)
        if given and secrets.compare_digest(_credentials(given), self.auth):
            return None
        if given:
            self.failures.hit(scope)
        challenge = {"WWW-Authenticate": 'Basic realm="Ask the Article", charset="UTF-8"'}
        return refusal(401, "A user name and a password are needed.", challenge)


class BodyLimit:
    """Refuses long bodies: by their declared length at once, otherwise as soon as they grow too long."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int] = BODY_BYTES) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kind = _kind(_route(scope))
        limit = self.limits[kind]
        headers = Headers(scope=scope)
        chunked = "transfer-encoding" in headers  # which counts where both are given
        declared = "" if chunked else headers.get("content-length", "")
        # What does not say how long it is would be collected here, before its turn.
        if kind == "upload" and scope["method"] == "POST" and not declared.isdecimal():
            await refusal(411, "An upload has to say how long it is.")(scope, receive, send)
            return
        messages: list[Message] = []
        size = int(declared) if declared.isdecimal() else 0
        if chunked:
            while size <= limit:
                messages.append(await receive())
                size += len(messages[-1].get("body", b""))
                if not messages[-1].get("more_body", False):
                    break
        if size > limit:
            # The connection stays open, since closing it on a client that still sends would lose the response.
            sentence = f"The request's body is longer than {limit:,} bytes; send a shorter one."
            await refusal(413, sentence)(scope, receive, send)
            return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self.app(scope, replay, send)


class Meter:
    """Counts what each client did of late, in bounded memory: the longest idle are forgotten first."""

    def __init__(self, rate: str, max_clients: int = MAX_CLIENTS) -> None:
        self.rate = parse(rate)
        self._max_clients = max_clients
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._clients: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """Return how many clients are remembered."""
        return len(self._clients)

    def hit(self, scope: Scope) -> bool:
        """Count one; return whether it was within the rate."""
        client = _client(scope)
        self._clients[client] = None
        self._clients.move_to_end(client)
        if len(self._clients) > self._max_clients:
            oldest = self._clients.popitem(last=False)[0]
            with self._storage.locks[self.rate.key_for(oldest)]:  # its expiry runs in a thread of its own
                self._limiter.clear(self.rate, oldest)
        return self._limiter.hit(self.rate, client)

    def full(self, scope: Scope) -> bool:
        """Return whether one more would be beyond the rate."""
        return not self._limiter.test(self.rate, _client(scope))

    def refusal(self, scope: Scope) -> JSONResponse:
        """Return the response that says when to come back."""
        stats = self._limiter.get_window_stats(self.rate, _client(scope))
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        sentence = f"Too many requests: the limit is {self.rate.amount} in {self.rate.get_expiry()} s; "
        return refusal(429, f"{sentence}try again in {wait} s.", {"Retry-After": str(wait)})


def check_auth(auth: str) -> None:
    """Do nothing if ``auth`` has the form ``user:password``.

    Raises:
        SettingsError: it has not; the message does not repeat it.
    """
    user, _, password = auth.partition(":")
    if not user or not password:
        raise SettingsError("--auth needs a name and a password, like --auth reader:secret")


def _credentials(header: str) -> bytes:
    """Return ``user:password`` from an Authorization header; b"" if it holds none."""
    scheme, _, value = header.partition(" ")
    try:
        return base64.b64decode(value.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return b""


def _route(scope: Scope) -> str:
    """Return the path below the root path."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) or "/" if root else path


def _kind(route: str) -> str:
    """Return what an address belongs to: the ``api``, the ``upload`` or the ``page``."""
    return "upload" if route == UPLOAD_PATH else "api" if route.startswith(API_PREFIXES) else "page"


def _client(scope: Scope) -> str:
    """Return who asks: the address, or for IPv6 the network, since a single host owns all of it."""
    host = (scope.get("client") or ("local",))[0]
    try:
        return str(ipaddress.IPv6Network((host, 64), strict=False))
    except ValueError:
        return str(host)
