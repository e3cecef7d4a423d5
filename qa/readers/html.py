"""HTML as a browser saves it: trafilatura tells what the article is, the page itself what it says.

trafilatura rewrites what it extracts (it leaves out <time>, for one), so its text serves only to
recognise the article's blocks; they are then quoted as a browser shows them.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import islice

import trafilatura
from lxml import etree, html
from lxml.html import HtmlElement

from qa.article import Article
from qa.errors import ReadError
from qa.language import words
from qa.readers.blocks import BlockWriter, Kind, Metadata, assemble, is_noise
from qa.readers.encodings import decode, decode_as, is_marked
from qa.readers.structured import faq_entries, question_key
from qa.readers.visible import Piece, collapse, pieces

LOGGER = logging.getLogger(__name__)

# Not UTF-16, since the declaration itself could be read.
CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*(?!utf-16)([\w.:-]{2,40})", re.IGNORECASE
)
MAX_DEPTH = 200  # pages nest some 30 elements deep; what is nested deeper is read without its own elements
MAX_NAME_CHARS = 1_000  # of a class, an id or a style; rules that look at them take their time
DECLARED_WITHIN = 4096  # bytes; a browser looks at the first 1,024, but sites put scripts before
MAX_JUDGED_ELEMENTS = 30_000  # trafilatura takes some 5 s for these; a larger page is read as it stands
MIN_FOUND_CHARS = 200  # less than two sentences is no article: trafilatura missed it
MIN_FOUND_SHARE = 0.25  # of the text within <article> or <main>
MAX_LINKED = 0.6  # a block with more of its letters in links points elsewhere
SENTENCE = re.compile(r".{30,}|.*\w[.!?…。؟:][”\"’')\]]*", re.DOTALL)  # by its length or its end
SAME_ANSWER = 0.8  # of a visible block's words occur in the answer that the page's markup gives
LABEL = re.compile(r"(caution|danger|hint|important|info|note|success|tip|warning)\W*", re.IGNORECASE)  # over a box
FAQ_TITLE = "Frequently asked questions"


def read_html(name: str, data: bytes | str) -> Article:
    """Read a page: its main text, the FAQ entries that it shows or marks, and what it says of itself.

    Bytes are decoded by their byte order mark, as valid UTF-8, as the page declares, or by a guess.

    Raises:
        ReadError: the page shows no text, its encoding cannot be told, or it nests elements too deep to be parsed.
    """
    tree = _parse(name, data if isinstance(data, str) else _decode(name, data))
    entries = faq_entries(tree)
    metadata = _metadata(tree)
    body = tree.find("body")
    if body is None:
        raise ReadError(f"{name} shows no text; give a page with at least one sentence")
    telling = [piece for piece in pieces(body) if not is_noise(piece.text) and not LABEL.fullmatch(piece.text)]
    shown = _mark(telling, entries)
    title = _title(shown, metadata.title)
    metadata = replace(metadata, title=shown[title].text if title is not None else metadata.title)
    writer = BlockWriter()
    for piece in _choose(shown, title, _judge(tree)):
        writer.add(piece.kind, piece.text, piece.level)
    article = assemble(name, writer.text, writer.blocks, metadata)
    told = {question_key(article.quote(faq.question)) for faq in article.faqs}
    if missing := [entry for entry in entries if question_key(entry[0]) not in told]:
        writer.add(Kind.HEADING, FAQ_TITLE, 2)
        for question, answer in missing:
            writer.add(Kind.QUESTION, question)
            for line in answer.splitlines():
                writer.add(Kind.ANSWER, line)
        article = assemble(name, writer.text, writer.blocks, metadata)
    if not article.passages and not article.faqs:
        raise ReadError(f"{name} shows no text but links and headings; give a page with at least one sentence")
    return article


def _decode(name: str, data: bytes) -> str:
    """Return a page's text; bytes that do not fit its encoding become U+FFFD, as in a browser."""
    if is_marked(data):
        return decode(name, data)
    declared = CHARSET.search(data, 0, DECLARED_WITHIN)
    known = decode_as(data, declared[1].decode("ascii") if declared else "utf-8")
    if known is not None:
        return known
    text = data.decode("utf-8", "replace")
    if len(re.findall("[^\0-\x7f\ufffd]", text)) > text.count("\ufffd"):
        return text  # UTF-8 with some foreign bytes in it
    return decode(name, data)


