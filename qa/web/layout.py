"""Where the page's components stand, and which handler each event calls."""

from typing import Any

import gradio as gr

from qa.web import parts
from qa.web.page import STATIC, Page, plain_html, static
from qa.web.service import Service
from qa.web.visitors import Visitors


def build_page(service: Service, visitors: Visitors | None = None) -> gr.Blocks:
    """Return the page; it asks through ``service``, which may still be loading.

    Without ``visitors``, readers cannot bring a text of their own.
    """
    with gr.Blocks(title=parts.NAME, analytics_enabled=False, fill_width=True) as blocks:
        page = Page(service, visitors)
        plain_html(parts.masthead(), "masthead")
        with gr.Row(elem_id="stage"):
            with gr.Column(elem_id="talk", scale=5, min_width=320):
                page.asking.render()
                page.chat.render()
                page.box.render()
                page.notice.render()
                if service.log is not None:
                    plain_html(parts.kept_line(), "kept")
                plain_html('<button id="there" type="button">Read the article</button>', "way-there")
            with gr.Column(elem_id="side", scale=6, min_width=320):
                plain_html('<button id="back" type="button">Back to the chat</button>', "way-back")
                with gr.Tabs():
                    with gr.Tab("Article", id="article"):
                        with gr.Row(elem_id="choice"):
                            page.picker.render()
                            page.limit.render()
                        page.panel.render()
                    page.faq_tab.render()
                    with page.faq_tab:
                        page.faq.render()
                    if visitors is not None:
                        with gr.Tab("Your own text", id="own"):
                            plain_html(parts.own_text(), "own")
        for hidden in (page.own, page.only, page.exported):
            hidden.render()
        _wire(blocks, page)
    return blocks


def _wire(blocks: gr.Blocks, page: Page) -> None:
    """Connect the components with the handlers; what needs no server happens in the browser alone."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    chat, box, notice, own, only = page.chat, page.box, page.notice, page.own, page.only
    blocks.load(**_script("started"))
    filled = blocks.load(page.open, None, page.outputs, **private)
    filled.then(**_script("askFromAddress"))
    # A generator that is asked again while it runs takes the text box's content when it has ended.
    box.submit(page.answer, [box, chat, own, only], [box, chat, notice], trigger_mode="always_last", **private)
    page.picker.input(page.pick, [page.picker, only], page.outputs, **private)
    page.limit.input(page.ask_only, [page.limit, page.picker], page.outputs, **private)
    page.panel.all(page.ask_all, None, page.outputs, **private)
    page.panel.open(page.turn_to, [own, only], [page.panel, page.picker, page.limit, notice], **private)
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


def page_options() -> dict[str, Any]:
    """Return what ``gr.mount_gradio_app`` needs for the page to look and behave as it should."""
    font = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    theme = gr.themes.Base(
        primary_hue="teal", neutral_hue="stone", radius_size="md", font=font, font_mono=["ui-monospace", "monospace"]
    )
    head = f"<style>{static('page.css')}</style><script>{static('page.js')}</script>"
    return {
        "theme": theme, "head": head, "favicon_path": str(STATIC / "favicon.png"), "footer_links": [],
        "run_history": False, "enable_monitoring": False, "show_error": False,
    }  # fmt: skip
