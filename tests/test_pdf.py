"""A PDF becomes the paragraphs that its reader sees, and each knows the page it stands on."""

import logging
import time
from io import BytesIO
from itertools import pairwise

import pytest
from printing import Print, make_pdf, paragraph
from pypdf import PdfReader, PdfWriter
from reading import faqs, headings, passages, sentences

from qa import Article, ReadError
from qa.readers import parse_bytes
from qa.readers.pdf import MAX_PAGES, read_pdf

FIRST = (
    "The keeper of the northern lighthouse climbs one hundred and twelve steps\n"
    "each evening. He fills the lamp with colza oil, trims its wick and winds\n"
    "the clockwork that turns the lens; a second keeper, who lives in the well-\n"
    "known cottage below, keeps the fog bell. Both of them write down the weat-\n"
    "her every hour, and the well-known log goes back to the first night, when\n"
)
SECOND = (
    "a storm put out the lamp twice. Forty wrecks followed.\n"
    "The harbour grew rich in those years, and its merchants paid for a second\n"
    "tower on the reef, which the winter of that same year swept into the sea."
)


def head(number: int) -> Print:
    return Print(f"Harbour Quarterly · {number}", 800, size=9)


def foot(number: int, count: int) -> Print:
    return Print(f"Page {number} of {count}", 30, x=280, size=9)


def check_pages(article: Article, count: int) -> None:
    assert len(article.pages) == count
    assert article.pages[0].start == 0
    assert article.pages[-1].end == len(article.text)
    assert all(page.end == following.start for page, following in pairwise(article.pages))


def read(*pages: list[Print], metadata: dict[str, str] | None = None) -> Article:
    article = parse_bytes("tower.pdf", make_pdf(pages, metadata))
    check_pages(article, len(pages))
    return article


def test_lines_become_paragraphs_across_pages_without_running_heads_page_numbers_and_broken_words() -> None:
    title = Print("The Two Towers of the Reef", 740, size=22, bold=True)
    article = read([head(1), title, *paragraph(FIRST, 700), foot(1, 2)], [head(2), *paragraph(SECOND, 740), foot(2, 2)])

    assert article.title == "The Two Towers of the Reef"
    assert headings(article) == ["The Two Towers of the Reef"]
    assert passages(article) == [
        "The keeper of the northern lighthouse climbs one hundred and twelve steps each evening. He fills the lamp "
        "with colza oil, trims its wick and winds the clockwork that turns the lens; a second keeper, who lives in "
        "the well-known cottage below, keeps the fog bell. Both of them write down the weather every hour, and the "
        "well-known log goes back to the first night, when a storm put out the lamp twice. Forty wrecks "
        "followed.",
        "The harbour grew rich in those years, and its merchants paid for a second tower on the reef, which the "
        "winter of that same year swept into the sea.",
    ]
    assert article.quote(article.pages[1]).startswith("a storm put out the lamp twice.")
    place = article.text.index("Forty")
    assert article.page(place) == 2
    assert article.page(article.passages[0].span.start) == 1


def test_ligatures_are_letters() -> None:
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 8))
    figure.text(0.1, 0.8, "The chief ﬁre oﬃcer was ﬂuent in ﬁve of\nthe coast’s oﬀicial languages.", size=11)
    stream = BytesIO()
    with matplotlib.rc_context({"pdf.fonttype": 42}):
        figure.savefig(stream, format="pdf")

    article = parse_bytes("fire.pdf", stream.getvalue())

    assert passages(article) == ["The chief fire officer was fluent in five of the coast’s official languages."]


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (
            "The lamp burned more oil in the long win-\nter nights.",
            "The lamp burned more oil in the long winter nights.",
        ),
        ("They keep short- and long-\nterm records.", "They keep short- and longterm records."),
        ("Each has a first-\nand a second-class cabin.", "Each has a first- and a second-class cabin."),
        ("Oil came in on the Anglo-\nDanish line.", "Oil came in on the Anglo-Danish line."),
        ("It burned from 1874-\n1902 without a break.", "It burned from 1874-1902 without a break."),
        ("Look it up at tower.example/the-\nlamp or ask.", "Look it up at tower.example/the-lamp or ask."),
        ("The low-lying\nisland and the low-\nlying reef.", "The low-lying island and the low-lying reef."),
        ("An on-\nand off-shore wind blew.", "An on- and off-shore wind blew."),
        ("It cost\tfive\x03 pounds.", "It cost five pounds."),
    ],
)
def test_a_word_that_was_broken_is_mended_and_one_that_has_a_hyphen_keeps_it(printed: str, text: str) -> None:
    assert read(paragraph(printed, 700)).text == text


