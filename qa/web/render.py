"""Answers as the chat shows them, and a conversation as Markdown; every text in it is inert.

A message of the chat is one line of HTML. Markdown leaves a block of HTML alone up to the next blank line,
so that escaping for HTML is all that questions, quotes and headings need.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from qa.answering import SMALL_TALK, Answer, AnswerKind, Citation, FaqMatch, PassageMatch
from qa.article import Article
from qa.faq import plain_markdown
from qa.lines import flat, in_marks, marks

Message = dict[str, Any]

ASKED = ('<div class="asked">', "</div>")
CLOSEST = "Closest, but not an answer:"
NAMED_ARTICLES = 10  # in the heading of an exported conversation; of more, only how many they are
OTHER_PASSAGES = 3  # more are a list to skim, not a place to look
SHORT_DIGEST = 12  # hexadecimal digits tell versions of an article apart; the answer's JSON has all 64
# Confidence is calibrated, so that the words can promise what the numbers say.
SURENESS = ((0.9, "very sure"), (0.75, "fairly sure"), (0.0, "not quite sure"))


def line(text: str) -> str:
    """Return a text as one line of inert HTML."""
    # Gradio's Markdown would put a formula in the place of %%%LATEX_BLOCK_0%%%.
    return html.escape(flat(text)).replace("%%%", "&#37;%%")


def prose(text: str) -> str:
    """Return a text as inert HTML whose paragraphs are lines."""
    return "<br>".join(line(part) for part in re.split(r"\n\s*\n", text) if part.strip())


def sentence(text: str) -> str:
    """Return a line, such as an error's, as a sentence; a file's name at its start stays as it is."""
    first = text[:1] if "." in text.partition(" ")[0] else text[:1].upper()
    return first + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def question_message(question: str) -> Message:
    """Return the reader's side of a turn."""
    return {"role": "user", "content": line(question).join(ASKED)}


def question_of(message: Message) -> str:
    """Return the question that ``question_message`` was made of, but for white space."""
    content = message["content"]
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return html.unescape(text.removeprefix(ASKED[0]).removesuffix(ASKED[1]))


def questions_of(chat: Sequence[Message]) -> list[str]:
    """Return all that a reader asked in a chat, oldest first."""
    return [question_of(message) for message in chat if message["role"] == "user"]


def note_message(text: str, *, waiting: bool = False) -> Message:
    """Return what the page itself has to say: that it is searching, or what went wrong."""
    kind = "note waiting" if waiting else "note"
    return {"role": "assistant", "content": f'<div class="{kind}"><p>{line(text)}</p></div>'}


def answer_message(
    answer: Answer,
    articles: Sequence[Article],
    follow_ups: Sequence[str] = (),
    numbers: Mapping[str, int] | None = None,
) -> Message:
    """Return the answer's side of a turn, with what to ask next as options."""
    message: Message = {"role": "assistant", "content": answer_html(answer, articles, numbers)}
    if follow_ups:
        message["options"] = [{"value": question, "label": question} for question in follow_ups]
    return message


def answer_html(answer: Answer, articles: Sequence[Article], numbers: Mapping[str, int] | None = None) -> str:
    """Return an answer as one line of HTML; ``#cite-1-20-35`` links to a span of the second article.

    ``numbers`` are those of the articles' names, where they are known: there may be thousands.
    """
    quoted = _Quoted(articles, numbers or _numbers(articles))
    parts = [f'<p class="understood">Understood as: {line(answer.understood_as)}</p>'] if answer.understood_as else []
    if answer.kind is AnswerKind.NONE:
        parts.append(f'<p class="no">{line(answer.text)}</p>')
        if answer.closest:
            parts.append(f'<p class="label" title="{line(answer.reason)}">{CLOSEST}</p>')
        elif answer.reason != SMALL_TALK:
            parts.append(f'<p class="label">{line(sentence(answer.reason))}</p>')
    for citation in _quotes(answer):
        if not _repeats(citation, answer):
            parts += [_entry_asked(answer, citation), quoted.quote(citation, "cite" if answer.citations else "near")]
        parts.append(quoted.source(citation, answer))
    parts += _elsewhere(answer, quoted)
    if answer.suggestions and answer.reason != SMALL_TALK:
        parts.append('<p class="label chips">What you could ask instead:</p>')
    return f'<div class="answer">{"".join(parts)}</div>'


def _numbers(articles: Sequence[Article]) -> dict[str, int]:
    return {article.name: number for number, article in enumerate(articles)}


class _Quoted:
    """Writes quotes and the links to them."""

    def __init__(self, articles: Sequence[Article], numbers: Mapping[str, int]) -> None:
        self.articles, self.numbers = articles, numbers

    def link(self, place: Citation | FaqMatch | PassageMatch, label: str, kind: str = "cite") -> str:
        """Return a link that shows a place in the article."""
        target = f"#{kind}-{self.numbers[place.article]}-{place.start}-{place.end}"
        return f'<a class="cite" href="{target}" title="Show it in the article">{label}</a>'

    def quote(self, citation: Citation, kind: str) -> str:
        """Return the words, with the number that leads to them."""
        number, (before, after) = self.link(citation, f"[{citation.number}]", kind), marks(citation.quote)
        return f'<blockquote class="{kind}" dir="auto">{before}{prose(citation.quote)}{after} {number}</blockquote>'

    def source(self, citation: Citation, answer: Answer) -> str:
        """Return where a quote stands; what only a copy of the answer needs is hidden."""
        title = self.articles[self.numbers[citation.article]].title
        mark = f"<span hidden>[{citation.number}] </span>"
        if _repeats(citation, answer):
            mark = self.link(citation, f"[{citation.number}]") + " "
        section = "" if citation.section == title else f"<b>{line(citation.section)}</b>"
        hidden = " hidden" if section and len(self.articles) == 1 else ""
        place = f"{section}<span{hidden}>{', ' if section else ''}{line(title)}</span>"
        page = f", page {citation.page}" if citation.page else ""
        place = f"{mark}{place}{page}<span hidden> ({line(receipt(citation))})</span>"
        if citation.url:
            url = line(citation.url)
            place += f' · <a href="{url}" title="Open it at this quote">Published page<span hidden>: {url}</span></a>'
        meter = _meter(answer.confidence) if answer.citations and citation.number == 1 else ""
        return f'<p class="source"><span>{place}</span>{meter}</p>'


