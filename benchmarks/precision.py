"""Float32 or int8: what a smaller encoder saves, and what it loses, on either side.

For questions, for passages, and for both; quality is the sentence hit@1 of the product's ranking.

Run: python -m benchmarks.precision [--limit 0] [--rounds 100]
"""

import argparse
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.bare import BareModel, folder
from benchmarks.data import data_sets, questions
from benchmarks.record import Record, Target, interleaved
from benchmarks.wrapped import WrappedEncoder
from qa import Engine, Settings
from qa.encoder import Encoder, Encoding, Role, load_encoder
from qa.evaluation.labels import DataSet
from qa.evaluation.methods import Rankings, relevant
from qa.settings import Precision

LOSS = 0.002  # of hit@1; below it, a difference cannot be told from chance on these files
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")
SIDES = list(itertools.product(PRECISIONS, repeat=2))


class TwoSided(WrappedEncoder):
    """Encodes questions with one encoder and passages with another."""

    def __init__(self, query: Encoder, passage: Encoder) -> None:
        super().__init__(query)
        self._passage = passage
        self.fingerprint = f"{query.fingerprint} {passage.fingerprint}"

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts with their side's encoder."""
        return super().encode(texts, role) if role is Role.QUERY else self._passage.encode(texts, role)


class Remembering(WrappedEncoder):
    """Serves an encoder, and each call's texts only once; the four combinations ask for the same."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self._known: dict[tuple[Role, tuple[str, ...]], list[Encoding]] = {}

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, or return what was encoded before."""
        key = (role, tuple(texts))
        if key not in self._known:
            self._known[key] = super().encode(texts, role)
        return self._known[key]


def main() -> None:
    """Quantise, measure both sides' speed and all four combinations' quality."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=0, help="questions of each article; 0 takes all")
    parser.add_argument("--rounds", type=int, default=100)
    chosen = parser.parse_args()
    record = Record("precision", "Float32 or int8: what does a smaller encoder save, and what does it lose?")
    settings = {precision: Settings(precision=precision) for precision in PRECISIONS}
    encoders = {precision: load_encoder(each) for precision, each in settings.items()}
    _speed(record, settings, chosen.rounds)
    for name, encoder in encoders.items():
        record.add(f"{name}: a question's vector, alone and in a batch, differs by", batch_effect(encoder), "cosine")
    known = {name: Remembering(encoder) for name, encoder in encoders.items()}
    for data in data_sets():
        hits = {sides: hit_at_1(data, TwoSided(known[sides[0]], known[sides[1]]), chosen.limit) for sides in SIDES}
        base, count = hits[SIDES[0]]
        record.add(f"{data.name}: hit@1, float32", base, f"of {count}")
        for query, passage in SIDES[1:]:
            side = f"{data.name}: hit@1 with {query} questions, {passage} passages, change"
            record.add(side, hits[query, passage][0] - base, "", target=Target(least=-LOSS))
    record.save()


def batch_effect(encoder: Encoder) -> float:
    """Return the largest cosine distance between a question encoded alone and among others."""
    texts = questions(32)
    together = encoder.encode(texts, Role.QUERY)
    alone = [encoder.encode([text], Role.QUERY)[0] for text in texts]
    return max(1 - float(a.pooled @ b.pooled) for a, b in zip(alone, together, strict=True))


def hit_at_1(data: DataSet, encoder: Encoder, limit: int) -> tuple[float, int]:
    """Return the share of answerable questions whose first sentence is right, and their number."""
    hits = []
    for task in data.tasks:
        labels = [label for label in task.labels if label.spans and not label.history]
        engine = Engine.from_articles([task.article], encoder=encoder)
        rankings = Rankings(engine.index, encoder, ("product",))
        for label in labels[: limit or None]:
            gold = relevant(engine.index, label)["sentence"]
            found = rankings.rank(engine.query(label.text))["sentence"].get("product", [])
            if gold:
                hits.append(bool(found) and found[0] in gold)
    return float(np.mean(hits)), len(hits)


def _speed(record: Record, settings: Mapping[Precision, Settings], rounds: int) -> None:
    """Time one question's pass, and the encoding of an article's passages, on one thread and on all cores."""
    asked = questions(rounds)
    text = data_sets()[0].tasks[0].article
    passages = [text.quote(passage.span) for passage in text.passages]
    for threads in (1, 0):
        models = {name: BareModel(threads, folder(each)) for name, each in settings.items()}
        encoders = {name: load_encoder(replace(each, threads=threads)) for name, each in settings.items()}
        feeds = [models["float32"].feeds([question]) for question in asked]
        place = "one thread" if threads else "all cores"
        passes: dict[str, Callable[[int], object]] = {
            name: partial(_run, model, feeds) for name, model in models.items()
        }
        encodings: dict[str, Callable[[int], object]] = {
            name: partial(_encode, encoder, passages) for name, encoder in encoders.items()
        }
        for what, actions, count in (("a question", passes, rounds), (f"{len(passages)} passages", encodings, 5)):
            seconds = interleaved(actions, count)
            base = f"{what}, {place}: float32"
            record.add(base, [1000 * each for each in seconds["float32"]], "ms")
            record.add(
                f"{what}, {place}: int8", [1000 * each for each in seconds["int8"]], "ms", baseline=base,
                target=Target(most=1.0),
            )  # fmt: skip


def _run(model: BareModel, feeds: Sequence[dict[str, NDArray[np.int64]]], number: int) -> None:
    model.run(feeds[number % len(feeds)])


def _encode(encoder: Encoder, texts: Sequence[str], _: int) -> None:
    encoder.encode(texts)


if __name__ == "__main__":
    main()
