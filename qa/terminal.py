"""Answers and articles as text for a terminal; what was typed or read is never taken for markup."""

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from qa.answering import Answer, AnswerKind

if TYPE_CHECKING:
    from rich.console import Console

    from qa.article import Article

SHOWN_PASSAGES = 2  # a screen has room for the answer and a little more


def print_answer(answer: Answer, console: "Console") -> None:
    """Print an answer: quote, place, confidence, and where else to look."""
    if answer.understood_as:
        _line(console, f"Understood as: {answer.understood_as}", "dim")
    if answer.kind is AnswerKind.NONE:
        _line(console, answer.text, "bold")
        if answer.closest:
            _line(console, f"Closest, but not an answer ({answer.confidence:.0%} sure):", "dim")
            _block(console, f"“{_flat(answer.closest.quote)}”", answer.closest.section)
        _line(console, f"Why: {answer.reason}.", "dim")
        if answer.suggestions:
            _line(console, "You can ask:", "dim")
            for suggestion in answer.suggestions:
                _line(console, f"  • {_flat(suggestion)}", "")
        return
    _line(console, f"“{_flat(answer.text)}” [1]", "bold")
    source = "FAQ" if answer.kind is AnswerKind.FAQ else "Article"
    for citation in answer.citations:
        place = (
            f"[{citation.number}] {citation.section} · {citation.article}, characters {citation.start}–{citation.end}"
        )
        _line(console, place, "")
    _line(console, f"{source} · {answer.confidence:.0%} sure", "green" if answer.confidence > 0.75 else "yellow")
    given = {citation.quote for citation in answer.citations}
    for entry in answer.faqs[:1]:
        label = "This is the FAQ entry" if entry.answer in given else "Nearest FAQ entry"
        _line(console, f"{label}: {_flat(entry.question)}", "dim")
    others = [match for match in answer.passages if not any(quote in match.text for quote in given)][:SHOWN_PASSAGES]
    if others:
        _line(console, "See also:", "dim")
        for match in others:
            _block(console, _flat(match.sentence), match.section)


def print_article(article: "Article", console: "Console") -> None:
    """Print an article as it was understood."""
    about = [article.name, article.date, article.language, f"{len(article.text):,} characters"]
    _line(console, _flat(article.title), "bold")
    _line(console, " · ".join(filter(None, about)), "dim")
    if article.summary:
        _line(console, article.summary, "italic")
    shown = -1
    for number, passage in enumerate(article.passages, start=1):
        if passage.section != shown:
            shown = passage.section
            _line(console, "", "")
            _line(console, f"# {article.section_title(shown)}", "bold")
        _line(console, f"Passage {number}, characters {passage.span.start}–{passage.span.end}", "dim")
        for count, sentence in enumerate(passage.sentences, start=1):
            _line(console, f"  {count}. {_flat(article.quote(sentence))}", "")
    if article.faqs:
        _line(console, "", "")
        _line(console, f"FAQ, {len(article.faqs)} entries", "bold")
    for number, faq in enumerate(article.faqs, start=1):
        _line(console, f"  Q{number}. {_flat(article.quote(faq.question))}", "")
        _line(console, f"      {_flat(article.quote(faq.answer))}", "dim")


def _flat(text: str) -> str:
    """Return the text on one line, without control characters that a terminal would obey."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _line(console: "Console", text: str, style: str) -> None:
    console.print(Text(text, style=style))


def _block(console: "Console", text: str, section: str) -> None:
    console.print(Padding(Text(text) + Text(f"  ({section})", style="dim"), (0, 0, 0, 2)))
