"""Whether quotes that were given out earlier still stand in an article.

A receipt is what ``qa ask --json`` and the HTTP API give, one answer, a list of them or a line for each. Its
citations are looked up in the article of today. Runs of white space count as one space, so that text that was
only wrapped anew says the same; every other sign counts.
"""

import json
import re
import reprlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, ValidationError, field_validator

from qa.article import Article, Span
from qa.errors import ReceiptError
from qa.lines import flat
from qa.quotes import locate

MAX_BYTES = 20_000_000  # some ten thousand answers
MAX_OFFSET = 2**31  # no article is longer
REMEDY = "give what `qa ask --json` printed or the HTTP API answered"
# Share of words, in order, that a passage must have in common with a quote to be the same one, changed; difflib's
# documentation calls such texts close matches. Of the bundled article's sentences no two have more than .40 in common,
# and .7% / .5% of squad-dev-8's / xquad-en-32's have .6 or more; with 30% of its words replaced, one keeps .67.
LEAST_SIMILARITY = 0.6
RUN_SENTENCES = 3  # an answer quotes one or two sentences; a new full stop makes one more of them
# A word, a letter of a script that parts no words by spaces, or a sign, and the space behind it: what is compared.
WORD = re.compile(r"(?:[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’.,:-][^\W_]+)*|[^\w\s]|_)\s*")


class State(StrEnum):
    """What became of a quote."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"


# The length is checked for the sake of what pydantic checks with it: that half surrogate pairs are no text.
Text = Annotated[str, Field(max_length=MAX_BYTES)]


class Quote(BaseModel):
    """A citation of a receipt."""

    quote: Text
    article: Text
    start: int = Field(ge=0, le=MAX_OFFSET)
    end: int = Field(ge=0, le=MAX_OFFSET)
    sha256: Text = ""

    @field_validator("quote")
    @classmethod
    def _must_say_something(cls, quote: str) -> str:
        if not quote.split():
            raise ValueError("should hold a word")
        return quote


class Receipt(BaseModel):
    """An answer as it was given."""

    question: Text = ""
    citations: list[Quote]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands in today's articles."""

    article: str
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, article: Article, span: Span) -> Self:
        """Return a span of an article as a place."""
        return cls(article.name, span.start, span.end, article.quote(span))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one quote.

    Attributes:
        found: where it, or what it was changed to, stands today; None if it is gone.
        similarity: the share of words in common with what was found, 0..1.
        altered: whether the article's text is still the very one that the receipt tells of, so that a quote
            which is changed or gone was altered in the receipt.
    """

    question: str
    quote: Quote
    state: State
    found: Place | None = None
    similarity: float = 0.0
    altered: bool = False

    def difference(self) -> list[tuple[str, str]]:
        """Return what the quote was changed to as runs of words that are ``same``, ``removed`` or ``added``."""
        if self.state is not State.CHANGED or self.found is None:
            return []
        old, new = WORD.findall(flat(self.quote.quote)), WORD.findall(flat(self.found.text))
        runs = []
        for operation, *edges in SequenceMatcher(None, _words(old), _words(new), autojunk=False).get_opcodes():
            before, after = "".join(old[slice(*edges[:2])]), "".join(new[slice(*edges[2:])])
            runs += [("same", after)] if operation == "equal" else [("removed", before), ("added", after)]
        return [run for run in runs if run[1]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "question": self.question,
            **self.quote.model_dump(),
            "state": self.state.value,
            "found": asdict(self.found) if self.found else None,
            "similarity": round(self.similarity, 4),
            "altered": self.altered,
            "difference": self.difference(),
        }


def read_receipts(path: Path) -> list[Receipt]:
    """Read the answers in a file.

    Raises:
        ReceiptError: there is no such file, it is too large, or it holds something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReceiptError(f"cannot read {path}: {error.strerror}; give a file of answers") from error
    if len(data) > MAX_BYTES:
        raise ReceiptError(f"{path} has more than {MAX_BYTES:,} bytes, which is the limit; split it")
    return parse_receipts(data, path.name)


def parse_receipts(data: bytes, name: str) -> list[Receipt]:
    """Return the answers in JSON, or JSON Lines, called ``name``.

    Raises:
        ReceiptError: the data is something else; the message names the first answer, citation and field at fault.
    """
    receipts: list[Receipt] = []
    for document in _documents(data, name):
        for entry in document if isinstance(document, list) else [document]:
            try:
                receipts.append(Receipt.model_validate(entry, strict=True))
            except ValidationError as error:
                raise ReceiptError(f"{name}: answer {len(receipts) + 1}{_explain(error)}") from None
    if not receipts:
        raise ReceiptError(f"{name} holds no answer; {REMEDY}")
    return receipts


