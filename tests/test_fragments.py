"""Links to a quote in its published page: how they are written, and where a Chromium goes that follows them."""

import html
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser import chromium, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from qa import Engine, Settings
from qa.article import Article, Span
from qa.encoder import Encoder
from qa.fragments import fold, link, text_fragment
from qa.readers import parse_article
from qa.web.service import Service

# A line is a block of the page, and bars part the cells of a table's row.
LINES = (
    "The bridge opened in May. It was painted grey, of course.",
    "Résumé – the “long way” round: 50% of ships, boats & rafts are late, so-called night-boats too.",
    "The second bridge opened in June. It was painted grey, of course.",
    "It was painted",
    "A mill is old. It was painted grey, of course. Nobody minds.",
    "Before the flood came the wheel turned slowly all day and all night, since the river was always full and the "
    "miller liked the noise that it made when it turned slowly all night.",
    "After the flood came the wheel turned slowly all day and all night, since the river was always full and the "
    "miller liked the noise that it made when it turned slowly all night.",
    "Ferry | nine o'clock | two crowns",
    "Raft | nine o'clock | one crown",
    "川は広い。 橋は二つある。",
    "Seine rafts ETC. went by; a café, a cafe and a CAFE stood there.",
    "A café stood here: “it’s ours”, they said?",
    "The wheel's last turn ends here.",
)
TEXT = "\n\n".join(LINES)
BREAK = "\n  came"  # white space that a page does not show


def article(text: str = TEXT, url: str = "https://example.org/bridge") -> Article:
    return Article("bridge.html", "Bridge", text, (), (), (), url=url)


def span_of(quote: str, line: int) -> Span:
    """Return where a quote stands in a line of the text."""
    start = TEXT.index(quote, sum(len(each) + 2 for each in LINES[:line]))
    return Span(start, start + len(quote))


CASES = [
    ("The bridge opened in May.", 0, "text=The%20bridge%20opened%20in%20May."),
    ("It was painted grey, of course.", 0, "text=It%20was%20painted%20grey%2C%20of%20course."),
    (
        "Résumé – the “long way” round: 50%", 1,
        "text=R%C3%A9sum%C3%A9%20%E2%80%93%20the%20%E2%80%9Clong%20way%E2%80%9D%20round%3A%2050%25",
    ),
    ("boats & rafts are late, so-called", 1, "text=boats%20%26%20rafts%20are%20late%2C%20so%2Dcalled"),
    ("It was painted grey, of course.", 2, "text=opened%20in%20June.-,It%20was%20painted%20grey%2C%20of%20course."),
    ("It was painted", 3, "text=It%20was%20painted,-A%20mill%20is"),
    ("It was painted grey, of course.", 4, "text=mill%20is%20old.-,It%20was%20painted%20grey%2C%20of%20course."),
    (LINES[5], 5, "text=Before%20the%20flood%20came,turned%20slowly%20all%20night."),
    (
        LINES[6].removeprefix("After the flood came "), 6,
        "text=After%20the%20flood%20came-,the%20wheel%20turned%20slowly,turned%20slowly%20all%20night.",
    ),
    ("Nobody minds.\n\n" + LINES[5], 4, "text=Nobody%20minds.,turned%20slowly%20all%20night."),
    ("nine o'clock", 8, "text=Raft-,nine%20o%27clock"),
    ("nine o'clock | one crown", 8, "text=Raft-,nine%20o%27clock,one%20crown"),
    ("橋は二つある。", 9, "text=%E6%A9%8B%E3%81%AF%E4%BA%8C%E3%81%A4%E3%81%82%E3%82%8B%E3%80%82"),
    ("A café", 11, "text=A%20caf%C3%A9,-stood%20here%3A%20%E2%80%9Cit%E2%80%99s"),
    ("“it’s ours”, they said?", 11, "text=%E2%80%9Cit%E2%80%99s%20ours%E2%80%9D%2C%20they%20said%3F"),
]  # fmt: skip


@pytest.mark.parametrize(("quote", "line", "directive"), CASES)
def test_a_quote_is_named_as_shortly_as_its_surroundings_allow(quote: str, line: int, directive: str) -> None:
    assert text_fragment(TEXT, span_of(quote, line)) == directive


def test_quotes_accents_case_and_white_space_are_overlooked_as_browsers_do() -> None:
    assert fold("Ünïted “A”\u00a0‘b’\nİÅﬁ가각") == "united \"a\" 'b' iaﬁ가각"


