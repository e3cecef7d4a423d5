"""Pages as browsers save them: what of them is read, and as what.

The pages in ``pages/`` imitate how real sites build theirs; ``expected.json`` says what a reader would call the
article (``wanted``), what the site put around it (``unwanted``), what of that still slips in (``leaks``), and which
text a browser does not show (``unseen``), because only the page's markup for machines has it.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from reading import check_spans, faqs, headings, passages, sentences

from qa import Article, ReadError
from qa.readers.formats import looks_like_html
from qa.readers.html import read_html

PAGES = Path(__file__).parent / "pages"
EXPECTED: dict[str, dict[str, Any]] = json.loads((PAGES / "expected.json").read_text(encoding="utf-8"))
MILL = (
    "<p>The mill was built in 1702 by a widow who never once set foot in it, and it burned down twice.</p>"
    "<p>Its wheel turns eleven times a minute when the sluice is open, and the stones weigh a tonne each.</p>"
    "<p>Nobody has ground flour there since the war, but the baker keeps a key to the upper door.</p>"
)
MILL_TEXT = MILL.replace("</p><p>", "\n\n").removeprefix("<p>").removesuffix("</p>")


def read(body: str, head: str = "", name: str = "a.html") -> Article:
    return read_html(name, f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>")


def told(body: str) -> list[str]:
    """Return what is read behind the mill's paragraphs, a passage each."""
    return passages(read(f"<article>{MILL}{body}</article>"))[3:]


def json_ld(data: object) -> str:
    return f'<script type="application/ld+json">{data if isinstance(data, str) else json.dumps(data)}</script>'


def faq_page(*entries: tuple[str, object]) -> dict[str, object]:
    answers = [(name, {"@type": "Answer", "text": answer}) for name, answer in entries]
    questions = [{"@type": "Question", "name": name, "acceptedAnswer": answer} for name, answer in answers]
    return {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions}


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    return {name: read_html(name, (PAGES / name).read_bytes()) for name in EXPECTED}


