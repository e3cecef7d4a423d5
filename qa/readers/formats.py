"""What a file is, by its first bytes; and for what cannot be read, what to make of it first."""

import re
from enum import Enum, auto
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from qa.errors import ReadError
from qa.readers.markdown import looks_like_markdown

OCR = "run text recognition (OCR) and give its result"
UNPACK = "unpack it and give the folder"
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also the shell around an encrypted document
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# Beginnings of formats that hold no article that can be read, what they are, and the remedy.
FOREIGN = (
    (rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(heic|avif|mif1)", "an image", OCR),
    (rb"ID3|OggS|fLaC|RIFF....|....ftyp|\x1aE\xdf\xa3", "sound or video", "give its transcript"),
    (rb"\x1f\x8b|BZh\d|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!", "a compressed archive", UNPACK),
    (rb"\{\\rtf", "a Rich Text document", "save it as .docx or PDF"),
    (rb"%!PS", "PostScript", "convert it to PDF"),
    (OLD_OFFICE + b".*" + ENCRYPTED, "protected by a password", "save a copy without one"),
    (OLD_OFFICE, "an old Office file (.doc, .xls, .ppt)", "save it as .docx or PDF"),
    (rb"(?=(From|Snapshot|Subject|MIME-)).{,2000}?^Content-Type: *multipart/related", "a web archive (MHTML)",
     "save the page as HTML"),
)  # fmt: skip
# What is packed as ZIP, by a member that only it has.
PACKED = (
    (r"content\.xml", "an OpenDocument file", "save it as .docx or PDF"),
    (r"META-INF/container\.xml", "an e-book (EPUB)", "convert it to HTML or PDF"),
    (r"(xl|ppt)/.*", "a spreadsheet or presentation", "export it as PDF"),
)
# What may stand before a page, or before a part of one.
_BEGINNING = r"(?:\s|\ufeff|<\?xml[^>]{0,200}\?>|<!--.{0,2000}?-->)*+"
DOCUMENT = re.compile(rf"{_BEGINNING}<(!doctype\s+html|(html|head|body)[\s>])", re.IGNORECASE | re.DOTALL)
# As copied from a browser's inspector; Markdown's inline HTML ends in other text.
FRAGMENT = re.compile(
    rf"{_BEGINNING}<(article|main|section|div|h1|p|ul|table|title)[\s>].*</\w+>\s*", re.IGNORECASE | re.DOTALL
)
WORD_MEMBER = re.compile(r"word/document\d*\.xml")  # some programs number it


class Format(Enum):
    """A format that has a reader of its own."""

    PDF = auto()
    DOCX = auto()
    TEXT = auto()  # HTML, Markdown and plain text


def tell_format(name: str, data: bytes) -> Format:
    """Return the format of a file's content.

    Raises:
        ReadError: it is a format that cannot be read.
    """
    if is_pdf(data):
        return Format.PDF
    if data.startswith(b"PK\x03\x04"):
        return _tell_packed(name, data)
    for beginning, what, remedy in FOREIGN:
        if re.match(beginning, data, re.DOTALL | re.MULTILINE):
            raise ReadError(f"{name} is {what}; {remedy}")
    return Format.TEXT


def looks_like_html(text: str) -> bool:
    """Return whether a text is a page or a part of one; Markdown with HTML in it is not."""
    return DOCUMENT.match(text) is not None or (FRAGMENT.fullmatch(text) is not None and not looks_like_markdown(text))


def is_pdf(data: bytes) -> bool:
    """Return whether a file is a PDF; other bytes may stand before its mark, as its readers allow."""
    place = data.find(b"%PDF-", 0, 1024)
    return place >= 0 and (not data[:place].strip(b"\xef\xbb\xbf \t\r\n\0") or b" obj" in data)


def _tell_packed(name: str, data: bytes) -> Format:
    """Return the format of a ZIP archive."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ReadError(f"{name} is a damaged Word document or ZIP archive; save it anew or copy it again") from error
    if any(map(WORD_MEMBER.fullmatch, members)):
        return Format.DOCX
    for member, what, remedy in PACKED:
        if any(re.fullmatch(member, each) for each in members):
            raise ReadError(f"{name} is {what}; {remedy}")
    raise ReadError(f"{name} is a ZIP archive; {UNPACK}")
