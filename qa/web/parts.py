"""The page's own furniture as HTML: its head, what is being asked, a visitor's own text, and what was wrong."""

import html

from qa.readers.sources import MAX_BYTES
from qa.web.render import line

NAME = "Ask the Article"
CLAIM = "Ask in your own words. Every answer is a sentence of the article itself, or an honest no."
ACCEPTED = ".md,.markdown,.txt,.text,.html,.htm,.pdf,.docx"
REASONS = ("It is wrong", "It is not complete", "It is out of date", "It is not what I asked")
MAX_WORDS_CHARS = 300  # of a reason in a reader's own words
STORED = (
    "what you asked, and when",
    "which sentences were quoted as the answer, how sure the page was of it, and how long it took",
    "how many questions came before it in the conversation, and which topic of it a follow-up was understood with",
    "whether you found it helpful and, if you said so, what was wrong with it and which sentence would be right",
)


def masthead() -> str:
    """Return the head of the page."""
    label = 'aria-label="Dark colours" title="Dark colours"'
    theme = f'<button id="theme" type="button" aria-pressed="false" {label}>◐</button>'
    return f"<header><div><h1>{NAME}</h1><p>{CLAIM}</p></div>{theme}</header>"


def welcome(title: str, text: str) -> str:
    """Return what stands in the empty chat."""
    heading = f"<h2>{line(title)}</h2>" if title else ""
    return f'<div class="welcome">{heading}<p>{line(text)}</p></div>'


def asking(subject: str, action: str, way_out: str) -> str:
    """Return the line that says that not all is asked; the button ends that by an ``action`` of the page."""
    return (
        f'<p class="asked-alone" role="status"><span>You are asking {line(subject)}.</span>'
        f' <button type="button" data-action="{action}">{line(way_out)}</button></p>'
    )


def own_text() -> str:
    """Return the form that takes a file or pasted text."""
    return f"""<form class="own" data-limit="{MAX_BYTES}" aria-labelledby="own-title">
<h2 id="own-title">Ask a text of your own</h2>
<p>For you alone: this server keeps it in memory only, until you close it or ask nothing for an hour.</p>
<label for="own-file">A file: Markdown, text, HTML, PDF or Word</label>
<input type="file" id="own-file" accept="{ACCEPTED}">
<label for="own-paste">Or paste text</label><textarea id="own-paste" rows="8"></textarea>
<div><button type="submit">Ask this text</button><p id="own-news" role="status"></p></div></form>"""


def what_was_wrong(question_id: str) -> str:
    """Return the form that asks about a disliked answer."""
    choices = "".join(
        f'<label><input type="radio" name="reason" value="{reason}">{reason}</label>' for reason in REASONS
    )
    return f"""<form class="wrong" data-question="{html.escape(question_id)}" aria-label="What was wrong">
<fieldset><legend>Noted as not helpful. What was wrong? (You need not say.)</legend>{choices}</fieldset>
<label>In your words <input type="text" name="words" maxlength="{MAX_WORDS_CHARS}" autocomplete="off"></label>
<p class="marked" role="status"></p>
<div><button type="button" class="mark">Show us the right sentence</button>
<button type="submit">Send</button> <button type="button" class="dismiss">Close</button></div></form>"""


def kept_line() -> str:
    """Return the line that says that questions are recorded."""
    link = '<a href="privacy" target="_blank">what is stored</a>'
    return f"<p>Questions are kept to improve the article: {link}</p>"


def privacy_page(retention_days: int | None, uploads: bool) -> str:
    """Return the page that says what is stored, as plain HTML.

    Args:
        retention_days: after how many days questions are deleted; 0 for never, None if they are not recorded.
        uploads: whether visitors' own texts are taken.
    """
    deleted = f" After {retention_days} days they are deleted." if retention_days else ""
    if retention_days is not None:
        items = "".join(f"<li>{item}</li>" for item in STORED)
        body = f"""<p>Of each question about the published article, this server keeps:</p><ul>{items}</ul>
<p>It keeps no name, no address and no cookie with them. E-mail addresses and long numbers in a question are blotted
out before it is written. The article's publisher reads the questions to see what the article does not
answer.{deleted}</p>"""
    else:
        body = "<p>Nothing: this server does not record questions.</p>"
    if uploads:
        body += """<p>A text of your own is kept in the server's memory only, and can be asked from your open page
alone. It is gone once you close it, ask nothing for an hour, or the server restarts. What you ask about it is not
recorded.</p>"""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>What is stored – {NAME}</title>
<style>:root {{ color-scheme: light dark; }} body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 36em;
margin: 2em auto; padding: 0 1em; }}</style><main><h1>What is stored</h1>{body}</main></html>"""
