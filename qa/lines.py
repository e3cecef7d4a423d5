"""Texts on one line: to be compared, to be quoted, and to be shown where control characters would be obeyed."""

import re

# A text that is in quotation marks of its own from end to end, and is not one quotation after another.
_ENCLOSED = re.compile(
    r"“[^“”]*”|\"[^\"]*\"|„[^„“”]*[“”]|‘[^‘]*(?<!\w)’|'[^']*'|«[^«»]*»|»[^«»]*«|‹[^‹›]*›|「[^「」]*」"
)
_DOUBLE = re.compile(r"[“”„‟\"]")
_DOUBLY_QUOTED = re.compile(r"[“„\"][^“”„\"]*[”“\"]")
_SINGLE = re.compile(r"^[‘’‚']|(?<!\w)[‘‚'](?=\w)|[‘’']\W*$")  # not the apostrophe within a word


def flat(text: str) -> str:
    """Return a text with single spaces for all white space."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """Return a text on one line, without control characters that a terminal would obey."""
    return "".join(letter for letter in flat(text) if letter.isprintable())


def marks(text: str) -> tuple[str, str]:
    """Return the quotation marks to put around a text: none that it has itself, so that the text can stay as it is.

    Double ones; single ones around a text with double ones; and none around one that is wholly in marks of its own.
    """
    text = text.strip()
    if _ENCLOSED.fullmatch(text):
        return "", ""
    if not _DOUBLE.search(text):
        return "“", "”"
    # What is quoted within a quotation is one level down: there, single marks follow double ones.
    return ("«", "»") if _SINGLE.search(_DOUBLY_QUOTED.sub(" ", text)) else ("‘", "’")


def in_marks(text: str) -> str:
    """Return a text in quotation marks."""
    before, after = marks(text)
    return f"{before}{text}{after}"


def reason(error: Exception) -> str:
    """Return the beginning of what an error says, on one line; its name if it says nothing."""
    return clean(str(error))[:200] or type(error).__name__


def cut(text: str, limit: int) -> str:
    """Return a text on one clean line of at most so many letters, and a mark if there were more."""
    line = clean(text)
    return line if len(line) <= limit else line[:limit].rstrip() + "…"


def printable(text: str) -> str:
    """Return a text with a mark for each line break and whatever else is no valid text, so that it stays distinct."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
