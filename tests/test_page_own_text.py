"""A reader brings a text of their own: it answers them, and nobody else."""

from attacks import ATTACKS
from browser import serving
from chatting import FOUNDED, PAGE_MARKS, answers, ask, check_axe, lit, visit
from playwright.sync_api import BrowserContext, Page, expect

from qa.engine import Engine
from qa.web.service import Service
from qa.web.visitors import Visitors

pytestmark = PAGE_MARKS

BEES = """# Why bees dance

The waggle dance tells the other bees where the flowers are. It was decoded in 1927.

## FAQ

### Who decoded the waggle dance?

Karl von Frisch, an Austrian ethologist.
"""

DANCE = "What does the waggle dance tell the other bees?"


def bring(page: Page, name: str, data: bytes) -> None:
    """Upload a file by the form."""
    page.get_by_role("tab", name="Your own text").click()
    page.get_by_label("A file: Markdown").set_input_files({"name": name, "mimeType": "", "buffer": data})
    page.get_by_role("button", name="Ask this text").click()


def test_an_uploaded_file_is_asked_until_it_is_closed_and_nobody_else_sees_it(
    page: Page, desk: BrowserContext, site: str, engine: Engine
) -> None:
    visit(page, site)
    ask(page, FOUNDED)
    bring(page, "bees.md", BEES.encode())
    expect(page.locator("#asking")).to_contain_text("You are asking “bees.md”.")
    expect(page.locator("#article h2")).to_have_text("Why bees dance")
    expect(answers(page)).to_have_count(0)
    expect(page.locator("#chat button.example")).to_have_text(["Who decoded the waggle dance?"])
    expect(page.get_by_role("tab", name="Questions (1)")).to_be_visible()
    check_axe(page)
    ask(page, DANCE)
    expect(answers(page).last.locator("blockquote")).to_contain_text("where the flowers are.")
    assert "The waggle dance tells the other bees where the flowers are." in lit(page)
    ask(page, FOUNDED)
    expect(answers(page).last).to_contain_text("The article doesn't say.")

    other = desk.new_page()
    visit(other, site)
    ask(other, DANCE)
    expect(answers(other).last).to_contain_text("The article doesn't say.")
    expect(other.locator("#asking")).to_have_text("")
    other.close()

    page.get_by_role("button", name="Close it and return to what is published").click()
    expect(page.locator("#article h2")).to_have_text(engine.articles[0].title)
    expect(page.locator("#asking")).to_have_text("")
    expect(page.locator("#chat [data-testid=user]")).to_have_text([FOUNDED])
    ask(page, FOUNDED)
    expect(answers(page).last.locator("blockquote")).to_be_visible()


def test_pasted_text_is_asked_by_keyboard_alone(page: Page, site: str) -> None:
    visit(page, site)
    page.get_by_role("tab", name="Your own text").focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Or paste text")).to_be_focused()
    page.keyboard.insert_text("The lighthouse was lit in 1874. Its lamp burned colza oil.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#asking")).to_contain_text("You are asking “Pasted text”.")
    expect(page.locator("#q textarea")).to_be_focused()
    page.get_by_role("tab", name="Questions (0)").click()
    expect(page.locator("#faq")).to_have_text("There are no ready questions here. Ask in your own words.")
    ask(page, "When was the lighthouse lit?")
    assert "The lighthouse was lit in 1874." in lit(page)


def test_what_cannot_be_read_is_said_in_one_line_and_the_article_stays(page: Page, site: str, engine: Engine) -> None:
    visit(page, site)
    page.get_by_role("tab", name="Your own text").click()
    check_axe(page)
    news = page.locator("#own-news")
    page.get_by_role("button", name="Ask this text").click()
    expect(news).to_have_text("Choose a file, or paste some text, first.")
    page.get_by_label("Or paste text").fill("?!")
    page.get_by_role("button", name="Ask this text").click()
    expect(news).to_have_text("Pasted text is empty; give a file with at least one sentence.")
    page.locator("form.own").evaluate("form => form.dataset.limit = 3")
    bring(page, "bees.md", BEES.encode())
    expect(news).to_have_text(f"bees.md has {len(BEES)} bytes; the limit is 3.")
    expect(page.get_by_label("Or paste text")).to_have_value("")  # the file came last
    expect(page.locator("#asking")).to_have_text("")
    ask(page, FOUNDED)
    expect(answers(page).last.locator("blockquote")).to_be_visible()
    expect(page.locator("#article h2")).to_have_text(engine.articles[0].title)


def test_a_text_that_has_expired_is_asked_for_again_and_nothing_else_answers(page: Page, engine: Engine) -> None:
    visitors = Visitors()
    with serving(Service(lambda: engine), visitors=visitors) as address:
        visit(page, address)
        bring(page, "bees.md", BEES.encode())
        expect(page.locator("#asking")).to_contain_text("bees.md")
        bring(page, "bees.md", b"")
        expect(page.locator("#own-news")).to_have_text("bees.md is empty; give a file with at least one sentence.")
        visitors.close()
        ask(page, FOUNDED)
        expect(answers(page).last).to_have_text(
            "Your text has expired here; upload it again, or return to the published article."
        )
        page.get_by_role("button", name="Export").click()
        expect(page.locator("#notice")).to_contain_text("Your text has expired here")
        page.get_by_role("button", name="Close it and return to what is published").click()
        expect(page.locator("#asking")).to_have_text("")
        expect(page.locator("#article .art")).to_be_visible()
        expect(page.locator("#own-news")).to_have_text("")
        ask(page, FOUNDED)
        expect(answers(page).last.locator("blockquote")).to_be_visible()


def test_hostile_names_and_texts_are_inert(page: Page, site: str) -> None:
    visit(page, site)
    for name in ("<img src=x onerror=window.pwned=1>.md", "../../etc/${window.pwned=1}.txt"):
        source = "\n\n".join([f"# {name}", *(f"The bees say {attack} to all." for attack in ATTACKS)])
        bring(page, name, source.encode())
        expect(page.locator("#asking")).to_contain_text(name.rsplit("/", 1)[-1])
        ask(page, f"What do the bees say to all, {name}?")
        elements = "[...document.querySelectorAll('#asking *, #article .art *, #chat .md *')].map(e => e.localName)"
        assert not {"img", "script", "iframe", "svg", "form", "style"} & set(page.evaluate(elements))


def test_on_a_phone_the_form_fits_and_leads_back_to_the_chat(phone: Page, site: str) -> None:
    visit(phone, site)
    phone.get_by_role("button", name="Read the article").tap()
    bring(phone, "bees.md", BEES.encode())
    expect(phone.locator("#asking")).to_contain_text("bees.md")
    expect(phone.locator("#talk")).to_be_in_viewport(ratio=0.9)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    check_axe(phone)


def test_a_server_can_do_without_texts_of_visitors(page: Page, engine: Engine) -> None:
    with serving(Service(lambda: engine)) as address:
        visit(page, address)
        expect(page.get_by_role("tab", name="Your own text")).to_have_count(0)
