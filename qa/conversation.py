"""Follow-ups, small talk, and what to ask next; no language model, so only what can be done surely.

A follow-up is looked up twice: alone, and together with what was asked before; the calibrated
confidence decides. A question that stands on its own is never mixed with an old topic.
"""

import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from qa.language import words
from qa.signals import DURATION, EXPECTATIONS, NAMED, NUMBER, PERSON, expects, holds

if TYPE_CHECKING:
    from qa.answering import Answer
    from qa.engine import Engine

SUGGESTIONS = 3  # what fits below an answer on a telephone

# How small talk begins and ends; in between there may be nothing that asks about the article.
_POLITE = (
    r"(?:\s+(?:there|all|everyone|everybody|bot|so much|very much|a lot|for (?:that|your help|the help)|again))?"
    r"[\s!.,?:;)]*"
)
SMALL_TALK = (
    (
        re.compile(
            rf"\W*(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)){_POLITE}", re.IGNORECASE
        ),
        "Hello! Ask me something about {subject}, and I will quote the sentence that answers it.",
    ),
    (
        re.compile(
            r"\W*(?:thanks?(?: you)?|thank u|thx|ty|cheers|great|perfect|awesome|cool|nice|ok(?:ay)?|got it"
            r"|much appreciated"
            rf"|(?:ok(?:ay)?|great|perfect|cool|nice)[,!. ]+thanks?(?: you)?){_POLITE}",
            re.IGNORECASE,
        ),
        "You are welcome. Ask on whenever you like.",
    ),
    (
        re.compile(
            rf"\W*(?:bye|goodbye|good bye|see you(?: later| soon)?|farewell|good night){_POLITE}", re.IGNORECASE
        ),
        "Goodbye! Come back whenever you have a question about {subject}.",
    ),
    (
        re.compile(
            r"\W*(?:(?:and )?who|what) (?:are|r) (?:you|u)(?: exactly| really)?\W*|\W*are you (?:a |an )?(?:\w+ )?"
            r"(?:human|bot|robot|person|ai|chatbot|machine|real)(?: person)?\W*|\W*what(?: i|')?s your name\W*",
            re.IGNORECASE,
        ),
        "I am a program that looks things up in {subject}. "
        "I quote it word for word, and I say so when it has no answer.",
    ),
    (
        re.compile(
            r"\W*(?:what (?:can|do) you (?:do|know|answer)|how do (?:you(?: work)?|i use (?:you|this))"
            r"|how does this work|what can i ask(?: you)?(?: here)?|help(?: me)?|what is this(?: page| chat)?)\W*",
            re.IGNORECASE,
        ),
        "Ask me anything that {subject} may say. I answer with the very sentence and show where it stands. "
        "If there is no answer, I say so.",
    ),
)

# What points back: a connective at the start, or a word that stands for something said before.
CONNECTIVE = re.compile(
    r"\W*(?:and|but|so|or|also|then|because|even|how come|what about|how about|what for|not)\b", re.IGNORECASE
)
POINTER = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|theirs|he|him|his|she|her|hers|one|ones|there|then|same|else|"
    r"such|so|the (?:company|firm|startup|model|person|author|country|event|others?|former|latter)|more)\b",
    re.IGNORECASE,
)
# Of these, the ones that hardly ever stand in a question that needs no other.
SURE_POINTER = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|theirs|he|him|his|she|her|hers|else)\b"
    r"|\b(?:so|such|then|there|same|more|ones?)\W*$",
    re.IGNORECASE,
)
WHY = re.compile(
    r"\W*(?:and |but |so )?(?:why(?: not| so| is that| was that)?|how come|what for|for what reason)\W*", re.IGNORECASE
)
REASON = re.compile(r"\b(?:because|since|due to|owing to|thanks to|reasons?|in order to|as a result)\b", re.IGNORECASE)
# Numbers that tell when, and so neither how much nor how long.
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
CALENDAR = re.compile(
    rf"\b\d{{1,2}}\s+{_MONTH}(?:\s+\d{{4}})?\b|\b{_MONTH}\s+\d{{1,4}}(?:,\s+\d{{4}})?\b"
    r"|\b(?:in|before|after)\s+(?:1\d|20)\d\d\b(?![.,]\d)",
    re.IGNORECASE,
)
MORE_OF_IT = re.compile(r"\b(?:else|more|others?|another)\b", re.IGNORECASE)  # asks for what was not said yet
FILLERS = frozenset(
    words(
        "a am an and are be been but by can did do does for from had has have how in is of on or the to was were "
        "what when where which who why will with would"
    )
)
LONE_TERMS = 1  # a question with no more content words than this may need the one before
POINTING_TERMS = 4  # one with more than this has a topic of its own, even if a word in it points back


