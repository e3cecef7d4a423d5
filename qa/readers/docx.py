"""Word documents (.docx): what their pages say, without headers, footers and footnotes."""

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import takewhile
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import docx
from docx.document import Document
from lxml.etree import _Element

from qa.article import Article
from qa.errors import ReadError
from qa.lines import flat, reason
from qa.readers.blocks import BlockWriter, Kind, assemble, is_noise, properties
from qa.readers.layout import is_title_like

MAX_MEMBERS = 10_000  # a document has some twenty, and one for each picture
MAX_UNPACKED_BYTES = 50_000_000  # of all XML in it; a long book has some 10 MB, and parsing takes ten times as much
MAX_STYLES = 20  # that are based on each other, in case they go round in a circle

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # repeats what stands beside it
GONE = frozenset({FALLBACK, f"{WORD}del", f"{WORD}moveFrom"})
HEADING = re.compile(r"heading (\d)")
BOLD_LEVEL = 10  # of a heading that is one only by its bold print; below all real ones


def read_docx(name: str, data: bytes) -> Article:
    """Read a Word document; its title, author and date are those of its properties.

    Raises:
        ReadError: it is protected, damaged, or unpacks to more than the limit.
    """
    try:
        document = docx.Document(_checked(name, data))
        about = document.core_properties
        metadata = properties(flat(about.title), flat(about.author), about.created)
        writer = _Writer(document)
    except ReadError:
        raise
    except Exception as error:  # a damaged file ends the parsers in whatever way they like
        raise ReadError(
            f"{name} is damaged ({reason(error)}); open it in a word processor and save it anew as .docx"
        ) from error
    return assemble(name, writer.text, writer.blocks, metadata)


def _checked(name: str, data: bytes) -> BytesIO:
    """Return a package of the same parts, unpacked within the limits; what is no XML is left empty.

    The sizes that an archive declares need not be true, so nothing is unpacked beyond them; a sum that is then wrong
    is an error of zipfile's.
    """
    left = MAX_UNPACKED_BYTES
    copy = BytesIO()
    with ZipFile(BytesIO(data)) as archive, ZipFile(copy, "w") as package:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise ReadError(f"{name} has {len(members):,} parts; the limit is {MAX_MEMBERS:,}: save it anew")
        if any(member.flag_bits & 1 for member in members):
            raise ReadError(f"{name} is protected by a password; save a copy without one")
        if any(member.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for member in members):
            raise ReadError(f"{name} is packed as no Word document is; save it anew")  # zipfile unpacks it unbounded
        for member in members:
            content = b""
            if member.filename.endswith((".xml", ".rels")):
                left -= member.file_size
                if left < 0:
                    raise ReadError(f"{name} unpacks to more than the limit of {MAX_UNPACKED_BYTES:,} bytes: split it")
                with archive.open(member) as stream:
                    content = stream.read(member.file_size)
            if b"<!DOCTYPE" in content.replace(b"\0", b""):  # where entities are declared; UTF-16 hides it
                raise ReadError(f"{name} declares a document type, as no Word document does; save it anew")
            package.writestr(member.filename, content)
    copy.seek(0)
    return copy


class _Writer(BlockWriter):
    """Writes a document's paragraphs, lists and tables in their order."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._styles = {style.get(f"{WORD}styleId"): style for style in document.styles.element.iter(f"{WORD}style")}
        self._walk(document.element.body)

    def _walk(self, container: _Element) -> None:
        """Write what an element holds; content controls and insertions are wrapped around it."""
        for child in container:
            if child.tag == f"{WORD}p":
                self._write_paragraph(child)
            elif child.tag == f"{WORD}tbl":
                self._write_table(child)
            elif child.tag not in GONE:
                self._walk(child)

    def _write_paragraph(self, paragraph: _Element) -> None:
        text = _text(paragraph)
        if text and not is_noise(text):
            kind, level = self._kind(paragraph, text)
            if kind is not None:
                self.add(kind, flat(text) if kind is Kind.HEADING else text, level)
        for box in paragraph.iter(f"{WORD}txbxContent"):
            outer = box.iterancestors(f"{WORD}p", FALLBACK)
            if next(outer) is paragraph:
                self._walk(box)

    def _write_table(self, table: _Element) -> None:
        """Write each row on a line; a table of one column is a frame around paragraphs."""
        rows = [
            [cell for cell in row.iter(f"{WORD}tc") if next(cell.iterancestors(f"{WORD}tr")) is row]
            for row in table.iter(f"{WORD}tr")
            if next(row.iterancestors(f"{WORD}tbl")) is table
        ]
        framed = max(map(len, rows), default=0) <= 1
        for cells in rows:
            if framed:
                for cell in cells:
                    self._walk(cell)
                continue
            shown = (" ".join(map(_text, cell.iter(f"{WORD}p"))) for cell in cells)
            self.add(Kind.ROW, " | ".join(map(flat, shown)))

    def _kind(self, paragraph: _Element, text: str) -> tuple[Kind | None, int]:
        """Return what a paragraph is, by its style and those that it is based on; None for a table of contents."""
        numbering = paragraph.find(f"{WORD}pPr/{WORD}numPr/{WORD}numId")
        in_list = numbering is not None and numbering.get(f"{WORD}val") != "0"
        named = paragraph.find(f"{WORD}pPr/{WORD}pStyle")
        for _ in range(MAX_STYLES):
            style = self._styles.get(named.get(f"{WORD}val")) if named is not None else None
            if style is None:
                break
            label = style.find(f"{WORD}name")
            name = str(label.get(f"{WORD}val", "")).lower() if label is not None else ""
            if name.startswith(("toc ", "table of ")):
                return None, 0
            if name == "title":
                return Kind.HEADING, 1
            if heading := HEADING.match(name):
                return Kind.HEADING, int(heading[1])
            in_list = in_list or name.startswith("list") or style.find(f"{WORD}pPr/{WORD}numPr") is not None
            named = style.find(f"{WORD}basedOn")
        if in_list:
            return Kind.ITEM, 0
        if is_title_like(text) and all(map(_is_bold, _runs(paragraph))):
            return Kind.HEADING, BOLD_LEVEL
        return Kind.PARAGRAPH, 0


def _runs(paragraph: _Element) -> Iterator[_Element]:
    """Yield a paragraph's runs that show text, but those of a text box in it and those that a revision removed."""
    for run in paragraph.iter(f"{WORD}r"):
        between = takewhile(lambda element: element is not paragraph, run.iterancestors())
        if (run.text or "").strip(" \t") and not any(element.tag in {*GONE, f"{WORD}p"} for element in between):
            yield run


def _text(paragraph: _Element) -> str:
    """Return what a paragraph shows, a forced line break as one."""
    lines = "".join(run.text or "" for run in _runs(paragraph)).splitlines()
    return "\n".join(filter(None, map(flat, lines)))


def _is_bold(run: _Element) -> bool:
    bold = run.find(f"{WORD}rPr/{WORD}b")
    return bold is not None and bold.get(f"{WORD}val") not in {"0", "false", "off"}