def check(receipts: Sequence[Receipt], articles: Sequence[Article]) -> list[Verdict]:
    """Return what became of each quote of the receipts, in order."""
    texts = [_Text(article) for article in articles]
    return [_check(receipt.question, quote, texts) for receipt in receipts for quote in receipt.citations]


class _Text:
    """An article, and what quotes are compared with where they do not stand in it any more."""

    def __init__(self, article: Article) -> None:
        self.article = article

    @cached_property
    def candidates(self) -> list[tuple[Span, frozenset[tuple[str, int]]]]:
        """Return what a quote may have been changed to, and its words: sentences, runs of them, and whole parts."""
        spans = {entry.answer for entry in self.article.faqs} | {passage.span for passage in self.article.passages}
        for passage in self.article.passages:
            for number, first in enumerate(passage.sentences):
                spans |= {Span(first.start, last.end) for last in passage.sentences[number : number + RUN_SENTENCES]}
        return [(span, _counted(_words(WORD.findall(self.article.quote(span))))) for span in sorted(spans)]


def _check(question: str, quote: Quote, texts: Sequence[_Text]) -> Verdict:
    """Look a quote up in its own article first, then in the same text under another name, then in all others."""
    articles = [text.article for text in texts]
    own = next((article for article in articles if article.name == quote.article), None)
    if own and flat(own.text[quote.start : quote.end]) == flat(quote.quote):
        return Verdict(question, quote, State.UNCHANGED, Place.of(own, Span(quote.start, quote.end)), 1.0)
    if place := locate(quote.quote, articles, name=quote.article, sha256=quote.sha256, start=quote.start):
        return Verdict(question, quote, State.MOVED, Place.of(*place), 1.0)
    found, similarity = _most_similar(quote, texts)
    altered = any(article.sha256 == quote.sha256 for article in articles)
    return Verdict(question, quote, State.CHANGED if found else State.GONE, found, similarity, altered)


def _most_similar(quote: Quote, texts: Sequence[_Text]) -> tuple[Place | None, float]:
    """Return what has the most words in common with a quote, if that is enough: in its own article, near its place."""
    words = _words(WORD.findall(quote.quote))
    counted = _counted(words)
    found, best = None, (LEAST_SIMILARITY, False, -float("inf"))
    for text in texts:
        own = text.article.name == quote.article
        for span, others in text.candidates:
            # The words in common, in whatever order, bound the ratio, and are quickly counted.
            if 2 * len(counted & others) < best[0] * (len(counted) + len(others)):
                continue
            ratio = SequenceMatcher(None, words, _words(WORD.findall(text.article.quote(span)))).ratio()
            rank = (ratio, own, -float(abs(span.start - quote.start)))
            if rank > best:
                found, best = Place.of(text.article, span), rank
    return found, best[0] if found else 0.0


def _documents(data: bytes, name: str) -> list[object]:
    """Return the documents in JSON or JSON Lines."""
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise ReceiptError(f"{name} is not text ({error.reason} at byte {error.start}); {REMEDY}") from None
    try:
        return [_load(text)]
    except ValueError as error:
        documents: list[object] = []
        for number, line in enumerate(text.split("\n"), start=1):
            try:
                documents += [_load(line)] if line.strip() else []
            except ValueError as problem:
                where = f"{problem} in line {number}" if documents else str(error)
                raise ReceiptError(f"{name} is not JSON ({where}); {REMEDY}") from None
        return documents


def _load(text: str) -> object:
    """Parse JSON.

    Raises:
        ValueError: it is none, or it is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _explain(error: ValidationError) -> str:
    """Return which citation and field is at fault first, and what is wrong with it."""
    first = error.errors(include_url=False)[0]
    parts = first["loc"][1:] or first["loc"]
    where = "".join(f", citation {part + 1}" if isinstance(part, int) else f", {part!r}" for part in parts)
    if first["type"] == "missing":
        return f"{where} is missing; {REMEDY}"
    problem = first["msg"].removeprefix("Value error, ").removeprefix("Input ").partition(" or instance")[0]
    return f"{where} {problem[:1].lower()}{problem[1:]}, not {reprlib.repr(first['input'])}"


def _counted(words: Sequence[str]) -> frozenset[tuple[str, int]]:
    """Return words as a set whose common part with another tells how many words, with repetitions, are in both."""
    return frozenset((word, number) for word, count in Counter(words).items() for number in range(count))


def _words(pieces: Sequence[str]) -> list[str]:
    """Return what is compared of pieces of text: case and space are not."""
    return [piece.strip().casefold() for piece in pieces]
