"""A reader says what they think of an answer, and shows the sentence that would be right; the log has it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from browser import serving
from chatting import FOUNDED, OVERTAKEN, PAGE_MARKS, ask, check_axe, visit
from playwright.sync_api import Page, expect

from qa.engine import Engine
from qa.feedback.log import FeedbackLog
from qa.web.service import Service
from qa.web.visitors import Visitors

pytestmark = PAGE_MARKS

RIGHT = "DeepSeek was founded in 2023 with a very ambitious goal: artificial general intelligence, or AGI."


@pytest.fixture
def logged(engine: Engine, path: Path) -> Iterator[str]:
    with serving(Service(lambda: engine, log=FeedbackLog(path)), visitors=Visitors()) as address:
        yield address


def rows(path: Path) -> list[tuple[Any, ...]]:
    """Return each question with its rating, reason and marked sentence, oldest first."""
    query = (
        "SELECT question, liked, reason, quote FROM questions LEFT JOIN spans ON spans.number = marked"
        " ORDER BY questions.number"
    )
    with closing(connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_dislike_is_explained_and_the_right_sentence_shown(page: Page, logged: str, path: Path) -> None:
    visit(page, logged)
    ask(page, OVERTAKEN)
    ask(page, FOUNDED)
    page.get_by_label("Dislike", exact=True).first.click()
    form = page.get_by_role("form", name="What was wrong")
    expect(form).to_be_visible()
    assert rows(path) == [(OVERTAKEN, 0, "", None), (FOUNDED, None, "", None)]
    form.get_by_label("It is not complete").check()
    form.get_by_label("In your words").fill("it says  <b>when</b>")
    form.get_by_role("button", name="Show us the right sentence").click()
    expect(form.locator(".marked")).to_have_text("Click the right sentence in the article; Escape leaves.")
    check_axe(page)
    page.get_by_role("button", name=RIGHT).click()
    expect(form.locator(".marked")).to_have_text(f"Marked: {RIGHT}")
    expect(page.locator("#article .chosen")).to_have_text(RIGHT)
    check_axe(page)
    form.get_by_role("button", name="Send").click()
    expect(page.locator("#notice")).to_have_text("Thank you. Noted.")
    expect(page.locator("#article .chosen")).to_have_count(0)
    assert rows(path)[0] == (OVERTAKEN, 0, "It is not complete: it says <b>when</b>", RIGHT)


def test_a_sentence_is_marked_by_keyboard_and_escape_leaves(page: Page, logged: str, path: Path) -> None:
    visit(page, logged)
    ask(page, OVERTAKEN)
    page.get_by_label("Dislike", exact=True).click()
    show = page.get_by_role("button", name="Show us the right sentence")
    show.press("Enter")
    expect(page.locator("#article .art")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(show).to_be_focused()
    expect(page.locator("#article [role=button]")).to_have_count(0)
    show.press("Enter")
    page.keyboard.press("Tab")
    first = page.locator("#article [data-start]").first
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(show).to_be_focused()
    page.get_by_role("button", name="Send").press("Enter")
    expect(page.locator("#notice")).to_have_text("Thank you. Noted.")
    assert rows(path) == [(OVERTAKEN, 0, "", first.text_content())]


def test_a_like_is_noted_and_can_be_taken_back(page: Page, logged: str, path: Path) -> None:
    visit(page, logged)
    ask(page, FOUNDED)
    page.get_by_label("Like", exact=True).click()
    expect(page.locator("#notice")).to_have_text("Thank you. Noted as helpful.")
    assert rows(path) == [(FOUNDED, 1, "", None)]
    page.get_by_label("Liked", exact=True).click()
    expect(page.locator("#notice")).to_have_text("Taken back.")
    assert rows(path) == [(FOUNDED, None, "", None)]


def test_the_page_says_what_is_stored_and_shows_the_rating_form_on_a_phone(phone: Page, logged: str) -> None:
    visit(phone, logged)
    link = phone.get_by_role("link", name="what is stored")
    expect(phone.locator("#kept")).to_have_text("Questions are kept to improve the article: what is stored")
    with phone.expect_popup() as popup:
        link.tap()
    expect(popup.value.get_by_role("heading")).to_have_text("What is stored")
    expect(popup.value.locator("main")).to_contain_text("After 365 days they are deleted.")
    check_axe(popup.value)
    popup.value.close()
    ask(phone, FOUNDED)
    phone.get_by_label("Dislike", exact=True).tap()
    phone.get_by_role("button", name="Show us the right sentence").tap()
    phone.get_by_role("button", name=RIGHT).tap()
    expect(phone.locator(".wrong .marked")).to_be_in_viewport()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    check_axe(phone)


def test_nothing_is_recorded_about_a_text_of_ones_own(page: Page, logged: str, path: Path) -> None:
    visit(page, logged)
    page.get_by_role("tab", name="Your own text").click()
    page.get_by_label("Or paste text").fill("The lighthouse was lit in 1874. Its lamp burned colza oil.")
    page.get_by_role("button", name="Ask this text").click()
    expect(page.locator("#asking")).to_contain_text("Pasted text")
    ask(page, "When was the lighthouse lit?")
    page.get_by_label("Dislike", exact=True).click()
    expect(page.locator("#notice")).to_have_text("Nothing is noted about this answer: it is not recorded.")
    assert rows(path) == []


def test_without_a_log_the_page_asks_for_no_opinion_and_says_that_nothing_is_stored(page: Page, site: str) -> None:
    visit(page, site)
    ask(page, FOUNDED)
    expect(page.get_by_label("Like", exact=True)).to_have_count(0)
    expect(page.locator("#kept")).to_have_count(0)
    page.goto(f"{site}privacy")
    expect(page.locator("main")).to_contain_text("Nothing: this server does not record questions.")
