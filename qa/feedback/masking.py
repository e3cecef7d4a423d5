"""Questions without what identifies a person: e-mail addresses, phone numbers and card numbers are cut out.

Numbers are told by their shape alone. Where a number could be a person's or the article's, it is taken for a
person's; kept are years, dates, decimal fractions, amounts of money and round or short numbers.
"""

import re

# Anything that holds an @ between words; addresses without a dot and the usual disguises too.
EMAIL = re.compile(
    r"[^\s@＠<>()\[\]\",;:]{1,64}(?:[@＠]|\s?(?:\(at\)|\[at\])\s?)\w[\w-]*(?:(?:\.|\s?(?:\(dot\)|\[dot\])\s?)[\w-]+)*",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w$€£¥])(?<!\d[.,])(?:\+\s?)?\(?\d(?:[\s().\-/·‐‑–]{0,3}\d)*")
DATE = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{2,4}")
YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
DECIMAL = re.compile(r"\d+\.\d+")
ROUND = re.compile(r"\d{1,3}(?:[ .]000)+|\d+0{6}")
THOUSANDS = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
SHORTEST_PHONE = 7  # digits; a local number
SHORTEST_PLAIN = 9  # digits of a phone number that is written as one word without + or 0; fewer are a count
SHORTEST_CARD = 13  # digits, ISO/IEC 7812; a phone number has at most 15, but hardly ever more than 12


def mask(text: str) -> str:
    """Return ``text`` with ``[e-mail]``, ``[phone]`` and ``[card]`` in place of what identifies a person."""
    return NUMBER.sub(_mask_number, EMAIL.sub("[e-mail]", text))


def _mask_number(match: re.Match[str]) -> str:
    text = match.group()
    groups = re.findall(r"\d+", text)
    count = sum(map(len, groups))
    marked = text.startswith(("+", "(", "0"))
    if count < SHORTEST_PHONE or DATE.fullmatch(text) or all(map(YEAR.fullmatch, groups)):
        return text
    if count >= SHORTEST_CARD:
        return text if ROUND.fullmatch(text) else "[card]"
    if DECIMAL.fullmatch(text) or (not marked and ROUND.fullmatch(text)):
        return text
    if not marked and count < SHORTEST_PLAIN and (len(groups) == 1 or THOUSANDS.fullmatch(text)):
        return text
    return "[phone]"
