"""The web chat: what a reader sees, and what happens when they ask."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from qa.conversation import suggest
from qa.errors import AskError, QuestionError
from qa.web import panel, render
from qa.web.service import Service

LOGGER = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
NAME = "Ask the Article"
CLAIM = "Ask in your own words. Every answer is a sentence of the article itself, or an honest no."
FIRST_QUESTIONS = 5  # what fits above the fold of a phone
HISTORY = 10  # earlier questions that a follow-up is resolved with; older ones are hardly meant
EXPORTED = 50  # last questions of a conversation that are saved; each is answered anew, in some 20 ms
POLL_SECONDS = 0.25  # how soon a waiting page notices that the model is there
BROKEN = "Something went wrong on our side. Please try again."
THANKS = {True: "Thank you. Noted as helpful.", False: "Thank you. Noted as not helpful."}
TAKEN_BACK = "Taken back."

Updates = dict[Any, Any]


class Page:
    """The components, and the handlers that fill them; a conversation lives in its reader's browser."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.export_button = gr.Button("Export", elem_id="export", render=False)
        self.chat = gr.Chatbot(
            elem_id="chat", label="Conversation", show_label=False, container=False, height=None, autoscroll=True,
            buttons=["copy", self.export_button], allow_tags=False, latex_delimiters=[], line_breaks=False,
            layout="bubble", placeholder=_welcome("", "One moment…"), group_consecutive_messages=False, render=False,
        )  # fmt: skip
        self.box = gr.Textbox(
            elem_id="q", label="Your question", show_label=False, container=False, lines=1, max_lines=4,
            placeholder="Ask the article…", submit_btn="Ask", autofocus=True, render=False,
        )  # fmt: skip
        self.notice = _plain_html("", "notice", render=False)
        self.panel = gr.HTML(
            panel.notice_html("Opening the article…", busy=True), elem_id="article",
            js_on_load=_static("panel.js"), apply_default_css=False, render=False,
        )  # fmt: skip
        self.picker = gr.Dropdown(label="Article", elem_id="picker", visible=False, render=False)
        self.faq = _plain_html("", "faq", render=False)
        self.faq_tab = gr.Tab("Questions", id="questions", render=False)
        self.exported = gr.Textbox(visible=False, render=False)

    async def open(self) -> AsyncIterator[Updates]:
        """Fill the page as soon as the engine is there; till then, say what is going on."""
        if self.service.state == "loading":
            yield {self.panel: panel.notice_html(self.service.message, busy=True)}
        await self._loaded()
        if self.service.state == "failed":
            message = self.service.message
            yield {self.panel: panel.notice_html(message), self.chat: gr.Chatbot(placeholder=_welcome("", message))}
            return
        engine = self.service.engine
        titles = [(article.title, number) for number, article in enumerate(engine.articles)]
        questions = [article.quote(faq.question) for article in engine.articles for faq in article.faqs]
        about = f"Ask about “{titles[0][0]}”." if len(titles) == 1 else f"Ask about these {len(titles)} articles."
        chips = [{"text": " ".join(question.split())} for question in questions[:FIRST_QUESTIONS]]
        yield {
            self.panel: panel.article_html(engine.articles[0]),
            self.picker: gr.Dropdown(choices=titles, value=0, visible=len(titles) > 1),
            self.faq: panel.faq_html(engine.articles),
            self.faq_tab: gr.Tab(f"Questions ({len(questions)})", visible=bool(questions)),
            self.chat: gr.Chatbot(examples=chips, placeholder=_welcome("What would you like to know?", about)),
        }

    async def answer(self, text: str, chat: list[render.Message]) -> AsyncIterator[Updates]:
        """Show the question at once, then its answer; the browser lights up what it cites."""
        question = " ".join(text.split())
        if not question:
            yield {self.box: ""}
            return
        asked = [*chat, render.question_message(question)]
        waiting = self.service.message if self.service.state == "loading" else "Searching…"
        yield {self.box: "", self.chat: [*asked, render.note_message(waiting, waiting=True)], self.notice: ""}
        await self._loaded()
        yield {self.chat: [*asked, await self._reply(question, render.questions_of(chat))]}

    async def _loaded(self) -> None:
        """Wait until loading has ended, holding no thread."""
        while self.service.state == "loading":
            await asyncio.sleep(POLL_SECONDS)

    async def _reply(self, question: str, history: Sequence[str]) -> render.Message:
        """Return what the chat shows: the answer, or a plain sentence why there is none."""
        try:
            answer = await asyncio.wrap_future(self.service.submit(question, history[-HISTORY:]))
            engine = self.service.engine
            return render.answer_message(answer, engine.articles, suggest(engine, answer, [*history, question]))
        except AskError as error:
            return render.note_message(render.sentence(str(error)))
        except Exception:
            LOGGER.exception("a question failed")
            return render.note_message(BROKEN)

    def pick(self, number: int) -> str:
        """Show the article that the reader picked."""
        return panel.article_html(self.service.engine.articles[number], number)

    def turn_to(self, event: gr.EventData) -> Updates:
        """Show the article that is cited."""
        number = int(event.article)
        articles = self.service.engine.articles
        if not 0 <= number < len(articles):
            return {}
        return {self.panel: panel.article_html(articles[number], number), self.picker: number}

    def rate(self, event: gr.LikeData) -> str:
        """Say that an opinion was noted."""
        return f"<p>{THANKS.get(event.liked, TAKEN_BACK)}</p>"

    def export(self, chat: list[render.Message]) -> str:
        """Return the conversation as Markdown."""
        questions = render.questions_of(chat)
        engine = self.service.engine
        turns = []
        for place in range(max(0, len(questions) - EXPORTED), len(questions)):
            try:
                answer = engine.ask(questions[place], questions[max(0, place - HISTORY) : place])
            except QuestionError:
                answer = None
            turns.append((questions[place], answer))
        return render.conversation_markdown(turns, engine.articles)

    def api_ask(self, question: str, history: list[str]) -> dict[str, Any]:
        """Answer a question, after the earlier questions of a conversation; the same JSON as POST /api/ask."""
        try:
            return self.service.ask(question, history[-HISTORY:]).to_dict()
        except AskError as error:
            raise gr.Error(render.sentence(str(error)), print_exception=False) from error


