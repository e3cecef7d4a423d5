"""Telling an author what readers asked: in the terminal, as Markdown, JSON and one page."""

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from qa.faq import plain_markdown
from qa.feedback.gaps import Gap
from qa.feedback.insights import Busy, Insights
from qa.feedback.plots import draw
from qa.lines import clean

if TYPE_CHECKING:
    from rich.console import Console

PAGE = Path(__file__).with_name("report.html")
TITLE = "What readers asked"
PLOT = "Questions over time, and how sure the answers were"
QUOTE_SHOWN = 300  # characters of a quote: enough to know it again
CELL = 60  # characters of a quote in the terminal's tables
ROWS = 15  # gaps in the terminal: what fits on a screen
NOW = {
    "answered": "The article answers it now",
    "disliked": "The article still gives the answer that was disliked",
    "refused": "The article does not answer it yet",
}


def figures(insights: Insights) -> Iterator[tuple[str, str, str]]:
    """Yield each figure: its value, its name, and a word on it."""
    asked = max(insights.questions, 1)
    talk = f"small talk apart: {insights.small_talk:,}" if insights.small_talk else ""
    yield f"{insights.questions:,}", "questions", talk
    yield f"{insights.answered:,}", "answered", f"{insights.answered / asked:.0%} of the questions"
    yield f"{insights.faq:,}", "by FAQ", f"{insights.faq / asked:.0%}"
    yield f"{insights.passage:,}", "from the article", f"{insights.passage / asked:.0%}"
    yield f"{insights.none:,}", "refused", f"{insights.none / asked:.0%}"
    yield f"{insights.liked:,}", "liked", ""
    yield f"{insights.disliked:,}", "disliked", ""
    sure, seconds = insights.median_confidence, insights.median_seconds
    yield "–" if sure is None else f"{sure:.0%}", "median confidence", "of the answers given"
    yield "–" if seconds is None else f"{seconds * 1000:.0f} ms", "median latency", "from question to answer"


def stretch(insights: Insights) -> str:
    """Return the time that is told of."""
    since, until = (re.sub(r"T(\d+:\d+).*", r" \1 UTC", moment) for moment in (insights.since, insights.until))
    return f"From {since or 'the first question'} to {until}."


def print_insights(insights: Insights, console: "Console") -> None:
    """Print what an author at a terminal wants to know."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def grid(title: str, *columns: str) -> Table:
        table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            number = column in {"asked", "disliked", "cited", "liked", ""}
            table.add_column(column, justify="right" if number else "left", overflow="fold")
        return table

    console.print(Text(f"{TITLE}. {stretch(insights)}", style="bold"))
    summary = grid("", "", "what", "of which")
    summary.show_header = False
    for row in figures(insights):
        summary.add_row(*row)
    console.print(summary)
    passages = grid("Busiest passages", "cited", "liked", "disliked", "section", "sentence")
    for busy in insights.passages:
        passages.add_row(*map(str, (busy.cited, busy.liked, busy.disliked)), *_told(busy))
    gaps = grid("What the article lacks", "asked", "disliked", "question", "answered now", "closest sentence")
    for gap in insights.gaps[:ROWS]:
        gaps.add_row(
            f"{gap.count:,}", f"{gap.disliked:,}", Text(_asked(gap)), "yes" if gap.answered_now else "no",
            Text(_cut(gap.marked or gap.closest, CELL)),
        )  # fmt: skip
    for table in (passages, gaps):
        if table.row_count:
            console.print(table)
    if bounds := _bounds(insights, ROWS):
        console.print(Text(bounds, style="dim"))


def write_report(insights: Insights, out: Path) -> None:
    """Write insights.json, insights.md, insights.html and insights.png into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    light = draw(insights)
    (out / "insights.png").write_bytes(light)
    (out / "insights.json").write_text(json.dumps(insights.to_dict(), indent=1) + "\n", encoding="utf-8")
    (out / "insights.md").write_text("\n".join(_markdown(insights)) + "\n", "utf-8", "replace")
    (out / "insights.html").write_text(page(insights, light), "utf-8", "replace")


