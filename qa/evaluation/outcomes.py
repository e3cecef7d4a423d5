"""Asking every labelled question, and judging what came back."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from qa.answering import Answer, AnswerKind
from qa.article import Article, Span
from qa.engine import Engine
from qa.errors import QuestionError
from qa.evaluation.labels import DataSet, Label, Task
from qa.evaluation.methods import Rankings, relevant

STRANGERS_PER_TASK = 20  # off-topic questions borrowed from the other articles of the same data


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question came to.

    Attributes:
        label: the question and what is right.
        answer: the best there was, whatever its confidence; None if the question was refused as input.
        right: whether that is right; always False for an unanswerable question.
        confidence: the answer's; 0 if refused.
        kind_right: whether FAQ entry, sentence or nothing was given as the label has it.
        seconds: time to answer.
        gold: numbers of the right passages, sentences and FAQ entries.
        ranked: by unit and method, the numbers that were found, best first.
    """

    label: Label
    answer: Answer | None
    right: bool
    confidence: float
    kind_right: bool
    seconds: float
    gold: dict[str, set[int]]
    ranked: dict[str, dict[str, list[int]]]


def ask_all(
    data: DataSet,
    open_engine: Callable[[Article], Engine],
    methods: Sequence[str],
    threshold: float,
    seed: int,
    progress: Callable[[], object],
) -> Iterator[Outcome]:
    """Ask each question of each task; the engine's own threshold must be 0, so that nothing is held back.

    Args:
        data: labelled questions.
        open_engine: indexes an article.
        methods: names of the rankings to make.
        threshold: least confidence of an answer; tells which kind of answer a reader would have seen.
        seed: for the choice of borrowed questions.
        progress: called after each question.
    """
    for task in borrow(data, seed):
        engine = open_engine(task.article)
        rankings = Rankings(engine.index, engine.encoder, methods)
        for label in task.labels:
            start = time.perf_counter()
            try:
                answer = engine.ask(label.text, label.history)
            except QuestionError:
                answer = None
            seconds = time.perf_counter() - start
            # A dialogue's ranking would be that of half a question, so it is judged by its answer only.
            judged = label.answerable and not label.history
            yield Outcome(
                label=label,
                answer=answer,
                right=answer is not None and is_right(answer, label, task.article),
                confidence=answer.confidence if answer and answer.kind is not AnswerKind.NONE else 0.0,
                kind_right=_kind(answer, threshold) in _kinds(label),
                seconds=seconds,
                gold=relevant(engine.index, label) if judged else {},
                ranked=rankings.rank(engine.query(label.text)) if judged and methods else {},
            )
            progress()


def borrow(data: DataSet, seed: int) -> list[Task]:
    """Add to each article of a multi-article set some questions about the others, as off-topic ones."""
    if data.form != "squad" or len(data.tasks) < 2:
        return list(data.tasks)
    chance = random.Random(seed)
    tasks = []
    for number, task in enumerate(data.tasks):
        others = [label for k, other in enumerate(data.tasks) if k != number for label in other.labels]
        chosen = chance.sample(others, min(STRANGERS_PER_TASK, len(others)))
        strangers = [
            replace(x, id=f"{x.id}@{number}", category="off-topic", spans=(), faqs=(), history=()) for x in chosen
        ]
        tasks.append(Task(task.article, (*task.labels, *strangers)))
    return tasks


def is_right(answer: Answer, label: Label, article: Article) -> bool:
    """Return whether an answer quotes a right span whole, or is a right FAQ entry."""
    if answer.kind is AnswerKind.FAQ:
        given = {(citation.start, citation.end) for citation in answer.citations}
        return any((article.faqs[n].answer.start, article.faqs[n].answer.end) in given for n in label.faqs)
    quotes = [Span(citation.start, citation.end) for citation in answer.citations]
    return any(quote.contains(span) for quote in quotes for span in label.spans)


def _kind(answer: Answer | None, threshold: float) -> AnswerKind:
    return answer.kind if answer is not None and answer.confidence >= threshold else AnswerKind.NONE


def _kinds(label: Label) -> set[AnswerKind]:
    """Return the kinds of answer that are right for a label."""
    kinds = {AnswerKind.FAQ} if label.faqs else set()
    if label.spans:
        kinds.add(AnswerKind.PASSAGE)
    return kinds or {AnswerKind.NONE}
