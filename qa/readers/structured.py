"""The questions and answers that a page tells machines: schema.org's FAQPage, as JSON-LD and as microdata."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from qa.lines import flat
from qa.readers.visible import collapse, text_of

MAX_NODES = 100_000  # of one page's JSON; beyond that it is no FAQ
HIDING = re.compile(r"\A(\s|<!--|<!\[CDATA\[|//|/\*|\*/)+")  # what keeps scripts from old browsers; it ends behind
DECODER = json.JSONDecoder(strict=False)  # sites write line breaks into strings


def faq_entries(tree: HtmlElement) -> list[tuple[str, str]]:
    """Return the questions of a page's FAQPage markup with their answers, as text, each question once."""
    entries: dict[str, tuple[str, str]] = {}
    for question, answer in [*_json_entries(tree), *_microdata_entries(tree)]:
        if question and answer:
            entries.setdefault(question_key(question), (question, answer))
    return list(entries.values())


def question_key(question: str) -> str:
    """Return what tells a question from others: its letters and digits."""
    return "".join(filter(str.isalnum, question.lower()))


def _json_entries(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    """Yield the entries of every FAQPage in the page's JSON-LD; JSON that is broken tells nothing."""
    for script in tree.iter("script"):
        if "ld+json" not in script.get("type", "").lower():
            continue
        try:
            data, _ = DECODER.raw_decode(HIDING.sub("", script.text or ""))
        except (ValueError, RecursionError):
            continue
        for page in _nodes(data):
            if _is(page, "FAQPage"):
                yield from (entry for node in _nodes(page) if (entry := _entry(node)))


def _nodes(data: object) -> Iterator[dict[str, Any]]:
    """Yield every object of some JSON, from the outside in and in order."""
    pending = [data]
    for _ in range(MAX_NODES):
        if not pending:
            return
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending.extend(reversed(node.values()))
        elif isinstance(node, list):
            pending.extend(reversed(node))


def _is(node: dict[str, Any], kind: str) -> bool:
    """Return whether an object is of a schema.org type, however that is written."""
    types = node.get("@type")
    return any(
        str(name).rsplit("/")[-1].rsplit(":")[-1] == kind for name in (types if isinstance(types, list) else [types])
    )


def _entry(node: dict[str, Any]) -> tuple[str, str] | None:
    if not _is(node, "Question"):
        return None
    answer = node.get("acceptedAnswer") or node.get("suggestedAnswer")
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    if isinstance(answer, dict):
        answer = answer.get("text")
    return _text(node.get("name") or node.get("text")).replace("\n", " "), _text(answer)


def _text(value: object) -> str:
    """Return a value's text; schema.org lets it be HTML, whose entities some sites escape twice."""
    if not isinstance(value, str) or not value.strip():
        return ""
    from lxml.html import fragment_fromstring

    try:
        return text_of(fragment_fromstring(value, create_parent="div"))
    except (ValueError, SyntaxError):  # lxml's errors of parsing derive from the latter
        return collapse(value).strip()


def _microdata_entries(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    for item in tree.iterfind(".//*[@itemtype]"):
        if not item.get("itemtype", "").rstrip("/").endswith("schema.org/Question"):
            continue
        if not any("FAQPage" in above.get("itemtype", "") for above in item.iterancestors()):
            continue
        name = item.find(".//*[@itemprop='name']")
        answer = item.find(".//*[@itemprop='acceptedAnswer']")
        text = answer.find(".//*[@itemprop='text']") if answer is not None else None
        if name is not None and text is not None:
            question = name.get("content") or text_of(name)
            yield flat(question), text.get("content") or text_of(text)
