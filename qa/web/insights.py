"""The author's page: what readers asked, shown to nobody else."""

import asyncio
import ipaddress
import re
import time

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from qa.errors import FeedbackError
from qa.feedback.insights import gather, parse_since
from qa.feedback.log import FeedbackLog
from qa.feedback.report import page
from qa.web.security import refusal
from qa.web.service import Service

KEPT_SECONDS = 60.0  # a page takes seconds to make, and is hardly out of date sooner
PRIVATE = {"Cache-Control": "no-store"}
HOST = re.compile(r"(?:\[([\da-f:]+)\]|([\w.-]+))(?::\d+)?", re.IGNORECASE)
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
NOT_HERE = (
    "This page is for the article's author: start the chat with --auth, or open http://127.0.0.1 on its own machine."
)
NO_LOG = "Nothing is recorded here; start the chat without --no-log."


def add_insights(app: FastAPI, service: Service, *, auth: bool) -> None:
    """Give ``app`` the page ``/insights``.

    Args:
        app: to extend.
        service: its log is read, its engine asked.
        auth: whether all who come this far have given the password; if not, only this machine may look, and nobody
            where a proxy serves the app below a path: whoever asks then seems to be on this machine.
    """
    turn = asyncio.Lock()
    made: dict[str, tuple[float, str]] = {}

    def render(log: FeedbackLog, since: str) -> str:
        return page(gather(log.path, service.engine, parse_since(since, time.time())))

    @app.get("/insights", response_class=HTMLResponse, include_in_schema=False)
    async def insights(request: Request, since: str = "") -> Response:
        if not auth and (request.scope.get("root_path") or not is_local(request)):
            return refusal(403, NOT_HERE)
        if service.log is None:
            return refusal(404, NO_LOG)
        async with turn:
            then, text = made.get(since, (0.0, ""))
            if not text or time.monotonic() - then > KEPT_SECONDS:
                try:
                    text = await asyncio.to_thread(render, service.log, since)
                except FeedbackError as error:
                    return refusal(422, str(error).removeprefix("--"))
                made.clear()
                made[since] = time.monotonic(), text
        return HTMLResponse(text, headers=PRIVATE)


def is_local(request: Request) -> bool:
    """Return whether a request comes from this very machine, and by its own name.

    Another name may be one that a stranger's page has led to this machine; headers of a proxy tell of a client
    elsewhere.
    """
    name = HOST.fullmatch(request.headers.get("host", ""))
    return (
        request.client is not None
        and _is_loopback(request.client.host)
        and name is not None
        and _is_loopback(name[1] or name[2])
        and not any(header in request.headers for header in FORWARDED)
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
