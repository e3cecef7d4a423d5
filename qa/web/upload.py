"""The way in for a visitor's own text: its bytes go from the request into memory, and never onto a disk."""

import asyncio
import re
import unicodedata
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from qa.errors import ReadError
from qa.lines import flat
from qa.web.render import sentence
from qa.web.security import UPLOAD_PATH, refusal
from qa.web.service import BusyError, Service
from qa.web.visitors import Visitors

NAME_HEADER = "x-name"  # the file's name, percent-encoded
MAX_NAME_CHARS = 100
READING_AT_ONCE = 8  # bodies, of up to 20 MB each, that may be under way
READ_SECONDS = 60.0


def add_upload(app: FastAPI, service: Service, visitors: Visitors) -> None:
    """Give ``app`` the route that takes a text, and gives the token that it can be asked with."""
    slots = asyncio.Semaphore(READING_AT_ONCE)

    @app.post(UPLOAD_PATH, include_in_schema=False)
    async def upload(request: Request) -> Response:
        """Index the body, a file named by the header ``X-Name``."""
        # Another site's page can send neither this header nor claim to be of this one.
        if NAME_HEADER not in request.headers or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return refusal(403, "A text can be sent from the page itself only.")
        engine = service.engine
        if slots.locked():
            raise BusyError(f"{READING_AT_ONCE} texts are on their way already; try again in a moment")
        try:
            async with slots, asyncio.timeout(READ_SECONDS):
                data = await request.body()
        except TimeoutError:
            return refusal(408, f"The text did not arrive within {READ_SECONDS:.0f} s; send a shorter one.")
        name = clean_name(unquote(request.headers[NAME_HEADER]))
        try:
            token = await visitors.add(engine, name, data)
        except ReadError as error:
            return refusal(422, sentence(str(error)))
        return JSONResponse({"token": token, "name": name})


def clean_name(name: str) -> str:
    """Return a file's name without folders and what cannot be seen, cut to what fits a line."""
    base = re.split(r"[/\\]", name)[-1]
    shown = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in base)
    whole = flat(shown)
    if len(whole) > MAX_NAME_CHARS:  # the ending stays, for a reader may go by it
        whole = f"{whole[: MAX_NAME_CHARS - 13]}…{whole[-12:]}"
    return whole.strip(".") or "Your text"
