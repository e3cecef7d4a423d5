"""Files to articles; the format is told by the content, not by the file's ending."""

import re
from pathlib import Path

from qa.article import Article
from qa.errors import ReadError
from qa.readers.markdown import looks_like_markdown, read_markdown
from qa.readers.plain import read_plain

__all__ = ["parse_article", "read_articles"]

MAX_BYTES = 20_000_000  # some ten books; beyond that, a file is hardly an article
SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text", ""})


def read_articles(path: str | Path) -> tuple[Article, ...]:
    """Read the file at ``path``, or every text and Markdown file in the folder there.

    Raises:
        ReadError: the path does not exist, or a file of it is not a readable article.
    """
    root = Path(path).expanduser()
    if root.is_dir():
        files = sorted(
            file
            for file in root.rglob("*")
            if file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        )
        if not files:
            raise ReadError(f"{root} holds no article; put a .md or .txt file there")
        return tuple(_read_file(file, str(file.relative_to(root))) for file in files)
    return (_read_file(root, root.name),)


def parse_article(name: str, source: str) -> Article:
    """Read an article from text.

    Raises:
        ReadError: the text is empty or not text.
    """
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise ReadError(f"{name} is binary (it holds NUL bytes); give a text or Markdown file")
    if broken := re.search("[\ud800-\udfff]", text):
        place = f"U+{ord(broken.group()):04X} at character {broken.start() + 1}"
        raise ReadError(f"{name} is not text (half a surrogate pair, {place}); write it anew as UTF-8")
    if not any(map(str.isalnum, text)):
        raise ReadError(f"{name} is empty; give a file with at least one sentence")
    article = read_markdown(name, text) if looks_like_markdown(text) else read_plain(name, text)
    if not article.passages and not article.faqs:
        raise ReadError(f"{name} has no paragraph to quote, only headings; give a file with at least one sentence")
    return article


def _read_file(path: Path, name: str) -> Article:
    """Read one file as UTF-8 text (or UTF-16, if it begins with that mark)."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ReadError(f"{path} has {size:,} bytes; the limit is {MAX_BYTES:,}: split it")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ReadError(f"{path} does not exist; give a file or a folder") from error
    except OSError as error:
        raise ReadError(f"cannot read {path}: {error.strerror}") from error
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    try:
        source = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not {encoding.upper()} text (byte {error.start}); convert it to UTF-8") from error
    return parse_article(name, source)