def test_every_page_has_its_expectations() -> None:
    assert {path.name for path in PAGES.glob("*.html")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_tells_its_title_author_date_address_and_language(name: str, articles: dict[str, Article]) -> None:
    article = articles[name]
    told = [article.title, article.author, article.date, article.url, article.language]

    assert told == [EXPECTED[name][key] for key in ("title", "author", "date", "url", "language")]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_pages_article_is_kept_and_nothing_else(name: str, articles: dict[str, Article]) -> None:
    page, article = EXPECTED[name], articles[name]
    read = [sentence for passage in sentences(article) for sentence in passage]

    assert [sentence for sentence in page["wanted"] if sentence not in read] == []
    assert [text for text in page["unwanted"] if text in article.text] == page.get("leaks", [])
    assert headings(article) == page["headings"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_pages_faq_entries_are_found_once_each_and_word_for_word(name: str, articles: dict[str, Article]) -> None:
    assert faqs(articles[name]) == [tuple(entry) for entry in EXPECTED[name]["faqs"]]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_part_lies_within_the_text_in_order_and_apart(name: str, articles: dict[str, Article]) -> None:
    check_spans(articles[name])


@pytest.mark.browser
def test_every_quote_is_what_a_browser_shows(articles: dict[str, Article]) -> None:
    # Opened, and without what is left out within sentences: marks of references, links to headings, numbers of lines.
    reveal = """() => {
        document.querySelectorAll("details").forEach((each) => (each.open = true));
        document.querySelectorAll("[aria-controls]").forEach((each) => {
            const panel = document.getElementById(each.getAttribute("aria-controls"));
            if (panel) { panel.hidden = false; panel.style.display = "block"; }
        });
        const marks = "sup.reference, .footnote-anchor, .linenos, .viewcode-link, .headerlink, .hash-link, .credit";
        document.querySelectorAll(marks).forEach((each) => each.remove());
        return document.body.innerText;
    }"""

    def flat(text: str) -> str:
        return " ".join(text.replace("\u200b", "").split())

    unseen: dict[str, list[str]] = {}
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        for name, article in articles.items():
            page.goto((PAGES / name).as_uri(), wait_until="domcontentloaded")
            shown = flat(page.evaluate(reveal))
            texts = [cell for line in article.text.split("\n") for cell in line.split(" | ")]
            unseen[name] = [text for text in texts if flat(text) not in shown]

    assert unseen == {name: page.get("unseen", []) for name, page in EXPECTED.items()}


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><p>x", "\ufeff\n <!doctype HTML PUBLIC '-//W3C//DTD'>", "<html lang=en>",
        "<HEAD><title>x</title>",
        '<?xml version="1.0"?>\n<!DOCTYPE html>', "<!-- saved from url=(0020)https://a.example/ -->\n<html>", "<body>x",
        "<article><h1>A</h1><p>B.</p></article>\n", "<div class=x><p>One.</p>\n<p>Two.</p></div>",
    ],
)  # fmt: skip
def test_a_page_or_a_part_of_one_is_html(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n<div>x</div>", '<p align="center"><img src="a.png"></p>\n\n# Title\n\nText.', "x < y and y > z", "",
        "<div align=center>\n\n# Title\n\n**bold**\n\n</div>", "Use `<html>` as the root.", "<3 <3",
        "<https://a.example>",
        "A tutorial.\n\n```html\n<!doctype html>\n<html></html>\n```",
        "<details><summary>x</summary>y</details>\n\n- a\n- b",
        "<?xml version='1.0'?><rss></rss>", "---\ntitle: x\n---\n<div>x</div>",
    ],
)  # fmt: skip
def test_markdown_with_html_in_it_and_other_text_is_no_html(text: str) -> None:
    assert not looks_like_html(text)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One\n   two&nbsp;\tthree&#8201;four.</p>", "One two three four."),
        ("<p>Caf&eacute; &amp; bar &lt;3 &hellip;</p>", "Café & bar <3 …"),
        ("<p>First line.<br>Second<br/> line.</p>", "First line.\nSecond\nline."),
        ("<p><b>Is it?</b> It is.</p>", "Is it?\nIt is."),
        ("<p>Donau&shy;dampf&#8203;schiff<wbr>fahrt is&#xFEFF; long.</p>", "Donaudampfschifffahrt is long."),
        ("<p>It is x<sup>2</sup> and H<sub>2</sub>O<sup>[12]</sup><sup>[note 3]</sup>.</p>", "It is x2 and H2O."),
        ("<p>Said<a href='#fn1'>1</a> once<a href='#b'>†</a>, in <a href='#y'>1999</a>.</p>", "Said once, in 1999."),
        ("<p>It <b>b</b>e<i>gan</i> at <time>noon</time>, <q hidden>x</q>she said.</p>", "It began at noon, she said."),
        ("<p>Seen. <span style='color:red; DISPLAY : none'>No</span><i aria-hidden=true>x</i></p>", "Seen."),
        ("<p>Heard.<script>x()</script><style>y</style><noscript>z</noscript><template>t</template></p>", "Heard."),
        ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字。</p>", "漢字。"),
        ("<p>می\u200cخواهم</p>", "می\u200cخواهم"),
        ("<pre>a  b\n\tc&lt;\n\n</pre>", "a  b\n\tc<"),
        ("<table><tr><th>A<br>B<td><p>C</p><p>D</p><tr><td>E<td></table>", "A B | C D\nE"),
        ("<ul><li>One <b>thing</b><li><p>Two.</p></ul>", "One thing\nTwo."),
        ("<p>\u202eTurned round\u202c, they say.</p>", "Turned round, they say."),
    ],
)  # fmt: skip
def test_text_is_what_a_browser_shows(html: str, text: str) -> None:
    assert told(html) == [text]


def test_two_line_breaks_end_a_paragraph_and_a_line_in_bold_over_others_is_a_heading() -> None:
    article = read(
        f"<article>{MILL}<div>One.<br>&nbsp;<br>Two.<br><br><b>Title</b> <br>Three.<br>Four.</div></article>"
    )

    assert passages(article)[3:] == ["One.", "Two.", "Three.\nFour."]
    assert headings(article) == ["", "Title"]


def test_details_with_a_question_are_an_entry_and_others_a_section() -> None:
    body = (
        "<details><summary>Is it open?</summary>Yes, <b>daily</b>.<ul><li>From nine.</ul></details>"
        "<details><summary>Hours of the mill</summary><p>From nine to five.</p></details><p>The end of it all.</p>"
    )
    article = read(f"<article>{MILL}{body}</article>")

    assert faqs(article) == [("Is it open?", "Yes, daily.\n\nFrom nine.")]
    assert headings(article)[1:] == ["Hours of the mill"]
    assert passages(article)[3:] == ["From nine to five.", "The end of it all."]


