"""Fitting the confidence: from labelled questions to a calibration.

An answerable question is looked at twice: as it is, and with all that answers it taken out of the
index. The second is what a reader meets whose question is on the article's subject but not in it,
and such questions cannot be had in numbers otherwise. Where an article has no FAQ, some of its own
questions are made entries, so that the models learn when a sentence beats a FAQ entry.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.answering import FAQ_LEAD, quote_span
from qa.article import Article, Faq, Section, Span
from qa.confidence import Calibration, Logistic
from qa.engine import Engine
from qa.errors import LabelError
from qa.evaluation.labels import DataSet, Label, Task
from qa.retrieval import search_faqs, search_sentences
from qa.signals import FAQ_SIGNALS, SENTENCE_SIGNALS, faq_signals, sentence_signals

# How much each kind of example counts in learning what tells right from wrong …
ORDER_WEIGHTS = {"as is": 1.0, "left out": 0.3, "near-miss": 1.0, "off-topic": 1.0, "hostile": 1.0}
# … and in learning how sure to be: readers ask most of what they ask because it is there.
LEVEL_WEIGHTS = {"as is": 1.0, "left out": 0.0, "near-miss": 1.0, "off-topic": 1.0, "hostile": 1.0}
# How much each form of data counts in what is learnt of FAQ entries: an article with its author's FAQ is
# what is asked most, a FAQ alone teaches paraphrases, entries made of questions only what is none.
FAQ_WEIGHTS = {"questions": 3.0, "faq": 1.0, "squad": 0.3, "selection": 0.0}
MADE_ENTRIES = 12  # as many as a typical FAQ has
MIN_EXAMPLES = 40  # with fewer, ten weights would be fitted to chance

Signals = Mapping[str, float]
Examined = tuple[Signals, bool]


@dataclass(frozen=True, slots=True)
class Example:
    """One look-up: the signals of its best sentence and best FAQ entry, and whether each was right.

    Attributes:
        origin: "as is", "left out" or the label's unanswerable category.
        passage: None where the article has no passage.
        faq: None where it has no FAQ.
    """

    origin: str
    passage: Examined | None
    faq: Examined | None


def examples(data: DataSet, open_engine: Callable[[Article], Engine], strangers: Sequence[Label]) -> Iterator[Example]:
    """Yield what a data set teaches.

    Args:
        data: labelled questions; those that the article's text leaves open by design of their authors
            (SQuAD's unanswerable ones) need a reader's understanding and are left out.
        open_engine: indexes an article.
        strangers: questions about other articles, dealt out over the tasks as off-topic ones.
    """
    tasks = [with_entries(task) if data.form == "squad" else task for task in data.tasks]
    for number, task in enumerate(tasks):
        engine = open_engine(task.article)
        for label in task.labels:
            if label.answerable or data.form == "questions":
                yield from _look_twice(engine, label)
        for stranger in strangers[number :: len(tasks)]:
            yield _examine(engine, replace(stranger, spans=(), faqs=()), "off-topic")


def with_entries(task: Task) -> Task:
    """Return the task with every so many of its questions made FAQ entries, answered by their sentence."""
    article = task.article
    chosen = [label for label in task.labels if label.spans]
    chosen = chosen[:: max(1, len(chosen) // MADE_ENTRIES)][:MADE_ENTRIES]
    text, faqs = article.text, []
    section = len(article.sections)
    for label in chosen:
        sentences = [s for passage in article.passages for s in passage.sentences if s.contains(label.spans[0])]
        if sentences:
            text += f"\n\n{label.text}"
            faqs.append(Faq(Span(len(text) - len(label.text), len(text)), sentences[0], section))
    made = Section("FAQ", 2, Span(len(article.text), len(article.text)), Span(len(article.text), len(text)))
    changed = Article(article.name, article.title, text, (*article.sections, made), article.passages, tuple(faqs))
    rest = tuple(
        replace(label, faqs=tuple(n for n, faq in enumerate(faqs) if any(faq.answer.contains(s) for s in label.spans)))
        for label in task.labels
        if label not in chosen
    )
    return Task(changed, rest)


def _look_twice(engine: Engine, label: Label) -> Iterator[Example]:
    if not label.answerable:
        yield _examine(engine, label, label.category)
        return
    yield _examine(engine, label, "as is")
    index = engine.index
    clear = np.array(
        [not any(place.passage.span.overlaps(span) for span in label.spans) for place in index.passages], dtype=bool
    )
    sentences = clear[index.sentence_passage] if len(index.sentences) else None
    entries = np.array([number not in label.faqs for number in range(len(index.faqs))], dtype=bool)
    yield _examine(engine, replace(label, spans=(), faqs=()), "left out", sentences, entries)


def _examine(
    engine: Engine,
    label: Label,
    origin: str,
    allowed_sentences: NDArray[np.bool_] | None = None,
    allowed_entries: NDArray[np.bool_] | None = None,
) -> Example:
    index = engine.index
    query = engine.query(label.text)
    sentences = search_sentences(index, query, allowed_sentences)
    faqs = search_faqs(index, query, allowed_entries)
    passage = faq = None
    if len(sentences.sentences):
        span = quote_span(index, sentences)
        article = index.articles[index.passages[int(sentences.passages[0])].article]
        right = any(span.contains(gold) for gold in label.spans)
        passage = (sentence_signals(index, query, sentences, article.quote(span)), right)
    if len(faqs.entries):
        right = int(faqs.entries[0]) in label.faqs
        faq = (faq_signals(index, query, faqs, sentences), right)
    return Example(origin, passage, faq)


def fit(sets: Mapping[str, tuple[str, Sequence[Example]]], risk: float, provenance: Mapping[str, Any]) -> Calibration:
    """Fit both models, bring them to one scale of probability, and pick the threshold.

    Each data set counts the same, whatever its size. First each model learns by logistic regression
    what tells right from wrong; then one more regression over the preferred of the two (Platt 1999)
    makes the result the probability that the given answer is right. The threshold is the least
    confidence at which the share of wrong answers among those given is at most ``risk``.

    Args:
        sets: for each data set's name, its form and its examples.
        risk: share of wrong answers among those given that is put up with, 0..1.
        provenance: what the calibration shall say of its origin.

    Raises:
        LabelError: there are too few examples, or all are right or all wrong.
    """
    flat = [(name, form, example) for name, (form, found) in sets.items() for example in found]
    passages = [(name, 1.0, e.origin, e.passage) for name, _, e in flat if e.passage]
    entries = [(name, FAQ_WEIGHTS[form], e.origin, e.faq) for name, form, e in flat if e.faq and FAQ_WEIGHTS[form]]
    models = {
        "passage": _logistic(passages, SENTENCE_SIGNALS, "passage"),
        "faq": _logistic(entries, FAQ_SIGNALS, "faq"),
    }
    # Made entries taught what is no FAQ answer; how sure to be is learnt from articles as they are.
    natural = [(name, replace(e, faq=None) if form == "squad" else e) for name, form, e in flat]
    chosen = [(name, e.origin, *best) for name, e in natural if (best := _choose(e, models))]
    weights = _balanced([name for name, *_ in chosen], [LEVEL_WEIGHTS[origin] for _, origin, *_ in chosen])
    scores = np.array([score for *_, score, _ in chosen])
    right = np.array([bool(value) for *_, value in chosen])
    shift, (slope,) = _regression(scores[:, None], right, weights)
    passage, faq = (
        Logistic(slope * model.intercept + shift, {name: slope * weight for name, weight in model.weights.items()})
        for model in (models["passage"], models["faq"])
    )
    threshold = pick_threshold(1 / (1 + np.exp(-(slope * scores + shift))), right, weights, risk)
    return Calibration(passage, faq, threshold, {**provenance, "risk": risk, "date": date.today().isoformat()})


def pick_threshold(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64], risk: float
) -> float:
    """Return the least confidence from which on the weighted share of wrong answers is at most ``risk``."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(weights[order] * ~right[order]) / np.cumsum(weights[order])
    good = np.flatnonzero(wrong <= risk)
    return float(confidence[order[good[-1]]]) if len(good) else 1.0


def _logistic(rows: Sequence[tuple[str, float, str, Examined]], names: Sequence[str], kind: str) -> Logistic:
    """Fit one model on (data set, its weight, origin, signals and whether right); without rows, never choose it."""
    right = np.array([value for *_, (_, value) in rows])
    if not rows:
        return Logistic(-10.0, {})
    if len(rows) < MIN_EXAMPLES or right.all() or not right.any():
        raise LabelError(
            f"cannot fit the {kind} model on {len(rows)} examples of which {int(right.sum())} are right; "
            f"give at least {MIN_EXAMPLES} questions, answerable and not"
        )
    matrix = np.array([[signals[name] for name in names] for *_, (signals, _) in rows])
    weights = _balanced([name for name, *_ in rows], [ORDER_WEIGHTS[origin] for _, _, origin, _ in rows])
    weights *= np.array([weight for _, weight, _, _ in rows])
    intercept, coefficients = _regression(matrix, right, weights * len(weights) / weights.sum())
    return Logistic(intercept, dict(zip(names, coefficients, strict=True)))


def _regression(
    matrix: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, list[float]]:
    """Return the intercept and the coefficients of a logistic regression."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=5000).fit(matrix, right, sample_weight=weights)
    return float(fitted.intercept_[0]), [float(value) for value in fitted.coef_[0]]


def _balanced(groups: Sequence[str], weights: Sequence[float]) -> NDArray[np.float64]:
    """Scale weights so that each group has the same sum and the mean over all is 1."""
    values, names = np.array(weights, dtype=float), np.array(groups)
    for name in set(groups):
        values[names == name] /= max(values[names == name].sum(), 1e-9)
    return np.asarray(values * len(values) / values.sum())


def _choose(example: Example, models: Mapping[str, Logistic]) -> tuple[float, bool] | None:
    """Return the preferred candidate's score before it is a probability, and whether it is right."""
    found = [
        (models[kind].score(part[0]), lead, part[1])
        for kind, lead in (("passage", 0.0), ("faq", FAQ_LEAD))
        if (part := getattr(example, kind))
    ]
    score, _, right = max(found, key=lambda candidate: candidate[0] + candidate[1], default=(0.0, 0.0, None))
    return None if right is None else (score, right)
