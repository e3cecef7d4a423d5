"""The page as a reader meets it: a real server, a real Chromium."""

import json
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attacks import ATTACKS
from axe_playwright_python.sync_playwright import Axe
from browser import PHONE, chromium, serving
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from qa.answering import Answer, AnswerKind
from qa.conversation import suggest
from qa.engine import Engine
from qa.errors import ReadError
from qa.readers import parse_article
from qa.web import render
from qa.web.page import BROKEN
from qa.web.service import Service

pytestmark = [
    pytest.mark.browser,
    # Gradio uses what the next pandas is to drop.
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong

OVERTAKEN = "Which app did DeepSeek's app overtake as the most downloaded free app on the App Store?"
FOUNDED = "When was DeepSeek founded?"
UNKNOWN = "What is the boiling point of tungsten?"
BEES = """# Why bees dance

The waggle dance tells the other bees where the flowers are. It was decoded in 1927.

## FAQ

### Who decoded the waggle dance?

Karl von Frisch, an Austrian ethologist.
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    with serving(Service(lambda: engine)) as address:
        yield address


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


class Watch:
    """Notes what a page must not do: speak to other hosts, complain, run what is text."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._note_request(request.url))
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_request(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.outside.append(url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fail if it did."""
        assert self.outside == []
        assert self.complaints == []
        assert self.page.evaluate("window.pwned ?? null") is None


@pytest.fixture
def page(desk: BrowserContext) -> Iterator[Page]:
    opened = desk.new_page()
    watch = Watch(opened)
    yield opened
    watch.check()
    opened.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", reduced_motion="reduce", **PHONE)
    opened = context.new_page()
    watch = Watch(opened)
    yield opened
    watch.check()
    context.close()


def visit(page: Page, address: str) -> None:
    """Open the page and wait until it is filled."""
    page.goto(address)
    expect(page.locator("#article .art h2")).to_be_visible()


def answers(page: Page) -> Any:
    return page.locator("#chat [data-testid=bot]:not(:has(.waiting))")


def ask(page: Page, question: str) -> None:
    """Type a question and wait for what comes back."""
    count = answers(page).count()
    page.locator("#q textarea").fill(question)
    page.locator("#q textarea").press("Enter")
    expect(answers(page)).to_have_count(count + 1)


def lit(page: Page) -> str:
    """Return the words that are lit up, once they are in sight within the panel."""
    first = page.locator("#article .hit").first
    expect(first).to_be_in_viewport()
    return " ".join(" ".join(page.locator("#article .hit").all_inner_texts()).split())


def check_axe(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found] == []


def answered(engine: Engine, question: str, history: Sequence[str] = ()) -> Answer:
    """Return the engine's own answer, which has to be one."""
    answer = engine.ask(question, history)
    assert answer.citations
    return answer


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_first_view_says_what_it_is_and_offers_questions(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    article = engine.articles[0]
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask the Article")
    expect(page.get_by_role("heading", level=2, name=article.title)).to_be_visible()
    expect(page.locator("#chat .welcome")).to_contain_text(article.title)
    assert page.locator("#chat button.example").all_inner_texts() == [
        article.quote(faq.question) for faq in article.faqs[:5]
    ]
    assert page.title() == f"{article.title} – Ask the Article"
    shown = flat(page.locator("#article .art").inner_text())
    for passage in article.passages:
        assert flat(article.quote(passage.span)) in shown
    expect(page.locator("#q textarea")).to_be_focused()
    expect(page.get_by_label("Your question")).to_be_visible()
    check_axe(page)


def test_an_answer_quotes_cites_and_lights_up_its_sentence(page: Page, site: str, engine: Engine) -> None:
    answer = answered(engine, OVERTAKEN)
    visit(page, site)
    ask(page, OVERTAKEN)
    reply = answers(page).last
    expect(reply.locator("blockquote")).to_have_text(f"“{flat(answer.text)}” [1]")
    expect(reply.locator(".source b")).to_have_text(answer.citations[0].section)
    expect(reply.locator(".sure")).to_have_text(render.sureness(answer.confidence))
    assert f"Confidence {answer.confidence:.2f}" in str(reply.get_by_role("img").get_attribute("title"))
    assert lit(page) == flat(answer.text)
    assert page.evaluate("scrollY") == 0
    expect(page.locator("#q textarea")).to_be_focused()
    expect(page.locator("#q textarea")).to_have_value("")
    for fold in reply.locator("summary").all():
        fold.click()
    expect(reply.locator("details li").first).to_be_visible()
    check_axe(page)
    reply.locator("details li a").first.click()
    assert lit(page) == flat(next(p for p in answer.passages if answer.citations[0].quote not in p.text).text)


def test_chips_ask_before_and_after_an_answer(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    first = page.locator("#chat button.example").nth(1).inner_text()
    page.locator("#chat button.example").nth(1).click()
    expect(answers(page)).to_have_count(1)
    follow_ups = suggest(engine, engine.ask(first), [first])
    assert tuple(page.locator("#chat button.option").all_inner_texts()) == follow_ups
    page.locator("#chat button.option").first.click()
    expect(answers(page)).to_have_count(2)
    assert page.locator("#chat [data-testid=user]").all_inner_texts() == [first, follow_ups[0]]
    expect(page.locator("#q textarea")).to_be_focused()


def test_an_earlier_citation_lights_up_again_and_escape_leads_back(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    ask(page, OVERTAKEN)
    first = lit(page)
    ask(page, engine.articles[0].quote(engine.articles[0].faqs[-1].question))
    assert lit(page) != first
    link = page.get_by_role("link", name="[1]").first
    for _ in range(2):
        link.click()
        assert lit(page) == first
        expect(page.locator("#article .hit").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(link).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_an_abstention_is_plain_and_lights_nothing(page: Page, site: str, engine: Engine) -> None:
    answer = engine.ask(UNKNOWN)
    assert answer.kind is AnswerKind.NONE
    assert answer.closest is not None
    visit(page, site)
    ask(page, UNKNOWN)
    reply = answers(page).last
    expect(reply).to_contain_text(answer.text)
    expect(reply).to_contain_text("Closest, but not an answer:")
    expect(reply.locator("blockquote")).to_have_text(f"“{flat(answer.closest.quote)}” [1]")
    expect(page.locator("#article :is(.hit, .near)")).to_have_count(0)
    expect(page.locator("#chat button.option").first).to_be_visible()
    check_axe(page)
    reply.get_by_role("link", name="[1]").click()
    expect(page.locator("#article .near").first).to_be_in_viewport()
    expect(page.locator("#article .hit")).to_have_count(0)


def test_a_follow_up_says_how_it_was_understood(page: Page, site: str, engine: Engine) -> None:
    history = [engine.articles[0].quote(engine.articles[0].faqs[1].question)]
    understood = engine.ask("and why?", history).understood_as
    assert understood
    visit(page, site)
    ask(page, history[0])
    ask(page, "and why?")
    expect(answers(page).last.locator(".understood")).to_have_text(f"Understood as: {flat(understood)}")


def test_the_list_of_questions_asks_and_turns_back_to_the_article(page: Page, site: str, engine: Engine) -> None:
    article = engine.articles[0]
    visit(page, site)
    page.get_by_role("tab", name=f"Questions ({len(article.faqs)})").click()
    expect(page.locator("#faq button")).to_have_text([article.quote(faq.question) for faq in article.faqs])
    check_axe(page)
    page.locator("#faq button").last.click()
    expect(answers(page)).to_have_count(1)
    assert lit(page) == flat(article.quote(article.faqs[-1].answer))


def test_a_copy_is_plain_text_with_its_citation(page: Page, site: str, engine: Engine) -> None:
    answer = answered(engine, OVERTAKEN)
    visit(page, site)
    ask(page, OVERTAKEN)
    page.locator("#chat .message-buttons-left").get_by_label("Copy message").click()
    section, title = answer.citations[0].section, engine.articles[0].title
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"“{flat(answer.text)}” [1]\n[1] {section}, {title}"


def test_a_copy_is_plain_text_where_the_browser_gives_no_clipboard(
    page: Page, desk: BrowserContext, site: str, engine: Engine
) -> None:
    page.add_init_script("delete Navigator.prototype.clipboard")  # as without HTTPS
    visit(page, site)
    ask(page, FOUNDED)
    page.locator("#chat .message-buttons-left").get_by_label("Copy message").click()
    other = desk.new_page()
    other.goto(f"{site}healthz")
    copied = str(other.evaluate("navigator.clipboard.readText()"))
    other.close()
    assert copied.startswith(f"“{flat(answered(engine, FOUNDED).text)}” [1]\n[1] ")


def test_a_conversation_is_exported_as_markdown(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    ask(page, OVERTAKEN)
    ask(page, "why")
    ask(page, "?!")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    turns = [(OVERTAKEN, engine.ask(OVERTAKEN)), ("why", engine.ask("why", [OVERTAKEN])), ("?!", None)]
    assert download.value.suggested_filename == "conversation.md"
    assert Path(download.value.path()).read_text(encoding="utf-8") == render.conversation_markdown(
        turns, engine.articles
    )


def test_retry_undo_like_and_clear(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    ask(page, FOUNDED)
    ask(page, OVERTAKEN)
    page.get_by_label("Like", exact=True).last.click()
    expect(page.locator("#notice")).to_have_text("Thank you. Noted as helpful.")
    page.get_by_label("Dislike", exact=True).last.click()
    expect(page.locator("#notice")).to_have_text("Thank you. Noted as not helpful.")
    page.get_by_label("Retry", exact=True).click()
    expect(page.locator("#notice")).to_have_text("")
    expect(answers(page)).to_have_count(2)
    expect(page.locator("#q textarea")).to_have_value("")
    lit(page)
    page.get_by_label("Undo", exact=True).click()
    expect(page.locator("#chat [data-testid=user]")).to_have_text([FOUNDED])
    expect(page.locator("#q textarea")).to_have_value(OVERTAKEN)
    expect(page.locator("#q textarea")).to_be_focused()
    expect(page.locator("#article .hit")).to_have_text([flat(answered(engine, FOUNDED).text)])
    ask(page, OVERTAKEN)
    lit(page)
    page.get_by_label("Clear", exact=True).click()
    expect(page.locator("#chat button.example").first).to_be_visible()
    expect(page.locator("#article .hit")).to_have_count(0)


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

        def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
            if question == "fail":
                raise RuntimeError("password in /etc/secret")
            if question == "block":
                gate.wait(60)
            return super().ask(question, history)

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


def test_dark_colours_are_a_click_away_and_stay(page: Page, site: str) -> None:
    visit(page, site)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.get_by_role("button", name="Dark colours")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    check_axe(page)
    visit(page, site)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    ask(page, OVERTAKEN)
    check_axe(page)
    ask(page, UNKNOWN)
    check_axe(page)
    page.get_by_role("tab", name="Questions").click()
    check_axe(page)
    page.evaluate("localStorage.clear()")


def test_the_system_may_ask_for_dark_colours(browser: Browser, site: str) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        visit(page, site)
        expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"


def test_on_a_phone_a_citation_leads_to_the_article_and_back(phone: Page, site: str) -> None:
    visit(phone, site)
    check_axe(phone)
    phone.locator("#chat button.example").first.tap()
    expect(answers(phone)).to_have_count(1)
    expect(phone.locator("#talk")).to_be_in_viewport(ratio=0.9)
    phone.get_by_role("link", name="[1]").tap()
    lit(phone)
    expect(phone.locator("#side")).to_be_in_viewport(ratio=0.9)
    check_axe(phone)
    phone.get_by_role("button", name="Back to the chat").tap()
    expect(phone.locator("#talk")).to_be_in_viewport(ratio=0.9)
    phone.get_by_role("button", name="Read the article").tap()
    expect(phone.locator("#side")).to_be_in_viewport(ratio=0.9)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_the_keyboard_alone_is_enough(page: Page, site: str) -> None:
    def tab_to(selector: str, key: str = "Tab") -> None:
        for _ in range(40):
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            page.keyboard.press(key)
        pytest.fail(f"{selector} cannot be reached with {key}")

    visit(page, site)
    tab_to("#chat button.example", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(1)
    expect(page.locator("#q textarea")).to_be_focused()
    page.keyboard.type(OVERTAKEN)
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(2)
    expect(page.locator("#q textarea")).to_be_focused()
    tab_to("#chat blockquote a.cite", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#article .hit").first).to_be_focused()
    page.keyboard.press("Escape")
    tab_to("#chat summary")
    page.keyboard.press("Enter")
    expect(page.locator("#chat details[open]")).to_have_count(1)
    tab_to("#side [role=tab]")
    tab_to("#article .art")


def test_motion_is_reduced_on_demand(page: Page, site: str) -> None:
    visit(page, site)
    moving = (
        "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration)).length"
    )
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0


def test_an_address_can_carry_a_question(page: Page, site: str, engine: Engine) -> None:
    page.goto(f"{site}?q=When%20was%20DeepSeek%20founded%3F")
    expect(answers(page)).to_have_count(1)
    expect(page.locator("#chat [data-testid=user]")).to_have_text([FOUNDED])
    assert lit(page) == flat(answered(engine, FOUNDED).text)


def test_the_slim_page_shows_the_chat_and_opens_the_article_on_demand(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 420, "height": 640})
    page.goto(f"{site}?embed=1&q=When%20was%20DeepSeek%20founded%3F")
    expect(answers(page)).to_have_count(1)
    expect(page.locator("#side")).to_be_hidden()
    expect(page.get_by_role("tab")).to_have_count(0)
    check_axe(page)
    page.get_by_role("link", name="[1]").click()
    expect(page.locator("#article .hit").first).to_be_focused()
    lit(page)
    check_axe(page)
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    expect(page.get_by_role("link", name="[1]")).to_be_focused()


def test_of_several_articles_the_cited_one_is_opened(page: Page, engine: Engine) -> None:
    articles = [engine.articles[0], parse_article("zzz-bees.md", BEES)]
    several = Engine.from_articles(articles, engine.settings, engine.encoder)
    with serving(Service(lambda: several)) as address:
        visit(page, address)
        check_axe(page)
        ask(page, "Who decoded the waggle dance?")
        expect(page.locator("#article h2")).to_have_text("Why bees dance")
        assert lit(page) == "Karl von Frisch, an Austrian ethologist."
        expect(page.locator("#picker input")).to_have_value("Why bees dance")
        ask(page, articles[0].quote(articles[0].faqs[0].question))
        expect(page.locator("#article h2")).to_have_text(articles[0].title)
        page.get_by_role("link", name="[1]").first.click()
        expect(page.locator("#article h2")).to_have_text("Why bees dance")
        assert lit(page) == "Karl von Frisch, an Austrian ethologist."
        expect(page.locator("#article .hit")).to_be_focused()
        page.locator("#picker input").click()
        page.get_by_role("option", name=articles[0].title).click()
        expect(page.locator("#article h2")).to_have_text(articles[0].title)
        expect(page.locator("#article .hit")).to_have_count(0)


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