def test_code_keeps_what_is_named_like_furniture_and_loses_the_numbers_of_its_lines() -> None:
    code = "<i class=lineno>1</i>x[1]<sup>[2]</sup> <i class='token comment'># Why not.</i><button>Copy</button>"

    assert told(f"<pre><code>{code}</code></pre>") == ["x[1][2] # Why not."]


def test_a_definition_list_is_a_faq_only_where_it_asks() -> None:
    article = read(f"<article>{MILL}<dl><dt>Race<dd>The channel.<dt>Is it deep?<dd>Very.<dd>Keep off.</dl></article>")

    assert faqs(article) == [("Is it deep?", "Very.\n\nKeep off.")]
    assert passages(article)[3:] == ["Race\nThe channel."]


@pytest.mark.parametrize(
    "data",
    [
        faq_page(("Who built it?", "A widow.")),
        [{"@type": "Thing"}, faq_page(("Who built it?", "A widow."))],
        {"@graph": [{"@type": "Organization"}, faq_page(("Who built it?", "A widow."))]},
        {"@type": "WebPage", "hasPart": faq_page(("Who built it?", "A widow.")) | {"@type": ["schema:FAQPage"]}},
        faq_page(("Who&nbsp;built it?", "<p>A <b>widow</b>.<br></p><style>x</style>")),
        faq_page(("Who built it?", "A widow."), ("who built it", "Others."), ("So?", ""), ("", "x"), ("?", None)),
        "<!--\n" + json.dumps(faq_page(("Who built it?", "A widow."))) + "\n-->",
        "//<![CDATA[\n" + json.dumps(faq_page(("Who built it?", "A widow."))) + "\n//]]>",
        json.dumps(faq_page(("Who built it?", "A\nwidow."))).replace("\\n", "\n\t"),
    ],
)  # fmt: skip
def test_entries_that_only_the_markup_has_stand_at_the_end_of_the_text(data: object) -> None:
    article = read(f"<article>{MILL}</article>", json_ld(data))

    assert faqs(article) == [("Who built it?", "A widow.")]
    assert article.text == f"{MILL_TEXT}\n\nFrequently asked questions\n\nWho built it?\n\nA widow."


@pytest.mark.parametrize(
    "data", ["{", '{"@type": "FAQPage", "mainEntity": [}', "[" * 100_000, '{"@type": "FAQPage"}', "null", "7"]
)
def test_broken_or_empty_markup_tells_nothing(data: str) -> None:
    assert read(f"<article>{MILL}</article>", json_ld(data)).text == MILL_TEXT