def test_paragraphs_are_told_by_gaps_indents_and_short_last_lines() -> None:
    line = "The lamp was lit at dusk by the keeper, and it burned until the sun rose."
    gap = [Print(line, 700), Print(line, 686), Print(line, 660)]
    indent = [Print(line, 600), Print(line, 586), Print(line, 572, x=90), Print(line, 558)]
    short = [Print("It was dark.", 530), Print(line, 516)]

    assert passages(read(gap)) == [f"{line} {line}", line]
    assert passages(read(indent)) == [f"{line} {line}", f"{line} {line}"]
    assert passages(read(short)) == ["It was dark.", line]


def test_two_columns_are_read_one_after_the_other() -> None:
    left = paragraph("The lamp of the tower burned\ncolza oil, of which the keeper\nused two barrels a", 700)
    right = paragraph("month. Gas came.\nThe old lamp was sold to a\nmuseum in the capital.", 700, x=320)

    assert sentences(read([*left, *right])) == [
        [
            "The lamp of the tower burned colza oil, of which the keeper used two barrels a month.",
            "Gas came.",
        ],
        ["The old lamp was sold to a museum in the capital."],
    ]


def test_larger_or_bold_lines_are_headings_and_the_larger_the_higher() -> None:
    body = "The lamp was lit at dusk by the keeper, and it burned until the sun rose."
    article = read(
        [
            Print("Lights of the coast", 780, size=24),
            Print(body, 740),
            Print("The lamp", 700, size=16),
            Print(body, 680),
            Print("Its oil", 650, bold=True),
            Print(body, 636),
        ]
    )

    assert [(section.level, section.title) for section in article.sections] == [
        (1, "Lights of the coast"),
        (2, "The lamp"),
        (3, "Its oil"),
    ]
    assert passages(article) == [body] * 3


def test_lists_are_one_passage_of_their_items() -> None:
    article = read(
        [
            Print("The keeper’s duties at dusk are:", 700),
            Print("• fill the lamp with as much oil as it needs for the hours of that night", 686, x=80),
            Print("or as it holds,", 672, x=90),
            Print("• trim the wick.", 658, x=80),
            Print("1. At dawn he puts it out.", 630),
            Print("2. Then he sleeps.", 616),
            Print("Nobody visits him.", 580),
        ]
    )

    assert sentences(article) == [
        [
            "The keeper’s duties at dusk are:",
            "fill the lamp with as much oil as it needs for the hours of that night or as it holds,",
            "trim the wick.",
            "At dawn he puts it out.",
            "Then he sleeps.",
        ],
        ["Nobody visits him."],
    ]
    assert "1. At dawn he puts it out." in article.text


def test_a_faq_is_found_by_its_heading() -> None:
    article = read(
        [
            Print("Frequently asked questions", 700, size=16),
            Print("When was the lamp lit?", 670, bold=True),
            Print("It was lit in 1874.", 656),
            Print("What did it burn?", 630),
            Print("It burned colza oil.", 616),
        ]
    )

    assert faqs(article) == [
        ("When was the lamp lit?", "It was lit in 1874."),
        ("What did it burn?", "It burned colza oil."),
    ]


def test_tables_of_contents_are_left_out() -> None:
    contents = [Print("Contents", 740, bold=True), Print("The lamp . . . . . . . . . . 7", 720)]

    assert passages(read([*contents, Print("The lamp was lit.", 600)])) == ["The lamp was lit."]


def test_lines_that_only_resemble_those_of_other_pages_stay() -> None:
    rows = [
        [Print("Night  Ships  Wrecks", 760), Print(f"{number}  {31 * number}  {number % 2}", 700)] for number in (4, 9)
    ]
    moved = [[Print("The lamp was lit.", 700)], [Print("The lamp was lit.", 500)]]

    assert "4 124 0" in read(*rows).text
    assert "9 279 1" in read(*rows).text
    assert passages(read(*moved)) == ["The lamp was lit.", "The lamp was lit."]


def test_title_author_and_date_are_those_of_the_file_unless_a_program_made_them_up() -> None:
    lines = [Print("A light at sea", 740, size=20), Print("The lamp was lit.", 700)]
    told = {"/Title": " The  Reef ", "/Author": "Ada Holm", "/CreationDate": "D:20240229120000Z"}
    about = read(lines, metadata=told)
    made_up = read(lines, metadata={"/Title": "Microsoft Word - reef7.doc", "/CreationDate": "yesterday"})
    named, file = (read(lines, metadata={"/Title": title}) for title in ("The reef.org", "reef7.indd"))

    assert (about.title, about.author, about.date) == ("The Reef", "Ada Holm", "2024-02-29")
    assert (made_up.title, made_up.date) == ("A light at sea", "")
    assert (named.title, file.title) == ("The reef.org", "A light at sea")


