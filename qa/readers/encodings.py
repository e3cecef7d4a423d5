"""Bytes to text: UTF-8 and what begins with a byte order mark; older encodings where there is no doubt."""

import codecs
import re

from qa.errors import ReadError

# UTF-32's mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Western Europe's first: it is the web's default, and wins where several fit as well.
OLDER = ("cp1252", "cp1250", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949")
# What a page or its server may declare; Python's other codecs unpack, unescape or are UTF-7, which browsers refuse too.
DECLARED = re.compile(
    r"(windows-|cp)(125\d|874|932|936|949)|(iso-?8859|latin)-?\d{1,2}|iso-2022-(jp|kr)|koi8-[ru]|s(hift[-_])?jis|"
    r"euc-(jp|kr)|gbk|gb2312|gb18030|big5(-hkscs)?|ks_c_5601-1987|tis-620|macintosh|ibm866|utf-16(le|be)?"
)
LATIN_1 = re.compile(r"(us-)?ascii|(iso-?8859|latin)-?1")  # read as windows-1252 (the WHATWG's Encoding Standard)
DETECTED_BYTES = 200_000  # a guess at the encoding needs no more
MAX_CHAOS = 0.1  # share of implausible characters, as charset_normalizer counts them
MIN_COHERENCE = 0.2  # how well the letters' frequencies are those of a language; below, it is a guess


def is_marked(data: bytes) -> bool:
    """Return whether bytes begin with a byte order mark."""
    return any(data.startswith(mark) for mark, _ in MARKS)


def decode(name: str, data: bytes) -> str:
    """Return the text that bytes stand for.

    Raises:
        ReadError: they are no text, or it cannot be told in which encoding.
    """
    mark, encoding = next((entry for entry in MARKS if data.startswith(entry[0])), (b"", "utf-8"))
    if not mark and b"\0" in data:
        raise ReadError(f"{name} is binary (it holds NUL bytes); give a text, Markdown, HTML, PDF or Word file")
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        older = "" if mark else _older_encoding(data)
        if older:
            return data.decode(older, "replace")
        place = f"byte {len(mark) + error.start}"
        raise ReadError(
            f"{name} is not {encoding.upper()[:6].rstrip('-')} text ({place}); convert it to UTF-8"
        ) from error


def decode_as(data: bytes, label: str) -> str | None:
    """Return the text of bytes in the encoding that a page or its server declares, or in UTF-8; None if in neither."""
    label = label.lower()
    if LATIN_1.fullmatch(label):
        label = "windows-1252"
    elif not DECLARED.fullmatch(label):
        label = "utf-8"
    # Few sites declare an encoding without having it, but valid UTF-8 beyond ASCII is hardly ever anything else.
    for encoding in [label, "utf-8"] if data.isascii() else ["utf-8", label]:
        try:
            # A decoder that is not told the end takes a file that was cut within a character.
            return codecs.getincrementaldecoder(encoding)().decode(data)
        except (LookupError, UnicodeError):
            continue
    return None


def _older_encoding(data: bytes) -> str:
    """Return the encoding of text that is not UTF-8, or "" where several may be meant."""
    from charset_normalizer import from_bytes

    plausible = [each for each in from_bytes(data[:DETECTED_BYTES], cp_isolation=list(OLDER)) if each.chaos < MAX_CHAOS]
    plausible.sort(key=lambda each: (-each.coherence, each.chaos, OLDER.index(each.encoding)))
    # Languages without an alphabet have no coherence; their encodings rule each other out.
    sure = plausible and (plausible[0].coherence >= MIN_COHERENCE or len(plausible) == 1)
    return plausible[0].encoding if sure else ""
