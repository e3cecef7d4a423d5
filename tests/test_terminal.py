"""What the terminal shows of answers."""

from io import StringIO

from rich.console import Console

from qa import Answer, AnswerKind, Citation
from qa.terminal import print_answer


def test_the_terminal_gives_no_reason_for_small_talk() -> None:
    console = Console(width=60, record=True, file=StringIO())
    print_answer(
        Answer("hi", AnswerKind.NONE, "Hello!", 0.0, reason="small talk", suggestions=("Who minds?",)), console
    )
    assert console.export_text().splitlines() == ["Hello!", "You can ask:", "  • Who minds?"]


def test_the_terminal_shows_page_and_link_of_a_quote_and_all_its_places() -> None:
    url = "https://example.org/insects-and-other-animals-of-the-garden#:~:text=Nobody%20minds.,-Who%20found"
    first = Citation(1, "Nobody minds.", 116, 129, "Insects", "insects.pdf", "", 3, url)
    second = Citation(2, "Nobody minds.", 5, 18, "Moths \x1b[31m", "moths.md")
    console = Console(width=60, record=True, file=StringIO())
    print_answer(Answer("Who minds?", AnswerKind.PASSAGE, "Nobody minds.", 0.8, (first, second)), console)
    assert console.export_text().splitlines() == [
        "“Nobody minds.” [1][2]",
        "[1] Insects · insects.pdf, page 3, characters 116–129",
        url,
        "[2] Moths [31m · moths.md, characters 5–18",
        "Article · 80% sure",
    ]


def test_the_terminal_doubles_no_mark_of_a_quote() -> None:
    console = Console(width=60, record=True, file=StringIO())
    said = Citation(1, "“Nobody\nminds.”", 116, 131, "Insects", "insects.md")
    told = Citation(1, 'Petra called it "fair".', 5, 28, "Moths", "moths.md")
    print_answer(Answer("Who minds?", AnswerKind.PASSAGE, said.quote, 0.8, (said,)), console)
    print_answer(Answer("Was it?", AnswerKind.NONE, "The article doesn't say.", 0.2, closest=told), console)
    shown = console.export_text().splitlines()
    assert shown[0] == "“Nobody minds.” [1]"
    assert shown[5].strip() == '‘Petra called it "fair".’  (Moths)'
