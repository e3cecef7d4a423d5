"""Markdown (CommonMark with tables), with YAML front matter."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qa.article import Article
from qa.lines import flat
from qa.readers.blocks import HEADINGS, BlockWriter, Kind, Metadata, assemble, is_noise

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
    writer = BlockWriter()
    _write(writer, MarkdownIt("commonmark").enable("table").parse(body))
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
        return flat(", ".join(names))

    metadata = Metadata(
        title=text_of("title"),
        date=text_of("date"),
        summary=text_of("summary", "description"),
        language=text_of("language", "lang")[:2],
        author=text_of("author", "authors"),
        url=text_of("url", "canonical"),
    )
    return metadata, source[match.end() :]


def _write(writer: BlockWriter, tokens: "Iterable[Token]") -> None:
    """Write the visible text of all blocks of a parsed document."""
    tag = ""  # of what was opened last: paragraph, heading or table cell
    lists = 0  # how many are open
    cells: list[str] = []  # of the row that is open
    for token in tokens:
        if token.nesting == 1:
            tag = token.tag
        if token.type.startswith(("bullet_list", "ordered_list")):
            lists += token.nesting
        elif token.type in {"fence", "code_block"}:
            writer.add(Kind.CODE, token.content)
        elif token.type == "inline":
            visible = _paragraph(token.children or ())
            if tag in {"th", "td"}:
                cells.append(visible)
            elif tag in HEADINGS:
                writer.add(Kind.HEADING, flat(visible), HEADINGS[tag])
            elif not is_noise(visible.strip()):
                writer.add(Kind.ITEM if lists else Kind.PARAGRAPH, visible)
        elif token.type == "tr_close":
            writer.add(Kind.ROW, " | ".join(cells))
            cells.clear()


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