def receipt(citation: Citation) -> str:
    """Return what else it takes to find a quote again, and to tell whether the article changed since."""
    digest = f"sha256 {citation.sha256[:SHORT_DIGEST]}" if citation.sha256 else ""
    return ", ".join(filter(None, (citation.article, f"characters {citation.start}–{citation.end}", digest)))


def _quotes(answer: Answer) -> Sequence[Citation]:
    """Return what an answer quotes; for none, what came nearest to one."""
    return answer.citations or ((answer.closest,) if answer.closest else ())


def _spot(place: Citation | FaqMatch) -> tuple[str, int]:
    """Return where a quote begins: several articles may have one at the same position."""
    return place.article, place.start


def _repeats(citation: Citation, answer: Answer) -> bool:
    """Return whether an earlier citation of the answer shows the same words."""
    return any(line(citation.quote) == line(other.quote) for other in answer.citations[: citation.number - 1])


def _entry_asked(answer: Answer, citation: Citation) -> str:
    """Return the question of the FAQ entry that is the answer, if the reader asked in other words."""
    entry = next((entry.question for entry in answer.faqs if _spot(entry) == _spot(citation)), "")
    if answer.kind is not AnswerKind.FAQ or not entry or line(entry).lower() == line(answer.question).lower():
        return ""
    return f'<p class="label">{line(entry)}</p>'


def _elsewhere(answer: Answer, quoted: _Quoted) -> list[str]:
    """Return the nearest FAQ entry and passages, folded away, without what the answer cites already."""
    cited = [_spot(citation) for citation in _quotes(answer)]
    parts = []
    for entry in answer.faqs[:1] if answer.citations else ():
        if _spot(entry) not in cited:
            text = f"<p>{quoted.link(entry, prose(entry.answer))}</p>"
            parts.append(f"<details><summary>In the FAQ: {line(entry.question)}</summary>{text}</details>")
    others = [
        passage
        for passage in answer.passages
        if not any(name == passage.article and passage.start <= start < passage.end for name, start in cited)
    ][:OTHER_PASSAGES]
    items = "".join(
        f"<li>{quoted.link(other, line(in_marks(other.sentence)))} <small>{line(other.section)}</small></li>"
        for other in others
    )
    if items:
        parts.append(f"<details><summary>Other passages ({len(others)})</summary><ul>{items}</ul></details>")
    return parts


def sureness(confidence: float) -> str:
    """Return a confidence in words."""
    return next(words for least, words in SURENESS if confidence >= least)


def _meter(confidence: float) -> str:
    """Return how sure an answer is, in words and as a bar; the number shows on hover."""
    share = round(confidence * 100)
    title = f"Confidence {confidence:.2f}: of 100 answers like this one, about {share} are right"
    bar = f'<span class="meter" role="img" title="{title}"><span style="width:{share}%"></span></span>'
    return f'<span class="sure" title="{title}">{bar} {sureness(confidence)}</span>'


def conversation_markdown(
    turns: Sequence[tuple[str, Answer | None]],
    articles: Sequence[Article],
    numbers: Mapping[str, int] | None = None,
) -> str:
    """Return questions and answers as Markdown; a question that was refused has no answer.

    ``numbers`` are those of the articles' names, where they are known: there may be thousands.
    """
    numbers = numbers or _numbers(articles)
    few = len(articles) <= NAMED_ARTICLES
    asked = "; ".join(article.title for article in articles) if few else f"{len(articles):,} articles"
    lines = [f"# Questions to {plain_markdown(asked)}"]
    for question, answer in turns:
        lines.append(f"## {plain_markdown(question)}")
        if answer is None:
            lines.append("(not answered)")
            continue
        if answer.understood_as:
            lines.append(f"Understood as: {plain_markdown(answer.understood_as)}")
        if answer.kind is AnswerKind.NONE:
            lines.append(plain_markdown(answer.text))
            if answer.closest:
                lines.append(CLOSEST)
            elif answer.reason != SMALL_TALK:
                lines.append(plain_markdown(sentence(answer.reason)))
        for citation in _quotes(answer):
            page = f"page {citation.page}" if citation.page else ""
            title = articles[numbers[citation.article]].title
            place = ", ".join(filter(None, dict.fromkeys((citation.section, title, page))))
            if not _repeats(citation, answer):
                lines.append(f"> {plain_markdown(in_marks(citation.quote))} \\[{citation.number}\\]")
            lines.append(f"\\[{citation.number}\\] {plain_markdown(f'{place} ({receipt(citation)})')}")
            lines += [f"<{citation.url}>"] if citation.url else []
        if answer.citations:
            lines.append(f"Confidence {answer.confidence:.2f} ({sureness(answer.confidence)})")
    return "\n\n".join(lines) + "\n"