def _parse(name: str, text: str) -> HtmlElement:
    """Parse a page, and flatten what is nested too deep."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    text = re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    try:
        tree = html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError as error:
        raise ReadError(f"{name} shows no text; give a page with at least one sentence") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise ReadError(f"{name} nests over 2,000 elements in each other; save the page anew, or its text")
    deep, depth = [], 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if event == "end":
            continue
        if depth > MAX_DEPTH:
            deep.append(element)
        for key in ("class", "id", "style"):
            if len(value := element.get(key, "")) > MAX_NAME_CHARS:
                element.set(key, value[:MAX_NAME_CHARS])
    for element in deep:  # from the outside in, so that each child moves once
        element.drop_tag()
    return tree


def _metadata(tree: HtmlElement) -> Metadata:
    """Return what a page says of itself."""
    page, head = tree, tree.find("head")
    if _is_vast(tree):
        page = html.Element("html")
        page.extend([] if head is None else [deepcopy(head)])
    try:
        found = trafilatura.extract_metadata(page, date_config={"original_date": True, "extensive_search": False})
    except Exception:  # its rules meet pages that nobody foresaw; a page can do without
        LOGGER.warning("cannot read the page's metadata", exc_info=True)
        return Metadata()
    language = re.match(r"\s*([A-Za-z]{2})(?![A-Za-z])", tree.get("lang") or tree.get("xml:lang") or "")
    return Metadata(
        title=_line(found.title),
        date=_line(found.date),
        summary=_line(found.description),
        language=language[1].lower() if language else "",
        author=re.sub(r"^(\w+ )?by\s+", "", _line(found.author), flags=re.IGNORECASE).replace(";", ","),
        url=_line(found.url),
    )


def _is_vast(tree: HtmlElement) -> bool:
    return next(islice(tree.iter(), MAX_JUDGED_ELEMENTS, None), None) is not None


def _line(text: str | None) -> str:
    return collapse(text or "").strip()


def _judge(tree: HtmlElement) -> list[str]:
    """Return the blocks of text in which trafilatura sees the article; none where it fails."""
    if _is_vast(tree):
        return []
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it warns of each page in which it finds nothing
    try:
        found = trafilatura.bare_extraction(tree, include_comments=False, include_tables=True)
    except Exception:  # as above
        LOGGER.warning("cannot tell the article from the page around it", exc_info=True)
        return []
    if found is None:
        return []
    leaves = ("p", "head", "item", "cell", "quote", "code", "hi")
    return ["".join(element.itertext()) for element in found.body.iter(*leaves)]


def _shingles(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return every three words that follow each other in a text, and the shorter texts whole."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        said = words(text)
        found.update(tuple(said[start : start + 3]) for start in range(max(len(said) - 2, 1)))
    return found - {()}


def _mark(shown: list[Piece], entries: Sequence[tuple[str, str]]) -> list[Piece]:
    """Mark the visible questions and answers that the page's markup repeats."""
    answers = {question_key(question): set(words(answer)) for question, answer in entries}
    marked = list(shown)
    for number, piece in enumerate(shown):
        told = answers.get(question_key(piece.text))
        if told is None or piece.kind in {Kind.QUESTION, Kind.ANSWER}:
            continue
        for position in range(number + 1, len(shown)):
            said = set(words(shown[position].text))
            if len(said & told) < SAME_ANSWER * len(said) or question_key(shown[position].text) in answers:
                break
            marked[position] = replace(marked[position], kind=Kind.ANSWER)
            marked[number] = replace(piece, kind=Kind.QUESTION)
    return marked


