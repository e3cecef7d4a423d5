"""Telling people how an evaluation came out: in the terminal, as Markdown and as one page."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.evaluation.findings import CAPTIONS, SOURCES, cards, tables, verdict
from qa.evaluation.methods import METHODS
from qa.evaluation.plots import draw
from qa.lines import clean, cut
from qa.reports import Table, entry, line, write

if TYPE_CHECKING:
    from rich.console import Console

GIVEN_SHOWN = 700  # characters of a wrong answer: enough to see what went wrong

Figures = Mapping[str, Any]


def print_table(results: Figures, console: "Console") -> None:
    """Print what a person at a terminal wants to know."""
    from rich.text import Text

    for name, data in results["data"].items():
        console.print(Text(f"\n{clean(name)}", style="bold"))
        console.print(Text(verdict(data)))
        for table in tables(data, intervals=False).values():
            console.print(table.grid())


def write_report(results: Figures, out: Path) -> None:
    """Write results.json, report.md, report.html and the plots as PNG into a folder."""
    pictures = draw(results)
    write(out, "report", _markdown(results, pictures), pictures, {"results": results})


def _markdown(results: Figures, pictures: Mapping[str, object]) -> Iterator[str]:
    yield "# How good are the answers?"
    for name, data in results["data"].items():
        yield f"\n## {line(name)}\n\n{data['questions']} questions. {verdict(data)}\n"
        for value, words, note in cards(data):
            yield f"- **{value}** {words} ({note})"
    for name in pictures:
        title, caption = CAPTIONS[name]
        yield f"\n## {title}\n\n![{title}]({name}.png)\n\n{caption}"
        if name == "methods":
            yield "\n" + "; ".join(f"{method}: {words}" for method, words in METHODS.items()) + "."
    yield f"\n## Worst failures\n\nThe {len(results['failures'])} worst: first wrong answers that were given, the"
    yield "surest first; then answers that were held back though the article has one.\n"
    for place, failure in enumerate(results["failures"], start=1):
        yield from entry(place, failure["question"], _outcome(failure))
    yield "\n## All figures"
    for name, data in results["data"].items():
        for title, table in tables(data).items():
            yield f"\n### {line(name)}: {title}\n"
            yield from table.markdown()
    yield f"\n## Where these figures come from\n\n{SOURCES}\n"
    yield from Table(("what", "value"), list(_provenance(results["provenance"]))).markdown()


def _outcome(failure: Figures) -> Iterator[str]:
    sure = failure["confidence"]  # below 0, it stands for held back
    shown = f"held back at confidence {sure + 1:.0%}" if sure < 0 else f"answered with confidence {sure:.0%}"
    yield f"{line(failure['data'])}, {failure['category']}, {shown}"
    yield f"given: {line(cut(failure['given'], GIVEN_SHOWN)) or 'nothing'}"
    for gold in failure["gold"] or ("nothing: it should be left unanswered",):
        yield f"right: {line(gold)}"


def _provenance(values: Figures, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and values, nested ones as ``outer.inner``."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _provenance(value, f"{above}{name}.")
        else:
            yield above + name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
