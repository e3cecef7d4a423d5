"""Whatever a file holds, its parts are exact slices of the text, and what a reader sees is what is kept."""

import time
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from printing import Print, make_docx, make_pdf
from reading import check_spans, passages, sentences

from qa import ReadError
from qa.readers import Source, find_sources, formats, parse_article, parse_bytes, read_articles

PIECES = (
    "# Heading", "## FAQ", "FAQs:", "### Is it a question?", "Heading\n===", "---\ntitle: x\n---", "---",
    "Q: Why?", "A: Because.", "**Is it bold?** Yes.", "- What is it?\nIt is x. - Why so?\nSo.", "- item", "1. one",
    "Also read: more", "| a | b |\n|---|---|\n| c | d |", "```", "> quote", "[text](link)", "*em **strong***",
    "Hello world. It ends here.", "Dr. Smith went. He left…", "“Quoted.” he said", "Two\nlines", "?", "!", "…", "\\*",
    "é", "e\u0301", "👩‍👩‍👧", "你好。今天很好。", "مرحبا", "İ", "\u200b", "\ufeff", "\u2028",
    "\x85", "\x1c", "\x0b", "\xa0", "\ud800", "\0", "\n", "\n\n", "\r\n", "\r", " ", "\t",
)  # fmt: skip
DOCUMENTS = st.tuples(
    st.sampled_from(["", " ", "\n", "\r\n", "\n\n", "\r\n\r\n"]),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=14),
    st.sampled_from(["", "\n"]),
).map(lambda parts: parts[0].join(parts[1]) + parts[2])


def bees(document: Any) -> None:
    document.add_heading("Bees", 1)
    document.add_paragraph("Bees dance.")


@given(DOCUMENTS)
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_part_of_any_text_is_a_slice_of_it_in_order_and_nothing_but_a_read_error_is_raised(source: str) -> None:
    try:
        article = parse_article("any.md", source)
    except ReadError as error:
        event(str(error))
        return
    check_spans(article)
    assert "\r" not in article.text


CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=4)), min_size=1, max_size=20
)


