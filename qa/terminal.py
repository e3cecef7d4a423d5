"""Answers and articles as text for a terminal; what was typed or read is never taken for markup."""

from collections import Counter
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from qa.answering import SMALL_TALK, Answer, AnswerKind, Citation
from qa.lines import clean, cut, in_marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from qa.article import Article
    from qa.receipts import Verdict

SHOWN_PASSAGES = 2  # a screen has room for the answer and a little more
SHOWN_QUOTE = 60  # letters that tell which quote is meant
STATE_STYLES = {"unchanged": "green", "moved": "cyan", "changed": "yellow", "gone": "red"}
DIFFERENCE_MARKS = {"same": ("", "", ""), "removed": ("[-", "-]", "red strike"), "added": ("{+", "+}", "green")}


def print_answer(answer: Answer, console: "Console") -> None:
    """Print an answer: quote, place, confidence, and where else to look."""
    if answer.understood_as:
        _line(console, f"Understood as: {answer.understood_as}", "dim")
    if answer.kind is AnswerKind.NONE:
        _line(console, answer.text, "bold")
        if answer.closest:
            _line(console, f"Closest, but not an answer ({answer.confidence:.0%} sure):", "dim")
            _block(console, in_marks(clean(answer.closest.quote)), answer.closest.section + _page(answer.closest))
        if answer.reason != SMALL_TALK:
            _line(console, f"Why: {answer.reason}.", "dim")
        if answer.suggestions:
            _line(console, "You can ask:", "dim")
            for suggestion in answer.suggestions:
                _line(console, f"  • {clean(suggestion)}", "")
        return
    numbers = "".join(f"[{citation.number}]" for citation in answer.citations)
    _line(console, f"{in_marks(clean(answer.text))} {numbers}", "bold")
    _print_places(answer, console)
    source = "FAQ" if answer.kind is AnswerKind.FAQ else "Article"
    _line(console, f"{source} · {answer.confidence:.0%} sure", "green" if answer.confidence > 0.75 else "yellow")
    given = {citation.quote for citation in answer.citations}
    for entry in answer.faqs[:1]:
        label = "This is the FAQ entry" if entry.answer in given else "Nearest FAQ entry"
        _line(console, f"{label}: {clean(entry.question)}", "dim")
    others = [match for match in answer.passages if not any(quote in match.text for quote in given)][:SHOWN_PASSAGES]
    if others:
        _line(console, "See also:", "dim")
        for match in others:
            _block(console, clean(match.sentence), match.section)


def _print_places(answer: Answer, console: "Console") -> None:
    """Print where each quote stands, and where it can be read on the web."""
    for citation in answer.citations:
        place = f"[{citation.number}] {clean(citation.section)} · {clean(citation.article)}{_page(citation)}"
        _line(console, f"{place}, characters {citation.start}–{citation.end}", "")
        if citation.url:
            console.print(Text(clean(citation.url), style="dim"), soft_wrap=True)  # in one piece, to be followed


def print_article(article: "Article", console: "Console") -> None:
    """Print an article as it was understood."""
    about = [article.name, article.date, article.language, f"{len(article.text):,} characters"]
    _line(console, clean(article.title), "bold")
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
            _line(console, f"  {count}. {clean(article.quote(sentence))}", "")
    if article.faqs:
        _line(console, "", "")
        _line(console, f"FAQ, {len(article.faqs)} entries", "bold")
    for number, faq in enumerate(article.faqs, start=1):
        _line(console, f"  Q{number}. {clean(article.quote(faq.question))}", "")
        _line(console, f"      {clean(article.quote(faq.answer))}", "dim")


def print_verdicts(verdicts: "Sequence[Verdict]", console: "Console") -> None:
    """Print a line for each quote of a receipt, what changed in it, and how many fared how."""
    for verdict in verdicts:
        quote, found = verdict.quote, verdict.found
        words = [verdict.state, f"{clean(quote.article)}, characters {quote.start}–{quote.end}"]
        if found and verdict.state != "unchanged":
            words.append(f"→ {clean(found.article)}, characters {found.start}–{found.end}")
        if verdict.state == "changed":
            words.append(f"({verdict.similarity:.0%} alike)")
        if verdict.altered:
            words.append("(the article is the same as then, so the receipt was altered)")
        line = Text(" ".join(words), style=STATE_STYLES[verdict.state])
        console.print(line + Text(f": {in_marks(cut(quote.quote, SHOWN_QUOTE))}", style="dim"), soft_wrap=True)
        if runs := verdict.difference():
            console.print(Padding(_marked(runs), (0, 0, 0, 2), expand=False))
    counts = Counter(verdict.state.value for verdict in verdicts)
    total = ", ".join(f"{count} {state}" for state, count in counts.items()) or "the answers quote nothing"
    _line(console, f"{len(verdicts)} quote{'' if len(verdicts) == 1 else 's'}: {total}", "bold")


def _marked(runs: "Sequence[tuple[str, str]]") -> Text:
    """Return a difference with marks that show without colour: ``[-removed-]`` and ``{+added+}``."""
    text = Text()
    for kind, words in runs:
        before, after, style = DIFFERENCE_MARKS[kind]
        body = clean(words)
        text.append(f"{before}{body}{after}", style=style)
        text.append(" " if words[-1:].isspace() else "")
    return text


def _page(citation: Citation) -> str:
    return f", page {citation.page}" if citation.page else ""


def _line(console: "Console", text: str, style: str) -> None:
    console.print(Text(text, style=style))


def _block(console: "Console", text: str, section: str) -> None:
    console.print(Padding(Text(text) + Text(f"  ({clean(section)})", style="dim"), (0, 0, 0, 2), expand=False))