def _title(shown: Sequence[Piece], told: str) -> int | None:
    """Return the number of the heading that is the title, which the page tells with the site's name behind it."""
    headings = [number for number, piece in enumerate(shown) if piece.kind is Kind.HEADING]
    if main := [number for number in headings if shown[number].main and shown[number].level == 1]:
        headings = main
    same = [
        number
        for number in headings
        if (text := shown[number].text).casefold() in told.casefold()
        and (shown[number].level == 1 or len(text) * 2 >= len(told))
    ]
    if same:
        return max(same, key=lambda number: (len(shown[number].text), -number))
    largest = [number for number in headings if shown[number].level == 1]
    return largest[0] if len(largest) == 1 else None


def _choose(shown: Sequence[Piece], title: int | None, judged: Sequence[str]) -> list[Piece]:
    """Return the pieces that make up the article.

    It reaches from its title to the last paragraph that was recognised, and to the end of the element that holds
    most of it. What was not recognised there stays, if it is more than a label or a link; FAQ entries stay anyway.
    """
    known = _shingles(judged)
    found = [len((parts := _shingles([piece.text])) & known) * 2 >= len(parts) for piece in shown]
    solid = [number for number, piece in enumerate(shown) if found[number] and piece.linked <= MAX_LINKED]
    inner = [piece for piece in shown if piece.main] or shown
    size = sum(len(piece.text) for piece in inner if piece.linked <= MAX_LINKED)
    if sum(len(shown[number].text) for number in solid) < max(MIN_FOUND_CHARS, MIN_FOUND_SHARE * size):
        plain = [piece for piece in inner if piece.linked <= MAX_LINKED or (piece.main and piece.kind is Kind.HEADING)]
        return _without_empty_sections([piece for piece in plain if _says_much(piece)]) or plain
    sizes: Counter[HtmlElement | None] = Counter()
    for number in solid:
        sizes[shown[number].box] += len(shown[number].text)
    ((box, _),) = sizes.most_common(1)
    kept = []
    for number, piece in enumerate(shown):
        if found[number] or number == title or piece.kind in {Kind.QUESTION, Kind.ANSWER}:
            kept.append(piece)
            continue
        # Between the title and the text stands the standfirst, which some pages set as a small heading.
        above = title is not None and title < number < solid[0] and piece.kind is Kind.HEADING
        own = replace(piece, kind=Kind.PARAGRAPH) if above else piece
        inside = (solid[0] if title is None else title) <= number <= solid[-1] or _lies_in(piece, box)
        if inside and piece.linked <= MAX_LINKED and _says_much(own):
            kept.append(own)
    return _without_empty_sections(kept)


def _lies_in(piece: Piece, box: HtmlElement | None) -> bool:
    """Return whether a piece lies within the element ``box``, if that is not the whole page; or is a table or code."""
    if piece.main and piece.kind in {Kind.ROW, Kind.CODE}:
        return True
    if box is None or piece.box is None or box.tag == "body":
        return False
    return piece.box is box or box in piece.box.iterancestors()


def _says_much(piece: Piece) -> bool:
    """Return whether a piece is more than a label, such as a time or the name of an agency."""
    return not piece.timed and (piece.kind is not Kind.PARAGRAPH or SENTENCE.fullmatch(piece.text) is not None)


def _without_empty_sections(chosen: Sequence[Piece]) -> list[Piece]:
    """Leave out the headings that nothing stands under, but for the title."""
    kept: list[Piece] = []
    for piece in reversed(chosen):
        after = kept[-1] if kept else None
        empty = after is None or (after.kind is Kind.HEADING and after.level <= piece.level)
        if piece.kind is not Kind.HEADING or piece.level == 1 or not empty:
            kept.append(piece)
        elif piece.text.endswith((".", "!", "。")):  # a remark, set as a heading
            kept.append(replace(piece, kind=Kind.PARAGRAPH))
    return kept[::-1]