@pytest.mark.parametrize("whole", [make_pdf([[Print("Bees dance.", 700)]] * 2, {"/Title": "Bees"}), make_docx(bees)])
@given(CHANGES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_read_as_far_as_it_goes_or_is_a_read_error_of_one_line(
    whole: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    data = bytearray(whole)
    for place, length, content in changes:
        start = int(place * len(data))
        data[start : start + length] = content
    try:
        article = parse_bytes("any", bytes(data))
    except ReadError as error:
        message = str(error)
    else:
        check_spans(article)
        return
    assert message.isprintable()


def test_a_paragraph_of_any_length_is_cut_where_its_sentences_end() -> None:
    assert sentences(parse_article("a.txt", "The bees dance at noon. " * 2_000)) == [
        ["The bees dance at noon."] * 2_000
    ]


@pytest.mark.parametrize("piece", ["... ", "<!--a-->", "[", "_a__b_ "])
def test_what_no_person_writes_is_not_waited_for(piece: str) -> None:
    start = time.perf_counter()
    parse_article("a.txt", f"Bees dance.\n\n{piece * (200_000 // len(piece))}")

    assert time.perf_counter() - start < 15  # some one to three seconds; it was minutes where each piece saw all others


@pytest.mark.parametrize("source", ["One", "One sentence.", "One sentence.\n", "\ufeffOne sentence.\r\n"])
def test_one_sentence_is_an_article(source: str) -> None:
    article = parse_article("a.txt", source)

    assert sentences(article) == [[source.strip("\ufeff\r\n")]]
    assert article.title == "a.txt"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "a.md is empty; give a file with at least one sentence"),
        (" \r\n\t…\n", "a.md is empty; give a file with at least one sentence"),
        ("# A\n\n## B\n", "a.md has no paragraph to quote, only headings; give a file with at least one sentence"),
        ("One\0two.", "a.md is binary (it holds NUL bytes); give a text, Markdown, HTML, PDF or Word file"),
        ("a\ud800", "a.md is not text (half a surrogate pair, U+D800 at character 2); write it anew as UTF-8"),
    ],
)
def test_a_text_that_holds_nothing_to_quote_is_refused_with_a_remedy(source: str, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse_article("a.md", source)

    assert str(caught.value) == message


def test_line_ends_of_all_systems_give_the_same_article() -> None:
    lines = ["# Bees", "", "Bees dance.", "They turn.", "", "- one", "- two"]
    unix, dos, mac = (parse_article("a.md", end.join(lines)) for end in ("\n", "\r\n", "\r"))

    assert unix == dos == mac


def test_what_holds_no_letter_or_digit_joins_its_neighbour() -> None:
    assert sentences(parse_article("a.txt", "!! Bees dance. ... They turn. ??")) == [
        ["!! Bees dance. ...", "They turn. ??"]
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_utf_8_and_marked_utf_16_and_32_are_read(encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""

    assert parse_bytes("a.txt", f"{mark}naïve bees".encode(encoding)).text == "naïve bees"


OLDER = {
    "cp1252": "It’s a naïve idea – the café’s own – that honey costs €5 everywhere. Bees fly far for it.",
    "cp1251": "Пчёлы танцуют в полдень. Они кружатся около улья, где матка откладывает яйца. Летом их много.",
    "koi8_r": "Пчёлы танцуют в полдень. Они кружатся около улья, где матка откладывает яйца. Летом их много.",
    "cp1250": "Pszczoły tańczą w południe. Krążą wokół ula, gdzie królowa składa jaja, a miód jest latem słodki.",
    "cp932": "ミツバチは正午に踊ります。巣箱の周りを回り、女王蜂が卵を産みます。",
    "gb18030": "蜜蜂在中午跳舞。它们围绕着蜂箱飞行,蜂王在那里产卵。",
    "cp949": "꿀벌은 정오에 춤을 춘다. 벌집 주위를 돌며 여왕벌이 알을 낳는다.",
}


@pytest.mark.parametrize("encoding", OLDER)
def test_an_older_encoding_is_recognised_by_the_language_that_comes_out(encoding: str) -> None:
    assert parse_bytes("a.txt", OLDER[encoding].encode(encoding)).text == OLDER[encoding]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Les abeilles dansent à midi".encode("latin-1"), "is not UTF-8 text (byte 21); convert it to UTF-8"),
        (b"\xff\xfeb\0e\0\xd8", "is not UTF-16 text (byte 6); convert it to UTF-8"),
        (b"\xef\xbb\xbfb\xe4e", "is not UTF-8 text (byte 4); convert it to UTF-8"),
        ("bees".encode("utf-16-le"), "is binary (it holds NUL bytes); give a text, Markdown, HTML, PDF or Word file"),
        (bytes(range(128, 256)) * 9, "is not UTF-8 text (byte 0); convert it to UTF-8"),
        (b"", "is empty; give a file with at least one sentence"),
        (b"\x89PNG\r\n", "is an image; run text recognition (OCR) and give its result"),
        (b"\0\0\0\x18ftypheic", "is an image; run text recognition (OCR) and give its result"),
        (b"ID3\x04\0", "is sound or video; give its transcript"),
        (b"\0\0\0\x18ftypmp42", "is sound or video; give its transcript"),
        (b"\x1f\x8b\x08\0", "is a compressed archive; unpack it and give the folder"),
        (b"{\\rtf1\\ansi bees}", "is a Rich Text document; save it as .docx or PDF"),
        (b"%!PS-Adobe-3.0", "is PostScript; convert it to PDF"),
        (b"From: <Saved>\nContent-Type: multipart/related;", "is a web archive (MHTML); save the page as HTML"),
        (formats.OLD_OFFICE + bytes(9), "is an old Office file (.doc, .xls, .ppt); save it as .docx or PDF"),
        (formats.OLD_OFFICE + formats.ENCRYPTED, "is protected by a password; save a copy without one"),
        (b"PK\x03\x04 cut", "is a damaged Word document or ZIP archive; save it anew or copy it again"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_in_one_line_with_a_remedy(data: bytes, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse_bytes("it", data)

    assert str(caught.value) == f"it {message}"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("content.xml", "is an OpenDocument file; save it as .docx or PDF"),
        ("META-INF/container.xml", "is an e-book (EPUB); convert it to HTML or PDF"),
        ("xl/workbook.xml", "is a spreadsheet or presentation; export it as PDF"),
        ("bees.md", "is a ZIP archive; unpack it and give the folder"),
    ],
)
def test_other_packed_formats_are_told_by_their_members(member: str, message: str) -> None:
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "any")
        archive.writestr(member, "bees")

    with pytest.raises(ReadError) as caught:
        parse_bytes("it", stream.getvalue())

    assert str(caught.value) == f"it {message}"


def test_the_content_tells_the_format_and_not_the_files_ending() -> None:
    page = b"<!DOCTYPE html><html><body><article><p>Bees dance.</p></article></body></html>"
    printed = make_pdf([[Print("Bees dance.", 700)]])

    assert passages(parse_bytes("a.txt", page)) == ["Bees dance."]
    assert passages(parse_bytes("a.html", b"# Bees\n\nBees *dance*.")) == ["Bees dance."]
    assert passages(parse_bytes("a.md", printed)) == ["Bees dance."]
    assert passages(parse_bytes("a", b"some bytes of a mail\n" + printed)) == ["Bees dance."]
    assert parse_bytes("a.pdf", b"A file that begins with %PDF- is a PDF.").text.startswith("A file")


def test_a_pages_address_is_where_it_was_fetched_unless_it_names_another() -> None:
    named = b"---\nurl: https://bees.example/dance\n---\nBees dance."

    assert parse_bytes("a", b"Bees dance.", "https://mirror.example/").url == "https://mirror.example/"
    assert parse_bytes("a", named, "https://mirror.example/").url == "https://bees.example/dance"
    assert parse_bytes("a", b"Bees dance.", "javascript:alert(1)").url == ""


@pytest.mark.parametrize("size", [20_000_001, 50_000_000])
def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path, size: int) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as stream:
        stream.truncate(size)

    with pytest.raises(ReadError) as caught:
        read_articles(path)

    assert str(caught.value) == f"{path} has {size:,} bytes; the limit is 20,000,000: split it"


@pytest.mark.parametrize("name", ["missing.txt", "a" * 5_000, "~nobody/\0"])
def test_a_missing_path_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    for read in (read_articles, find_sources):
        with pytest.raises(ReadError) as caught:
            read(path)
        assert str(caught.value) == f"{path} does not exist; give a file or a folder"


def test_a_file_that_has_gone_or_may_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        Source("gone.txt", tmp_path / "gone.txt").read()
    assert str(caught.value) == f"{tmp_path}/gone.txt does not exist; give a file or a folder"

    with pytest.raises(ReadError) as caught:
        Source("folder", tmp_path).read()
    assert str(caught.value) == f"cannot read {tmp_path} (Is a directory); give a file that you may read"
