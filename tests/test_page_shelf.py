"""Hundreds of articles on one page: it stays as small as with a hundred, and each of them can be found."""

import html
from collections.abc import Iterator

import pytest
from browser import serving
from chatting import PAGE_MARKS, answers, ask, check_axe, lit, visit
from playwright.sync_api import BrowserContext, Page, expect
from toy import ToyEncoder

from qa.engine import Engine
from qa.readers import parse_article
from qa.web.service import Service

pytestmark = PAGE_MARKS

COUNT = 300
ATTACK = "<img src=x onerror='window.pwned=1'>${window.pwned=2} {{window.pwned=3}}"
ENTRIES = 2


def source(number: int) -> str:
    """Return an article with two ready questions."""
    title = html.escape(ATTACK) if number == COUNT - 1 else f"Beehive {number:04}"
    entries = [f"### Who owns hive {number}-{entry}?\n\nKeeper {number}-{entry} owns it." for entry in range(ENTRIES)]
    return "\n\n".join([f"# {title}", f"Hive number {number} stands on a hill.", "## FAQ", *entries])


def shelf_of(count: int) -> Engine:
    articles = [parse_article(f"a{number:04}.md", source(number)) for number in range(count)]
    return Engine.from_articles(articles, encoder=ToyEncoder())


@pytest.fixture(scope="module")
def shelf() -> Iterator[str]:
    engine = shelf_of(COUNT)
    with serving(Service(lambda: engine)) as address:
        yield address


def size(desk: BrowserContext, address: str) -> int:
    """Return how many bytes the server sends to fill the page, its files left out."""
    page = desk.new_page()
    session = desk.new_cdp_session(page)
    session.send("Network.enable")
    streams: set[str] = set()
    received: list[tuple[str, int]] = []

    def note_response(event: dict[str, object]) -> None:
        if "/queue/data" in str(event["response"]):
            streams.add(str(event["requestId"]))

    session.on("Network.responseReceived", note_response)
    session.on("Network.dataReceived", lambda event: received.append((event["requestId"], event["dataLength"])))
    visit(page, address)
    expect(page.locator("#chat button.example").first).to_be_visible()
    page.close()
    assert streams
    return sum(length for stream, length in received if stream in streams)


def type_title(page: Page, text: str) -> None:
    """Type into the picker, letter by letter, as fast as it takes them."""
    page.locator("#picker input").click()
    page.locator("#picker input").press("Control+a")
    page.locator("#picker input").press_sequentially(text)


def test_what_is_sent_does_not_grow_with_the_number_of_articles(desk: BrowserContext, shelf: str) -> None:
    more = shelf_of(COUNT * 2)
    with serving(Service(lambda: more)) as address:
        assert abs(size(desk, address) - size(desk, shelf)) < 1000


def test_of_many_articles_the_first_titles_and_questions_are_listed_and_told_to_be_some(page: Page, shelf: str) -> None:
    visit(page, shelf)
    check_axe(page)
    page.locator("#picker input").click()
    expect(page.get_by_role("option")).to_have_count(100)
    expect(page.locator("#picker")).to_contain_text("type to search all 300")
    page.get_by_role("tab", name="Questions (600)").click()
    expect(page.locator("#faq button")).to_have_count(100)
    expect(page.locator("#faq")).to_contain_text("And 500 more")
    check_axe(page)


def test_an_article_that_is_not_listed_is_found_by_typing_and_opened_by_enter(page: Page, shelf: str) -> None:
    visit(page, shelf)
    type_title(page, "hive 0123")
    expect(page.get_by_role("option", name="Beehive 0123")).to_have_count(1)
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option", selected=True)).to_have_count(0)
    page.locator("#picker input").press("Enter")
    expect(page.locator("#article h2")).to_have_text("Beehive 0123")
    expect(page.locator("#picker input")).to_have_value("Beehive 0123")
    page.locator("#picker input").click()
    expect(page.get_by_role("option")).to_have_count(100)  # the picked one stands last, still out of sight


def test_the_arrows_go_through_what_is_found(page: Page, shelf: str) -> None:
    visit(page, shelf)
    type_title(page, "hive 012")
    expect(page.get_by_role("option")).to_have_count(10)
    page.locator("#picker input").press("ArrowDown")
    page.locator("#picker input").press("ArrowDown")
    page.locator("#picker input").press("Enter")
    expect(page.locator("#article h2")).to_have_text("Beehive 0122")


def test_words_that_no_title_holds_leave_the_article_that_is_open(page: Page, shelf: str) -> None:
    visit(page, shelf)
    type_title(page, "<b>${1}</b> `\\u0000 {{x}}")
    expect(page.get_by_role("option")).to_have_count(0)
    page.locator("#q textarea").click()
    expect(page.locator("#picker input")).to_have_value("Beehive 0000")
    expect(page.locator("#article h2")).to_have_text("Beehive 0000")


def test_a_hostile_title_is_found_and_shown_as_it_is_written(page: Page, shelf: str) -> None:
    visit(page, shelf)
    type_title(page, ATTACK[:20])
    page.get_by_role("option", name=ATTACK).click()
    expect(page.locator("#article h2")).to_have_text(ATTACK)
    expect(page.locator("#picker input")).to_have_value(ATTACK)


def test_a_cited_article_that_is_not_listed_is_opened_and_can_be_asked_alone(page: Page, shelf: str) -> None:
    visit(page, shelf)
    ask(page, "Who owns hive 250-1?")
    expect(answers(page).last).to_contain_text("Keeper 250-1 owns it.")
    assert lit(page) == "Keeper 250-1 owns it."
    expect(page.locator("#picker input")).to_have_value("Beehive 0250")
    page.get_by_role("checkbox", name="Ask only this article").check()
    expect(page.locator("#asking")).to_contain_text("You are asking only “Beehive 0250”.")
    page.get_by_role("tab", name="Questions (2)").click()
    expect(page.locator("#faq button")).to_have_text(["Who owns hive 250-0?", "Who owns hive 250-1?"])
