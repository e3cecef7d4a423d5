"""Takes the README's screenshots: ``python tests/screenshots.py``."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from browser import PHONE, chromium, serving
from playwright.sync_api import Browser, expect

from qa import Engine, corpus_path
from qa.feedback.log import FeedbackLog
from qa.web.service import Service
from qa.web.visitors import Visitors

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
QUESTIONS = ("Whose app did DeepSeek overtake in the App Store?", "How much did it cost to train R1?")
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


def shoot(browser: Browser, address: str, name: str, **look: Any) -> None:
    """Ask the questions on a fresh page and save what it looks like."""
    with browser.new_context(locale="en-US", reduced_motion="reduce", **look) as context:
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#article .art h2")).to_be_visible()
        for count, question in enumerate(QUESTIONS, 1):
            page.locator("#q textarea").fill(question)
            page.locator("#q textarea").press("Enter")
            expect(page.locator("#chat .answer")).to_have_count(count)
        expect(page.locator("#article .hit").first).to_be_attached()
        expect(page.locator("#chat button.option").last).to_be_in_viewport()
        page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        service = Service(lambda: Engine.from_path(corpus_path()), log=FeedbackLog(Path(folder) / "log.sqlite3"))
        with serving(service, visitors=Visitors()) as address, chromium() as browser:
            shoot(browser, address, "light", color_scheme="light", **DESK)
            shoot(browser, address, "dark", color_scheme="dark", **DESK)
            shoot(browser, address, "phone", color_scheme="light", **PHONE)


if __name__ == "__main__":
    main()
