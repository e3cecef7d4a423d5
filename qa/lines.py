"""Texts on one line: to be compared, and to be shown where control characters would be obeyed."""


def flat(text: str) -> str:
    """Return a text with single spaces for all white space."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """Return a text on one line, without control characters that a terminal would obey."""
    return "".join(letter for letter in flat(text) if letter.isprintable())


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
