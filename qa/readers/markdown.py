"""Markdown (CommonMark with tables), with YAML front matter."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qa.article import Article
from qa.readers.blocks import BlockWriter, Kind, Metadata, assemble, is_noise, web_address

if TYPE_CHECKING:
    from markdown_it.token import Token

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<yaml>.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
SIGNS = re.compile(
    r"^#{1,6}\s+\S|^```|^~~~|^(=|-){3,}\s*$|\]\([^)\s]+\)|\*\*[^*\n]+\*\*|^>\s|^\|.*\|\s*$|^[*-]\s+\S", re.MULTILINE
)


def looks_like_markdown(text: str) -> bool:
    """Return whether a text has a heading, or two other marks that only Markdown has."""
    if FRONT_MATTER.match(text) or re.search(r"^#{1,6}\s+\S", text, re.MULTILINE):
        return True
    return len({match.group()[:2] for match in SIGNS.finditer(text)}) >= 2


def read_markdown(name: str, source: str) -> Article:
    """Read Markdown; the article's text is what a reader sees, without the marks.

    A line break within a paragraph stays a line break. Front matter may give ``title``, ``date``,
    ``author``, ``url`` (or ``canonical``), ``summary`` (or ``description``) and ``language`` (or ``lang``).
    """
    from markdown_it import MarkdownIt

    metadata, body = _front_matter(source)
    writer = _Writer()
    writer.write(MarkdownIt("commonmark").enable("table").parse(body))
    return assemble(name, writer.text, writer.blocks, metadata)


def _front_matter(source: str) -> tuple[Metadata, str]:
    """Split front matter off; what is not a mapping is no front matter but text."""
    match = FRONT_MATTER.match(source)
    if match is None:
        return Metadata(), source
    import yaml

    try:
        # BaseLoader keeps every value the text it is: a date stays as written.
        values = yaml.load(match["yaml"] or "", Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return Metadata(), source
    if not isinstance(values, dict):
        return Metadata(), source

    def text_of(*keys: str) -> str:
        found = next((values[key] for key in keys if values.get(key)), "")
        names = [name for name in (found if isinstance(found, list) else [found]) if isinstance(name, str)]
        return " ".join(", ".join(names).split())

    metadata = Metadata(
        title=text_of("title"),
        date=text_of("date"),
        summary=text_of("summary", "description"),
        language=text_of("language", "lang")[:2],
        author=text_of("author", "authors"),
        url=web_address(text_of("url", "canonical")),
    )
    return metadata, source[match.end() :]


class _Writer(BlockWriter):
    """Writes the visible text of Markdown."""

    def __init__(self) -> None:
        super().__init__()
        self._heading = 0  # the level of the heading that is open
        self._lists = 0  # how many lists are open
        self._row: list[str] | None = None  # the cells of the table's row that is open

    def write(self, tokens: "Iterable[Token]") -> None:
        """Write all blocks of a parsed document."""
        for token in tokens:
            if token.type == "inline":
                self._write_inline(_paragraph(token.children or ()))
            elif token.type in {"fence", "code_block"}:
                self.add(Kind.CODE, token.content)
            else:
                self._enter_or_leave(token)

    def _enter_or_leave(self, token: "Token") -> None:
        """Note what kind of block the next visible text belongs to."""
        if token.type == "heading_open":
            self._heading = int(token.tag[1])
        elif token.type == "heading_close":
            self._heading = 0
        elif token.type.startswith(("bullet_list", "ordered_list")):
            self._lists += token.nesting
        elif token.type == "tr_open":
            self._row = []
        elif token.type == "tr_close" and self._row is not None:
            self.add(Kind.ROW, " | ".join(self._row))
            self._row = None

    def _write_inline(self, visible: str) -> None:
        """Add the text of a paragraph, heading, list item or table cell."""
        if self._row is not None:
            self._row.append(visible)
        elif self._heading:
            self.add(Kind.HEADING, " ".join(visible.split()), self._heading)
        elif not is_noise(visible.strip()):
            self.add(Kind.ITEM if self._lists else Kind.PARAGRAPH, visible)


def _paragraph(tokens: "Sequence[Token]") -> str:
    """Return a paragraph's text; a question in bold at its start gets a line of its own, as in many FAQs."""
    tokens = [token for token in tokens if token.type != "text" or token.content]
    if tokens and tokens[0].type == "strong_open":
        end = next(number for number, token in enumerate(tokens) if token.type == "strong_close")
        lead = _visible(tokens[:end])
        if lead.endswith("?"):
            return f"{lead}\n{_visible(tokens[end:]).lstrip()}"
    return _visible(tokens)


def _visible(tokens: "Iterable[Token]") -> str:
    """Return what a reader sees: no emphasis marks, link targets or raw HTML."""
    parts = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"} or (
            token.type == "html_inline" and token.content.lower().startswith("<br")
        ):
            parts.append("\n")
        elif token.type == "image":
            parts.append(_visible(token.children or ()))
    return "".join(parts)