@pytest.mark.parametrize(
    "shown",
    [
        "<h2>FAQ</h2><h3>Who built it?</h3><p>A widow.</p>",
        "<h2>Who built it?</h2><p>A widow.</p>",
        "<div class=q>Who built it ?</div><div>A <i>widow</i>.</div>",
        "<details><summary>Who built it?</summary>A widow.</details>",
        "<dl><dt>Who built it?<dd>A widow.</dl>",
        "<div class=faq__question>Who built it?</div><div class=faq__answer>A widow.</div>",
        "<button aria-controls=a>Who built it?</button><div id=a hidden>A widow.</div>",
    ],
)
def test_an_entry_that_is_shown_and_in_the_markup_is_listed_once(shown: str) -> None:
    article = read(
        f"<article>{MILL}{shown}<h2>After</h2><p>It stands empty.</p></article>",
        json_ld(faq_page(("Who built it?", "A widow."))),
    )

    assert [answer for _, answer in faqs(article)] == ["A widow."]
    assert article.text.count("widow.") == 1
    assert passages(article)[-1] == "It stands empty."


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="https://a.example/b?c=1">', "https://a.example/b?c=1"),
        ('<link rel="canonical" href="javascript:alert(1)">', ""),
        ('<link rel="canonical" href="data:text/html,x"><meta property="og:url" content="file:///etc/passwd">', ""),
        ('<link rel="canonical" href="https://a.example/&quot;onload=x">', "https://a.example/%22onload=x"),
        ("", ""),
    ],
)
def test_only_an_address_of_the_web_is_a_pages_address(head: str, url: str) -> None:
    assert read(f"<article>{MILL}</article>", head).url == url


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<meta charset=windows-1251><p>Мельница стоит.</p>".encode("cp1251"), "Мельница стоит."),
        ("<meta content='a; charset=Shift_JIS'><p>水車は古い。</p>".encode("cp932"), "水車は古い。"),
        ("<meta charset=iso-8859-1><p>“Über” – 5 €.</p>".encode("cp1252"), "“Über” – 5 €."),
        ("<meta charset=iso-8859-1><p>“Über” – 5 €.</p>".encode(), "“Über” – 5 €."),
        ("<meta charset=utf-16><p>“Über”.</p>".encode(), "“Über”."),
        ("<meta charset=no-such-thing><p>Über.</p>".encode(), "Über."),
        (b"<meta charset=hex><p>Once.</p>", "Once."),
        (b"<meta charset=utf-7><p>Once +ADw-b+AD4-.</p>", "Once +ADw-b+AD4-."),
        (b"<meta charset=unicode_escape><p>Once \\x41.</p>", "Once \\x41."),
        ("<p>“Über” uns.</p>".encode("utf-16"), "“Über” uns."),
        ("\ufeff<p>Über uns.</p>".encode(), "Über uns."),
        ("<p>Über uns, süß.</p>".encode() + b"\xff<p>x</p>", "Über uns, süß."),
        ("<meta charset=utf-8><p>Über".encode()[:-3] + b"\xc3", ""),
    ],
)  # fmt: skip
def test_a_page_is_decoded_as_it_was_written(data: bytes, text: str) -> None:
    assert read_html("a.html", data if text else MILL.encode() + data).text.startswith(text or MILL_TEXT)


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 1_500 + "deep", "<p>" + "<span>" * 1_500 + "deep", f"<div title='{'x' * 12_000_000}'></div>",
        f"<div class='{'ad ' * 300_000}'></div>",
        "<table><tr><td>" * 200, "<p class='x", "<p>cut o&am",
        "</p></html></p>",
        "<svg><text>drawn</text></svg>", "<select><option>A choice of many</select>",
    ],
)  # fmt: skip
def test_what_is_broken_around_the_text_leaves_the_text(body: str) -> None:
    assert passages(read(MILL + body))[:3] == MILL_TEXT.split("\n\n")


def test_entities_of_a_document_are_neither_fetched_nor_multiplied() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'

    assert read_html("a.html", f"{bomb}<html><body>&b;&f;{MILL}</body></html>").text.endswith(MILL_TEXT)


@pytest.mark.parametrize(
    ("html", "message"),
    [
        ("", "shows no text"), ("<!doctype html>", "shows no text"), ("<!-- x", "shows no text"),
        ("<title>x</title>", "shows no text"),
        ("<frameset><frame src=a></frameset>", "shows no text"), ("<p>&nbsp;…</p>", "no text but links"),
        ("<nav><a href=a>All the pages of our site, in order</a></nav>", "no text but links"),
        ("<ul><li><a href=a>History of the mill</a><li><a href=b>Opening hours</a></ul>", "no text but links"),
        (MILL + "<div>" * 100_000, "over 2,000 elements"), ("<p>" + "<i>x " * 50_000, "over 2,000 elements"),
    ],
)  # fmt: skip
def test_a_page_without_text_is_refused_in_one_clear_line(html: str, message: str) -> None:
    with pytest.raises(ReadError, match=f"^a.html .*{message}.*; .+") as caught:
        read_html("a.html", html)

    assert "\n" not in str(caught.value)


def test_a_short_page_is_read_as_it_stands() -> None:
    assert passages(read("<p>Hello there</p>")) == ["Hello there"]


def test_a_page_of_tens_of_thousands_of_elements_is_read_too() -> None:
    article = read(
        "<div>" + "".join(f"<p>Line {n} of the log.</p>" for n in range(35_000)) + "</div>", "<title>Log</title>"
    )

    assert (len(article.passages), article.title) == (35_000, "Log")


def test_text_named_like_furniture_stays_if_it_is_most_of_the_page() -> None:
    assert read(f"<div class='sidebar newsletter comments'>{MILL}</div>").text == MILL_TEXT