def test_text_that_runs_up_the_page_is_read_where_there_is_no_other() -> None:
    data = make_pdf([[Print("The lamp was lit.", 700)]]).replace(b"72 700 Td", b"0 1 -1 0 300 72 Tm")

    assert passages(parse_bytes("a.pdf", data)) == ["The lamp was lit."]


def test_an_empty_page_has_an_empty_span() -> None:
    article = read([], [Print("The lamp was lit.", 700)], [])

    assert [article.quote(page) for page in article.pages] == ["", "The lamp was lit.", ""]
    assert article.page(0) == 2


def test_a_protected_file_opens_without_password_only_if_it_needs_none() -> None:
    pages = [[Print("The lamp was lit.", 700)]]
    open_to_read = PdfWriter(clone_from=PdfReader(BytesIO(make_pdf(pages))))
    open_to_read.encrypt("", owner_password="owner", algorithm="AES-128")
    stream = BytesIO()
    open_to_read.write(stream)

    assert passages(parse_bytes("a.pdf", stream.getvalue())) == ["The lamp was lit."]
    with pytest.raises(ReadError, match=r"^a\.pdf is protected by a password; save a copy without one$"):
        parse_bytes("a.pdf", make_pdf(pages, password="secret"))


def test_a_file_that_cannot_be_read_says_why_and_what_to_do() -> None:
    whole = make_pdf([[Print("The lamp was lit.", 700)]])
    expected = {
        "scan": (
            make_pdf([[], []]),
            "has no text on its pages (a scan?); run text recognition (OCR) and give its result",
        ),
        "none": (make_pdf([]), "has no pages; give a PDF with at least one"),
        "long": (make_pdf([[]] * (MAX_PAGES + 1)), "has 2,001 pages; the limit is 2,000: split it"),
        "cut": (whole[:200], "open it in a viewer and print it to a new PDF"),
        "only its mark": (b"%PDF-1.7\n", "open it in a viewer and print it to a new PDF"),
        "huge": (
            whole + bytes(50_000_000),
            f"has {len(whole) + 50_000_000:,} bytes; the limit is 50,000,000: split it",
        ),
    }

    for name, (data, message) in expected.items():
        with pytest.raises(ReadError) as caught:
            parse_bytes(name, data)
        assert str(caught.value).startswith(f"{name} ")
        assert str(caught.value).endswith(message)
        assert "\n" not in str(caught.value)


def test_a_bomb_is_defused_and_a_page_that_cannot_be_read_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    bomb = [Print("x" * 90, y) for y in range(5)] * 50_000
    good = [Print("The lamp was lit.", 700)]
    writer = PdfWriter(clone_from=PdfReader(BytesIO(make_pdf([bomb, good]))))
    for page in writer.pages:
        page.compress_content_streams()
    stream = BytesIO()
    writer.write(stream)

    with caplog.at_level(logging.WARNING, "qa"):
        article = parse_bytes("bomb.pdf", stream.getvalue())

    assert len(stream.getvalue()) < 1_000_000
    assert passages(article) == ["The lamp was lit."]
    assert article.page(0) == 2
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == ["page 1 of bomb.pdf cannot be read"]


@pytest.mark.parametrize("piece", ["a", ".", ". ", "1", ")", ".)", "-", "a-", "• ", "1. ", "((", "? "])
def test_no_line_is_long_enough_to_take_more_than_a_moment(piece: str) -> None:
    text = f"It is {piece * (50_000 // len(piece))}"
    start = time.monotonic()

    article = read([Print(text, 700), Print("The lamp was lit.", 686), Print(text, 600), Print(f"{text} x-", 586)])

    assert "The lamp was lit." in article.text
    assert time.monotonic() - start < 5  # what grows with the square of the length takes minutes


def test_the_text_of_all_pages_and_the_time_for_it_are_limited() -> None:
    data = make_pdf([[Print("The lamp was lit.", 700)]] * 4)

    with pytest.raises(ReadError, match=r"^a has 51 characters by page 3; the limit is 50: split it$"):
        read_pdf("a", data, max_chars=50)
    with pytest.raises(ReadError, match=r"^a took 0 s, the limit, for 1 pages: split it$"):
        read_pdf("a", data, max_seconds=0)
