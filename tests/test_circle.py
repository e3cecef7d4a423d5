"""The whole circle in a real browser: a dislike becomes a case that fails, then a FAQ draft, then an answer."""

import json
from pathlib import Path

from browser import serving
from chatting import PAGE_MARKS, answers, ask, visit
from playwright.sync_api import Page, expect

from qa import Engine, corpus_path
from qa.cli import main
from qa.commands.measuring import evaluate
from qa.encoder import Encoder
from qa.feedback.log import FeedbackLog
from qa.web.service import Service

pytestmark = PAGE_MARKS

QUESTION = "What is good about open-sourcing R1?"
RIGHT = "Developers anywhere in the world can obtain R1 and build it into their own work"


def right(labels: Path, article: Path) -> float:
    """Evaluate labels of the split "feedback"; return the share that is right."""
    evaluate([labels], str(article), split="feedback", methods="product", out=labels.parent / "report")
    results = json.loads((labels.parent / "report" / "results.json").read_text(encoding="utf-8"))
    return float(results["data"]["feedback"]["answers"]["faq and fact right"]["value"])


def test_a_dislike_becomes_a_failing_case_and_the_draft_of_it_an_answer(
    page: Page, engine: Engine, encoder: Encoder, tmp_path: Path
) -> None:
    log, out, source = tmp_path / "log.sqlite3", tmp_path / "out", corpus_path() / "deepseek.md"
    labels, later = out / "feedback.jsonl", tmp_path / "deepseek.md"

    # A reader asks, dislikes the answer and marks the right sentence.
    with serving(Service(lambda: engine, log=FeedbackLog(log))) as address:
        visit(page, address)
        ask(page, QUESTION)
        expect(answers(page).last).not_to_contain_text(RIGHT)
        page.get_by_label("Dislike", exact=True).click()
        form = page.get_by_role("form", name="What was wrong")
        form.get_by_role("button", name="Show us the right sentence").click()
        page.get_by_role("button", name=RIGHT).click()
        form.get_by_role("button", name="Send").click()
        expect(page.locator("#notice")).to_have_text("Thank you. Noted.")

    # It is a case that fails.
    main(["feedback", "export", "--log", str(log), "--out", str(labels)])
    assert right(labels, source) == 0

    # The author adds the draft's entry to the article, which answers the question from then on.
    main(["insights", "--log", str(log), "--draft-faq", "--out", str(out)])
    draft = (out / "faq-draft.md").read_text(encoding="utf-8")
    entry = draft[draft.index("\n## What is good") :].replace("\n## ", "\n### ")
    later.write_text(source.read_text(encoding="utf-8").rstrip() + f"\n{entry}", encoding="utf-8")
    mended = Engine.from_path(later, encoder=encoder)
    with serving(Service(lambda: mended)) as address:
        visit(page, address)
        ask(page, QUESTION)
        expect(answers(page).last).to_contain_text(RIGHT)
        expect(answers(page).last.locator(".source")).to_contain_text("Frequently asked questions")
    main(["feedback", "export", "--log", str(log), "--article", str(later), "--out", str(labels)])
    assert right(labels, later) == 1
