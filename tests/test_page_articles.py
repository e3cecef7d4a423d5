"""Several articles on one page: which is shown, which are asked, and where the same words stand twice."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import serving
from chatting import PAGE_MARKS, answers, ask, check_axe, lit, visit
from playwright.sync_api import Page, expect

from qa.engine import Engine
from qa.readers import parse_article
from qa.web.service import Service

pytestmark = PAGE_MARKS

BEES = """# Why bees dance

The waggle dance tells the other bees where the flowers are. It was decoded in 1927.

A hive in winter is as warm inside as a living room.

## FAQ

### Who decoded the waggle dance?

Karl von Frisch, an Austrian ethologist.
"""
ANTS = """# How ants farm

Leafcutter ants grow a fungus on chewed leaves.

A hive in winter is as warm inside as a living room.

## FAQ

### What do leafcutter ants eat?

The fungus that they grow.
"""
WARM = "How warm is a hive in winter?"


@pytest.fixture(scope="module")
def two(engine: Engine) -> Engine:
    articles = [parse_article("ants.md", ANTS), parse_article("bees.md", BEES)]
    return Engine.from_articles(articles, engine.settings, engine.encoder)


@pytest.fixture(scope="module")
def shelf(two: Engine) -> Iterator[str]:
    with serving(Service(lambda: two)) as address:
        yield address


def pick(page: Page, title: str) -> None:
    page.locator("#picker input").click()
    page.get_by_role("option", name=title).click()
    expect(page.locator("#article h2")).to_have_text(title)


def test_the_cited_article_is_opened_at_the_citation(page: Page, shelf: str) -> None:
    visit(page, shelf)
    check_axe(page)
    ask(page, "Who decoded the waggle dance?")
    expect(page.locator("#article h2")).to_have_text("Why bees dance")
    assert lit(page) == "Karl von Frisch, an Austrian ethologist."
    expect(page.locator("#picker input")).to_have_value("Why bees dance")
    ask(page, "What do leafcutter ants eat?")
    expect(page.locator("#article h2")).to_have_text("How ants farm")
    page.get_by_role("link", name="[1]").first.click()
    expect(page.locator("#article h2")).to_have_text("Why bees dance")
    assert lit(page) == "Karl von Frisch, an Austrian ethologist."
    expect(page.locator("#article .hit")).to_be_focused()
    pick(page, "How ants farm")
    expect(page.locator("#article .hit")).to_have_count(0)


def test_the_same_words_in_two_articles_are_quoted_once_and_cited_twice(page: Page, shelf: str) -> None:
    visit(page, shelf)
    ask(page, WARM)
    reply = answers(page).last
    expect(reply.locator("blockquote")).to_have_count(1)
    expect(reply.locator(".source")).to_have_count(2)
    shown = page.locator("#article h2").inner_text()
    reply.get_by_role("link", name="[2]").click()
    expect(page.locator("#article h2")).not_to_have_text(shown)
    assert lit(page) == "A hive in winter is as warm inside as a living room."


def test_one_article_alone_can_be_asked_and_all_again(page: Page, shelf: str) -> None:
    visit(page, shelf)
    page.get_by_role("checkbox", name="Ask only this article").check()
    expect(page.locator("#asking")).to_contain_text("You are asking only “How ants farm”.")
    check_axe(page)
    ask(page, "Who decoded the waggle dance?")
    expect(answers(page).last).to_contain_text("The article doesn't say.")
    expect(page.get_by_role("tab", name="Questions (1)")).to_be_visible()
    pick(page, "Why bees dance")
    expect(page.locator("#asking")).to_contain_text("You are asking only “Why bees dance”.")
    ask(page, WARM)
    expect(answers(page).last.locator(".source")).to_have_count(1)
    page.get_by_role("tab", name="Questions (1)").click()
    expect(page.locator("#faq button")).to_have_text(["Who decoded the waggle dance?"])
    page.get_by_role("button", name="Ask all articles").click()
    expect(page.locator("#asking")).to_have_text("")
    expect(page.get_by_role("tab", name="Questions (2)")).to_be_visible()
    page.get_by_role("tab", name="Article", exact=True).click()
    expect(page.get_by_role("checkbox", name="Ask only this article")).not_to_be_checked()
    ask(page, WARM)
    expect(answers(page).last.locator(".source")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    assert re.findall(r"^\\\[2\\\]", saved, re.MULTILINE) == [r"\[2\]"]  # each as it was asked


def test_an_old_citation_shows_its_article_and_leaves_what_is_asked(page: Page, shelf: str) -> None:
    visit(page, shelf)
    ask(page, "Who decoded the waggle dance?")
    expect(page.locator("#article h2")).to_have_text("Why bees dance")
    pick(page, "How ants farm")
    box = page.get_by_role("checkbox", name="Ask only this article")
    box.check()
    expect(page.locator("#asking")).to_contain_text("How ants farm")
    page.get_by_role("link", name="[1]").click()
    expect(page.locator("#article h2")).to_have_text("Why bees dance")
    expect(box).not_to_be_checked()
    expect(page.locator("#asking")).to_contain_text("How ants farm")


def test_with_one_article_there_is_nothing_to_choose(page: Page, site: str) -> None:
    visit(page, site)
    for name in ("#picker", "#limit", "#choice", "#asking"):
        expect(page.locator(name)).to_be_hidden()