def page(insights: Insights, light: bytes | None = None) -> str:
    """Return the page: one file that asks nothing of the outside and runs nothing."""
    pictures = [light or draw(insights), draw(insights, dark=True)]
    urls = [f"data:image/png;base64,{base64.b64encode(picture).decode()}" for picture in pictures]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=TITLE,
        stretch=_text(stretch(insights)),
        cards="".join(
            f"<div class=card><strong>{_text(value)}</strong><span>{_text(name)}</span><small>{_text(note)}</small>"
            "</div>"
            for value, name, note in figures(insights)
        ),
        alt=_text(PLOT),
        light=urls[0],
        dark=urls[1],
        gaps="".join(map(_gap, insights.gaps)) or "<li>Nothing: every question was answered, and no answer disliked.",
        bounds=_text(_bounds(insights)),
        passages="".join(
            f"<tr><td>{busy.cited:,}<td>{busy.liked:,}<td>{busy.disliked:,}"
            f"<td dir=auto>{_text(section)}<td dir=auto>{_text(quote)}"
            for busy in insights.passages
            for section, quote in [_told(busy, QUOTE_SHOWN)]
        ),
    )


def _markdown(insights: Insights) -> Iterator[str]:
    yield f"# {TITLE}\n\n{stretch(insights)}\n"
    for value, name, note in figures(insights):
        yield f"- {value} {name}{f' ({note})' if note else ''}"
    yield f"\n![{PLOT}](insights.png)\n\n## What the article lacks\n"
    for number, gap in enumerate(insights.gaps, start=1):
        yield f"{number}. **{_escape(_asked(gap))}**"
        yield f"   - {_counts(gap)}"
        for example in gap.examples:
            yield f"   - also: {_escape(example)}"
        for words, quote in _quotes(gap):
            yield f"   - {words}: {_escape(quote)}"
    if bounds := _bounds(insights):
        yield f"\n{bounds}"
    yield "\n## Busiest passages\n"
    yield "| cited | liked | disliked | section | sentence |\n|--:|--:|--:|---|---|"
    for busy in insights.passages:
        section, quote = map(_escape, _told(busy, QUOTE_SHOWN))
        yield f"| {busy.cited:,} | {busy.liked:,} | {busy.disliked:,} | {section} | {quote} |"


def _gap(gap: Gap) -> str:
    rows = [("Also asked", clean(example)) for example in gap.examples] + list(_quotes(gap))
    told = "".join(f"<dt>{_text(words)}<dd dir=auto>{_text(quote)}" for words, quote in rows)
    return (
        f"<li><p class=asked dir=auto>{_text(_asked(gap))}</p><p class=tags>"
        f"<span class={gap.now}>{'answered now' if gap.answered_now else 'open'}</span>"
        f"{_text(_counts(gap))}</p><dl>{told}</dl>"
    )


def _counts(gap: Gap) -> str:
    return (
        f"asked: {gap.count:,}, wordings: {gap.wordings:,}, unanswered: {gap.unanswered:,}, "
        f"disliked: {gap.disliked:,}. {NOW[gap.now]} (confidence {gap.confidence:.0%})."
    )


def _quotes(gap: Gap) -> Iterator[tuple[str, str]]:
    if gap.marked:
        yield "Right, say readers", _cut(gap.marked, QUOTE_SHOWN)
    if gap.closest:
        yield f"Closest, in {clean(gap.section)}", _cut(gap.closest, QUOTE_SHOWN)


def _told(busy: Busy, limit: int = CELL) -> tuple[str, str]:
    return clean(busy.section) + " (gone)" * busy.gone, _cut(busy.quote, limit)


def _asked(gap: Gap) -> str:
    return " → ".join(filter(None, (clean(gap.context), clean(gap.question))))


def _bounds(insights: Insights, limit: int | None = None) -> str:
    """Return what is not shown."""
    count = len(insights.gaps[:limit])
    shown = f"The {count:,} largest of {insights.groups:,} groups of questions are shown." * (count < insights.groups)
    if insights.left_out:
        shown += f" {insights.left_out:,} more questions, which were asked least often, were too many to be grouped."
    return shown.strip()


def _cut(text: str, limit: int) -> str:
    line = clean(text)
    return line if len(line) <= limit else line[:limit].rstrip() + "…"


def _escape(text: str) -> str:
    """Return one line of Markdown that shows as it is written; formulas and brackets too, whatever the dialect."""
    return plain_markdown(clean(text))


def _text(text: str) -> str:
    return html.escape(text, quote=True)
