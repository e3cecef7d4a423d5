"""What the page shows while the engine loads or fails, and what hostile text cannot make it do."""

import json
import logging
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from attacks import ATTACKS
from browser import serving
from chatting import FOUNDED, OVERTAKEN, PAGE_MARKS, answers, ask, check_axe, flat, lit, visit
from playwright.sync_api import Page, expect

from qa.answering import Answer
from qa.engine import Engine
from qa.errors import ReadError
from qa.readers import parse_article
from qa.web.page import BROKEN
from qa.web.service import Service

pytestmark = PAGE_MARKS


def test_the_first_start_is_shown_and_no_question_is_lost(page: Page, engine: Engine) -> None:
    gate = threading.Event()

    def load() -> Engine:
        gate.wait(60)
        return engine

    service = Service(load)
    with serving(service) as address:
        page.goto(address)
        expect(page.locator("#article .notice")).to_have_text(service.message)
        page.locator("#q textarea").fill(FOUNDED)
        page.locator("#q textarea").press("Enter")
        expect(page.locator("#chat .waiting")).to_have_text(service.message)
        for name in ("Clear", "Undo", "Retry"):  # what they take away would come back with the answer
            expect(page.get_by_label(name, exact=True)).to_be_hidden()
        page.locator("#q textarea").fill(OVERTAKEN)
        page.locator("#q textarea").press("Enter")
        check_axe(page)
        gate.set()
        expect(answers(page)).to_have_count(2)
        expect(page.locator("#chat [data-testid=user]")).to_have_text([FOUNDED, OVERTAKEN])
        expect(page.locator("#article h2")).to_have_text(engine.articles[0].title)
        assert lit(page) == flat(engine.ask(OVERTAKEN, [FOUNDED]).text)


def test_a_start_that_failed_is_shown_in_one_sentence(page: Page) -> None:
    def load() -> Engine:
        raise ReadError("there is no article; give one")

    with serving(Service(load)) as address:
        page.goto(address)
        expect(page.locator("#article .notice")).to_have_text("there is no article; give one")
        ask(page, FOUNDED)
        expect(answers(page).last).to_have_text("There is no article; give one.")


def test_errors_are_plain_sentences_without_internals(
    page: Page, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Moody(Engine):
        """Fails, or takes as long as it is told to."""

        def ask(self, question: str, history: Sequence[str] = (), article: str | None = None) -> Answer:
            if question == "fail":
                raise RuntimeError("password in /etc/secret")
            if question == "block":
                gate.wait(60)
            return super().ask(question, history, article)

    gate = threading.Event()
    service = Service(lambda: Moody(engine.index, engine.encoder, engine.settings), workers=1, max_waiting=0)
    with serving(service) as address, caplog.at_level(logging.CRITICAL):
        visit(page, address)
        ask(page, "x" * 501)
        expect(answers(page).last).to_have_text(re.compile("^The question has 501 characters; the limit is 500"))
        ask(page, "fail")
        expect(answers(page).last).to_have_text(BROKEN)
        blocked = service.submit("block")
        ask(page, FOUNDED)
        expect(answers(page).last).to_have_text(re.compile("ask again in a moment"))
        gate.set()
        blocked.result(60)
        page.get_by_label("Clear", exact=True).click()
        expect(answers(page)).to_have_count(0)
        ask(page, FOUNDED)
        expect(answers(page).last.locator("blockquote")).to_be_visible()
        assert "secret" not in page.content()


def test_attacks_do_nothing_in_article_faq_chat_title_address_and_export(page: Page, engine: Engine) -> None:
    source = [f"# {ATTACKS[0]} bees {ATTACKS[22]}", *(f"The bees say {attack} to all." for attack in ATTACKS), "## FAQ"]
    source += [f"### Why do bees say {attack}?\n\nBees say {attack} because." for attack in ATTACKS]
    hostile = Engine.from_articles([parse_article("<b>.md", "\n\n".join(source))], engine.settings, engine.encoder)
    article = hostile.articles[0]
    with serving(Service(lambda: hostile)) as address:
        page.goto(f"{address}?q=%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E%20%24%7Bwindow.pwned%3D1%7D%20bees")
        expect(answers(page)).to_have_count(1)
        questions = [
            f"why do bees say {' bees '.join(ATTACKS[start : start + 4])}" for start in range(0, len(ATTACKS), 4)
        ]
        for question in questions:
            ask(page, question)
        asked = page.locator("#chat [data-testid=user]").all_text_contents()
        assert [flat(text) for text in asked[1:]] == [flat(question) for question in questions]
        shown = flat(page.locator("#article .art").text_content() or "")
        for passage in article.passages:
            assert flat(article.quote(passage.span)) in shown
        for faq in article.faqs:
            assert flat(article.quote(faq.question)) in shown
        page.get_by_role("tab", name="Questions").click()
        expect(page.locator("#faq button")).to_have_count(len(article.faqs))
        page.locator("#faq button").first.click()
        expect(answers(page)).to_have_count(len(questions) + 2)
        assert page.title() == f"{article.title} – Ask the Article"
        elements = "[...document.querySelectorAll('#chat .md *, #article .art *, #faq *')].map(e => e.localName)"
        assert set(page.evaluate(elements)) <= {
            "div", "p", "span", "a", "b", "blockquote", "details", "summary", "ul", "li", "small", "button", "br",
            "header", "h2", "h3", "h4",
        }  # fmt: skip
        with page.expect_download() as download:
            page.get_by_role("button", name="Export").click()
        assert "http://" not in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_program_can_ask_through_gradio_client(site: str, engine: Engine) -> None:
    from gradio_client import Client

    client = Client(site, verbose=False)
    try:
        answer = client.predict(question=FOUNDED, history=[], api_name="/ask")
        assert answer == json.loads(json.dumps(engine.ask(FOUNDED).to_dict()))
    finally:
        client.close()
