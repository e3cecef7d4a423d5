"""The page in the dark, on a phone, by keyboard, in a frame: whoever reads, however."""

import pytest
from chatting import OVERTAKEN, PAGE_MARKS, UNKNOWN, answers, ask, check_axe, lit, visit
from playwright.sync_api import Browser, Page, expect

pytestmark = PAGE_MARKS


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
