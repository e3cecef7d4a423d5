"""The parts put together: articles in, answers out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from qa import language
from qa.answering import Answer, Candidate, abstain, candidates, chat, compose
from qa.article import Article, Span
from qa.confidence import Calibration
from qa.conversation import already_said, points_back, small_talk
from qa.encoder import Encoder, Role, load_encoder
from qa.errors import QuestionError
from qa.index import Index
from qa.readers import read_articles
from qa.retrieval import FaqHits, Query, SentenceHits, search_faqs, search_sentences
from qa.settings import DEFAULT_MODEL, Settings
from qa.spelling import Vocabulary

# An earlier turn's words count less: they say what is spoken of, the question what is asked of it.
CONTEXT_EMPHASIS = 0.2
LOCALITY = 2.5  # in standard deviations of the fused score; chosen on the bundled dialogues' dev half
MAX_TURNS = 3  # how far back a follow-up may reach; each turn costs one look-up


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
        self.vocabulary = Vocabulary(article.text for article in index.articles)
        self.settings = settings or Settings()
        self.calibration = Calibration.load(self.settings.calibration)
        chosen = self.settings.threshold
        self.threshold = self.calibration.threshold if chosen is None else chosen

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        settings: Settings | None = None,
        encoder: Encoder | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Self:
        """Read and index the file or folder at ``path``.

        Raises:
            ReadError: there is no readable article.
            EncoderError: the model cannot be used.
        """
        return cls.from_articles(read_articles(path), settings, encoder, progress)

    @classmethod
    def from_articles(
        cls,
        articles: Sequence[Article],
        settings: Settings | None = None,
        encoder: Encoder | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Self:
        """Index articles that were read already."""
        settings = settings or Settings()
        encoder = encoder or load_encoder(settings)
        return cls(Index(articles, encoder, progress), encoder, settings)

    @property
    def articles(self) -> tuple[Article, ...]:
        """Return the articles, in the order of their names."""
        return self.index.articles

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Answer a question.

        Args:
            question: as typed.
            history: the earlier questions of the conversation, oldest first.

        Raises:
            QuestionError: the question is empty, too long, or not text.
        """
        text = check_question(question, self.settings.max_question_chars)
        reply = small_talk(text, self._subject())
        if reply:
            return chat(text, reply, self.index)
        foreign = self._foreign(text)
        if foreign:
            return abstain(text, foreign, self.index)
        look = self._look(self.query(text))
        understood = look.query.text if look.query.text != text else ""
        previous = None
        if history and points_back(text, self.index.analyze, answered=look.confidence >= self.calibration.threshold):
            previous = self._previous(history)
        if previous is not None:
            topic = previous.understood_as or previous.question
            if previous.citations and already_said(text, previous, self._subject()):
                return replace(previous, question=text, understood_as=f"{topic} {text}")
            for reading in self._readings(text, previous):
                if reading.confidence > look.confidence:
                    look, understood = reading, f"{topic} {text}"
        answer = compose(self.index, text, look.sentences, look.faqs, look.ranked, self.threshold, self.settings.top_k)
        return replace(answer, understood_as=understood)

    def query(self, text: str, context: str = "") -> Query:
        """Encode a question for all methods, together with the ``context`` of an earlier turn if there is one."""
        text = self.vocabulary.mend(text, self._is_word)
        whole = f"{context} {text}" if context else text
        encoding = self.encoder.encode([whole], Role.QUERY)[0]
        emphasis = np.where(encoding.offsets[:, 0] < len(whole) - len(text), CONTEXT_EMPHASIS, 1).astype(np.float32)
        return Query(whole, text, encoding, emphasis, tuple(self.index.analyze(whole)))

    def _look(self, query: Query, without: Sequence[Span] = ()) -> "_Look":
        """Look a question up, leaving out the sentences and FAQ answers that touch the spans ``without``."""
        fresh = entries = None
        if without:
            fresh = np.array([not any(span.overlaps(o) for o in without) for span in self.index.sentences], dtype=bool)
            entries = np.array([not any(f.answer.overlaps(o) for o in without) for _, f in self.index.faqs], dtype=bool)
        sentences, faqs = search_sentences(self.index, query, fresh), search_faqs(self.index, query, entries)
        if without:
            sentences = replace(sentences, score=sentences.score + LOCALITY * self._nearness(sentences, without))
        return _Look(query, sentences, faqs, candidates(self.index, query, sentences, faqs, self.calibration))

    def _nearness(self, hits: SentenceHits, spans: Sequence[Span]) -> NDArray[np.float32]:
        """Return how near each hit follows one of the spans: 1 for the next sentence, less for later ones.

        What follows up is most often told nearby. Sentences of other passages have 0.
        """
        near = np.zeros(len(hits.sentences), np.float32)
        for span in spans:
            for row, (sentence, passage) in enumerate(zip(hits.sentences, hits.passages, strict=True)):
                own = self.index.passages[int(passage)].passage
                start = self.index.sentences[int(sentence)].start
                if own.span.contains(span) and start >= span.end:
                    between = sum(span.end <= other.start < start for other in own.sentences)
                    near[row] = max(near[row], 1 / (1 + between))
        return near

    def _previous(self, history: Sequence[str]) -> Answer | None:
        """Return the answer to the last turn that was no small talk, if there is one and it was a question."""
        recent = [turn for turn in history if not small_talk(turn, self._subject())][-MAX_TURNS:]
        if not recent:
            return None
        try:
            return self.ask(recent[-1], recent[:-1])
        except QuestionError:
            return None

    def _readings(self, text: str, previous: Answer) -> Iterator["_Look"]:
        """Look a follow-up up with what was asked before, and with what was answered."""
        given = [Span(citation.start, citation.end) for citation in previous.citations]
        for context in dict.fromkeys([previous.understood_as or previous.question, previous.text if given else ""]):
            if context:
                yield self._look(self.query(text, context), given)

    def _subject(self) -> str:
        """Return what the articles are called in a reply."""
        return f"“{self.articles[0].title}”" if len(self.articles) == 1 else "these articles"

    def _is_word(self, word: str) -> bool:
        """Return whether the model knows a word whole; what it has to piece together may be a mistake."""
        return len(self.encoder.spans(word)) == 1

    def _foreign(self, question: str) -> str:
        """Return why the question's language cannot be answered; "" if it can. The default model reads English."""
        if self.settings.model != DEFAULT_MODEL or not self.articles:
            return ""
        asked, written = language.detect(question), self.articles[0].language
        if asked in {"", written} or not language.differs(question, asked, written):
            return ""
        name = language.NAMES
        return f"the question seems to be in {name[asked]}, but the article is in {name.get(written, written)}"


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
    return " ".join(text.split())
