"""Telling people how an evaluation came out: in the terminal, as Markdown and as one page."""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from qa.evaluation.findings import CAPTIONS, SOURCES, Cell, Table, cards, interval, number, tables, verdict
from qa.evaluation.methods import METHODS
from qa.evaluation.plots import draw
from qa.lines import clean

if TYPE_CHECKING:
    from rich.console import Console

PAGE = Path(__file__).with_name("report.html")
GIVEN_SHOWN = 700  # characters of a wrong answer: enough to see what went wrong

Figures = Mapping[str, Any]


def print_table(results: Figures, console: "Console") -> None:
    """Print what a person at a terminal wants to know."""
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    for name, data in results["data"].items():
        console.print(Text(f"\n{clean(name)}", style="bold"))
        console.print(Text(verdict(data)))
        for table in tables(data):
            grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
            for place, column in enumerate(table.columns):
                grid.add_column(column, justify="left" if place < 2 else "right")
            for row in table.rows:
                grid.add_row(*(cell if isinstance(cell, str) else number(cell["value"]) for cell in row))
            console.print(grid)


def write_report(results: Figures, out: Path) -> None:
    """Write results.json, report.md, report.html and the plots as PNG into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    pictures, dark = draw(results), draw(results, dark=True)
    for name, picture in pictures.items():
        (out / f"{name}.png").write_bytes(picture)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    # Half of a surrogate pair in a question must not keep the report from being written.
    (out / "report.md").write_text("\n".join(_markdown(results, list(pictures))) + "\n", "utf-8", "replace")
    page = _page(results, {name: (picture, dark[name]) for name, picture in pictures.items()})
    (out / "report.html").write_text(page, "utf-8", "replace")


def _markdown(results: Figures, pictures: list[str]) -> Iterator[str]:
    yield "# How good are the answers?\n"
    for name, data in results["data"].items():
        yield f"- **{_escape(name)}** ({data['questions']} questions): {verdict(data)}"
    for name in pictures:
        title, caption = CAPTIONS[name]
        yield f"\n## {title}\n\n![{title}]({name}.png)\n\n{caption}"
    for name, data in results["data"].items():
        yield f"\n## {_escape(name)}"
        for table in tables(data):
            yield f"\n### {table.title}\n"
            yield f"| {' | '.join(table.columns)} |"
            yield f"|{'---|' * len(table.columns)}"
            for row in table.rows:
                yield (
                    "| "
                    + " | ".join(c if isinstance(c, str) else f"{number(c['value'])} ({interval(c)})" for c in row)
                    + " |"
                )
    yield f"\n## Worst failures\n\n{_sorting(results)}"
    for place, failure in enumerate(results["failures"], start=1):
        # Indented code: whatever a question holds stays text.
        yield f"\n{place}. {_escape(failure['data'])}, {failure['category']}, {_sure(failure)}\n"
        yield f"        asked: {clean(failure['question'])}"
        yield f"        given: {clean(failure['given'])[:GIVEN_SHOWN]}"
        for gold in failure["gold"] or ("nothing",):
            yield f"        right: {clean(gold)}"
    yield f"\n## Provenance\n\n{SOURCES}\n"
    for name, value in _provenance(results["provenance"]):
        yield f"- {_escape(name)}: {_escape(value)}"


def _page(results: Figures, pictures: Mapping[str, tuple[bytes, bytes]]) -> str:
    """Return the page: one file that asks nothing of the outside and runs nothing."""
    sets = results["data"]
    lead = "".join(
        f"<p class=lead>{f'<b>{_text(name)}</b> ' if len(sets) > 1 else ''}{_text(verdict(data))}</p>"
        for name, data in sets.items()
    )
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        lead=lead,
        cards="".join(_cards(name, data) for name, data in sets.items()),
        shape="pair" if len(sets) == 1 else "",
        plots="".join(_figure(name, *pair) for name, pair in pictures.items()),
        figures="".join(
            _grid(table, _text(f"{name}: {table.title}")) for name, data in sets.items() for table in tables(data)
        ),
        failures="".join(_failure(failure) for failure in results["failures"]) or "<li>None.",
        sorting=_text(_sorting(results)),
        sources=_text(SOURCES),
        provenance="".join(
            f"<dt>{_text(name)}<dd>{_text(value)}" for name, value in _provenance(results["provenance"])
        ),
    )


def _cards(name: str, data: Figures) -> str:
    tiles = "".join(
        f"<div class=card><strong>{_text(value)}</strong><span>{_text(words)}</span><small>{_text(small)}</small></div>"
        for value, words, small in cards(data)
    )
    head = f"<h2>{_text(name)} <small>{data['questions']} questions</small></h2>"
    return f"<section>{head}<div class=cards>{tiles}</div></section>"


def _grid(table: Table, title: str) -> str:
    head = "".join(f"<th scope=col>{_text(column)}" for column in table.columns)
    body = "".join(
        f"<tr{' class=first' if row[0] else ''}>{''.join(f'<td>{_cell(cell)}' for cell in row)}" for row in table.rows
    )
    scrolls = f'<div class=wide tabindex=0 role=region aria-label="{title}">'
    return f"<h3>{title}</h3>{scrolls}<table><thead><tr>{head}<tbody>{body}</table></div>"


def _cell(cell: Cell) -> str:
    return _text(cell) if isinstance(cell, str) else f"{number(cell['value'])} <small>{interval(cell)}</small>"


def _figure(name: str, light: bytes, dark: bytes) -> str:
    title, caption = CAPTIONS[name]
    more = "".join(f"<dt>{method}<dd>{_text(words)}" for method, words in METHODS.items()) if name == "methods" else ""
    urls = [f"data:image/png;base64,{base64.b64encode(picture).decode()}" for picture in (light, dark)]
    return (
        f'<figure id={name}><h2>{title}</h2><picture><source media="(prefers-color-scheme: dark)" srcset="{urls[1]}">'
        f'<img alt="{title}: plot" src="{urls[0]}"></picture>'
        f"<figcaption>{caption}{f'<dl class=facts>{more}</dl>' if more else ''}</figcaption></figure>"
    )


def _failure(failure: Figures) -> str:
    gold = (
        "".join(f"<dd dir=auto>{_text(gold)}" for gold in failure["gold"])
        or "<dd><i>nothing: it should be left unanswered</i>"
    )
    given = failure["given"]
    given = given[:GIVEN_SHOWN] + "…" * (len(given) > GIVEN_SHOWN)
    shown = f"<dd dir=auto>{_text(given)}" if given else "<dd><i>nothing</i>"
    return (
        f"<li><p class=asked dir=auto>{_text(failure['question'])}</p>"
        f"<p class=tags><span>{_text(failure['data'])}</span><span>{_text(failure['category'])}</span>"
        f"{_text(_sure(failure))}</p>"
        f"<dl><dt>Given{shown}<dt>Right{gold}</dl>"
    )


def _sure(failure: Figures) -> str:
    """Return whether an answer was shown, and how sure it was; below 0 stands for held back."""
    sure = failure["confidence"]
    return f"held back at confidence {sure + 1:.0%}" if sure < 0 else f"answered with confidence {sure:.0%}"


def _sorting(results: Figures) -> str:
    return (
        f"The {len(results['failures'])} worst: first wrong answers that were given, the surest first; "
        "then answers that were held back though the article has one."
    )


def _provenance(values: Figures, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and values, nested ones as ``outer.inner``."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _provenance(value, f"{above}{name}.")
        else:
            yield above + name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _escape(text: str) -> str:
    """Return text of one line that Markdown leaves as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~&$])", r"\\\1", clean(text))


def _text(text: str) -> str:
    return html.escape(text, quote=True)
