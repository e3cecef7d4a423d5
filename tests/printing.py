"""Writes small files for tests: Word documents, and PDF files with lines of text at given places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from docx import Document
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

FONTS = {"/Plain": "/Helvetica", "/Bold": "/Helvetica-Bold"}


@dataclass(frozen=True)
class Print:
    """A line of text to print; ``y`` counts points from the page's lower edge."""

    text: str
    y: float
    x: float = 72
    size: float = 11
    bold: bool = False


def make_pdf(pages: Sequence[Sequence[Print]], metadata: dict[str, str] | None = None, password: str = "") -> bytes:
    """Return a PDF of A4 pages; ``password`` protects it."""
    writer = PdfWriter()
    fonts = DictionaryObject()
    for name, base in FONTS.items():
        fonts[NameObject(name)] = writer._add_object(
            DictionaryObject(
                {
                    NameObject("/Type"): NameObject("/Font"),
                    NameObject("/Subtype"): NameObject("/Type1"),
                    NameObject("/BaseFont"): NameObject(base),
                    NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
                }
            )
        )
    for lines in pages:
        page = writer.add_blank_page(595, 842)
        content = DecodedStreamObject()
        content.set_data(b"\n".join(map(_instructions, lines)))
        page[NameObject("/Contents")] = writer._add_object(content)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if metadata:
        writer.add_metadata(metadata)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    stream = BytesIO()
    writer.write(stream)
    return stream.getvalue()


def make_docx(fill: Callable[[Any], object]) -> bytes:
    """Return the Word document that ``fill`` writes."""
    document = Document()
    fill(document)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def paragraph(text: str, y: float, x: float = 72) -> list[Print]:
    """Return a paragraph's lines, as broken in ``text``, from ``y`` down."""
    return [Print(line, y - 14 * number, x) for number, line in enumerate(text.splitlines())]


def _instructions(line: Print) -> bytes:
    shown = line.text.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
    font = "/Bold" if line.bold else "/Plain"
    return f"BT {font} {line.size} Tf {line.x} {line.y} Td (".encode() + shown + b") Tj ET"
