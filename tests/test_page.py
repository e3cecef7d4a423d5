"""The page as a reader meets it: a real server, a real Chromium."""

from pathlib import Path

from chatting import FOUNDED, OVERTAKEN, PAGE_MARKS, UNKNOWN, answered, answers, ask, check_axe, flat, lit, visit
from playwright.sync_api import BrowserContext, Page, expect

from qa.answering import AnswerKind
from qa.conversation import suggest
from qa.engine import Engine
from qa.web import render

pytestmark = PAGE_MARKS


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
    citation, title = answer.citations[0], engine.articles[0].title
    copied = page.evaluate("navigator.clipboard.readText()")
    receipt = f"deepseek.md, characters {citation.start}–{citation.end}, sha256 {citation.sha256[:12]}"
    assert copied == f"“{flat(answer.text)}” [1]\n[1] {citation.section}, {title} ({receipt})"


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


def test_retry_undo_and_clear(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    ask(page, FOUNDED)
    ask(page, OVERTAKEN)
    expect(page.get_by_label("Like", exact=True)).to_have_count(0)  # where nothing is recorded, nobody is asked
    page.get_by_label("Retry", exact=True).click()
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


def test_an_address_can_carry_a_question(page: Page, site: str, engine: Engine) -> None:
    page.goto(f"{site}?q=When%20was%20DeepSeek%20founded%3F")
    expect(answers(page)).to_have_count(1)
    expect(page.locator("#chat [data-testid=user]")).to_have_text([FOUNDED])
    assert lit(page) == flat(answered(engine, FOUNDED).text)
