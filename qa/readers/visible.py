"""What a browser shows of a page, block by block: white space as HTML collapses it, nothing hidden, no furniture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from lxml.etree import iterwalk
from lxml.html import HtmlElement

from qa.readers.blocks import ASKING, HEADINGS, Kind
from qa.readers.furniture import is_furniture, names

BLOCKS = frozenset(HEADINGS) | {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl"),
    *("dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main"),
    *("menu", "nav", "ol", "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
    *("thead", "tr", "ul"),
}
BOXES = frozenset({"article", "body", "center", "div", "form", "main", "section", "td"})
# Never part of a text: programs, pictures, controls, and what only browsers without them would show.
UNSHOWN = frozenset({
    *("annotation", "annotation-xml", "applet", "audio", "canvas", "datalist", "dialog", "embed", "frameset", "head"),
    *("iframe", "input", "link", "map", "meta", "meter", "noframes", "noscript", "object", "param", "progress", "rp"),
    *("rt", "rtc", "script", "select", "style", "svg", "template", "textarea", "title", "track", "video"),
})  # fmt: skip
# A box that opens when its question is clicked.
ENTRY_NAME = re.compile(r"(?<![a-z])(accordion|collaps(e|ible)|expand(er|able)?|faq|toggle)(?![a-z])")
QUESTION_NAME = re.compile(r"(?<![^ ])([a-z]+-)*question(-(body|content|text|title))?(?![^ ])")
ANSWER_NAME = re.compile(r"(?<![^ ])([a-z]+-)*answer(-(body|content|text))?(?![^ ])")
HIDDEN_STYLE = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
# A reference or an editor's link in brackets, such as [3], [note 2] and [edit]; a link to a footnote has none.
MARK = re.compile(
    r"\[\s*(\d{1,4}|[a-z]{1,3}|(note|nb|n)\s*\d+|edit( source)?|citation needed|update)\s*\]", re.IGNORECASE
)
NOTE_MARK = re.compile(r"\W*\d{1,3}\W*|[*†‡§^↑↩\ufe0e]+")
MARK_CHARS = 40  # no mark is longer
# Soft hyphens, zero-width spaces and marks of direction; joiners stay, they spell Persian and emoji.
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f]")
QUESTION_CHARS = 300
ONE_LINE = frozenset({Kind.HEADING, Kind.QUESTION})


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of a page.

    Attributes:
        linked: the share of its letters that lie in links.
        timed: whether all of it is a time or a date.
        main: whether the page has it in its ``<article>`` or ``<main>``.
        box: the innermost element that divides the page and holds it.
    """

    kind: Kind
    text: str
    level: int = 0
    linked: float = 0.0
    timed: bool = False
    main: bool = False
    box: HtmlElement | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """What the text at some point of the walk is part of."""

    kind: Kind = Kind.PARAGRAPH
    level: int = 0
    link: bool = False
    time: bool = False
    raw: bool = False
    main: bool = False
    box: HtmlElement | None = None


def collapse(text: str) -> str:
    """Return text as a browser shows it in a line: no invisible signs, white space as single spaces."""
    return re.sub(r"\s+", " ", INVISIBLE.sub("", text))


def pieces(body: HtmlElement) -> Iterator[Piece]:
    """Yield what a browser shows of ``body``, in order and without furniture."""
    return _Walk(body, furniture=False).run()


def text_of(element: HtmlElement) -> str:
    """Return the text of one element as a browser shows it, its blocks on lines of their own."""
    return "\n".join(piece.text for piece in _Walk(element, furniture=True).run())


