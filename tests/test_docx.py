"""A Word document becomes its paragraphs, headings, lists and tables; a bad one costs one line."""

import datetime as dt
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from printing import make_docx
from reading import faqs, headings, passages, sentences

from qa import Article, ReadError
from qa.readers import parse_bytes

NAMESPACE = nsdecls("w")


def read(fill: Callable[[Any], object]) -> Article:
    return parse_bytes("light.docx", make_docx(fill))


def rewrite(data: bytes, changed: dict[str, bytes], packing: int = ZIP_DEFLATED) -> bytes:
    """Return a document with parts replaced or added."""
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as archive, ZipFile(stream, "w", packing) as package:
        for name in archive.namelist():
            if name not in changed:
                package.writestr(name, archive.read(name))
        for name, content in changed.items():
            package.writestr(name, content)
    return stream.getvalue()


def lit(document: Any) -> None:
    document.add_paragraph("The lamp was lit.")


def test_headings_paragraphs_lists_and_tables_are_told_by_their_styles() -> None:
    def fill(document: Any) -> None:
        document.add_heading("The light", 0)
        document.add_paragraph("It was lit in 1874.  It burned\toil.")
        document.add_heading("Its keepers", 1)
        document.add_paragraph("They were:")
        document.add_paragraph("Ada Holm", style="List Bullet")
        document.add_paragraph("Per Dahl", style="List Number 2")
        table = document.add_table(2, 3)
        for row, cells in zip(table.rows, (("Year", "Ships", "Wrecks"), ("1874", "310", "2")), strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        document.add_paragraph("Read more: the lens")

    article = read(fill)

    assert article.title == "The light"
    assert [(section.level, section.title) for section in article.sections] == [(1, "The light"), (1, "Its keepers")]
    assert sentences(article) == [
        ["It was lit in 1874.", "It burned oil."],
        ["They were:", "Ada Holm", "Per Dahl"],
        ["Year | Ships | Wrecks", "1874 | 310 | 2"],
    ]
    assert article.pages == ()


def test_properties_give_title_author_and_date_but_not_those_of_the_template() -> None:
    def fill(document: Any) -> None:
        lit(document)
        document.core_properties.title = " The  light "
        document.core_properties.author = "Ada Holm"
        document.core_properties.created = dt.datetime(2024, 2, 29, 12)

    about, template = read(fill), read(lit)

    assert (about.title, about.author, about.date) == ("The light", "Ada Holm", "2024-02-29")
    assert (template.title, template.author) == ("light.docx", "")


def test_a_faq_is_found_with_questions_as_headings_in_bold_or_marked_by_letters() -> None:
    def fill(document: Any) -> None:
        document.add_heading("FAQ", 1)
        document.add_heading("When was it lit?", 2)
        document.add_paragraph("In 1874.")
        document.add_paragraph().add_run("What did it burn?").bold = True
        document.add_paragraph("Colza oil.")
        document.add_paragraph("Q: Who kept it?")
        document.add_paragraph("A: Ada Holm.")

    assert faqs(read(fill)) == [
        ("When was it lit?", "In 1874."),
        ("What did it burn?", "Colza oil."),
        ("Who kept it?", "Ada Holm."),
    ]


def test_a_short_line_in_bold_is_a_heading_and_a_sentence_in_bold_is_not() -> None:
    def fill(document: Any) -> None:
        document.add_paragraph().add_run("Its oil").bold = True
        document.add_paragraph().add_run("The lamp was lit.").bold = True

    article = read(fill)

    assert headings(article) == ["Its oil"]
    assert passages(article) == ["The lamp was lit."]


def test_what_word_wraps_around_text_loses_nothing_and_what_was_deleted_stays_away() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"

    def fill(document: Any) -> None:
        body = document.element.body
        inserted = f"<w:ins>{run.format('The lamp ')}</w:ins><w:moveFrom>{run.format('moved ')}</w:moveFrom>"
        linked = f"<w:hyperlink>{run.format('A link.')}</w:hyperlink>"
        parts = [
            f"<w:p {NAMESPACE}>{inserted}{run.format('was lit.')}</w:p>",
            f"<w:sdt {NAMESPACE}><w:sdtContent><w:p>{run.format('It burned oil.')}</w:p></w:sdtContent></w:sdt>",
            f"<w:p {NAMESPACE}><w:r><w:del><w:delText>No.</w:delText></w:del></w:r></w:p>",
            f"<w:p {NAMESPACE}><w:r><w:pict><w:txbxContent><w:p>{run.format('A box.')}</w:p></w:txbxContent></w:pict>"
            f"</w:r>{run.format('Around it.')}</w:p>",
            f"<w:p {NAMESPACE}>{linked}<w:r><w:br/><w:t>Next.</w:t></w:r></w:p>",
        ]  # fmt: skip
        for part in parts:
            body.insert(len(body) - 1, parse_xml(part))

    assert passages(read(fill)) == ["The lamp was lit.", "It burned oil.", "Around it.", "A box.", "A link.\nNext."]


def test_a_table_of_one_column_is_a_frame_and_a_table_of_contents_is_left_out() -> None:
    def fill(document: Any) -> None:
        cell = document.add_table(1, 1).cell(0, 0)
        cell.text = "The lamp was lit. It burned oil."
        document.styles.add_style("toc 1", 1)
        document.add_paragraph("Its oil 7", style="toc 1")

    assert sentences(read(fill)) == [["The lamp was lit.", "It burned oil."]]


def test_pictures_are_not_unpacked() -> None:
    picture = b"\0" * 60_000_000

    assert passages(parse_bytes("a.docx", rewrite(make_docx(lit), {"word/media/image1.png": picture}))) == [
        "The lamp was lit."
    ]


def bombs() -> dict[str, tuple[bytes, str]]:
    """Return documents that cannot be read, and the end of the message about each."""
    good = make_docx(lit)
    entity = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><w>&b;</w>'
    protected = bytearray(good)
    place = protected.rindex(b"PK\x01\x02")
    protected[place + 8] |= 1
    unpacks = "unpacks to more than the limit of 50,000,000 bytes: split it"
    anew = "open it in a word processor and save it anew as .docx"
    return {
        "bomb": (rewrite(good, {"word/document.xml": b" " * 50_000_001}), unpacks),
        "many small bombs": (rewrite(good, {f"word/{n}.xml": b" " * 9_000_000 for n in range(6)}), unpacks),
        "members": (
            rewrite(good, {f"word/media/{number}": b"" for number in range(10_001)}),
            "parts; the limit is 10,000: save it anew",
        ),
        "entities": (
            rewrite(good, {"word/document.xml": entity}),
            "declares a document type, as no Word document does; save it anew",
        ),
        "hidden entities": (
            rewrite(good, {"word/document.xml": entity.decode().encode("utf-16")}),
            "declares a document type, as no Word document does; save it anew",
        ),
        "other packing": (
            rewrite(good, {"word/document.xml": b" " * 40_000_000}, ZIP_BZIP2),
            "is packed as no Word document is; save it anew",
        ),
        "locked": (bytes(protected), "is protected by a password; save a copy without one"),
        "cut": (good[:-100], "is a damaged Word document or ZIP archive; save it anew or copy it again"),
        "not XML": (rewrite(good, {"word/document.xml": b"<w"}), anew),
        "deep": (rewrite(good, {"word/document.xml": b"<a>" * 5_000 + b"</a>" * 5_000}), anew),
        "no parts": (rewrite(good, {"[Content_Types].xml": b"<a/>"}), anew),
        "empty": (make_docx(lambda _: None), "only headings; give a file with at least one sentence"),
    }  # fmt: skip


def test_a_document_that_cannot_be_read_says_why_and_what_to_do() -> None:
    for name, (data, message) in bombs().items():
        with pytest.raises(ReadError) as caught:
            parse_bytes(name, data)
        assert str(caught.value).startswith(f"{name} ")
        assert str(caught.value).endswith(message)
        assert "\n" not in str(caught.value)


def test_a_size_that_the_archive_lies_about_is_counted_nonetheless() -> None:
    data = bytearray(rewrite(make_docx(lit), {"word/document.xml": b" " * 60_000_000}))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.rindex(mark)
        data[place + offset : place + offset + 4] = (1_000).to_bytes(4, "little")

    with pytest.raises(ReadError, match="is damaged"):
        parse_bytes("liar.docx", bytes(data))
