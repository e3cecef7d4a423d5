"""The parts put together: articles in, answers out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from qa import language
from qa.answering import Answer, Candidate, abstain, candidates, chat, compose
from qa.article import Article, Span
from qa.confidence import Calibration
from qa.conversation import may_tell, own_words, points_back, small_talk
from qa.encoder import Encoder, Role, load_encoder
from qa.errors import QuestionError
from qa.index import Index, Progress, open_index
from qa.lines import flat, in_marks
from qa.readers import Source, find_sources, location_of
from qa.retrieval import SHORT_LIST, FaqHits, Query, SentenceHits, search_faqs, search_sentences
from qa.settings import DEFAULT_MODEL, Settings
from qa.spelling import Vocabulary

# An earlier turn's words count less: they say what is spoken of, the question what is asked of it.
CONTEXT_EMPHASIS = 0.2
LOCALITY = 2.5  # in standard deviations of the fused score; chosen on the bundled dialogues' dev half
# Beyond so many passages, words are too many to look for the one that was meant.
MENDED_PASSAGES = 20_000
MAX_TURNS = 3  # how far back a follow-up may reach; each turn costs one look-up
NAMES_SHOWN = 5  # of the articles, in an error's one line

_Place = tuple[int, Span]  # an article's number, and where in its text


@dataclass(frozen=True, slots=True)
class _Look:
    """A question and what was found for it."""

    query: Query
    sentences: SentenceHits
    faqs: FaqHits
    ranked: list[Candidate]

    @property
    def confidence(self) -> float:
        """Return the likeliest candidate's."""
        return self.ranked[0].confidence if self.ranked else 0.0