class _Walk:
    """Walks a page's elements in order, and gathers the text between the borders of blocks."""

    def __init__(self, body: HtmlElement, *, furniture: bool) -> None:
        self.body = body
        self.furniture = furniture  # whether to keep it
        self._half = len(body.text_content()) / 2
        self._questions: set[HtmlElement] = set()  # elements that hold nothing but a question
        self._panels: set[str] = set()  # the ids of what questions open; hidden or not, a reader can see it
        for button in body.xpath(".//*[@aria-controls]"):
            if _ends_asking(button):
                self._questions.add(button)
                self._panels.add(button.get("aria-controls"))
        self._term_asks = False  # whether the last term of a list of definitions is a question
        self._named = False  # whether the last question was told by its name, and awaits its answer
        self._level = 1  # of the last heading
        self._places = [_Place()]
        self._cells: list[str] | None = None  # of the row that is open
        self._ready: list[Piece] = []
        self._parts: list[str] = []
        self._letters = self._linked = self._timed = 0  # how many are written, how many of them in links and times
        self._bold_leads = False  # whether the block begins in bold
        self._lead = self._line = 0  # how many letters do so; how many stand before the last line

    def run(self) -> Iterator[Piece]:
        """Yield the pieces."""
        walker = iterwalk(self.body, events=("start", "end"))
        for event, element in walker:
            if not isinstance(element.tag, str):
                continue
            if event == "end":
                self._leave(element)
            elif element is not self.body and self._drops(element):
                self._open(element, self._places[-1])
                walker.skip_subtree()
            else:
                self._open(element, self._place(element, self._places[-1]))
                self._write(element.text)
            yield from self._ready
            self._ready.clear()
        self._flush(self._places[-1])
        yield from self._ready

    def _open(self, element: HtmlElement, place: _Place) -> None:
        """Note that an element begins."""
        if element.tag in BLOCKS:
            self._flush(self._places[-1])
        elif element.tag in {"b", "strong"}:
            self._bold_leads = not self._letters
        self._places.append(place)
        if element.tag == "tr" and place.kind is Kind.ROW:
            self._cells = []
        elif element.tag in {"td", "th"} and self._cells is not None:
            self._cells.append("")

    def _leave(self, element: HtmlElement) -> None:
        """Note that an element ends, and take the text behind it."""
        if element.tag in BLOCKS:
            self._flush(self._places[-1])
        if element.tag == "tr" and self._cells is not None:
            cells, self._cells = self._cells, None
            self._emit(self._places[-1], " | ".join(cell.strip() for cell in cells if cell))
        self._places.pop()
        if element.tag == "br":
            self._break()
        elif element.tag in {"b", "strong"} and self._bold_leads:
            self._lead = self._letters
            if "".join(self._parts).rstrip().endswith("?"):  # as in Markdown, the answer begins a line of its own
                self._parts.append("\n")
        if element is not self.body:
            self._write(element.tail)

    def _place(self, element: HtmlElement, place: _Place) -> _Place:
        """Return what the text within an element is part of."""
        tag = element.tag
        if tag in BOXES:
            place = replace(place, box=element)
        if tag in {"a", "time"}:
            return replace(place, link=place.link or tag == "a", time=place.time or tag == "time")
        if tag in {"article", "main"} or element.get("role") == "main":
            return replace(place, main=True)
        if tag == "pre":
            return replace(place, raw=True, kind=place.kind if place.kind is Kind.ANSWER else Kind.CODE)
        if kind := self._faq_kind(element, place):
            return replace(place, kind=kind)
        if place.kind in {Kind.QUESTION, Kind.ANSWER}:
            return place
        if tag in HEADINGS or tag == "summary":
            self._level = HEADINGS.get(tag) or min(self._level + 1, 6)
            return replace(place, kind=Kind.HEADING, level=self._level)
        if tag in {"li", "dt", "dd"}:
            return replace(place, kind=Kind.ITEM)
        if tag == "table":
            return replace(place, kind=Kind.ROW if _holds_data(element) else Kind.PARAGRAPH)
        return replace(place, kind=Kind.PARAGRAPH) if tag == "caption" else place

    def _faq_kind(self, element: HtmlElement, place: _Place) -> Kind | None:
        """Return whether an element is a question or its answer, by how pages build what opens on a click."""
        tag = element.tag
        if tag == "details":
            summary = element.find("summary")
            asks = summary is not None and ASKING.match(collapse(_short(summary, QUESTION_CHARS)).strip())
            return Kind.ANSWER if asks else None
        if tag == "summary" and place.kind is Kind.ANSWER:
            return Kind.QUESTION
        if tag == "dt":
            self._term_asks = _ends_asking(element)
        if tag in {"dt", "dd"} and self._term_asks:
            return Kind.QUESTION if tag == "dt" else Kind.ANSWER
        if element in self._questions:
            return Kind.QUESTION
        return Kind.ANSWER if element.get("id") in self._panels else self._named_kind(element, names(element))

    def _named_kind(self, element: HtmlElement, name: str) -> Kind | None:
        """Return whether an element is a question or its answer by the name of its class."""
        if self._named and ANSWER_NAME.search(name):
            self._named = False
            return Kind.ANSWER
        if QUESTION_NAME.search(name) and _ends_asking(element):
            self._named = True
            return Kind.QUESTION
        if element.tag in {"div", "li", "section"} and ENTRY_NAME.search(name):
            headings = list(islice(element.iter(*HEADINGS), 2))
            if len(headings) == 1 and _ends_asking(headings[0]):
                self._questions.add(headings[0])
                return Kind.ANSWER
        return None

    def _drops(self, element: HtmlElement) -> bool:
        """Return whether a browser does not show an element, or it is furniture."""
        if element.tag in UNSHOWN:
            return True
        if element in self._questions or element.get("id") in self._panels:
            return False
        if element.get("hidden") is not None or element.get("aria-hidden") == "true":
            return True
        if HIDDEN_STYLE.search(element.get("style", "")):
            return True
        if element.tag in {"a", "sup"} and not self._places[-1].raw:
            mark = _short(element, MARK_CHARS).strip()
            note = element.tag == "a" and element.get("href", "").startswith("#") and NOTE_MARK.fullmatch(mark)
            if note or MARK.fullmatch(mark):
                return True
        # Sites name the whole page after a part of it, too: what holds most of the text is none of its furniture.
        if self.furniture or not is_furniture(element, in_main=self._places[-1].main, in_code=self._places[-1].raw):
            return False
        return len(element.text_content()) <= self._half

    def _write(self, text: str | None) -> None:
        """Take a run of text at the place where the walk is."""
        if not text:
            return
        place = self._places[-1]
        self._parts.append(INVISIBLE.sub("", text).replace("\xa0", " ") if place.raw else collapse(text))
        letters = len(text.strip())
        self._letters += letters
        self._linked += letters * place.link
        self._timed += letters * place.time

    def _break(self) -> None:
        """Break the line; two breaks end a paragraph, and one ends a line in bold over others: a small heading."""
        place = self._places[-1]
        if place.raw or place.kind in ONE_LINE or self._letters not in {self._lead, self._line}:
            self._parts.append("\n")
            self._line = self._letters
        elif self._letters == self._lead and place.kind is Kind.PARAGRAPH:
            self._flush(replace(place, kind=Kind.HEADING, level=min(self._level + 1, 6)))
        else:
            self._flush(place)

    def _flush(self, place: _Place) -> None:
        """Close the run of text that is open at a place; between the borders of a row it is a part of a cell."""
        text = "".join(self._parts)
        linked, timed = self._linked / (self._letters or 1), self._timed == self._letters
        self._parts.clear()
        self._letters = self._linked = self._timed = self._lead = self._line = 0
        if not text.strip():
            return
        if self._cells:
            self._cells[-1] += f" {collapse(text).strip()}"
        elif place.raw:
            self._emit(place, text.strip("\n").rstrip())
        elif place.kind in ONE_LINE:
            self._emit(place, collapse(text).strip(), linked, timed)
        else:
            between_rows = place.kind is Kind.ROW
            lines = re.sub(r" *\n *", "\n", re.sub(" {2,}", " ", text)).strip()
            self._emit(replace(place, kind=Kind.PARAGRAPH) if between_rows else place, lines, linked, timed)

    def _emit(self, place: _Place, text: str, linked: float = 0.0, timed: bool = False) -> None:
        if any(map(str.isalnum, text)):
            self._ready.append(Piece(place.kind, text, place.level, linked, timed, place.main, place.box))


def _short(element: HtmlElement, limit: int) -> str:
    """Return an element's text, or "" if it is longer than ``limit`` characters."""
    parts, size = [], 0
    for part in element.itertext():
        size += len(part)
        if size > limit:
            return ""
        parts.append(part)
    return "".join(parts)


def _ends_asking(element: HtmlElement) -> bool:
    """Return whether an element's text is a question, an icon behind it left aside."""
    return re.search(r"\w[\"”’»)]*\s*[?？؟]\W*$", _short(element, QUESTION_CHARS)) is not None


def _holds_data(table: HtmlElement) -> bool:
    """Return whether a table is one, and not a page's layout."""
    if table.get("role") in {"presentation", "none"}:
        return False
    inner = table.iterdescendants(*HEADINGS, "article", "pre", "section", "table")
    if next(inner, None) is not None:
        return False
    rows = list(table.iter("tr"))
    return next(table.iter("th"), None) is not None or (len(rows) > 1 and any(len(row) > 1 for row in rows))
