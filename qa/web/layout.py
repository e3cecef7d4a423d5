"""The page as Gradio serves it: which handler each event calls, how it looks, and what it must not do."""

from typing import Any

import gradio as gr
from fastapi import FastAPI

from qa.web.page import STATIC, Page, static
from qa.web.service import Service
from qa.web.visitors import Visitors

MAX_QUEUED_EVENTS = 256  # in a burst; the queue is emptied as fast as it is read
QUEUE_NEWS_SECONDS = 5.0
MAX_SESSIONS = 1000  # at 20 to 40 kB each
FONT = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]


async def mount_page(app: FastAPI, service: Service, visitors: Visitors | None) -> None:
    """Add the page to ``app``; without ``visitors``, readers cannot bring a text of their own.

    A coroutine, since Gradio would otherwise leave an open event loop for each of its locks.
    """
    page = Page(service, visitors)
    with page.blocks:
        _wire(page)
    # The page's handlers hold no thread while they wait, and the service bounds the questions. That the queue does not
    # tell everybody their place after each event halves the time of the last of 50 who ask at once.
    page.blocks.queue(QUEUE_NEWS_SECONDS, api_open=False, max_size=MAX_QUEUED_EVENTS, default_concurrency_limit=None)
    page.blocks.state_session_capacity = MAX_SESSIONS
    theme = gr.themes.Base(
        primary_hue="teal", neutral_hue="stone", radius_size="md", font=FONT, font_mono=["ui-monospace", "monospace"]
    )
    gr.mount_gradio_app(
        app, page.blocks, path="/", ssr_mode=False, mcp_server=False, theme=theme, footer_links=[],
        head=f"<style>{static('page.css')}</style><script>{static('page.js')}</script>",
        favicon_path=str(STATIC / "favicon.png"),
        # No errors are shown, no questions kept in the browser, nothing is uploaded to the disk.
        show_error=False, run_history=False, enable_monitoring=False, max_file_size=1,
    )  # fmt: skip


def _wire(page: Page) -> None:
    """Connect the components with the handlers; what needs no server happens in the browser alone."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    chat, box, notice, own, only = page.chat, page.box, page.notice, page.own, page.only
    page.blocks.load(**_script("started"))
    filled = page.blocks.load(page.open, None, page.outputs, **private)
    filled.then(**_script("askFromAddress"))
    # A generator that is asked again while it runs takes the text box's content when it has ended.
    box.submit(page.answer, [box, chat, own, only], [box, chat, notice], trigger_mode="always_last", **private)
    picked = page.picker.input(**_script("picked"), inputs=[page.picker, page.shown], outputs=page.shown)
    picked.then(page.pick, [page.shown, only], page.outputs, **private)
    # Again once it has run, with what is typed by then; an event's own data would be the first letter's.
    typed = {"js": _script("typed")["js"], "trigger_mode": "always_last"}
    found = page.panel.find(page.find, [page.typed, page.shown], page.picker, **typed, **private)
    found.then(**_script("found"))
    page.limit.input(page.ask_only, [page.limit, page.shown], page.outputs, **private)
    page.panel.all(page.ask_all, None, page.outputs, **private)
    page.panel.open(page.turn_to, [own, only], page.outputs, **private)
    swap = _script("swap") | {"inputs": [own, chat], "outputs": chat}
    page.panel.adopt(page.adopt, None, page.outputs, **private).then(**swap)
    page.panel.leave(page.leave, own, page.outputs, **private).then(**swap)
    undone = {"inputs": chat, "outputs": [box, chat, notice]}
    chat.undo(**_script("undo"), **undone).then(**_script("focusBox"))
    chat.retry(**_script("undo"), **undone).then(**_script("submit"))
    chat.clear(**_script("clear"), outputs=notice).then(**_script("focusBox"))
    if page.service.log is not None:
        chat.like(page.rate, chat, notice, **private)
        page.panel.explain(page.explain, None, notice, **private)
    saved = page.export_button.click(page.export, [chat, own], [page.exported, notice], **private)
    saved.then(**_script("save"), inputs=page.exported)
    gr.api(page.api_ask, api_name="ask")


def _script(name: str) -> dict[str, Any]:
    """Return an event's handler that is a function of ``page.js``."""
    return {"fn": None, "js": f"(...values) => window.askTheArticle.{name}(...values)", "api_visibility": "private"}