class Engine:
    """Answers questions about articles; safe to use from several threads.

    Args:
        index: the articles, indexed.
        encoder: the one that the index was made with.
        settings: see there.
    """

    def __init__(self, index: Index, encoder: Encoder, settings: Settings | None = None) -> None:
        from threadpoolctl import threadpool_limits

        # The products of a question are too small to share: with two BLAS threads, which spin while
        # they wait, a question took nearly twice as long, and starved the encoder of its processor.
        threadpool_limits(1, "blas")
        self.index = index
        self.encoder = encoder
        mended = len(index.passages) <= MENDED_PASSAGES
        self.vocabulary = Vocabulary((article.text for article in index.articles) if mended else ())
        self.settings = settings or Settings()
        self.calibration = Calibration.load(self.settings.calibration)
        self.threshold = self.calibration.least(self.settings.threshold)

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        settings: Settings | None = None,
        encoder: Encoder | None = None,
        progress: Progress = lambda *_: None,
    ) -> Self:
        """Read the file or folder at ``path``; what was indexed before is not indexed again.

        Raises:
            ReadError: there is no readable article.
            EncoderError: the model cannot be used.
        """
        return cls.from_sources(find_sources(path), location_of(path), settings, encoder, progress)

    @classmethod
    def from_sources(
        cls,
        sources: Sequence[Source],
        location: str,
        settings: Settings | None = None,
        encoder: Encoder | None = None,
        progress: Progress = lambda *_: None,
    ) -> Self:
        """Read articles from files or fetched pages; ``location`` tells their saved index from others."""
        settings = settings or Settings()
        encoder = encoder or load_encoder(settings)
        index = open_index(sources, encoder, settings.index_path, location, settings.token_type, progress)
        return cls(index, encoder, settings)

    @classmethod
    def from_articles(
        cls,
        articles: Sequence[Article],
        settings: Settings | None = None,
        encoder: Encoder | None = None,
        progress: Progress = lambda *_: None,
    ) -> Self:
        """Index articles that were read already, in memory."""
        settings = settings or Settings()
        encoder = encoder or load_encoder(settings)
        return cls(Index.of(articles, encoder, settings.token_type, progress), encoder, settings)

    @property
    def articles(self) -> Sequence[Article]:
        """Return the articles, in the order of their names."""
        return self.index.articles

    def ask(self, question: str, history: Sequence[str] = (), article: str | None = None) -> Answer:
        """Answer a question.

        Args:
            question: as typed.
            history: the earlier questions of the conversation, oldest first.
            article: the name of the only article that may answer; None lets all of them.

        Raises:
            QuestionError: the question is empty, too long, or not text, or there is no such article.
        """
        text = check_question(question, self.settings.max_question_chars)
        only = self._only(article)
        subject = self._subject(only)
        reply = small_talk(text, subject)
        if reply:
            return chat(text, reply, self.index, only)
        foreign = self._foreign(text, only)
        if foreign:
            return abstain(text, foreign, self.index, only=only)
        look = self._look(self.query(text), only)
        understood = look.query.text if look.query.text != text else ""
        previous = None
        if history and points_back(text, self.index.analyze, answered=look.confidence >= self.calibration.threshold):
            previous = self._previous(history, article, subject)
        if previous is not None:
            topic = previous.understood_as or previous.question
            readings = self._readings(text, topic, previous, subject, only)
            if not readings:
                return replace(previous, question=text, understood_as=f"{topic} {text}")
            best = max(readings, key=lambda reading: reading.confidence)
            if best.confidence > look.confidence:
                look, understood = best, f"{topic} {text}"
        answer = compose(
            self.index, text, look.sentences, look.faqs, look.ranked, self.threshold, self.settings.top_k, only
        )
        return replace(answer, understood_as=understood)

    def query(self, text: str, context: str = "") -> Query:
        """Encode a question for all methods, together with the ``context`` of an earlier turn if there is one."""
        whole = f"{context} {text}" if context else text
        encoding = self.encoder.encode([whole], Role.QUERY)[0]
        # Words that the model knows whole; what it has to piece together may be a mistake.
        known = {whole[start:end].lower() for start, end in encoding.offsets.tolist()}
        mended = self.vocabulary.mend(text, known.__contains__)
        if mended != text:
            text, whole = mended, f"{context} {mended}" if context else mended
            encoding = self.encoder.encode([whole], Role.QUERY)[0]
        emphasis = np.where(encoding.offsets[:, 0] < len(whole) - len(text), CONTEXT_EMPHASIS, 1).astype(np.float32)
        return Query(whole, text, encoding, emphasis, tuple(self.index.analyze(whole)))

    def _look(self, query: Query, only: int | None, without: Sequence[_Place] = ()) -> "_Look":
        """Look a question up in all articles or ``only`` one, leaving out what touches the places ``without``."""
        index = self.index
        fresh = entries = None
        if only is not None:
            fresh, entries = index.sentences_of([only]), index.faqs_of([only])
        for article, told in without:
            sentences_told, faqs_told = index.sentences_touching(article, told), index.faqs_touching(article, told)
            fresh = ~sentences_told if fresh is None else fresh & ~sentences_told
            entries = ~faqs_told if entries is None else entries & ~faqs_told
        # What follows up is told nearby, in passages that others may outrank.
        limit = max(SHORT_LIST, self.settings.top_k) * (2 if without else 1)
        sentences, faqs = search_sentences(index, query, fresh, limit), search_faqs(index, query, entries)
        if without:
            sentences = sentences.ranked(sentences.score + LOCALITY * self._nearness(sentences, without))
        return _Look(query, sentences, faqs, candidates(index, query, sentences, faqs, self.calibration))

    def _nearness(self, hits: SentenceHits, places: Sequence[_Place]) -> NDArray[np.float32]:
        """Return how near each hit follows one of the places: 1 for the next sentence, less for later ones.

        What follows up is most often told nearby. Sentences of other passages have 0.
        """
        near = np.zeros(len(hits.sentences), np.float32)
        for article, told in places:
            for row in np.flatnonzero(self.index.passage_article[hits.passages] == article):
                own = self.index.passages[int(hits.passages[row])].passage
                start = self.index.sentences[int(hits.sentences[row])].start
                if own.span.contains(told) and start >= told.end:
                    between = sum(told.end <= other.start < start for other in own.sentences)
                    near[row] = max(near[row], 1 / (1 + between))
        return near

    def _previous(self, history: Sequence[str], article: str | None, subject: str) -> Answer | None:
        """Return the answer to the last turn that was no small talk, if there is one and it was a question."""
        recent = [turn for turn in history if not small_talk(turn, subject)][-MAX_TURNS:]
        if not recent:
            return None
        try:
            return self.ask(recent[-1], recent[:-1], article)
        except QuestionError:
            return None

    def _readings(self, text: str, topic: str, previous: Answer, subject: str, only: int | None) -> list[_Look]:
        """Look a follow-up up with what was asked before, and with what was answered; none if that tells it already.

        "And when?" is told by the date just given. "And when was it mended?" may be told by another one: with words of
        its own, a question has what was said compete with all that was not.
        """
        given = [(self.index.numbers[cited.article], Span(cited.start, cited.end)) for cited in previous.citations]
        told = bool(given) and may_tell(text, previous, subject)
        if told and not own_words(text):
            return []
        named = self.query(text, topic)
        fresh = self._look(named, only, given)
        if not given:
            return [fresh]
        if told:
            best = self._look(named, only).ranked[0]
            same = any(number == best.article and span.overlaps(best.span) for number, span in given)
            if same and best.confidence >= fresh.confidence:
                return []
        return [fresh, self._look(self.query(text, previous.text), only, given)]

    def _only(self, name: str | None) -> int | None:
        """Return the number of the article of this name; None if no name is given."""
        if name is None:
            return None
        number = self.index.numbers.get(name)
        if number is None:
            known = ", ".join(list(self.index.numbers)[:NAMES_SHOWN])
            more = " and others" if len(self.articles) > NAMES_SHOWN else ""
            raise QuestionError(f"there is no article {name!r}; there are {known}{more}")
        return number

    def _subject(self, only: int | None) -> str:
        """Return what the articles are called in a reply."""
        if only is None and len(self.articles) != 1:
            return "these articles"
        return in_marks(self.articles[only or 0].title)

    def _foreign(self, question: str, only: int | None) -> str:
        """Return why the question's language cannot be answered; "" if it can. The default model reads English."""
        asked = language.detect(question) if self.settings.model == DEFAULT_MODEL else ""
        written = self.index.languages if only is None else (self.articles[only].language,)
        if not asked or not written:
            return ""
        if any(asked == code or not language.differs(question, asked, code) for code in written):
            return ""
        subject = "the article is" if only is not None or len(self.articles) == 1 else "the articles are"
        names = " and ".join(language.NAMES.get(code, code) for code in written)
        return f"the question seems to be in {language.NAMES[asked]}, but {subject} in {names}"


def check_question(question: str, limit: int) -> str:
    """Return the question without white space around it.

    Raises:
        QuestionError: it is empty, longer than ``limit`` code points, holds no word, or is not text.
    """
    text = question.strip()
    if not text:
        raise QuestionError("the question is empty; type one, such as: what is this article about?")
    if len(text) > limit:
        raise QuestionError(f"the question has {len(text):,} characters; the limit is {limit}: shorten it")
    for position, letter in enumerate(text):
        if (ord(letter) < 32 and letter not in "\t\n\r") or letter == "\x7f" or "\ud800" <= letter <= "\udfff":
            raise QuestionError(
                f"the question is not text: U+{ord(letter):04X} at character {position + 1}; type it in plain words"
            )
    if not any(map(str.isalnum, text)):
        raise QuestionError("the question holds no word; type one, such as: what is this article about?")
    return flat(text)
