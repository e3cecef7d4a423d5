"""What the benchmarks ask and read: public files where ``QA_BENCHMARKS`` names their folder, else the bundled ones.

Of the bundled questions, the fresh ones are never asked: figures stay comparable, and nothing is chosen by them.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from qa import corpus_path
from qa.article import Article
from qa.evaluation.labels import DataSet, article_of_paragraphs, read_labels
from qa.readers import read_articles

FOLDER = os.environ.get("QA_BENCHMARKS", "")
PASSAGE_FILES = ("squad-dev-8.json", "xquad-en-32.json", "trecqa-dev.csv")  # those with sentences to find


def data_sets(names: Sequence[str] = PASSAGE_FILES) -> list[DataSet]:
    """Return the public data sets of these names, or the bundled questions if there are none."""
    files = [Path(FOLDER) / name for name in names] if FOLDER else [corpus_path() / "questions.jsonl"]
    return [_read(file) for file in files]


def questions(count: int) -> list[str]:
    """Return so many questions of the bundled kind, from the start again where there are too few."""
    labels = _read(corpus_path() / "questions.jsonl").tasks[0].labels
    texts = [label.text for label in labels if label.answerable and not label.history]
    return [texts[number % len(texts)] for number in range(count)]


def article(passages: int, name: str = "") -> Article:
    """Return an article of so many passages: the data's own, again with a number where they do not suffice."""
    found = [task.article for data in data_sets(PASSAGE_FILES[:2]) for task in data.tasks]
    texts = [each.quote(passage.span) for each in found for passage in each.passages]
    rounds = -(-passages // len(texts))
    again = [text if not k else f"{text} This is note {k}." for k in range(rounds) for text in texts]
    return article_of_paragraphs(name or f"{passages} passages", again[:passages])[0]


def _read(file: Path) -> DataSet:
    return read_labels(file, lambda: read_articles(corpus_path())[0]).restrict("dev", "test")
