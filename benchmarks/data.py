"""What the benchmarks ask and read: public files where ``QA_BENCHMARKS`` names their folder, else the bundled ones."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa import corpus_path
from qa.article import Article
from qa.encoder import Encoder, Encoding, Role
from qa.evaluation.labels import DataSet, article_of_paragraphs, read_labels
from qa.readers import read_articles

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FOLDER = os.environ.get("QA_BENCHMARKS", "")
PASSAGE_FILES = ("squad-dev-8.json", "xquad-en-32.json", "trecqa-dev.csv")  # those with sentences to find


def data_sets(names: Sequence[str] = PASSAGE_FILES) -> list[DataSet]:
    """Return the public data sets of these names, or the bundled questions if there are none."""
    files = [Path(FOLDER) / name for name in names] if FOLDER else [corpus_path() / "questions.jsonl"]
    return [read_labels(file, lambda: read_articles(corpus_path())[0]) for file in files]


def questions(count: int) -> list[str]:
    """Return so many questions of the bundled kind, from the start again where there are too few."""
    labels = read_labels(corpus_path() / "questions.jsonl", lambda: read_articles(corpus_path())[0]).tasks[0].labels
    texts = [label.text for label in labels if label.answerable and not label.history]
    return [texts[number % len(texts)] for number in range(count)]


def article(passages: int, name: str = "") -> Article:
    """Return an article of so many passages: the data's own, again with a number where they do not suffice."""
    found = [task.article for data in data_sets(PASSAGE_FILES[:2]) for task in data.tasks]
    texts = [each.quote(passage.span) for each in found for passage in each.passages]
    rounds = -(-passages // len(texts))
    again = [text if not k else f"{text} This is note {k}." for k in range(rounds) for text in texts]
    return article_of_paragraphs(name or f"{passages} passages", again[:passages])[0]


@dataclass(frozen=True)
class SyntheticEncoder:
    """Stands in for the encoder where real vectors of very many passages would take hours.

    A passage's tokens get fixed vectors by vocabulary id (the mean of what the encoder gave that id
    in real passages, else a random one) and a little noise; questions are encoded for real. The
    time and the memory of everything behind the encoder are as with real vectors.
    """

    encoder: Encoder
    samples: Sequence[str]
    noise: float = 0.3

    @property
    def fingerprint(self) -> str:
        """Return one of its own, so that nothing synthetic is taken for real."""
        return f"synthetic {self.encoder.fingerprint}"

    @property
    def dimension(self) -> int:
        """Return the encoder's."""
        return self.encoder.dimension

    @property
    def max_tokens(self) -> int:
        """Return the encoder's."""
        return self.encoder.max_tokens

    def spans(self, text: str) -> NDArray[np.int32]:
        """Return the encoder's."""
        return self.encoder.spans(text)

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode questions for real, passages from the table."""
        return self.encoder.encode(texts, role) if role is Role.QUERY else [self._passage(text) for text in texts]

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        from benchmarks.bare import folder
        from qa.encoder.export import TOKENIZER_FILE

        return Tokenizer.from_file(str(folder() / TOKENIZER_FILE))

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        table = _unit(np.random.default_rng(0).standard_normal((40_000, self.dimension), np.float32)) * 0.01
        for encoding in self.encoder.encode(self.samples):
            np.add.at(table, encoding.ids, encoding.tokens)
        return _unit(table)

    def _passage(self, text: str) -> Encoding:
        tokens = self._tokenizer.encode(text, add_special_tokens=False)
        ids = np.array(tokens.ids[: self.max_tokens - 2], dtype=np.int32)
        chance = np.random.default_rng(len(text) + int(ids.sum()))
        noise = chance.standard_normal((len(ids), self.dimension), np.float32) * (self.noise / self.dimension**0.5)
        vectors = _unit(self._table[ids] + noise)
        offsets = np.array(tokens.offsets[: len(ids)], dtype=np.int32).reshape(-1, 2)
        return Encoding(ids, offsets, vectors, _unit(vectors.mean(axis=0)))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