@given(st.text(min_size=1, max_size=80), st.data())
@settings(max_examples=200, deadline=None)
def test_any_span_of_any_text_is_named_in_safe_letters(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, len(text))))
    directive = text_fragment(text, span)
    assert len(fold(text)) == len(text)
    assert bool(directive) == bool(set(text[span.start : span.end].split()) - {"|"})
    assert directive.isascii()
    assert not set(directive) & set("&#<>\"' \n`")


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://example.org/a", "https://example.org/a#:~:text="),
        ("https://example.org/a?b=c&d=%20#section", "https://example.org/a?b=c&d=%20#section:~:text="),
        ("https://example.org/a#top:~:text=old", "https://example.org/a#top:~:text="),
        (" https://example.org/ä b\"<'>` ", "https://example.org/%C3%A4%20b%22%3C'%3E%60#:~:text="),
        ("HTTP://example.org", "HTTP://example.org#:~:text="),
    ],
)
def test_a_link_keeps_the_pages_address_and_its_fragment(url: str, start: str) -> None:
    span = span_of("The bridge opened in May.", 0)
    assert link(url, article().text, span) == f"{start}The%20bridge%20opened%20in%20May."


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a/b", "http://["]
)
def test_there_is_no_link_to_what_is_no_page_of_the_web(url: str) -> None:
    assert link(url, article().text, Span(0, 10)) == ""


def test_there_is_no_link_to_nothing() -> None:
    assert link("https://example.org/", article().text, Span(5, 5)) == ""


def test_where_surroundings_are_alike_too_a_link_leads_to_the_first_place() -> None:
    text = "Over and out.\n\n" * 40
    assert text_fragment(text, Span(300, 313)) == "text=Over%20and%20out."


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the lines, a screen apart, and a page of links to each case's quote."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is the library's
            body = links if self.path == "/" else page
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    address = f"http://127.0.0.1:{server.server_port}"
    bridge = article(url=f"{address}/bridge#top")
    links = "".join(
        f'<p><a href="{html.escape(link(bridge.url, bridge.text, span_of(quote, line)))}">{number}</a>'
        for number, (quote, line, _) in enumerate(CASES)
    )
    page = "<!doctype html><title>Bridge</title><style>p, table { margin: 1500px 0 }</style>" + "".join(
        f"<table id=l{number}><tr><td>{markup.replace(' | ', '<td>')}</table>"
        if " | " in markup
        else f"<p id=l{number}>{markup.replace('grey', '<b>grey</b>').replace(' came', BREAK)}</p>"
        for number, markup in enumerate(map(html.escape, LINES))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


IN_VIEW = """[...document.querySelectorAll("[id]")].filter((line) => {
  const box = line.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight;
}).map((line) => line.id)"""


@pytest.mark.browser
def test_a_browser_that_follows_a_link_scrolls_to_the_very_quote(browser: Browser, site: str) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 700})
    lines = [f"l{line}" for _, line, _ in CASES]
    seen = []
    for number in range(len(CASES)):
        page.goto(site)
        page.get_by_role("link", name=str(number), exact=True).click()
        page.wait_for_url("**/bridge*")
        page.wait_for_function("scrollY > 0")
        seen += page.evaluate(IN_VIEW)
    page.close()
    assert seen == lines


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # Gradio uses what the next pandas is to drop
def test_a_quote_in_the_chat_links_to_its_place_in_the_published_page(
    browser: Browser, site: str, encoder: Encoder
) -> None:
    bridge = replace(parse_article("bridge.txt", TEXT), url=f"{site}/bridge")
    engine = Engine.from_articles([bridge], Settings(threshold=0), encoder)
    with (
        serving(Service(lambda: engine)) as chat,
        browser.new_context(viewport={"width": 1200, "height": 700}) as context,
    ):
        page = context.new_page()
        page.goto(chat)
        page.locator("#article .art h2").wait_for()
        page.locator("#q textarea").fill("Which bridge opened in June?")
        page.keyboard.press("Enter")
        link = page.locator("#chat .source a").filter(has_text="Published page")
        address = engine.ask("Which bridge opened in June?").citations[0].url
        assert link.get_attribute("href") == address
        assert "noopener" in str(link.get_attribute("rel"))
        with context.expect_page() as opened:
            link.click()
        opened.value.wait_for_function("scrollY > 0")
        assert opened.value.evaluate(IN_VIEW) == ["l2"]
