"""FAQ entries, written for others to read: Markdown for people and for this package, JSON-LD for search engines."""

import json
import re
from collections.abc import Iterable, Sequence

from qa.article import Article
from qa.lines import flat
from qa.readers.blocks import ANSWER_MARK, FAQ_HEADING, FAQ_QUESTION, is_noise

# What means something in Markdown or in GitHub's dialect of it, wherever in a line it stands.
MARKS = re.compile(r"[\\`*_\[\]<>&~|$#@!]|:(?=//)|(?<=www)\.", re.IGNORECASE)
# Where a line would begin a list, underline a heading or part a table's head from its body.
LINE_START = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|[-=:][-=: ]*$))")
LINE_BREAK = re.compile(r"(\s*\n\s*)")


def plain_markdown(text: str) -> str:
    """Return a text as one line of Markdown that shows as it is written and does nothing."""
    return LINE_START.sub(r"\1\\", MARKS.sub(r"\\\g<0>", flat(text)))


def faq_entries(articles: Iterable[Article]) -> list[tuple[str, str]]:
    """Return the question and the answer of all FAQ entries, in order."""
    return [
        (article.quote(entry.question), article.quote(entry.answer)) for article in articles for entry in article.faqs
    ]


def faq_markdown(entries: Sequence[tuple[str, str]], title: str) -> str:
    """Return entries as a Markdown article that is read back as these entries, but for white space.

    A question without an answer stands there for its author to answer. An answer that reads as a question or as an
    entry itself ("Q: … A: …"), or holds no letter or digit, cannot be read back: no reader takes it for an answer.
    """
    level = "#" if FAQ_HEADING.match(title) else "##"
    lines = [f"# {plain_markdown(title) or 'FAQ'}"]
    if title.strip() and level == "##":
        lines.append("## Frequently asked questions")
    for question, answer in entries:
        lines.append(f"{level}# {plain_markdown(question)}")
        lines += [_answer(answer)] if answer.strip() else []
    return "\n\n".join(lines) + "\n"


def faq_jsonld(entries: Sequence[tuple[str, str]], title: str = "", language: str = "") -> str:
    """Return entries as a schema.org FAQPage in JSON-LD.

    ``<``, ``>`` and ``&`` are escaped the JSON way, so that the text can stand in a page's
    ``<script>`` as it is.
    """
    page = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
            for question, answer in entries
        ],
    }
    page |= {key: value for key, value in (("name", title), ("inLanguage", language)) if value}
    text = json.dumps(page, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _answer(text: str) -> str:
    """Return an answer's paragraphs; a line that the reader would drop or take for a question joins its neighbour."""
    first, *rest = LINE_BREAK.split(text.strip())
    lines, gaps = [first], [""]
    for gap, line in zip(rest[::2], rest[1::2], strict=True):
        if _misread(lines[-1]):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
            gaps.append("\n\n" if gap.count("\n") > 1 else "\n")
    while len(lines) > 1 and _misread(lines[-1]):
        last = lines.pop()
        gaps.pop()
        lines[-1] += f" {last}"
    if is_noise(lines[0]):  # nothing else is there; code is never dropped
        return f"```\n{lines[0]}\n```"
    mark = ANSWER_MARK.match(lines[0])
    if mark and mark.group().strip():
        lines[0] = f"A: {lines[0]}"  # the reader takes one such mark away
    return "".join(gap + plain_markdown(line) for gap, line in zip(gaps, lines, strict=True))


def _misread(line: str) -> bool:
    """Return whether a line alone is no part of an answer to the reader."""
    return is_noise(line) or FAQ_QUESTION.search(line) is not None or not any(map(str.isalnum, line))
