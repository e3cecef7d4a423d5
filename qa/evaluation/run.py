"""One evaluation from labels to results: plain data that the report, the plots and the gate read."""

import platform
import random
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from qa.answering import AnswerKind
from qa.article import Article
from qa.confidence import Calibration
from qa.encoder import Encoder
from qa.engine import Engine
from qa.evaluation import measures
from qa.evaluation.fitting import examples, fit
from qa.evaluation.labels import HELD_OUT, DataSet, Label
from qa.evaluation.outcomes import Outcome, ask_all
from qa.index import Index
from qa.settings import Settings

WORST = 20
FOLDERS = ("cache_dir", "calibration", "embed_origins")
LIBRARIES = (
    "ask-the-article",
    "numpy",
    "faiss-cpu",
    "bm25s",
    "onnxruntime",
    "sentencex",
    "ir-measures",
    "scikit-learn",
)


class Evaluation:
    """Evaluates with one encoder and one set of settings.

    Args:
        settings: as the product would use them; the threshold applies to the figures.
        encoder: shared by all articles.
        methods: rankings to compare.
        seed: for bootstrap and borrowed questions.
    """

    def __init__(self, settings: Settings, encoder: Encoder, methods: Sequence[str], seed: int) -> None:
        self.settings = settings
        self.encoder = encoder
        self.methods = methods
        self.seed = seed
        self.calibration = Calibration.load(settings.calibration)
        self.threshold = self.calibration.least(settings.threshold)

    def engine(self, article: Article) -> Engine:
        """Index an article; nothing is held back, since the figures are about the best there is as well."""
        return Engine(Index.of([article], self.encoder), self.encoder, replace(self.settings, threshold=0.0))

    def results(self, sets: Sequence[DataSet], progress: Callable[[], object] = lambda: None) -> dict[str, Any]:
        """Evaluate data sets; all values are plain data, ready for JSON."""
        found = {}
        failures: list[dict[str, Any]] = []
        for data in sets:
            outcomes = list(ask_all(data, self.engine, self.methods, self.threshold, self.seed, progress))
            # SQuAD's unanswerable questions are made to mislead whoever cannot read every word, so they are kept
            # apart: it is said how many were answered, and they do not blur the confidence of the others.
            core = [o for o in outcomes if data.form != "squad" or o.label.category != "near-miss"]
            found[data.name] = self._figures(data, outcomes, core)
            failures += self._failures(data, core)
        failures.sort(key=lambda failure: -failure["confidence"])
        return {"provenance": self._provenance(sets), "data": found, "failures": failures[:WORST]}

    def _figures(self, data: DataSet, outcomes: Sequence[Outcome], core: Sequence[Outcome]) -> dict[str, Any]:
        answers = measures.answers(core, self.threshold, self.seed)
        if len(core) < len(outcomes):
            misled = [o.confidence >= self.threshold for o in outcomes if o.label.category == "near-miss"]
            answers |= measures.known({"near-miss answered": measures.mean(misled, self.seed)})
        units = {unit: measures.retrieval(outcomes, unit, self.seed) for unit in ("passage", "sentence", "faq")}
        return {
            "form": data.form,
            "questions": len(outcomes),
            "answers": _plain(answers),
            "retrieval": {
                unit: {method: _plain(figures) for method, figures in table.items()}
                for unit, table in units.items()
                if table
            },
            "latency": _plain(measures.latency(outcomes, self.seed)),
            "curves": measures.curves(core, self.threshold),
        }

    def _failures(self, data: DataSet, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
        """Return the answers that a reader would have seen and that are wrong, and the answers held back."""
        found = []
        articles = {id(label): task.article for task in data.tasks for label in task.labels}
        for outcome in outcomes:
            label, answer = outcome.label, outcome.answer
            shown = outcome.confidence >= self.threshold
            if answer is None or (outcome.right and shown) or (not label.answerable and not shown):
                continue
            article = articles.get(id(label))
            found.append(
                {
                    "data": data.name,
                    "category": label.category,
                    "question": " → ".join((*label.history, label.text)),
                    "given": answer.text if answer.kind is not AnswerKind.NONE else "",
                    "kind": answer.kind.value if shown else "none",
                    # What was held back is no wrong answer: it is listed after those that were given.
                    "confidence": outcome.confidence if shown else outcome.confidence - 1,
                    "gold": _gold(label, article) if article else (),
                }
            )
        return found

    def fit(self, sets: Sequence[DataSet], risk: float, progress: Callable[[], object] = lambda: None) -> Calibration:
        """Fit a calibration on the labels of the data sets (of our own form, on the "dev" and "feedback" halves)."""
        chosen: dict[str, tuple[str, list[Any]]] = {}
        sets = [data.where(lambda label: label.split != HELD_OUT) for data in sets]  # not even as strangers
        everything = [label for data in sets for task in data.tasks for label in task.labels if not label.history]
        for data in sets:
            own = {label.text for task in data.tasks for label in task.labels}
            strangers = [label for label in everything if label.text not in own]
            random.Random(self.seed).shuffle(strangers)
            part = data.where(lambda label: label.split != "test" and not label.history)
            count = sum(len(task.labels) for task in part.tasks)
            borrowed = strangers[: max(count // 8, 1)] if data.form != "questions" else []
            found = []
            for example in examples(part, self.engine, borrowed):
                found.append(example)
                progress()
            chosen[data.name] = (data.form, found)
        provenance = {
            "data": {data.name: data.sha256 for data in sets},
            "examples": {name: len(found) for name, (_, found) in chosen.items()},
            "model": self.settings.model,
            "encoder": self.encoder.fingerprint,
            "seed": self.seed,
        }
        return fit(chosen, risk, provenance)

    def _provenance(self, sets: Sequence[DataSet]) -> dict[str, Any]:
        """Return what the figures depend on."""
        return {
            "commit": _commit(),
            "encoder": self.encoder.fingerprint,
            "model": self.settings.model,
            "threshold": self.threshold,
            "calibration": dict(self.calibration.provenance),
            # Folders of one machine say nothing to the reader of a report.
            "settings": {name: value for name, value in asdict(self.settings).items() if name not in FOLDERS},
            "data": {data.name: data.sha256 for data in sets},
            "articles": {
                data.name: sorted({task.article.sha256[:16] for task in data.tasks})
                for data in sets
                if len(data.tasks) == 1
            },
            "seed": self.seed,
            "methods": list(self.methods),
            "python": platform.python_version(),
            "versions": {name: _version(name) for name in LIBRARIES},
        }


def _plain(figures: dict[str, measures.Figure]) -> dict[str, dict[str, float]]:
    return {name: asdict(figure) for name, figure in figures.items()}


def _gold(label: Label, article: Article) -> tuple[str, ...]:
    spans = [article.quote(span) for span in label.spans[:3]]
    return (*spans, *(f"FAQ: {article.quote(article.faqs[number].question)}" for number in label.faqs[:3]))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    """Return the commit of the checkout that the code runs from; "" for an installed package."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            capture_output=True, text=True, check=False, timeout=10, cwd=Path(__file__).parent,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