def small_talk(question: str, subject: str) -> str:
    """Return a short human reply to a greeting, thanks or a question about the chat; "" for all else."""
    for pattern, reply in SMALL_TALK:
        if pattern.fullmatch(question):
            return reply.format(subject=subject)
    return ""


def points_back(question: str, analyze: Callable[[str], Sequence[str]], *, answered: bool) -> bool:
    """Return whether a question may need what was said before to be understood.

    Args:
        question: as typed.
        analyze: gives its content words.
        answered: whether it can be answered on its own; then, only a sure sign counts. Of 558 bundled
            questions, asked after another one, 26 more so keep the right answer that they get alone.
    """
    terms = len(analyze(question))
    if CONNECTIVE.match(question):
        return terms <= POINTING_TERMS or bool(POINTER.search(question))
    if SURE_POINTER.search(question):
        return terms <= POINTING_TERMS
    if answered:
        return False
    return terms <= (POINTING_TERMS if POINTER.search(question) else LONE_TERMS)


def may_tell(question: str, previous: "Answer", subject: str) -> bool:
    """Return whether the answer just given may tell what a follow-up asks: its kind of fact, or all its own words.

    Whoever is asked for has to be named, and not to be the ``subject`` of the article itself.
    "And how much?" is answered by a quote with a sum that the question before did not name.
    """
    if WHY.fullmatch(question):
        return REASON.search(previous.text) is not None
    expected = expects(question)
    if MORE_OF_IT.search(question):
        return False
    if expected is not None:
        known = f"{question} {previous.question}"
        if expected is PERSON:
            return holds(NAMED, previous.text, f"{known} {subject}")
        text = CALENDAR.sub(" ", previous.text) if expected in {NUMBER, DURATION} else previous.text
        return holds(expected, text, known)
    own, said = own_words(question), set(words(previous.text))
    return bool(own) and all(word in said for word in own)


def own_words(question: str) -> list[str]:
    """Return what a follow-up says beside its kind of fact: none in "and how much?" or "in which year was that?"."""
    rest = WHY.sub(" ", question) if WHY.fullmatch(question) else question
    for asks, _ in EXPECTATIONS:
        rest = asks.sub(" ", rest)
    return [word for word in words(rest) if word not in FILLERS and not POINTER.fullmatch(word)]


def suggest(engine: "Engine", answer: "Answer", asked: Sequence[str], article: str | None = None) -> tuple[str, ...]:
    """Return up to three questions that the article answers and that were not asked yet, nearest first.

    Args:
        engine: knows the FAQ entries.
        answer: the one just given; its nearest entries come first, its own never.
        asked: the questions of the conversation.
        article: the name of the only one that is asked; None for all of them.
    """
    done = {tuple(words(question)) for question in (*asked, answer.question)}
    given = {citation.quote for citation in answer.citations}
    index = engine.index
    only = None if article is None else index.numbers[article]
    every = (
        (index.quote(number, faq.question), index.quote(number, faq.answer))
        for number, faq in map(index.faqs.__getitem__, index.entries(only))
    )
    near = [(match.question, match.answer) for match in answer.faqs]
    fresh: dict[str, None] = {}
    for question, reply in chain(near, every):  # of thousands, the first few will do
        if reply not in given and tuple(words(question)) not in done:
            fresh[question] = None
        if len(fresh) == SUGGESTIONS:
            break
    return tuple(fresh)
