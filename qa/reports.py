"""Reports for people: written once as Markdown, with a page that is made of it, and tables for the terminal."""

import base64
import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from qa.faq import plain_markdown
from qa.lines import clean

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.table import Table as Grid

PAGE = Path(__file__).with_name("report.html")


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG for a light page, and the same for a dark one."""

    light: bytes
    dark: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the columns named in ``numbers`` are set to the right."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: tuple[str, ...] = ()

    def markdown(self) -> Iterator[str]:
        """Yield the lines of the table in Markdown."""
        yield f"| {' | '.join(map(line, self.columns))} |"
        yield f"|{'|'.join('--:' if column in self.numbers else '---' for column in self.columns)}|"
        for row in self.rows:
            yield f"| {' | '.join(map(line, row))} |"

    def grid(self, title: str = "", *, heads: bool = True) -> "Grid":
        """Return the table for a terminal."""
        from rich import box
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid(
            title=Text(title, style="bold") if title else None, title_justify="left", show_header=heads,
            box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False,
        )  # fmt: skip
        for column in self.columns:
            grid.add_column(column, justify="right" if column in self.numbers else "left", overflow="fold")
        for row in self.rows:
            grid.add_row(*map(Text, row))
        return grid


def line(text: str) -> str:
    """Return one line of Markdown that shows as it is written; formulas and brackets too, whatever the dialect."""
    return plain_markdown(clean(text))


def entry(number: int, head: str, facts: Iterable[str]) -> Iterator[str]:
    """Yield the lines of an entry of a numbered list in Markdown: a text of any kind, and facts in Markdown."""
    yield f"{number}. **{line(head)}**"
    for fact in facts:
        yield f"    - {fact}"


def write(
    out: Path, name: str, lines: Iterable[str], pictures: Mapping[str, Picture], data: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write ``name``.md, ``name``.html, the pictures as PNG and the data as JSON, by their names, into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for picture, drawn in pictures.items():
        (out / f"{picture}.png").write_bytes(drawn.light)
    for file, content in data.items():
        (out / f"{file}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    # Half of a surrogate pair in a question must not keep the report from being written.
    markdown = "\n".join(lines)
    (out / f"{name}.md").write_text(f"{markdown}\n", "utf-8", "replace")
    (out / f"{name}.html").write_text(page([markdown], pictures), "utf-8", "replace")


def page(lines: Iterable[str], pictures: Mapping[str, Picture]) -> str:
    """Return a report as a page: one file that asks nothing of the outside and runs nothing.

    Args:
        lines: of Markdown; they begin with the title, and each table stands below a heading, which names it.
        pictures: by name; an image of ``NAME.png`` shows the picture ``NAME``.
    """
    from markdown_it import MarkdownIt

    def image(_: object, tokens: "Sequence[Token]", number: int, *__: object) -> str:
        drawn = pictures[str(tokens[number].attrs["src"]).removesuffix(".png")]
        light, dark = (f"data:image/png;base64,{base64.b64encode(png).decode()}" for png in (drawn.light, drawn.dark))
        return (
            f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
            f'<img alt="{_words(tokens[number])}" src="{light}"></picture>'
        )

    def region(_: object, tokens: "Sequence[Token]", number: int, *__: object) -> str:
        heading = max(before for before in range(number) if tokens[before].type == "heading_open")
        return f'<div class=wide tabindex=0 role=region aria-label="{_words(tokens[heading + 1])}"><table>\n'

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", image)
    parser.add_render_rule("table_open", region)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse("\n".join(lines))
    for token in tokens:
        if token.attrs.pop("style", None):  # of a cell that is set to the right
            token.attrSet("class", "number")
    body = parser.renderer.render(tokens, parser.options, {})
    return Template(PAGE.read_text(encoding="utf-8")).substitute(title=_words(tokens[1]), body=body)


def _words(token: "Token") -> str:
    """Return the text within a token, for HTML."""
    return html.escape("".join(child.content for child in token.children or ()))
