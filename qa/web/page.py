"""The web chat: what a reader sees, and what happens when they ask."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from qa.answering import located
from qa.conversation import suggest
from qa.engine import Engine
from qa.errors import AskError, QuestionError
from qa.index import Index
from qa.lines import flat, in_marks
from qa.web import choice, panel, parts, render
from qa.web.service import Service
from qa.web.visitors import GoneError, Visitors

LOGGER = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
FIRST_QUESTIONS = 5  # what fits above the fold of a phone
HISTORY = 10  # earlier questions that a follow-up is resolved with; older ones are hardly meant
EXPORTED = 50  # last questions of a conversation that are saved; each is answered anew, in some 20 ms
POLL_SECONDS = 0.25  # how soon a waiting page notices that the model is there
BROKEN = "Something went wrong on our side. Please try again."
THANKS = "<p>Thank you. Noted as helpful.</p>"
THANKS_FOR_MORE = "<p>Thank you. Noted.</p>"
TAKEN_BACK = "<p>Taken back.</p>"
NOT_RECORDED = "<p>Nothing is noted about this answer: it is not recorded.</p>"

Updates = dict[Any, Any]


class Page:
    """The components, and the handlers that fill them; a conversation lives in its reader's browser.

    So does what it is about: ``own`` holds the token of the reader's own text ("" for what is published), ``only``
    the name of the one article that is asked ("" for all), ``shown`` the number of the one that is read. The picker
    cannot tell that: Gradio takes no value from it that is not among what the server thinks it offers.
    """

    def __init__(self, service: Service, visitors: Visitors | None = None) -> None:
        self.service = service
        self.visitors = visitors
        with gr.Blocks(title=parts.NAME, analytics_enabled=False, fill_width=True) as self.blocks:
            plain_html(parts.masthead(), "masthead")
            with gr.Row(elem_id="stage"):
                with gr.Column(elem_id="talk", scale=5, min_width=320):
                    self._add_talk()
                with gr.Column(elem_id="side", scale=6, min_width=320):
                    self._add_side()
            self.own, self.only, self.shown, self.typed, self.exported = (
                gr.Textbox("", visible=False) for _ in range(5)
            )

    def _add_talk(self) -> None:
        """Add the chat, with what is said around it."""
        self.asking = plain_html("", "asking")
        self.export_button = gr.Button("Export", elem_id="export", render=False)
        self.chat = gr.Chatbot(
            elem_id="chat", label="Conversation", show_label=False, container=False, height=None,
            buttons=["copy", self.export_button], allow_tags=False, latex_delimiters=[], line_breaks=False,
            layout="bubble", placeholder=parts.welcome("", "One moment…"), group_consecutive_messages=False,
        )  # fmt: skip
        self.box = gr.Textbox(
            elem_id="q", label="Your question", show_label=False, container=False, max_lines=4,
            placeholder="Ask the article…", submit_btn="Ask", autofocus=True,
        )  # fmt: skip
        self.notice = plain_html("", "notice")
        if self.service.log is not None:
            plain_html(parts.kept_line(), "kept")
        plain_html('<button id="there" type="button">Read the article</button>', "way-there")

    def _add_side(self) -> None:
        """Add the article, its ready questions, and the way in for a reader's own text."""
        plain_html('<button id="back" type="button">Back to the chat</button>', "way-back")
        with gr.Tabs():
            with gr.Tab("Article", id="article"):
                with gr.Row(elem_id="choice"):
                    self.picker = gr.Dropdown(label="Article", elem_id="picker", visible=False)
                    self.limit = gr.Checkbox(label="Ask only this article", elem_id="limit", visible=False)
                opening = panel.notice_html("Opening the article…", busy=True)
                self.panel = gr.HTML(opening, elem_id="article", apply_default_css=False, js_on_load=static("panel.js"))
            with gr.Tab("Questions", id="questions") as self.faq_tab:
                self.faq = plain_html("", "faq")
            if self.visitors is not None:
                with gr.Tab("Your own text", id="own"):
                    plain_html(parts.own_text(), "own")

    @property
    def outputs(self) -> list[Any]:
        """Return what shows which articles are asked."""
        return [
            self.own, self.only, self.shown, self.asking, self.panel, self.picker, self.limit, self.faq, self.faq_tab,
            self.chat, self.notice,
        ]  # fmt: skip

    async def open(self) -> AsyncIterator[Updates]:
        """Fill the page as soon as the engine is there; till then, say what is going on."""
        if self.service.state == "loading":
            yield {self.panel: panel.notice_html(self.service.message, busy=True)}
        await self._loaded()
        if self.service.state == "failed":
            message = self.service.message
            welcome = parts.welcome("", message)
            yield {self.panel: panel.notice_html(message), self.chat: gr.Chatbot(placeholder=welcome)}
            return
        yield self._opened(self.service.engine)

    def _opened(self, engine: Engine, own: str = "") -> Updates:
        """Return the page as it is before the first question: all that is published, or a reader's own text."""
        index = engine.index
        count = len(engine.articles)
        about = f"Ask about {in_marks(index.title(0))}." if count == 1 else f"Ask about these {count:,} articles."
        chips = [{"text": flat(index.quote(number, faq.question))} for number, faq in index.faqs[:FIRST_QUESTIONS]]
        way_out = "Close it and return to what is published"
        return {
            self.own: own,
            **self._reading(index, 0),
            self.picker: gr.Dropdown(choices=choice.offered(index, 0), value=0, **choice.look(index)),
            self.chat: gr.Chatbot(examples=chips, placeholder=parts.welcome("What would you like to know?", about)),
            self.notice: "",
            **self._asking_only(index, None),
            self.limit: gr.Checkbox(value=False, visible=count > 1),
            **({self.asking: parts.asking(in_marks(index.name(0)), "leave", way_out)} if own else {}),
        }

    def _reading(self, index: Index, number: int) -> Updates:
        """Return the page with this article in the panel; the picker offers it, whatever was typed there."""
        return {
            self.shown: str(number),
            self.panel: panel.article_html(index.articles[number], number),
            self.picker: gr.Dropdown(choices=choice.offered(index, number), value=number),
        }

    def _asking_only(self, index: Index, number: int | None) -> Updates:
        """Return the page's word on what is asked: the article of this number, or all of them for None."""
        alone = (
            "" if number is None else parts.asking(f"only {in_marks(index.title(number))}", "all", "Ask all articles")
        )
        return {
            self.only: "" if number is None else index.name(number),
            self.limit: number is not None,
            self.asking: alone,
            self.faq: panel.faq_html(index, number),
            self.faq_tab: gr.Tab(f"Questions ({len(index.entries(number))})"),
        }

    async def answer(self, text: str, chat: list[render.Message], own: str, only: str) -> AsyncIterator[Updates]:
        """Show the question at once, then its answer; the browser lights up what it cites."""
        question = flat(text)
        if not question:
            yield {self.box: ""}
            return
        asked = [*chat, render.question_message(question) | {"metadata": {"log": only}}]
        waiting = self.service.message if self.service.state == "loading" else "Searching…"
        yield {self.box: "", self.chat: [*asked, render.note_message(waiting, waiting=True)], self.notice: ""}
        await self._loaded()
        yield {self.chat: [*asked, await self._reply(question, render.questions_of(chat), own, only)]}

    async def _loaded(self) -> None:
        """Wait until loading has ended, holding no thread."""
        while self.service.state == "loading":
            await asyncio.sleep(POLL_SECONDS)

    async def _reply(self, question: str, history: Sequence[str], own: str, only: str) -> render.Message:
        """Return what the chat shows: the answer, or a plain sentence why there is none."""
        try:
            engine = self._engine(own)
            asked = self.service.submit(question, history[-HISTORY:], only or None, engine if own else None)
            reply = await asyncio.wrap_future(asked)
            follow_ups = suggest(engine, reply.answer, [*history, question], only or None)
            message = render.answer_message(reply.answer, engine.articles, follow_ups, engine.index.numbers)
            return message | {"metadata": {"id": reply.question_id}}
        except AskError as error:
            return render.note_message(render.sentence(str(error)))
        except Exception:
            LOGGER.exception("a question failed")
            return render.note_message(BROKEN)

    def _engine(self, own: str) -> Engine:
        """Return the engine that is asked: the published one, or the one of a reader's own text.

        Raises:
            GoneError: that text is not kept any more; no other answers in its place.
        """
        if not own:
            return self.service.engine
        if self.visitors is None:
            raise GoneError("no texts of visitors are kept here; return to the published article")
        return self.visitors.get(own)

    def find(self, typed: str, shown: str) -> Updates:
        """Offer the articles whose titles hold what the reader types into the picker."""
        index = self.service.engine.index
        return {self.picker: gr.Dropdown(choices=choice.offered(index, int(shown), typed))}

    def pick(self, shown: str, only: str) -> Updates:
        """Show the article that the reader picked; if one alone is asked, it is this one from now on."""
        index = self.service.engine.index
        return self._reading(index, int(shown)) | (self._asking_only(index, int(shown)) if only else {})

    def ask_only(self, checked: bool, shown: str) -> Updates:
        """Ask the article that is shown alone, or all of them again."""
        return self._asking_only(self.service.engine.index, int(shown) if checked else None)

    def ask_all(self) -> Updates:
        """Ask all articles again."""
        return self._asking_only(self.service.engine.index, None)

    def turn_to(self, own: str, only: str, event: gr.EventData) -> Updates:
        """Show the article that is cited; what is asked stays."""
        number = int(event.article)
        try:
            index = self._engine(own).index
        except GoneError as error:
            return {self.notice: _note(error)}
        if not 0 <= number < len(index.articles):
            return {}
        return self._reading(index, number) | {self.limit: index.name(number) == only}

    def adopt(self, event: gr.EventData) -> Updates:
        """Turn to the reader's own text, which has just been uploaded."""
        token = str(event.token)
        try:
            return self._opened(self._engine(token), token)
        except GoneError as error:
            return {self.notice: _note(error)}

    def leave(self, own: str) -> Updates:
        """Forget the reader's own text, and return to what is published."""
        if self.visitors is not None:
            self.visitors.forget(own)
        return self._opened(self.service.engine)

    def rate(self, chat: list[render.Message], event: gr.LikeData) -> str:
        """Note an opinion; whoever did not like an answer may say why."""
        question_id = _noted(chat[event.index], "id") if 0 <= event.index < len(chat) else ""
        liked = event.liked if isinstance(event.liked, bool) else None
        if self.service.log is None or not question_id or not self.service.log.rate(question_id, liked):
            return NOT_RECORDED
        return {True: THANKS, False: parts.what_was_wrong(question_id), None: TAKEN_BACK}[liked]

    def explain(self, event: gr.EventData) -> str:
        """Note what was wrong with an answer, and which sentence would be right."""
        index = self.service.engine.index
        number, start, end = (int(value) for value in (event.article, event.start, event.end))
        marked = located(index, number, start, end) if 0 <= number < len(index.articles) else None
        log = self.service.log
        noted = log is not None and log.rate(str(event.question), False, reason=flat(str(event.reason)), marked=marked)
        return THANKS_FOR_MORE if noted else NOT_RECORDED

    def export(self, chat: list[render.Message], own: str) -> Updates:
        """Return the conversation as Markdown."""
        try:
            engine = self._engine(own)
        except AskError as error:
            return {self.exported: "", self.notice: _note(error)}
        asked = [message for message in chat if message["role"] == "user"]
        questions = render.questions_of(asked)
        turns = []
        for place in range(len(asked))[-EXPORTED:]:
            try:
                history = questions[max(0, place - HISTORY) : place]
                answer = engine.ask(questions[place], history, _noted(asked[place], "log") or None)
            except QuestionError:
                answer = None
            turns.append((questions[place], answer))
        return {self.exported: render.conversation_markdown(turns, engine.articles, engine.index.numbers)}

    def api_ask(self, question: str, history: list[str]) -> dict[str, Any]:
        """Answer a question, after the earlier questions of a conversation; the same JSON as POST /api/ask."""
        try:
            return self.service.ask(question, history[-HISTORY:]).to_dict()
        except AskError as error:
            raise gr.Error(render.sentence(str(error)), print_exception=False) from error


def _noted(message: render.Message, key: str) -> str:
    """Return what the page noted beside a message; "" if it did not."""
    return str((message.get("metadata") or {}).get(key) or "")


def _note(error: AskError) -> str:
    return f"<p>{render.line(render.sentence(str(error)))}</p>"


def plain_html(value: str, elem_id: str) -> gr.HTML:
    """Add HTML that Gradio neither styles nor listens to."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def static(name: str) -> str:
    """Return a file of the page, such as its style sheet."""
    return (STATIC / name).read_text(encoding="utf-8")
