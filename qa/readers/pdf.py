"""PDF: its pages' printed lines, and what it says of itself."""

import logging
import re
import time
from dataclasses import replace
from io import BytesIO
from math import hypot

from pypdf import PageObject, PdfReader, apply_configuration, mult
from pypdf.errors import FileNotDecryptedError

from qa.article import Article
from qa.errors import ReadError
from qa.lines import flat, reason
from qa.readers.blocks import Metadata, assemble, properties
from qa.readers.layout import Line, LineWriter, main_size, without_running_heads

LOGGER = logging.getLogger(__name__)

MAX_PAGES = 2_000  # a long book, twice over; at some 20 pages a second, longer than anybody waits
MAX_SECONDS = 120.0  # for reading pages; a page can be made so that it takes many seconds
MAX_CHARS = 20_000_000  # on all pages, as in a text file
MAX_STREAM_BYTES = 20_000_000  # of one page's instructions, unpacked; a page of print has some 20,000
MAX_PAGE_STEPS = 500_000  # instructions of one page that are looked at; a page of print has some 2,000
MAX_PAGE_FORMS = 300  # graphics within a page that are looked at, each as long as a page; most pages have none

CLEAN = dict.fromkeys((*range(32), *range(127, 160), *range(0xD800, 0xE000), 0xFEFF)) | {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "ft", 0xFB06: "st",
    0x09: " ", 0xA0: " ", 0x2010: "-", 0xF0B7: "•", 0xF0A7: "•",  # the last two are bullets of symbol fonts
}  # fmt: skip
BOLD = re.compile(r"bold|black|heavy|demi|cmbx|medi\b", re.IGNORECASE)
LONE_BULLET = re.compile(r"[•◦▪■●‣·]|\(?\d{1,3}[.)]")


def read_pdf(name: str, data: bytes, *, max_chars: int = MAX_CHARS, max_seconds: float = MAX_SECONDS) -> Article:
    """Read a PDF; the article's ``pages`` are spans that cover its text without a gap.

    Running heads and page numbers are left out, words that were broken at a line's end are mended,
    and a paragraph may run across pages.

    Raises:
        ReadError: it is protected, damaged, too long, or has no text (a scan).
    """
    with apply_configuration(
        zlib_maximum_output_length=MAX_STREAM_BYTES,
        lzw_maximum_output_length=MAX_STREAM_BYTES,
        run_length_maximum_output_length=MAX_STREAM_BYTES,
        array_based_stream_maximum_output_length=MAX_STREAM_BYTES,
        stream_parsing_work_maximum_count=MAX_PAGE_STEPS,
        xform_maximum_invocations_per_extraction=MAX_PAGE_FORMS,
    ):
        reader = _open(name, data)
        pages = _read_pages(name, reader, max_chars, max_seconds)
        metadata = _metadata(reader)
    writer = LineWriter(list(without_running_heads(pages)))
    if not writer.blocks:
        raise ReadError(f"{name} has no text on its pages (a scan?); run text recognition (OCR) and give its result")
    metadata = replace(metadata, title=metadata.title or writer.title)
    return assemble(name, writer.text, writer.blocks, metadata, writer.pages(len(pages)))


def _open(name: str, data: bytes) -> PdfReader:
    """Return the document, or say why it cannot be read."""
    try:
        reader = PdfReader(BytesIO(data))  # tries the empty password, with which many protected files open
        count = len(reader.pages)
    except FileNotDecryptedError as error:
        raise ReadError(f"{name} is protected by a password; save a copy without one") from error
    except Exception as error:  # a damaged file ends the parser in whatever way it likes
        raise _damaged(name, error) from error
    if not count:
        raise ReadError(f"{name} has no pages; give a PDF with at least one")
    if count > MAX_PAGES:
        raise ReadError(f"{name} has {count:,} pages; the limit is {MAX_PAGES:,}: split it")
    return reader


def _damaged(name: str, error: Exception) -> ReadError:
    return ReadError(f"{name} is damaged ({reason(error)}); open it in a viewer and print it to a new PDF")


def _metadata(reader: PdfReader) -> Metadata:
    """Return what the document says of itself; nothing where that is damaged or made up by a program."""
    try:
        about = reader.metadata
        if not about:
            return Metadata()
        return properties(_clean(str(about.title or "")), _clean(str(about.author or "")), about.creation_date)
    except Exception:  # malformed dates and objects; the text does not depend on them
        return Metadata()


def _read_pages(name: str, reader: PdfReader, max_chars: int, max_seconds: float) -> list[list[Line]]:
    """Return the lines of every page; a page that cannot be read is logged and has none."""
    pages: list[list[Line]] = []
    chars, failure = 0, None
    end = time.monotonic() + max_seconds
    for number in range(1, len(reader.pages) + 1):
        try:
            page = reader.pages[number - 1]
            # Text that runs up or down the margin is read only where there is no other.
            lines = _read_page(page, number, (0,)) or _read_page(page, number, (90, 180, 270))
        except Exception as error:  # as in _open
            LOGGER.warning("page %d of %s cannot be read (%s)", number, name, reason(error))
            lines, failure = [], error
        pages.append(lines)
        chars += sum(len(line.text) for line in lines)
        if chars > max_chars:
            raise ReadError(f"{name} has {chars:,} characters by page {number}; the limit is {max_chars:,}: split it")
        if time.monotonic() > end and number < len(reader.pages):
            raise ReadError(f"{name} took {max_seconds:g} s, the limit, for {number} pages: split it")
    if failure and not any(pages):
        raise _damaged(name, failure)
    return pages


def _read_page(page: PageObject, number: int, orientations: tuple[int, ...]) -> list[Line]:
    """Return a page's lines, in the order in which they were printed."""
    lines: list[Line] = []
    opened: list[Line] = []  # the pieces of the line that goes on

    def end_line() -> None:
        text = _clean("".join(piece.text for piece in opened))
        inked = [piece for piece in opened if piece.text.strip()]
        opened.clear()
        if not text:
            return
        x = inked[0].x
        if lines and LONE_BULLET.fullmatch(lines[-1].text):  # some print a bullet a little higher than its line
            bullet = lines.pop()
            text, x = f"{bullet.text} {text}", bullet.x
        lines.append(Line(text, number, x, inked[0].y, main_size(inked), all(piece.bold for piece in inked)))

    def visit(
        text: str, page_matrix: list[float], text_matrix: list[float], font: dict[str, object] | None, size: float
    ) -> None:
        matrix = mult(text_matrix, page_matrix)
        points = round(2 * size * hypot(matrix[2], matrix[3])) / 2
        bold = BOLD.search(str((font or {}).get("/BaseFont", ""))) is not None
        for count, piece in enumerate(text.split("\n")):
            if count:
                end_line()
            if piece:
                opened.append(Line(piece, number, matrix[4], matrix[5], points, bold))

    page.extract_text(orientations=orientations, visitor_text=visit)
    end_line()
    return lines


def _clean(text: str) -> str:
    """Return the text with ligatures resolved, single spaces and no control characters."""
    return flat(text.translate(CLEAN))