def build_page(service: Service) -> gr.Blocks:
    """Return the page; it asks through ``service``, which may still be loading."""
    with gr.Blocks(title=NAME, analytics_enabled=False, fill_width=True) as blocks:
        page = Page(service)
        _plain_html(_masthead(), "masthead")
        with gr.Row(elem_id="stage"):
            with gr.Column(elem_id="talk", scale=5, min_width=320):
                page.chat.render()
                page.box.render()
                page.notice.render()
                _plain_html('<button id="there" type="button">Read the article</button>', "way-there")
            with gr.Column(elem_id="side", scale=6, min_width=320):
                _plain_html('<button id="back" type="button">Back to the chat</button>', "way-back")
                with gr.Tabs():
                    with gr.Tab("Article", id="article"):
                        page.picker.render()
                        page.panel.render()
                    page.faq_tab.render()
                    with page.faq_tab:
                        page.faq.render()
        page.exported.render()
        _wire(blocks, page)
    return blocks


def _wire(blocks: gr.Blocks, page: Page) -> None:
    """Connect the components with the handlers; what needs no server happens in the browser alone."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    chat, box, notice = page.chat, page.box, page.notice
    blocks.load(**_script("started"))
    filled = blocks.load(page.open, None, [page.panel, page.picker, page.faq, page.faq_tab, chat], **private)
    filled.then(**_script("askFromAddress"))
    # A generator that is asked again while it runs takes the text box's content when it has ended.
    box.submit(page.answer, [box, chat], [box, chat, notice], trigger_mode="always_last", **private)
    page.picker.input(page.pick, page.picker, page.panel, **private)
    page.panel.open(page.turn_to, None, [page.panel, page.picker], **private)
    undone = {"inputs": chat, "outputs": [box, chat, notice]}
    chat.undo(**_script("undo"), **undone).then(**_script("focusBox"))
    chat.retry(**_script("undo"), **undone).then(**_script("submit"))
    chat.clear(**_script("clear"), outputs=notice).then(**_script("focusBox"))
    chat.like(page.rate, None, notice, **private)
    page.export_button.click(page.export, chat, page.exported, **private).then(**_script("save"), inputs=page.exported)
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
    head = f"<style>{_static('page.css')}</style><script>{_static('page.js')}</script>"
    return {
        "theme": theme, "head": head, "favicon_path": str(STATIC / "favicon.png"), "footer_links": [],
        "run_history": False, "enable_monitoring": False, "show_error": False,
    }  # fmt: skip


def _plain_html(value: str, elem_id: str, *, render: bool = True) -> gr.HTML:
    """Return HTML that Gradio neither styles nor listens to."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None, render=render)


def _masthead() -> str:
    label = 'aria-label="Dark colours" title="Dark colours"'
    theme = f'<button id="theme" type="button" aria-pressed="false" {label}>◐</button>'
    return f"<header><div><h1>{NAME}</h1><p>{CLAIM}</p></div>{theme}</header>"


def _welcome(title: str, text: str) -> str:
    """Return what stands in the empty chat."""
    heading = f"<h2>{render.line(title)}</h2>" if title else ""
    return f'<div class="welcome">{heading}<p>{render.line(text)}</p></div>'


def _static(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
