"""Telling an author what readers asked: in the terminal, as Markdown, JSON and one page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qa import reports
from qa.feedback.gaps import Gap
from qa.feedback.insights import Insights
from qa.feedback.plots import draw
from qa.lines import clean, cut
from qa.reports import Table, entry, line

if TYPE_CHECKING:
    from rich.console import Console

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


def print_insights(insights: Insights, console: "Console") -> None:
    """Print what an author at a terminal wants to know."""
    from rich.text import Text

    console.print(Text(f"{TITLE}. {_stretch(insights)}", style="bold"))
    console.print(Table(("", "what", "of which"), list(_figures(insights)), numbers=("",)).grid(heads=False))
    gaps = [
        (
            f"{gap.count:,}", f"{gap.disliked:,}", _asked(gap), "yes" if gap.answered_now else "no",
            cut(gap.marked or gap.closest, CELL),
        )
        for gap in insights.gaps[:ROWS]
    ]  # fmt: skip
    lacking = ("asked", "disliked", "question", "answered now", "closest sentence")
    for title, table in {
        "Busiest passages": _busiest(insights, CELL),
        "What the article lacks": Table(lacking, gaps, numbers=lacking[:2]),
    }.items():
        if table.rows:
            console.print(table.grid(title))
    if bounds := _bounds(insights, ROWS):
        console.print(Text(bounds, style="dim"))


def write_report(insights: Insights, out: Path) -> None:
    """Write insights.json, insights.md, insights.html and insights.png into a folder."""
    pictures = {"insights": draw(insights)}
    reports.write(out, "insights", _markdown(insights), pictures, {"insights": insights.to_dict()})


def page(insights: Insights) -> str:
    """Return the page: one file that asks nothing of the outside and runs nothing."""
    return reports.page(_markdown(insights), {"insights": draw(insights)})


def _markdown(insights: Insights) -> Iterator[str]:
    yield f"# {TITLE}\n\n{_stretch(insights)}\n"
    for value, name, note in _figures(insights):
        yield f"- **{value}** {name}{f' ({note})' if note else ''}"
    yield f"\n![{PLOT}](insights.png)\n\n## What the article lacks\n"
    for number, gap in enumerate(insights.gaps, start=1):
        yield from entry(number, _asked(gap), _facts(gap))
    if not insights.gaps:
        yield "Nothing: every question was answered, and no answer disliked."
    if bounds := _bounds(insights):
        yield f"\n{bounds}"
    yield "\n## Busiest passages\n"
    yield from _busiest(insights, QUOTE_SHOWN).markdown()


def _figures(insights: Insights) -> Iterator[tuple[str, str, str]]:
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


def _busiest(insights: Insights, limit: int) -> Table:
    """Return the busiest passages, each with so many letters of its quote."""
    rows = [
        (
            f"{busy.cited:,}", f"{busy.liked:,}", f"{busy.disliked:,}", clean(busy.section) + " (gone)" * busy.gone,
            cut(busy.quote, limit),
        )
        for busy in insights.passages
    ]  # fmt: skip
    columns = ("cited", "liked", "disliked", "section", "sentence")
    return Table(columns, rows, numbers=columns[:3])


def _stretch(insights: Insights) -> str:
    """Return the time that is told of."""
    since, until = (re.sub(r"T(\d+:\d+).*", r" \1 UTC", moment) for moment in (insights.since, insights.until))
    return f"From {since or 'the first question'} to {until}."


def _facts(gap: Gap) -> Iterator[str]:
    yield (
        f"asked: {gap.count:,}, wordings: {gap.wordings:,}, unanswered: {gap.unanswered:,}, "
        f"disliked: {gap.disliked:,}. {NOW[gap.now]} (confidence {gap.confidence:.0%})."
    )
    for example in gap.examples:
        yield f"also: {line(example)}"
    if gap.marked:
        yield f"right, say readers: {line(cut(gap.marked, QUOTE_SHOWN))}"
    if gap.closest:
        yield f"closest, in {line(gap.section)}: {line(cut(gap.closest, QUOTE_SHOWN))}"


def _asked(gap: Gap) -> str:
    return " → ".join(filter(None, (clean(gap.context), clean(gap.question))))


def _bounds(insights: Insights, limit: int | None = None) -> str:
    """Return what is not shown."""
    count = len(insights.gaps[:limit])
    shown = f"The {count:,} largest of {insights.groups:,} groups of questions are shown." * (count < insights.groups)
    if insights.left_out:
        shown += f" {insights.left_out:,} more questions, which were asked least often, were too many to be grouped."
    return shown.strip()
