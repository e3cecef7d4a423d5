"""Asking on the page, and looking at what it shows, as its tests do."""

from collections.abc import Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

from qa.answering import Answer
from qa.engine import Engine

PAGE_MARKS = [
    pytest.mark.browser,
    # Gradio uses what the next pandas is to drop.
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]
OVERTAKEN = "Which app did DeepSeek's app overtake as the most downloaded free app on the App Store?"
FOUNDED = "When was DeepSeek founded?"
UNKNOWN = "What is the boiling point of tungsten?"

expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong


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
        refused = "status of 422" in message.text  # the browser's word on a text that cannot be read
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fail if it did."""
        assert self.outside == []
        assert self.complaints == []
        assert self.page.evaluate("window.pwned ?? null") is None


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
